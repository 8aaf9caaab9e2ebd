"""Whether the host's transaction outlives the host's own code that we call inside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from .ending import has_only_read, is_doomed
from .private import connections_of, is_flushing
from .private_zope import status_of
from .sessions import sessions

#: Numbers the savepoints, since on MariaDB a second one of the same name ends the first.
_savepoint_numbers = count()


class _SessionWatch:
    """Knows whether a session's transaction was lost since the watch began.

    The session knows of the transactions that it ended itself. A savepoint of ours detects the
    others: upon some errors, MariaDB and SQLite roll back the transaction and go on without one;
    and PostgreSQL, after an error, turns the COMMIT into a rollback.
    """

    def __init__(self, session: Any) -> None:
        self.session = session
        self._root = session.get_transaction()
        self._savepoint_of_host = session.get_nested_transaction()
        self._committed: list[Any] = []
        self._was_doomed = is_doomed()
        self._had_only_read = has_only_read(session)
        self._savepoint = f"activitystream_{next(_savepoint_numbers)}"
        self._watched = [
            each for each in connections_of(session) if _begin_savepoint(each, self._savepoint)
        ]

    def note_commit(self, session: Any) -> None:
        """Remember that a savepoint was released, or the transaction committed."""
        self._committed.append(session.get_nested_transaction() or session.get_transaction())

    def is_lost(self) -> bool:
        """Return whether what was written before is lost. Call it once."""
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
        # A running flush rolls back by itself.
        if lost and not is_flushing(self.session):
            # The session does not know, and would commit what the host writes afterwards.
            self.session.rollback()
        return lost

    def _session_has_lost(self) -> bool:
        # A failed flush leaves the session inactive.
        if is_doomed() > self._was_doomed or not self.session.is_active:
            return True
        begun = (None, *self._savepoints(), *self._committed)
        return self._savepoint_of_host not in begun

    def _database_has_lost(self) -> bool:
        if self._savepoints()[:1] in ([], [self._savepoint_of_host]):
            return any(_has_lost(each, self._savepoint) for each in self._watched)
        # Do not release our savepoint: that would end the one that the host's code left open.
        for connection in self._watched:
            connection.execute(sa.select(1))
        return False

    def _savepoints(self) -> list[Any]:
        """Return the session's open savepoints, newest first."""
        savepoint, savepoints = self.session.get_nested_transaction(), []
        while savepoint is not None and savepoint.nested:
            savepoints.append(savepoint)
            savepoint = savepoint.parent
        return savepoints


class TransactionWatch:
    """Knows whether the host's transaction was lost, in any of its sessions."""

    def __init__(self) -> None:
        main, *others = sessions()
        # Of a session that has not joined zope.sqlalchemy, it is unknown whether it has written.
        watched = [main, *(each for each in others if status_of(each) is not None)]
        self.parts = [_SessionWatch(session) for session in watched]

    def is_lost(self) -> bool:
        """Return whether something that was written before is lost. Call it once."""
        # Build a list, not a generator: each part has to end its savepoint.
        return any([each.is_lost() for each in self.parts])


@contextmanager
def watched_transaction() -> Iterator[TransactionWatch]:
    """Watch the host's transaction during a block."""
    watch = TransactionWatch()
    for each in watch.parts:
        event.listen(each.session, "after_commit", each.note_commit)
    try:
        yield watch
    finally:
        for each in watch.parts:
            event.remove(each.session, "after_commit", each.note_commit)


def _begin_savepoint(connection: sa.Connection, savepoint: str) -> bool:
    """Begin a savepoint; return whether there was a transaction to begin it in."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        # Outside of a transaction, a savepoint begins one, and its release commits it.
        if not driver.in_transaction:
            return False
    try:
        connection.exec_driver_sql(f"SAVEPOINT {savepoint}")
    except sa.exc.SQLAlchemyError:
        return False  # PostgreSQL in AUTOCOMMIT
    return True


def _has_lost(connection: sa.Connection, savepoint: str) -> bool:
    """Release a savepoint; return whether the database had lost it with its transaction."""
    try:
        connection.exec_driver_sql(f"RELEASE SAVEPOINT {savepoint}")
    except sa.exc.DBAPIError:
        # In AUTOCOMMIT, MariaDB keeps no savepoint, and nothing can be lost.
        in_mysql = connection.dialect.name in ("mysql", "mariadb")
        return not (in_mysql and connection.exec_driver_sql("SELECT @@autocommit").scalar() == 1)
    return False
