"""The model on SQLAlchemy, with the same names as ``on_ming``."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import transaction
import zope.sqlalchemy
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from demo.model import board
from demo.model.board import now

DBSession = orm.scoped_session(orm.sessionmaker())
zope.sqlalchemy.register(DBSession)
DatabaseError = sa.exc.SQLAlchemyError


def configuration(db_url: str) -> dict[str, Any]:
    """Return TurboGears' options for the database."""
    # SQLite has one writer at a time: the others wait. Fail soon if there is no server.
    in_file = db_url.startswith("sqlite:")
    return {
        "use_sqlalchemy": True,
        "sqlalchemy.url": db_url,
        "sqlalchemy.connect_args": {"timeout": 30} if in_file else {"connect_timeout": 3},
        "tm.enabled": True,
    }


def init_model(engine: Any) -> None:
    """Bind the session to the database. Fail at once if it cannot be reached."""
    if isinstance(engine.pool, sa.pool.SingletonThreadPool):
        raise ValueError("SQLite needs a file here; use mim:// for a database in memory")
    sa.inspect(engine).get_table_names()
    DBSession.remove()
    DBSession.configure(bind=engine)


def make_tables() -> None:
    """Create the missing tables: ours, and those of plugged applications."""
    DeclarativeBase.metadata.create_all(DBSession.get_bind())


def unit_of_work() -> Any:
    """Commit after the ``with`` block, as TurboGears does after a request."""
    return transaction.manager


class DeclarativeBase(orm.DeclarativeBase):
    """The base of all classes of the model."""


class Neighbour(board.Neighbour, DeclarativeBase):
    __tablename__ = "neighbour"

    _id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    colour: Mapped[int]
    last_activity_seen: Mapped[datetime | None]


class Notice(board.Notice, DeclarativeBase):
    __tablename__ = "notice"

    _id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(sa.ForeignKey(Neighbour._id))
    title: Mapped[str]
    text: Mapped[str]
    for_everyone: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime] = mapped_column(default=now, index=True)
    _likes: Mapped[list["Like"]] = orm.relationship(lazy="selectin", order_by="Like.created")

    @property
    def likes(self) -> list[int]:
        """Return the ids of the neighbours who like it."""
        return [like.neighbour_id for like in self._likes]


class Like(DeclarativeBase):
    """A neighbour's like of a notice."""

    __tablename__ = "notice_like"

    notice_id: Mapped[int] = mapped_column(sa.ForeignKey(Notice._id), primary_key=True)
    neighbour_id: Mapped[int] = mapped_column(sa.ForeignKey(Neighbour._id), primary_key=True)
    created: Mapped[datetime] = mapped_column(default=now)


class Reply(board.Reply, DeclarativeBase):
    __tablename__ = "reply"

    _id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(sa.ForeignKey(Notice._id), index=True)
    author_id: Mapped[int] = mapped_column(sa.ForeignKey(Neighbour._id))
    text: Mapped[str]
    created: Mapped[datetime] = mapped_column(default=now)


def save(entity: Any) -> Any:
    """Store a new entity and return it."""
    DBSession.add(entity)
    DBSession.flush()
    return entity


def neighbours() -> list[Neighbour]:
    """Return all neighbours by name."""
    return list(DBSession.scalars(sa.select(Neighbour).order_by(Neighbour.name)))


def neighbour_named(name: str) -> Neighbour | None:
    return DBSession.scalar(sa.select(Neighbour).where(Neighbour.name == name))


def neighbour(key: Any) -> Neighbour | None:
    """Return the neighbour with the key that a request names, or None."""
    return _named(Neighbour, key)


def newest_notices(limit: int) -> list[Notice]:
    newest = sa.select(Notice).order_by(Notice.created.desc(), Notice._id.desc())
    return list(DBSession.scalars(newest.limit(limit)))


def notice(key: Any) -> Notice | None:
    """Return the notice with the key that a request names, or None."""
    return _named(Notice, key)


def _named(cls: type, key: Any) -> Any:
    # Nine digits fit the column's type.
    valid = isinstance(key, str) and re.fullmatch(r"[0-9]{1,9}", key)
    return DBSession.get(cls, int(key)) if valid else None


def replies_to(notices: Sequence[Notice]) -> list[Reply]:
    """Return the replies to any of the notices, oldest first."""
    below = Reply.notice_id.in_([each._id for each in notices])
    return list(DBSession.scalars(sa.select(Reply).where(below).order_by(Reply.created, Reply._id)))


def add_like(notice: Notice, neighbour: Neighbour) -> bool:
    """Store a like.

    :returns: False if the neighbour likes the notice already.
    """
    # Of two concurrent requests, one inserts it.
    dialects = {"sqlite": sqlite, "postgresql": postgresql}
    insert = dialects[DBSession.get_bind().dialect.name].insert(Like)
    like = insert.values(notice_id=notice._id, neighbour_id=neighbour._id)
    inserted = DBSession.scalars(like.on_conflict_do_nothing().returning(Like.neighbour_id))
    return bool(inserted.all())


def remove_like(notice: Notice, neighbour: Neighbour) -> bool:
    """Remove a like.

    :returns: False if there is none.
    """
    theirs = (Like.notice_id == notice._id, Like.neighbour_id == neighbour._id)
    removed = DBSession.scalars(sa.delete(Like).where(*theirs).returning(Like.neighbour_id))
    return bool(removed.all())
