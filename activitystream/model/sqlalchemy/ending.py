"""How the host's transaction will end, and ending it where nobody else does."""

from typing import Any

from sqlalchemy import orm

from .private_zope import registrations_of, status_of
from .sessions import sessions


def managers_of(session: orm.Session) -> list[Any]:
    """Return the transaction managers that the host registered the session with."""
    return [each.transaction_manager for each in registrations_of(session)]


def is_doomed() -> bool:
    """Return whether the transaction is doomed: it can only be aborted."""
    return any(manager.isDoomed() for each in sessions() for manager in managers_of(each))


def has_only_read(session: orm.Session) -> bool:
    """Return whether zope.sqlalchemy knows that nothing was written, and nothing will be."""
    if session.new or session.dirty or session.deleted:
        return False
    return status_of(session) == "active"


def has_written(session: orm.Session) -> bool:
    """Return whether zope.sqlalchemy knows that something was written.

    If the session's own transaction has ended since, what was written is lost.
    """
    return status_of(session) == "changed"


def end_request(succeeded: bool, managed: bool = False) -> None:
    """End the transactions that nobody else ends, and give back their connections.

    :param succeeded: commit them, rather than roll them back.
    :param managed: leave the sessions registered with zope.sqlalchemy alone: somebody outside
        commits them.
    """
    for session in sessions():
        managers = managers_of(session)
        if not session.in_transaction() or (managed and managers):
            continue
        try:
            for manager in managers:
                end(manager, succeeded)
            if succeeded and not managers:
                session.commit()
        finally:
            # zope.sqlalchemy's keep_session leaves a transaction open that has only read.
            session.rollback()


def end(manager: Any, succeeded: bool) -> None:
    """Commit or abort a manager's transaction; abort one that is doomed, or fails to commit."""
    if not succeeded or manager.isDoomed():
        manager.abort()
        return
    try:
        manager.commit()
    except BaseException:
        manager.abort()
        raise
