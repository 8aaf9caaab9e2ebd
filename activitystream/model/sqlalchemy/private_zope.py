"""The private names of zope.sqlalchemy and ``transaction`` that we use.

zope.sqlalchemy commits a session only if it was notified of a change in it.

``tests/model/sqlalchemy/test_private.py`` fails when one of the names changes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import orm

from .private import listeners_of


def registrations_of(session: orm.Session) -> list[Any]:
    """Return the ``ZopeTransactionEvents`` that the host registered for the session.

    Nothing public finds them. ``transaction.manager`` replaces their ``transaction_manager``, but
    for a host that has another one or registers nothing.
    """
    owners = [getattr(each, "__self__", None) for each in listeners_of(session, "after_flush")]
    return [each for each in owners if hasattr(each, "mark_changed")]


def status_of(session: orm.Session) -> str | None:
    """Return "active", "changed" or "readonly"; None if the session has joined no transaction.

    Private: ``_SESSION_STATE``. Listeners to the same events as zope.sqlalchemy's replace it.
    """
    try:
        from zope.sqlalchemy.datamanager import _SESSION_STATE
    except ImportError:  # a host need not have it
        return None
    status: str | None = _SESSION_STATE.get(session)
    return status


def mark_changed(session: orm.Session) -> None:
    """Make zope.sqlalchemy commit the session, though it saw neither a flush nor an ORM statement.

    A session that the host did not register is left alone.
    """
    for registration in registrations_of(session):
        registration.mark_changed(session)


@contextmanager
def without_transaction(manager: Any) -> Iterator[None]:
    """Give a manager a new transaction, and then its earlier one again.

    A hook after a commit may use no manager: the committed transaction is still the current one,
    and nothing can join it.

    Private: ``TransactionManager._txn``. Nothing replaces it in a hook; ``manager.begin()`` does
    where the host calls us after its commit.
    """
    # transaction.manager has a manager for each thread.
    manager = getattr(manager, "manager", manager)
    earlier, manager._txn = manager._txn, None
    try:
        manager.begin()
        yield
    finally:
        manager._txn = earlier
