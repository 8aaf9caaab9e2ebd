"""The private names of SQLAlchemy that we use, each with what would replace it.

``tests/model/sqlalchemy/test_private.py`` fails when SQLAlchemy changes one.
"""

from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import orm

_T = TypeVar("_T")


def connections_of(session: orm.Session) -> list[sa.Connection]:
    """Return the connections on which the session's transaction has begun.

    Private: ``SessionTransaction._connections``. A listener to ``after_begin`` replaces it, but
    misses what has begun before; ``Session.connection`` begins what has not.
    """
    transaction: Any = session.get_transaction()
    if transaction is None:
        return []
    # Each connection is there under its engine too.
    return list(dict.fromkeys(each[0] for each in transaction._connections.values()))


def is_flushing(session: orm.Session) -> bool:
    """Return whether the session is in a flush, in which no other can begin.

    Private: ``Session._flushing``. Listeners to ``before_flush`` and ``after_flush_postexec``
    replace it, but for a flush that fails.
    """
    flushing: bool = session._flushing
    return flushing


def listeners_of(session: orm.Session, event_name: str) -> list[Any]:
    """Return the functions that listen to an event of the session.

    Private: ``Session.dispatch``. ``sqlalchemy.event.contains`` replaces it for a function that the
    host gives us.
    """
    return list(getattr(session.dispatch, event_name))


def new_instance(cls: type[_T]) -> _T:
    """Make an object as a query does, without its constructor.

    Private: ``ClassManager.new_instance``. An ``Action`` that any code may construct replaces it.
    """
    instance: _T = orm.class_mapper(cls).class_manager.new_instance()
    return instance
