"""Whether the host's transaction on SQLAlchemy outlives the host's code that we call inside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from .sessions import account_of, connections_of, has_only_read, is_doomed, is_flushing, sessions

#: Each savepoint has a name of its own, since one of the same name would end the other on MariaDB.
_numbers = count()


class _SessionWatch:
    """Remembers the transaction of a session, and tells later whether it was lost meanwhile.

    The session is asked for what it ended itself. The database is asked by a savepoint, because
    MariaDB and SQLite roll all back upon some errors and go on as if nothing had been, and because
    PostgreSQL answers the COMMIT of a transaction that an error aborted by a rollback.
    """

    def __init__(self, session: Any) -> None:
        self.session = session
        self._root = session.get_transaction()
        self._savepoint_of_host = session.get_nested_transaction()
        self._committed: list[Any] = []
        self._was_doomed = is_doomed()
        self._had_only_read = has_only_read(session)
        self._name = f"activitystream_{next(_numbers)}"
        connections = connections_of(session)
        self._connections = [each for each in connections if _begin(each, self._name)]

    def note_commit(self, session: Any) -> None:
        """Remember that a savepoint was released, or the transaction committed."""
        self._committed.append(session.get_nested_transaction() or session.get_transaction())

    def is_lost(self) -> bool:
        """Whether what was written before will not be committed; to be asked once."""
        if self._root is None or self._root in self._committed:
            return False
        if self.session.get_transaction() is not self._root:
            return not self._had_only_read
        if self._session_has_lost():
            return True
        try:
            lost = self._database_has_lost()
        except sa.exc.SQLAlchemyError:
            lost = True
        if lost and not is_flushing(self.session):  # which rolls back itself
            # Or the host could commit what comes after, by a session that knows of nothing.
            self.session.rollback()
        return lost

    def _session_has_lost(self) -> bool:
        if is_doomed() > self._was_doomed or not self.session.is_active:  # a flush failed
            return True
        begun = (None, *self._savepoints(), *self._committed)
        return self._savepoint_of_host not in begun

    def _database_has_lost(self) -> bool:
        if self._savepoints()[:1] in ([], [self._savepoint_of_host]):
            return any(_has_lost(each, self._name) for each in self._connections)
        # To release ours would end the savepoint that the host's code has left open.
        for connection in self._connections:
            connection.execute(sa.select(1))
        return False

    def _savepoints(self) -> list[Any]:
        """Those of the session, the newest first."""
        savepoint, savepoints = self.session.get_nested_transaction(), []
        while savepoint is not None and savepoint.nested:
            savepoints.append(savepoint)
            savepoint = savepoint.parent
        return savepoints


class TransactionWatch:
    """Remembers the host's transaction, in however many sessions it is."""

    def __init__(self) -> None:
        main, *others = sessions()
        # Of a session that zope.sqlalchemy doesn't know nobody could say what was written.
        watched = [main, *(each for each in others if account_of(each) is not None)]
        self.parts = [_SessionWatch(session) for session in watched]

    def is_lost(self) -> bool:
        """Whether something that was written before will not be committed; to be asked once."""
        return any([each.is_lost() for each in self.parts])  # each, to end its savepoint


@contextmanager
def watched_transaction() -> Iterator[TransactionWatch]:
    """Watch the host's transaction for the time of a block."""
    watch = TransactionWatch()
    for each in watch.parts:
        event.listen(each.session, "after_commit", each.note_commit)
    try:
        yield watch
    finally:
        for each in watch.parts:
            event.remove(each.session, "after_commit", each.note_commit)


def _begin(connection: sa.Connection, savepoint: str) -> bool:
    """Begin a savepoint, if there is a transaction that could be lost."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        # Outside of a transaction it would be one, which its release commits.
        if not driver.in_transaction:
            return False
    try:
        connection.exec_driver_sql(f"SAVEPOINT {savepoint}")
    except sa.exc.SQLAlchemyError:  # PostgreSQL in AUTOCOMMIT
        return False
    return True


def _has_lost(connection: sa.Connection, savepoint: str) -> bool:
    try:
        connection.exec_driver_sql(f"RELEASE SAVEPOINT {savepoint}")
    except sa.exc.DBAPIError:
        # In AUTOCOMMIT MariaDB keeps no savepoint, and nothing can be lost.
        in_mysql = connection.dialect.name in ("mysql", "mariadb")
        return not (in_mysql and connection.exec_driver_sql("SELECT @@autocommit").scalar() == 1)
    return False
