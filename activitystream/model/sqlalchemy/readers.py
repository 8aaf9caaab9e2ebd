"""``last_activity_seen``, the field of the host's readers."""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
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
    """Return whether a class stores a ``last_activity_seen``."""
    return "last_activity_seen" in sa.inspect(cls).column_attrs


def begin_marking(*entities: Any) -> None:
    """Make requests that mark the same stream at once wait for each other.

    Above READ COMMITTED, a database refuses to change a row that somebody else has changed since
    the transaction began. There, this commits what the request did so far, and begins a transaction
    at READ COMMITTED.

    :param entities: the entities that the caller marks or needs afterwards.
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

    Only this column is written, inside the host's transaction, which makes other marks of the row
    wait.

    :returns: the values before and after, naive UTC.
    :raises LookupError: if the recipient is not stored any more.
    """
    cls = _seen_class(recipient)
    session = session_of(cls)
    statements = _seen_statements(cls, open_connection(cls).dialect)
    new, in_hand = statements.column.value_of(moment), recipient.last_activity_seen
    values = {"of": _key(recipient), "until": new.given}
    if _is_before(in_hand, new.given_back) and _replace(cls, statements, in_hand, values):
        before, after = in_hand, new.given_back
    else:
        before = after = _locked_last_activity_seen(recipient)
        if _is_before(before, new.given_back):
            _write(cls, statements.move, values)
            after = new.given_back
    if after is not None and _is_before(in_hand, after):
        set_committed_value(recipient, "last_activity_seen", after)
        if session.in_nested_transaction():
            session.info.setdefault(_IN_SAVEPOINT, WeakSet()).add(sa.inspect(recipient))
            event.listen(session, "after_soft_rollback", _read_again)
    return _naive(before), _naive(after)


def _is_before(moment: datetime | None, other: datetime) -> bool:
    return moment is None or naive_utc(moment) < naive_utc(other)


def _replace(
    cls: type, statements: "_Statements", in_hand: datetime | None, values: dict[str, Any]
) -> bool:
    """Move the field if it still has the object's value, which saves reading it first."""
    if in_hand is None:
        return _write(cls, statements.move_from_null, values)
    replaced = statements.column.value_of(naive_utc(in_hand)).given
    return _write(cls, statements.move_from, {**values, "replaced": replaced})


def _write(cls: type, update: Any, values: dict[str, Any]) -> bool:
    with all_or_nothing(cls):
        found: int = open_connection(cls).execute(update, values).rowcount
    if found:
        mark_changed(session_of(cls))
    return found > 0


def lock_last_activity_seen(recipient: Any) -> datetime | None:
    """Return the stored ``last_activity_seen``, naive UTC, and lock its row.

    :raises LookupError: if the recipient is not stored any more.
    """
    return _naive(_locked_last_activity_seen(recipient))


def stored_condition(recipient: Any, dialect: sa.Dialect) -> tuple[Any, dict[str, Any]]:
    """Return the condition, for a statement, that a recipient is stored, and its parameters.

    It is the same object for all recipients of a class.
    """
    statements = _seen_statements(_seen_class(recipient), dialect)
    return statements.is_stored, {"of": _key(recipient)}


def seen_value(cls: type[Any], moment: datetime) -> Any:
    """Convert a moment for the column of a class's ``last_activity_seen``."""
    statements = _seen_statements(_declaring(cls), open_connection(cls).dialect)
    return statements.column.value_of(moment).given


def _locked_last_activity_seen(recipient: Any) -> datetime | None:
    cls = _seen_class(recipient)
    connection = open_connection(cls)
    statements = _seen_statements(cls, connection.dialect)
    with all_or_nothing(cls):
        row = connection.execute(statements.lock, {"of": _key(recipient)}).first()
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
    return _declaring(type(recipient))


def _declaring(cls: type[Any]) -> Any:
    # A subclass's own table may hold the field.
    return cls.last_activity_seen.property.parent.class_


#: In a session's ``info``: the states of the objects that were marked inside a savepoint.
_IN_SAVEPOINT = "activitystream.marked_in_savepoint"


def _read_again(session: orm.Session, rolled_back: orm.SessionTransaction) -> None:
    """Expire the marks that may have been rolled back: the session did not track them."""
    for state in session.info[_IN_SAVEPOINT]:
        if state.session is session and state.persistent:
            session.expire(state.object, ["last_activity_seen"])


class _Statements(NamedTuple):
    column: SeenColumn
    #: Whether an entity is there.
    is_stored: Any
    #: The SELECT of its ``last_activity_seen``.
    lock: Any
    #: The UPDATE that moves it forward.
    move: Any
    #: The UPDATE that moves it only from one value.
    move_from: Any
    #: The UPDATE that moves it only from null.
    move_from_null: Any


@lru_cache(maxsize=1000)
def _seen_statements(cls: type[Any], dialect: sa.Dialect) -> _Statements:
    (seen,) = cls.last_activity_seen.property.columns
    (key,) = seen.table.primary_key
    until = sa.bindparam("until", type_=seen.type)
    its = sa.select(seen).where(key == sa.bindparam("of", type_=key.type))
    # Not the host's own table: with it, the UPDATE would also write its onupdate columns.
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
    update = sa.update(table).where(is_it).values(values)
    return _Statements(
        SeenColumn(seen.type, dialect),
        is_stored=its.exists(),
        lock=its.with_for_update(),
        move=update.where(sa.or_(column.is_(None), column < until)),
        move_from=update.where(column == sa.bindparam("replaced", type_=seen.type)),
        move_from_null=update.where(column.is_(None)),
    )
