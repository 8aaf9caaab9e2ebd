"""What each reader has seen and read: the tables of readers and of single actions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import product
from typing import Any

import sqlalchemy as sa

from .. import DBSession
from ..clock import EARLIEST
from ..cursors import cursor_of
from ..values import Cursor, Marking, Marks, Reference
from .marked_actions import (
    forget_seen,
    locks_gaps,
    mark_all_read,
    store_read,
    store_read_in_sync,
    store_seen,
)
from .private_zope import mark_changed
from .readers import lock_last_activity_seen, move_last_activity_seen
from .session import all_or_nothing, open_connection
from .statements import is_reader, reader_parameters
from .tables import READERS, SEEN_ACTIONS, MomentType
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
            forget_seen(reader)
        elif marks is not None and seen:
            forget_seen(reader, new.seen_floor)
        store_seen(reader, seen)
        if read is not None:
            mark_all_read(reader, new)
            store_read(reader, read, True)
    mark_changed(DBSession.registry())
    return before


def mark_actions(recipient: Any, reader: Reference, actions: Iterable[Any], is_read: bool) -> None:
    """Store that a reader has read these actions, or keeps them unread."""
    cursors = [cursor_of(each) for each in actions]
    with all_or_nothing():
        is_stored = store_read_in_sync(recipient, reader, cursors, is_read)
    if not is_stored:
        last_seen = lock_last_activity_seen(recipient)
        with all_or_nothing():
            _begin_marks(reader, last_seen)
            store_read(reader, cursors, is_read)
    mark_changed(DBSession.registry())


def _begin_marks(reader: Reference, last_seen: datetime | None) -> None:
    """Make the marks begin with the field, if there are none or the host has set it since.

    :param last_seen: the field of a reader whose row is locked.
    """
    marks = _read_marks(reader)
    if marks is not None and marks.mark == last_seen:
        return
    marks = _current_marks(reader, last_seen)
    if marks is None:
        _store_marks(reader, _first_marks(last_seen))
    elif marks.mark != last_seen:
        _store_marks(reader, _first_marks(last_seen)._replace(read_floor=marks.read_floor))
        forget_seen(reader)


def _first_marks(last_seen: datetime | None) -> Marks:
    floor = last_seen or EARLIEST
    return Marks(last_seen, floor, floor)


def _current_marks(reader: Reference, last_seen: datetime | None) -> Marks | None:
    """Return the marks that are stored now, of a reader whose row is locked."""
    marks = _read_marks(reader)
    if not locks_gaps(open_connection()):
        return marks
    first = _first_marks(last_seen)
    if marks is None:
        with all_or_nothing():
            _store_marks(reader, first, unless_there=True)
    current = _read_marks(reader, locked=True)
    return None if marks is None and current == first else current


def read_states(
    reader: Reference, cursors: Sequence[Cursor]
) -> tuple[Marks | None, Mapping[Any, bool | None]]:
    """Return a reader's marks, and the ``is_read`` of those of these actions that have a row."""
    times = [each.timestamp for each in cursors]
    # Query by the page's span of time rather than by ids: it has few other rows.
    span = {"oldest": min(times, default=None), "newest": max(times, default=None)}
    rows = open_connection().execute(_STATES, {**reader_parameters(reader), **span}).all()
    if not rows:
        return None, {}
    ids = {each.id for each in cursors}
    found = {row.action_id: row.is_read for row in rows if row.action_id in ids}
    return Marks(rows[0].mark, rows[0].seen_floor, rows[0].read_floor), found


def read_marks(reader: Reference, limit: int) -> Marks | None:
    """Return a reader's marks, with the newest of what is seen above the floor."""
    parameters = {**reader_parameters(reader), "most": limit}
    rows = open_connection().execute(_MARKS_AND_SEEN, parameters).all()
    if not rows:
        return None
    mark, seen_floor, read_floor, *_ = rows[0]
    seen = (Cursor(row.timestamp, row.action_id) for row in rows if row.timestamp is not None)
    return Marks(mark, seen_floor, read_floor, tuple(seen))


def delete_marks(readers: Sequence[Reference], dry_run: bool) -> int:
    """Delete, or count, the marks of what readers have seen and read."""
    connection = open_connection()
    deleted = 0
    with all_or_nothing():
        for reader, table in product(readers, (SEEN_ACTIONS, READERS)):
            its = reader_parameters(reader)
            if dry_run:
                rows = sa.select(sa.func.count()).select_from(table).where(is_reader(table))
                deleted += connection.execute(rows, its).scalar_one()
            else:
                delete = sa.delete(table).where(is_reader(table))
                deleted += connection.execute(delete, its).rowcount
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


@lru_cache
def _upsert_marks(dialect: str, unless_there: bool) -> Any:
    keys = ("reader_type", "reader_id")
    values = {each.name: sa.bindparam(each.name, type_=each.type) for each in READERS.c}
    insert = insert_of(dialect, READERS).values(values)
    return or_update(insert, keys, () if unless_there else ("mark", "seen_floor", "read_floor"))


def _marks() -> Any:
    columns = READERS.c
    return sa.select(columns.mark, columns.seen_floor, columns.read_floor).where(is_reader(READERS))


_MARKS = _marks()

_MARKS_LOCKED = _MARKS.with_for_update()


def _marks_with(*columns: Any, where: Any) -> Any:
    """Return the query of a reader's marks, joined to these rows of single actions."""
    rows = sa.and_(is_reader(SEEN_ACTIONS), where)
    return _MARKS.add_columns(*columns).select_from(READERS.outerjoin(SEEN_ACTIONS, rows))


def _states() -> Any:
    seen = SEEN_ACTIONS.c
    oldest, newest = (sa.bindparam(name, type_=MomentType) for name in ("oldest", "newest"))
    on_page = seen.timestamp.between(oldest, newest)
    return _marks_with(seen.action_id, seen.is_read, where=on_page)


_STATES = _states()


def _marks_and_seen() -> Any:
    seen = SEEN_ACTIONS.c
    marks = _marks_with(seen.timestamp, seen.action_id, where=seen.timestamp > READERS.c.seen_floor)
    newest_first = marks.order_by(seen.timestamp.desc(), seen.action_id.desc())
    return newest_first.limit(sa.bindparam("most", type_=sa.BigInteger))


_MARKS_AND_SEEN = _marks_and_seen()
