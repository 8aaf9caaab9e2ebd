"""The host's model on SQLAlchemy."""

import sqlalchemy as sa
import zope.sqlalchemy
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import declarative_base, scoped_session, sessionmaker

# What a test has in hand stays readable after the transaction that it came from.
DBSession = scoped_session(sessionmaker(autoflush=True, expire_on_commit=False))
zope.sqlalchemy.register(DBSession)

DeclarativeBase = declarative_base()
metadata = DeclarativeBase.metadata

Moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
Code = sa.String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb")


class User(DeclarativeBase):
    __tablename__ = "tg_user"

    _id = sa.Column(sa.Integer, primary_key=True)
    kind = sa.Column(sa.String(16), nullable=False)
    user_name = sa.Column(sa.String(255))
    password = sa.Column(sa.String(255))
    last_activity_seen = sa.Column(Moment)

    __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "user"}

    @property
    def as_str(self):
        return self.user_name


class Admin(User):
    __mapper_args__ = {"polymorphic_identity": "admin"}


class Post(DeclarativeBase):
    __tablename__ = "post"

    _id = sa.Column(sa.Integer, primary_key=True)
    title = sa.Column(sa.String(255))

    @property
    def as_str(self):
        return self.title

    @property
    def as_link(self):
        return f"/post/{self._id}"


class Note(DeclarativeBase):
    """An entity that says nothing about itself."""

    __tablename__ = "note"

    _id = sa.Column(sa.Integer, primary_key=True)
    secret = sa.Column(sa.String(255))


class Numbered(DeclarativeBase):
    __tablename__ = "numbered"

    _id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
    last_activity_seen = sa.Column(Moment)


class Counted(DeclarativeBase):
    """Another class with the keys of Numbered."""

    __tablename__ = "counted"

    _id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
    last_activity_seen = sa.Column(Moment)


class Coded(DeclarativeBase):
    __tablename__ = "coded"

    _id = sa.Column(Code, primary_key=True)
    last_activity_seen = sa.Column(Moment)


class Unique(DeclarativeBase):
    __tablename__ = "unique_one"

    _id = sa.Column(sa.Uuid, primary_key=True)
    last_activity_seen = sa.Column(Moment)


class Composite(DeclarativeBase):
    __tablename__ = "composite"

    _id = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
    part = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
    last_activity_seen = sa.Column(Moment)


class Topic(DeclarativeBase):
    """A class with a name of its own, which old actions called otherwise."""

    __tablename__ = "topic"

    activity_type = ("forum.Topic", "Thread")

    _id = sa.Column(sa.Integer, primary_key=True)
    last_activity_seen = sa.Column(Moment)


def init_model(engine):
    DBSession.configure(bind=engine)


def user_named(user_name):
    return DBSession.scalars(sa.select(User).filter_by(user_name=user_name)).first()
