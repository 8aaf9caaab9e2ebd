"""What each reader has seen and read: the tables of readers and of single actions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from .. import DBSession
from ..action import cursor_of
from ..clock import EARLIEST, naive_utc
from ..values import Cursor, Marking, Marks, Reference
from .private_zope import mark_changed
from .readers import lock_last_activity_seen, move_last_activity_seen
from .session import all_or_nothing, chunks, open_connection
from .statements import is_reader, reader_parameters
from .tables import ACTIONS, READERS, SEEN_ACTIONS, MomentType
from .upserts import insert_of, or_update


def mark(
    recipient: Any,
    reader: Reference,
    moment: datetime,
    decide: Callable[[datetime | None, Marks | None], Marking],
) -> datetime | None:
    """Move ``last_activity_seen`` forward to ``moment``, and store what a mark changes.

    The row of the recipient is locked first, so that the marks of one reader wait for each other.
    """
    before, after = move_last_activity_seen(recipient, moment)
    marks = _current_marks(reader, before)
    new, read = decide(before, marks)
    seen, new = new.seen, new._replace(mark=after, seen=())
    if new == marks and not seen and read is None:
        return before
    with all_or_nothing():
        _store_marks(reader, new)
        if marks is not None and marks.mark != before:
            _forget_seen(reader)
        elif marks is not None and seen:
            _forget_seen(reader, new.seen_floor)
        _store_actions(reader, seen, None)
        if read is not None:
            _mark_all_read(reader, new)
            _store_actions(reader, read, True)
    mark_changed(DBSession.registry())
    return before


def mark_actions(
    recipient: Any,
    reader: Reference,
    last_seen: datetime | None,
    actions: Iterable[Any],
    is_read: bool,
) -> None:
    """Store that a reader has read these actions, or keeps them unread."""
    cursors = [cursor_of(each) for each in actions]
    with all_or_nothing():
        # One statement serves, while the marks go by the field.
        locks_gaps = _locks_gaps(open_connection())
        if locks_gaps or not _store_actions(reader, cursors, is_read, last_seen, in_sync=True):
            marks = _read_marks(reader)
            if marks is None or marks.mark != last_seen:
                _start_marks(recipient, reader)
            _store_actions(reader, cursors, is_read)
    mark_changed(DBSession.registry())


def _start_marks(recipient: Any, reader: Reference) -> None:
    """Have the marks begin with the field, where there are none or the host has set it since."""
    last_seen = lock_last_activity_seen(recipient)
    marks = _current_marks(reader, last_seen)
    if marks is None:
        _store_marks(reader, _first_marks(last_seen))
    elif marks.mark != last_seen:
        _store_marks(reader, _first_marks(last_seen)._replace(read_floor=marks.read_floor))
        _forget_seen(reader)


def _first_marks(last_seen: datetime | None) -> Marks:
    floor = last_seen or EARLIEST
    return Marks(last_seen, floor, floor)


def _current_marks(reader: Reference, last_seen: datetime | None) -> Marks | None:
    """Return the marks that are stored now, of a reader whose row is locked."""
    marks = _read_marks(reader)
    if not _locks_gaps(open_connection()):
        return marks
    first = _first_marks(last_seen)
    if marks is None:
        with all_or_nothing():
            _store_marks(reader, first, unless_there=True)
    current = _read_marks(reader, locked=True)
    return None if marks is None and current == first else current


def read_states(
    reader: Reference, actions: Sequence[Any]
) -> tuple[Marks | None, Mapping[Any, bool | None]]:
    """Return a reader's marks, and of those of these actions that have a row, its ``is_read``."""
    times = [naive_utc(action.timestamp) for action in actions]
    # By the time of the page, which lists no ids: its rows are few more than its actions.
    span = {"oldest": min(times, default=None), "newest": max(times, default=None)}
    rows = open_connection().execute(_STATES, {**reader_parameters(reader), **span}).all()
    if not rows:
        return None, {}
    ids = {action._id for action in actions}
    found = {row.action_id: row.is_read for row in rows if row.action_id in ids}
    return Marks(rows[0].mark, rows[0].seen_floor, rows[0].read_floor), found


def delete_marks(readers: Sequence[Reference], dry_run: bool) -> int:
    """Delete, or count, what is kept of what these have seen and read."""
    deleted = 0
    connection = open_connection()
    with all_or_nothing():
        for reader in readers:
            for table in (SEEN_ACTIONS, READERS):
                rows = sa.select(sa.func.count()).select_from(table).where(is_reader(table))
                deleted += connection.execute(rows, reader_parameters(reader)).scalar_one()
                if not dry_run:
                    delete = sa.delete(table).where(is_reader(table))
                    connection.execute(delete, reader_parameters(reader))
    if deleted and not dry_run:
        mark_changed(DBSession.registry())
    return deleted


def _read_marks(reader: Reference, locked: bool = False) -> Marks | None:
    statement = _MARKS_LOCKED if locked else _MARKS
    row = open_connection().execute(statement, reader_parameters(reader)).first()
    return None if row is None else Marks(*row)


def _store_marks(reader: Reference, marks: Marks, unless_there: bool = False) -> None:
    connection = open_connection()
    values = {
        "reader_type": reader.type,
        "reader_id": reader.key,
        "mark": marks.mark,
        "seen_floor": marks.seen_floor,
        "read_floor": marks.read_floor,
    }
    connection.execute(_upsert_marks(connection.dialect.name, unless_there), values)


def _store_actions(
    reader: Reference,
    cursors: Sequence[Cursor],
    is_read: bool | None,
    last_seen: datetime | None = None,
    in_sync: bool = False,
) -> bool:
    """Store the row of each action that is still there; None changes no row that there is.

    :param in_sync: store nothing unless the reader's mark is ``last_seen``.
    :returns: whether a row was stored.
    """
    connection = open_connection()
    if _locks_gaps(connection):
        return _store_actions_by_key(reader, cursors, is_read)
    statement = _upsert_actions(
        connection.dialect.name, is_read, in_sync, in_sync and last_seen is None
    )
    values = {**reader_parameters(reader), "new_is_read": is_read}
    if in_sync and last_seen is not None:
        values["last_seen"] = last_seen
    counts = (
        connection.execute(statement, {**values, "ids": chunk})
        for chunk in chunks(each.id for each in cursors)
    )
    return sum(stored.rowcount for stored in counts) > 0


def _store_actions_by_key(
    reader: Reference, cursors: Sequence[Cursor], is_read: bool | None
) -> bool:
    """Store the row of each action that is still there, after a lock of the actions alone.

    Whoever deletes actions locks them first, too: else each could wait for the other.
    """
    connection = open_connection()
    insert = insert_of(connection.dialect.name, SEEN_ACTIONS)
    kept = or_update(insert, ("reader_type",), () if is_read is None else ("is_read",))
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
            connection.execute(kept, rows)
    return True


def _forget_seen(reader: Reference, floor: datetime | None = None) -> None:
    """Delete the rows that say only that an action is seen.

    :param floor: those up to here; None for all.
    """
    columns = SEEN_ACTIONS.c
    covered = [] if floor is None else [columns.timestamp <= floor]
    _change(sa.delete(SEEN_ACTIONS), reader, columns.is_read.is_(None), *covered)


def _mark_all_read(reader: Reference, marks: Marks) -> None:
    """Delete the rows that the floors cover now; what was kept unread there is read."""
    timestamp, is_read = SEEN_ACTIONS.c.timestamp, SEEN_ACTIONS.c.is_read
    # Above the other floor, a row still says that its action is seen.
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
    if not _locks_gaps(connection):
        connection.execute(statement.where(*conditions), parameters)
        return
    key = (columns.timestamp, columns.action_id)
    found = connection.execute(sa.select(*key).where(*conditions), parameters).all()
    has_key = sa.tuple_(*key).in_(sa.bindparam("keys", expanding=True))
    by_key = statement.where(is_reader(SEEN_ACTIONS), has_key)
    for chunk in chunks(map(tuple, found)):
        connection.execute(by_key, {**parameters, "keys": chunk})


def _locks_gaps(connection: sa.Connection) -> bool:
    """Tell whether a lock of what is not there, or of a range, keeps others from inserting theirs.

    On MariaDB two readers who mark at once would wait for each other, unless what is locked is
    named by its key. Only what it locks it reads as it is now, not as the transaction began.
    """
    return connection.dialect.name in ("mysql", "mariadb")


@lru_cache
def _upsert_marks(dialect: str, unless_there: bool) -> Any:
    keys = ("reader_type", "reader_id")
    values = {each.name: sa.bindparam(each.name, type_=each.type) for each in READERS.c}
    insert = insert_of(dialect, READERS).values(values)
    return or_update(insert, keys, () if unless_there else ("mark", "seen_floor", "read_floor"))


@lru_cache
def _upsert_actions(dialect: str, is_read: bool | None, in_sync: bool, never_seen: bool) -> Any:
    keys = ("reader_type", "reader_id", "timestamp", "action_id")
    columns = SEEN_ACTIONS.c
    # By the actions themselves, so that one that was deleted meanwhile gets no row.
    actions = sa.select(
        sa.bindparam("of_type", type_=columns.reader_type.type),
        sa.bindparam("of_key", type_=columns.reader_id.type),
        ACTIONS.c.timestamp,
        ACTIONS.c._id,
        sa.bindparam("new_is_read", type_=sa.Boolean),
    ).where(ACTIONS.c._id.in_(sa.bindparam("ids", expanding=True)))
    if in_sync:
        mark = READERS.c.mark
        is_field = mark == sa.bindparam("last_seen", type_=MomentType)
        its = sa.select(mark).where(is_reader(READERS), mark.is_(None) if never_seen else is_field)
        actions = actions.where(its.exists())
    insert = insert_of(dialect, SEEN_ACTIONS).from_select((*keys, "is_read"), actions)
    upsert = or_update(insert, keys, () if is_read is None else ("is_read",))
    # SQLAlchemy drops the count of what an INSERT wrote, unless it is asked for.
    return upsert.execution_options(preserve_rowcount=True)


def _marks() -> Any:
    columns = READERS.c
    return sa.select(columns.mark, columns.seen_floor, columns.read_floor).where(is_reader(READERS))


_MARKS = _marks()

_MARKS_LOCKED = _MARKS.with_for_update()


def _states() -> Any:
    seen, readers = SEEN_ACTIONS.c, READERS.c
    oldest, newest = (sa.bindparam(name, type_=MomentType) for name in ("oldest", "newest"))
    rows = sa.and_(is_reader(SEEN_ACTIONS), seen.timestamp.between(oldest, newest))
    columns = (readers.mark, readers.seen_floor, readers.read_floor)
    return (
        sa.select(*columns, seen.action_id, seen.is_read)
        .select_from(READERS.outerjoin(SEEN_ACTIONS, rows))
        .where(is_reader(READERS))
    )


_STATES = _states()
