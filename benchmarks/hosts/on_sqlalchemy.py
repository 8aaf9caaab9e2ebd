"""The host on SQLAlchemy."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
import transaction
from sqlalchemy.orm.attributes import set_committed_value

from tests.helpers.host.sqlalchemy_model import DBSession, Post, User, metadata

from ..workload import SEEN, title, user_name


def version() -> str:
    """Return the database's name and version."""
    dialect = DBSession.get_bind().dialect
    name = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}[dialect.name]
    return f"{name} {'.'.join(map(str, dialect.server_version_info))}"


def make_tables() -> None:
    """Create the missing tables of the host and of activitystream."""
    engine = DBSession.get_bind()
    metadata.create_all(engine)
    with engine.begin() as connection:
        by_name = "users_by_name ON tg_user (user_name)"
        connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS {by_name}")


def vacuum() -> None:
    """Vacuum now. PostgreSQL would do it during the measurement."""
    connection = DBSession.get_bind().connect()
    with connection.execution_options(isolation_level="AUTOCOMMIT"):
        connection.exec_driver_sql("VACUUM ANALYZE")


def commit() -> None:
    """End a request."""
    transaction.commit()
    DBSession.remove()


def key(number: int) -> int:
    """Return the key of a user or post."""
    return number + 1


def add_entities(number: int) -> None:
    """Store that many users and posts."""
    keys, users = list(map(key, range(number))), {"kind": "user", "last_activity_seen": SEEN}
    with DBSession.get_bind().begin() as connection:
        names = [{"_id": k, "user_name": user_name(n), **users} for n, k in enumerate(keys)]
        connection.execute(sa.insert(User.__table__), names)
        titles = [{"_id": k, "title": title(n)} for n, k in enumerate(keys)]
        connection.execute(sa.insert(Post.__table__), titles)


def load(cls: Any, number: int) -> list[Any]:
    """Load that many users or posts, in the order of their numbers, detached from the session."""
    entities = list(DBSession.scalars(sa.select(cls).where(cls._id <= number).order_by(cls._id)))
    for each in entities:
        DBSession.expunge(each)
    return entities


class Host:
    """The host's code that is not timed."""

    def fresh(self) -> None:
        self.undo()
        DBSession.execute(sa.text("SELECT 1"))  # so that BEGIN is not timed

    def undo(self) -> None:
        transaction.abort()
        DBSession.remove()

    def user(self, number: int, seen: datetime = SEEN) -> Any:
        user = DBSession.get(User, key(number))
        set_committed_value(user, "last_activity_seen", seen)
        return user

    def post(self, number: int) -> Any:
        return DBSession.get(Post, key(number))

    def crowd(self, number: int) -> list[Any]:
        return load(User, number)
