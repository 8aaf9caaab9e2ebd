"""``last_activity_seen``, the field of the host's readers."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.orm.attributes import set_committed_value

from ..clock import naive_utc
from .classes import identity_of
from .column_types import ColumnType
from .ending import end_request, is_doomed
from .private_zope import mark_changed
from .seen_column import SeenColumn
from .session import all_or_nothing, open_connection
from .sessions import session_of, sessions

#: The line that adds the field to a class, for errors to quote.
SEEN_FIELD = "last_activity_seen = Column(DateTime)"


def has_seen_field(cls: type) -> bool:
    """Tell whether a class stores a ``last_activity_seen``."""
    return "last_activity_seen" in sa.inspect(cls).column_attrs


def begin_marking(*entities: Any) -> None:
    """Have requests that mark the same stream at once wait for each other.

    Above READ COMMITTED, a database refuses to change a row that somebody else has changed since
    the transaction began. There, this commits what the request did so far, and begins a transaction
    at READ COMMITTED.

    :param entities: those in hand that are marked or needed afterwards.
    """
    marked = {session_of(type(each)): type(each) for each in entities}
    isolated = {each: cls for each, cls in marked.items() if _is_isolated(open_connection(cls))}
    in_savepoint = any(session.in_nested_transaction() for session in sessions())
    if not isolated or in_savepoint or is_doomed():
        return
    owners = [orm.object_session(each) for each in entities]
    end_request(succeeded=True)
    for owner, each in zip(owners, entities, strict=True):
        if owner is not None:
            owner.add(each)  # zope.sqlalchemy closed the session
    options = {"isolation_level": "READ COMMITTED"}
    for session, cls in isolated.items():
        session.connection({"mapper": cls}, execution_options=options)


def _is_isolated(connection: sa.Connection) -> bool:
    # SQLite has one writer at a time, at whatever level.
    return connection.dialect.name != "sqlite" and connection.get_isolation_level() in _ISOLATED


#: The levels above READ COMMITTED.
_ISOLATED = ("REPEATABLE READ", "SERIALIZABLE")


def move_last_activity_seen(
    recipient: Any, moment: datetime
) -> tuple[datetime | None, datetime | None]:
    """Move ``last_activity_seen`` forward to ``moment``, in the database and on the object.

    One UPDATE of the one column, inside the host's transaction. The row is locked before, where the
    database can, so that the value before is the one that is replaced.

    :returns: the values before and after, naive UTC.
    :raises LookupError: if the recipient is not stored any more.
    """
    cls = _seen_class(recipient)
    session, connection = session_of(cls), open_connection(cls)
    new = SeenColumn(cls.last_activity_seen.type, connection.dialect).value_of(moment)
    before = after = _locked_last_activity_seen(recipient)
    if before is None or naive_utc(before) < naive_utc(new.given_back):
        _, update = _seen_statements(cls, connection.dialect)
        with all_or_nothing(cls):
            connection.execute(update, {"of": _key(recipient), "until": new.given})
        mark_changed(session)
        after = new.given_back
    in_hand = recipient.last_activity_seen
    if after is not None and (in_hand is None or naive_utc(in_hand) < naive_utc(after)):
        set_committed_value(recipient, "last_activity_seen", after)
        if session.in_nested_transaction():
            session.info.setdefault(_IN_SAVEPOINT, WeakSet()).add(sa.inspect(recipient))
            event.listen(session, "after_soft_rollback", _read_again)
    return _naive(before), _naive(after)


def lock_last_activity_seen(recipient: Any) -> datetime | None:
    """Return the stored ``last_activity_seen``, naive UTC; have other marks of it wait.

    :raises LookupError: if the recipient is not stored any more.
    """
    return _naive(_locked_last_activity_seen(recipient))


def _locked_last_activity_seen(recipient: Any) -> datetime | None:
    cls = _seen_class(recipient)
    connection = open_connection(cls)
    select, _ = _seen_statements(cls, connection.dialect)
    with all_or_nothing(cls):
        row = connection.execute(select, {"of": _key(recipient)}).first()
    if row is None:
        raise LookupError(f"this {type(recipient).__name__} is not stored any more")
    seen: datetime | None = row[0]
    return seen


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else naive_utc(moment)


def _key(recipient: Any) -> Any:
    (key,) = identity_of(recipient) or (None,)
    return key


def _seen_class(recipient: Any) -> Any:
    # Of a subclass with a table of its own, it may be there.
    return type(recipient).last_activity_seen.property.parent.class_


#: In a session's ``info``: the states of the objects that were marked inside a savepoint.
_IN_SAVEPOINT = "activitystream.marked_in_savepoint"


def _read_again(session: orm.Session, rolled_back: orm.SessionTransaction) -> None:
    """Expire the marks that may have been rolled back, as the session knows of no change."""
    for state in session.info[_IN_SAVEPOINT]:
        if state.session is session and state.persistent:
            session.expire(state.object, ["last_activity_seen"])


@lru_cache(maxsize=1000)
def _seen_statements(cls: type[Any], dialect: sa.Dialect) -> tuple[Any, Any]:
    """Return the SELECT of an entity's ``last_activity_seen``, and the UPDATE that moves it."""
    (seen,) = cls.last_activity_seen.property.columns
    (key,) = seen.table.primary_key
    until = sa.bindparam("until", type_=seen.type)
    select = sa.select(seen).where(key == sa.bindparam("of", type_=key.type)).with_for_update()
    # The host's own table would have the UPDATE write its onupdate columns too.
    columns = {each.name: sa.column(each.name, each.type) for each in seen.table.columns}
    table = sa.table(seen.table.name, *columns.values(), schema=seen.table.schema)
    column = table.c[seen.name]
    is_it = table.c[key.name] == sa.bindparam("of", type_=key.type)
    values = {column: until}
    if dialect.name in ("mysql", "mariadb"):
        # A column that is set to itself escapes its ON UPDATE CURRENT_TIMESTAMP.
        for each in seen.table.columns:
            is_dated = isinstance(ColumnType(each.type, dialect).kind, sa.DateTime)
            if is_dated and each is not seen and each.computed is None:
                values[table.c[each.name]] = table.c[each.name]
    update = sa.update(table).where(is_it, sa.or_(column.is_(None), column < until))
    return select, update.values(values)
