"""The host's session: its connection, its transaction, and what becomes of both after an error."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import sqlalchemy as sa

from .. import DBSession
from .ending import end_request, has_only_read, has_written
from .private import connections_of, is_flushing
from .sessions import session_of, sessions
from .tables import Action

#: How many rows are read or written by one statement.
CHUNK = 1000

#: What is raised when the database cannot do what it is asked.
DATABASE_ERRORS = (sa.exc.DBAPIError, sa.exc.PendingRollbackError, sa.exc.TimeoutError)


def transaction_is_broken(error: BaseException) -> bool:
    """Return whether an error may have cost the host its transaction.

    Upon some errors, MariaDB and SQLite roll back the transaction and go on without one.

    :param error: raised in the transaction, perhaps because of the database's own error.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DATABASE_ERRORS):
            return True
        cause = cause.__cause__ or cause.__context__
    main, *others = sessions()
    # Another session may not have begun one yet.
    begun = [main, *(each for each in others if each.get_transaction() is not None)]
    return any(map(_is_of_no_use, begun))


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
    """Make the session usable again after an error of the database's, if nothing is lost by it.

    It rolls back a transaction that has written nothing, since PostgreSQL refuses further
    statements in it. If the host writes afterwards, its commit raises: zope.sqlalchemy commits only
    the transaction that it knew.

    :returns: False if something was or may have been written; then raise the error again.
    """
    if not all(session.is_active for session in sessions()):
        return False  # a flush failed
    begun = {session: connections_of(session) for session in sessions()}
    if any(has_written(session) for session in begun if not begun[session]):
        return False
    begun = {session: connections for session, connections in begun.items() if connections}
    if any(each.in_nested_transaction() or not has_only_read(each) for each in begun):
        return False
    for session, connections in begun.items():
        # A lost connection has nothing to roll back, and a rollback would expire what was read.
        if not all(connection.invalidated for connection in connections):
            session.rollback()
    return True


@contextmanager
def all_or_nothing(cls: type[Any] = Action) -> Iterator[None]:
    """Roll back the host's savepoint or transaction if the block fails, as a flush does.

    Otherwise a host that catches the error would commit a part of what was written; or, on
    PostgreSQL, silently nothing, not even its own.

    :param cls: the class whose table is written.
    """
    session = session_of(cls)
    if is_flushing(session):
        # The flush rolls back the session's own transaction itself.
        with savepoint(cls):
            yield
        return
    try:
        yield
    except BaseException:
        (session.get_nested_transaction() or session).rollback()
        raise


def savepoint(cls: type = Action) -> Any:
    """Begin a savepoint on the connection: the session's own would flush first.

    :param cls: the class whose table is read or written.
    """
    connection = session_of(cls).connection(bind_arguments={"mapper": cls})
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and not driver.in_transaction:
        # Python's sqlite3 begins no transaction for a savepoint, whose release would commit.
        connection.exec_driver_sql("BEGIN")
    return connection.begin_nested()


def engine_of_session() -> sa.Engine:
    """Return the engine of our tables."""
    # The scoped session passes bind=, which TurboGears' BalancedSession does not take.
    engine: sa.Engine = DBSession.registry().get_bind(Action)
    return engine


def open_connection(cls: type[Any] = Action) -> sa.Connection:
    """Flush the session and return its connection, for statements that bypass the session.

    Such a statement takes half the time.

    :param cls: the class whose table is read or written.
    """
    session = session_of(cls)
    if session.autoflush and not is_flushing(session):
        session.flush()
    connection: sa.Connection = session.connection(bind_arguments={"mapper": cls})
    return connection


def commit_batch() -> None:
    """Commit the host's transaction, and begin one in which a removal blocks nobody."""
    end_request(succeeded=True)
    if engine_of_session().dialect.name in ("mysql", "mariadb"):
        # Higher levels also lock the gaps beside deleted rows, where others insert.
        options = {"isolation_level": "READ COMMITTED"}
        DBSession.connection({"mapper": Action}, execution_options=options)


def chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the items in lists of ``CHUNK``."""
    items = iter(items)
    while chunk := list(islice(items, CHUNK)):
        yield chunk
