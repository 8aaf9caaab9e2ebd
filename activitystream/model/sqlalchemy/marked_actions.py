"""The rows of single actions that readers have seen, read or kept unread."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from ..clock import naive_utc
from ..values import Cursor, Marks, Reference
from .compiled import execute
from .readers import stored_condition
from .session import chunks, open_connection
from .statements import is_reader, reader_parameters
from .tables import ACTIONS, ID_TYPE, READERS, SEEN_ACTIONS, MomentType
from .upserts import insert_of, or_update


def store_seen(reader: Reference, cursors: Sequence[Cursor]) -> None:
    """Store that each action is seen, unless it was deleted or has a row already."""
    _store_rows(reader, cursors, None, updated=())


def store_read(reader: Reference, cursors: Sequence[Cursor], is_read: bool) -> None:
    """Store whether each action is read, unless it was deleted."""
    _store_rows(reader, cursors, is_read, updated=("is_read",))


def store_read_in_sync(
    recipient: Any, reader: Reference, cursors: Sequence[Cursor], is_read: bool
) -> bool:
    """Do what :func:`store_read` does with one statement, if the marks agree with the field.

    It stores nothing if they do not, or if the recipient was deleted.

    :returns: whether it stored anything.
    """
    connection = open_connection()
    if locks_gaps(connection) or open_connection(type(recipient)) is not connection:
        return False
    is_stored, parameters = stored_condition(recipient, connection.dialect)
    last_seen = recipient.last_activity_seen
    upsert = partial(_upsert_in_sync, connection.dialect.name, is_stored, last_seen is None)
    if last_seen is not None:
        parameters["last_seen"] = naive_utc(last_seen)
    return _store_by_id(connection, upsert, reader, cursors, is_read, parameters) > 0


def _store_rows(
    reader: Reference, cursors: Sequence[Cursor], is_read: bool | None, updated: tuple[str, ...]
) -> None:
    connection = open_connection()
    dialect = connection.dialect.name
    if locks_gaps(connection):
        insert = or_update(insert_of(dialect, SEEN_ACTIONS), _ROW_KEYS, updated)
        _store_by_key(insert, reader, cursors, is_read)
    else:
        _store_by_id(connection, partial(_upsert, dialect, updated), reader, cursors, is_read)


def _store_by_id(
    connection: sa.Connection,
    upsert: Callable[[bool], Any],
    reader: Reference,
    cursors: Sequence[Cursor],
    is_read: bool | None,
    parameters: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    """Store rows; return how many.

    :param upsert: returns the INSERT, for one action or for several.
    """
    values = {**reader_parameters(reader), **parameters, "new_is_read": is_read}
    if len(cursors) == 1:
        return execute(connection, upsert(True), {**values, "id": cursors[0].id}).rowcount
    stored: int = sum(
        connection.execute(upsert(False), {**values, "ids": chunk}).rowcount
        for chunk in chunks(each.id for each in cursors)
    )
    return stored


def _store_by_key(
    insert: Any, reader: Reference, cursors: Sequence[Cursor], is_read: bool | None
) -> None:
    """Lock the actions, then store the rows.

    Deleting actions locks them first, too. In another order, the two could deadlock.
    """
    connection = open_connection()
    its = {"reader_type": reader.type, "reader_id": reader.key, "is_read": is_read}
    for chunk in chunks(sorted(cursors, key=lambda each: each.id)):
        ids = [each.id for each in chunk]
        there = sa.select(ACTIONS.c._id).where(ACTIONS.c._id.in_(ids)).order_by(ACTIONS.c._id)
        found = set(connection.scalars(there.with_for_update(read=True)))
        rows = [
            {**its, "timestamp": each.timestamp, "action_id": each.id}
            for each in chunk
            if each.id in found
        ]
        if rows:
            connection.execute(insert, rows)


def forget_seen(reader: Reference, floor: datetime | None = None) -> None:
    """Delete the rows that only mark an action as seen.

    :param floor: delete those up to here; None deletes all.
    """
    columns = SEEN_ACTIONS.c
    covered = [] if floor is None else [columns.timestamp <= floor]
    _change(sa.delete(SEEN_ACTIONS), reader, columns.is_read.is_(None), *covered)


def mark_all_read(reader: Reference, marks: Marks) -> None:
    """Delete the rows that the floors cover now; mark as read what was kept unread there."""
    timestamp, is_read = SEEN_ACTIONS.c.timestamp, SEEN_ACTIONS.c.is_read
    # A row above `seen_floor` still marks its action as seen.
    _change(sa.delete(SEEN_ACTIONS), reader, timestamp <= min(marks.read_floor, marks.seen_floor))
    _change(
        sa.update(SEEN_ACTIONS).values(is_read=True),
        reader,
        timestamp <= marks.read_floor,
        is_read.is_(False),
    )


def _change(statement: Any, reader: Reference, *conditions: Any) -> None:
    """Delete or update the rows of a reader's single actions that meet these conditions."""
    columns, connection = SEEN_ACTIONS.c, open_connection()
    parameters = reader_parameters(reader)
    conditions = (is_reader(SEEN_ACTIONS), *conditions)
    if not locks_gaps(connection):
        connection.execute(statement.where(*conditions), parameters)
        return
    key = (columns.timestamp, columns.action_id)
    found = connection.execute(sa.select(*key).where(*conditions), parameters).all()
    has_key = sa.tuple_(*key).in_(sa.bindparam("keys", expanding=True))
    by_key = statement.where(is_reader(SEEN_ACTIONS), has_key)
    for chunk in chunks(map(tuple, found)):
        connection.execute(by_key, {**parameters, "keys": chunk})


def locks_gaps(connection: sa.Connection) -> bool:
    """Return whether a lock on a missing row or a range keeps others from inserting there.

    MariaDB does. Two readers who mark at once would deadlock, unless each locks rows by their whole
    key. MariaDB also reads only locked rows as they are now; others as the transaction began.
    """
    return connection.dialect.name in ("mysql", "mariadb")


_ROW_KEYS = ("reader_type", "reader_id", "timestamp", "action_id")


@lru_cache
def _upsert(dialect: str, updated: tuple[str, ...], of_one: bool) -> Any:
    return _upsert_of(dialect, _rows(of_one), updated)


@lru_cache
def _upsert_in_sync(dialect: str, is_stored: Any, never_seen: bool, of_one: bool) -> Any:
    mark = READERS.c.mark
    is_field = mark == sa.bindparam("last_seen", type_=MomentType)
    marks = sa.select(mark).where(is_reader(READERS), mark.is_(None) if never_seen else is_field)
    return _upsert_of(dialect, _rows(of_one).where(is_stored, marks.exists()), ("is_read",))


def _rows(of_one: bool) -> Any:
    """Return the query that makes a row of each action that is not deleted."""
    columns, its_id = SEEN_ACTIONS.c, ACTIONS.c._id
    is_asked_for: Any = its_id.in_(sa.bindparam("ids", expanding=True))
    if of_one:
        is_asked_for = its_id == sa.bindparam("id", type_=ID_TYPE)
    return sa.select(
        sa.bindparam("of_type", type_=columns.reader_type.type),
        sa.bindparam("of_key", type_=columns.reader_id.type),
        ACTIONS.c.timestamp,
        ACTIONS.c._id,
        sa.bindparam("new_is_read", type_=sa.Boolean),
    ).where(is_asked_for)


def _upsert_of(dialect: str, rows: Any, updated: tuple[str, ...]) -> Any:
    insert = insert_of(dialect, SEEN_ACTIONS).from_select((*_ROW_KEYS, "is_read"), rows)
    # SQLAlchemy drops the count of what an INSERT wrote, unless it is asked for.
    return or_update(insert, _ROW_KEYS, updated).execution_options(preserve_rowcount=True)
