"""``last_activity_seen``, the field of the host's readers."""

from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm.attributes import instance_state, set_committed_value

from ..clock import naive_utc
from .classes import identity_of
from .column_types import ColumnType
from .moments import Seen
from .session import all_or_nothing, open_connection, session_has_changed
from .sessions import end_request, is_doomed, session_of, sessions

#: What a recipient's class must have.
SEEN_FIELD = "last_activity_seen = Column(DateTime)"


def has_seen_field(cls: type) -> bool:
    """Whether the class stores a ``last_activity_seen``."""
    return "last_activity_seen" in sa.inspect(cls).column_attrs


def begin_marking(*entities: Any) -> None:
    """Have the requests that mark at once wait for each other, where the database would refuse.

    Above READ COMMITTED it changes nothing that somebody else has changed since the transaction
    began. There, what the request did so far is committed, and a transaction begins that may.

    :param entities: those in hand that are marked, or needed after.
    """
    marked = {session_of(type(each)): type(each) for each in entities}
    apart = {session: cls for session, cls in marked.items() if _is_apart(open_connection(cls))}
    in_savepoint = any(session.in_nested_transaction() for session in sessions())
    if not apart or in_savepoint or is_doomed():
        return
    owners = [orm.object_session(each) for each in entities]
    end_request(succeeded=True)
    for owner, each in zip(owners, entities, strict=True):
        if owner is not None:
            owner.add(each)  # zope.sqlalchemy took them out of it
    options = {"isolation_level": "READ COMMITTED"}
    for session, cls in apart.items():
        session.connection({"mapper": cls}, execution_options=options)


def _is_apart(connection: sa.Connection) -> bool:
    return connection.dialect.name != "sqlite" and connection.get_isolation_level() in _APART


#: The levels of isolation at which a database refuses so. SQLite has one writer at a time.
_APART = ("REPEATABLE READ", "SERIALIZABLE")


def move_last_activity_seen(recipient: Any, moment: datetime) -> datetime | None:
    """Move ``last_activity_seen`` forward to ``moment``, in the database and on the object.

    One UPDATE of the one column, inside the host's transaction.

    :returns: the value before.
    :raises LookupError: if the recipient is stored no more.
    """
    # Of a subclass with a table of its own, it may be there.
    cls = type(recipient).last_activity_seen.property.parent.class_
    (key,) = identity_of(recipient) or (None,)
    session, connection = session_of(cls), open_connection(cls)
    select, update = _seen_statements(cls, connection.dialect)
    new = Seen(cls.last_activity_seen.type, connection.dialect).at(moment)
    with all_or_nothing(cls):
        row = connection.execute(select, {"of": key}).first()
    if row is None:
        raise LookupError(f"this {type(recipient).__name__} is stored no more")
    before = after = row[0]
    if before is None or naive_utc(before) < naive_utc(new.given_back):
        with all_or_nothing(cls):
            connection.execute(update, {"of": key, "until": new.given})
        session_has_changed(session)
        after = new.given_back
    in_hand = recipient.last_activity_seen
    if in_hand is None or naive_utc(in_hand) < naive_utc(after):
        set_committed_value(recipient, "last_activity_seen", after)
        if session.in_nested_transaction():
            # As a flush does: if the savepoint is rolled back, it has to be read again.
            session._register_altered([instance_state(recipient)])
    return None if before is None else naive_utc(before)


@lru_cache(maxsize=1000)
def _seen_statements(cls: type[Any], dialect: sa.Dialect) -> tuple[Any, Any]:
    """What reads the ``last_activity_seen`` of an entity, and what moves it forward."""
    (seen,) = cls.last_activity_seen.property.columns
    (key,) = seen.table.primary_key
    until = sa.bindparam("until", type_=seen.type)
    # Locked where the database can, so that the value before is the one that is replaced.
    select = sa.select(seen).where(key == sa.bindparam("of", type_=key.type)).with_for_update()
    # Of a table without the host's defaults, whose onupdate columns would be written too.
    columns = {each.name: sa.column(each.name, each.type) for each in seen.table.columns}
    table = sa.table(seen.table.name, *columns.values(), schema=seen.table.schema)
    column = table.c[seen.name]
    is_it = table.c[key.name] == sa.bindparam("of", type_=key.type)
    values = {column: until}
    if dialect.name in ("mysql", "mariadb"):
        # What is set to itself is not set to now by its ON UPDATE CURRENT_TIMESTAMP.
        for each in seen.table.columns:
            is_dated = isinstance(ColumnType(each.type, dialect).kind, sa.DateTime)
            if is_dated and each is not seen and each.computed is None:
                values[table.c[each.name]] = table.c[each.name]
    update = sa.update(table).where(is_it, sa.or_(column.is_(None), column < until))
    return select, update.values(values)
