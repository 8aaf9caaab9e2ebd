"""The host's session: its connection, its transaction, and what becomes of both after an error."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import sqlalchemy as sa

from .. import DBSession
from .sessions import (
    connections_of,
    end_request,
    has_only_read,
    is_flushing,
    listeners_of_zope,
    session_of,
    sessions,
    was_written,
)
from .tables import Action

#: How many rows are read or written by one statement.
CHUNK = 1000


#: What is raised when the database cannot do what it is asked.
DATABASE_ERRORS = (sa.exc.DBAPIError, sa.exc.PendingRollbackError, sa.exc.TimeoutError)


def transaction_is_broken(error: BaseException) -> bool:
    """Whether the host's transaction may be of no use any more, after code that nobody watched.

    :param error: what was raised in it. If the database's own error is behind it, that may have
        rolled all back: MariaDB and SQLite go on as if nothing had been.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DATABASE_ERRORS):
            return True
        cause = cause.__cause__ or cause.__context__
    return any(map(_is_of_no_use, sessions()))


def _is_of_no_use(session: Any) -> bool:
    if session.get_transaction() is None or not session.is_active:
        return True
    try:
        for connection in connections_of(session):
            connection.execute(sa.select(1))
    except sa.exc.SQLAlchemyError:
        return True
    return False


def recover() -> bool:
    """Whether the request can go on, and nothing of it is lost, after an error of the database's.

    Where nothing was written, the host's transaction is rolled back, as PostgreSQL does nothing
    more in it. What the host writes after all raises an error when it is committed: zope.sqlalchemy
    would commit the transaction that it knew.
    """
    if not all(session.is_active for session in sessions()):  # a flush failed
        return False
    begun = {session: connections_of(session) for session in sessions()}
    if any(was_written(session) for session in begun if not begun[session]):
        return False
    begun = {session: connections for session, connections in begun.items() if connections}
    if any(each.in_nested_transaction() or not has_only_read(each) for each in begun):
        return False
    for session, connections in begun.items():
        # Without a connection nothing is left to roll back, and what was read stays readable.
        if not all(connection.invalidated for connection in connections):
            session.rollback()
    return True


@contextmanager
def all_or_nothing(cls: type[Any] = Action) -> Iterator[None]:
    """Rolls back the host's savepoint, or its transaction, as a flush that fails does.

    :param cls: whose table is written.

    Or a host that catches the error would commit a part of what was written; or, on PostgreSQL,
    nothing of its own either, without a word. Within a flush, a savepoint of its own.
    """
    session = session_for(cls)
    if is_flushing(session):
        with savepoint(cls):
            yield
        return
    try:
        yield
    except BaseException:
        (session.get_nested_transaction() or session).rollback()
        raise


def session_for(cls: type[Any]) -> Any:
    # Our own at once, since each way through TurboGears' proxies takes its time.
    return DBSession.registry() if cls is Action else session_of(cls)


def savepoint(cls: type = Action) -> Any:
    """A savepoint that the session does not know, and so flushes nothing for."""
    connection = session_for(cls).connection(bind_arguments={"mapper": cls})
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and not driver.in_transaction:
        # Python's sqlite3 begins none for a savepoint, whose release would commit.
        connection.exec_driver_sql("BEGIN")
    return connection.begin_nested()


def session_has_changed(session: Any = None) -> None:
    """Tell zope.sqlalchemy, which commits a session only if it saw it flush, or change mapped rows.

    By its own listeners, so that a session that the host did not register with it is left alone.

    :param session: another one than ``DBSession``.
    """
    session = session or DBSession.registry()
    for listener in listeners_of_zope(session):
        listener.mark_changed(session)


def engine_of_session() -> sa.Engine:
    # Of the session itself, as TurboGears' BalancedSession wants to be asked.
    engine: sa.Engine = DBSession.registry().get_bind(Action)
    return engine


def open_connection(cls: type[Any] = Action) -> sa.Connection:
    """Past the session, which takes as long as the database.

    :param cls: of whose table something is asked.
    """
    session = session_for(cls)
    if session.autoflush and not is_flushing(session):
        session.flush()
    connection: sa.Connection = session.connection(bind_arguments={"mapper": cls})
    return connection


def commit_batch() -> None:
    """Commit the host's transaction, and begin one in which removing stops nobody else."""
    end_request(succeeded=True)
    if engine_of_session().dialect.name in ("mysql", "mariadb"):
        # Else what is deleted is locked with the places beside it, where others insert.
        options = {"isolation_level": "READ COMMITTED"}
        DBSession.connection({"mapper": Action}, execution_options=options)


def chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    items = iter(items)
    while chunk := list(islice(items, CHUNK)):
        yield chunk
