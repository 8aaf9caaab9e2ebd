"""What a reader has seen: the bell's number, and what is shown as new.

An action is seen if the reader could see it when they marked. By timestamps alone that cannot be
told: an action becomes visible when its transaction is committed, maybe after a newer one, or on a
server whose clock is behind. So a mark covers by a floor what is older than the longest such delay
(the option ``late``), and remembers one by one what was visible above. Streams and counts apply the
same rules in queries: ``model/sqlalchemy/statements.py``, and ``Part`` in ``model/ming/marks.py``.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import model
from ..model import clock
from ..model.cursors import cursor_of
from ..model.names import addresses_of, reader_of
from ..model.values import (
    MOST_REMEMBERED,
    WHOLE_STREAM,
    Address,
    Cursor,
    Hidden,
    Marking,
    Marks,
    Only,
    Window,
    remembered,
)
from . import hooks
from .audiences import audiences_of
from .numbers import whole_number
from .options import option

if TYPE_CHECKING:
    from .streams import RecipientStream

#: The earliest mark: MySQL's TIMESTAMP, which a host may have, begins with 1970 in some time zone.
_EARLIEST = datetime(1970, 1, 2)


class Shown(NamedTuple):
    """What a page has shown, for a mark that is set from it later.

    Times are naive UTC.
    """

    #: The newest timestamp.
    until: datetime
    #: When the page was read.
    as_of: datetime
    #: The ids of the visible actions after ``settled(as_of)``: a late action may appear among them.
    ids: Collection[Any]
    #: The place of the oldest listed id, if there were more than 20.
    oldest: Cursor | None = None

    def covers(self, cursor: Cursor) -> bool:
        """Return whether an action that is visible now was visible when the page was read.

        If more than 20 are that new, every older action counts as visible.
        """
        return cursor.id in self.ids or (self.oldest is not None and cursor < self.oldest)


class Known(NamedTuple):
    """What a reader has seen at some moment."""

    #: Actions up to here are seen. Naive UTC.
    floor: datetime
    #: The ids of the actions above that are seen.
    ids: Collection[Any] = ()

    def covers(self, cursor: Cursor) -> bool:
        """Return whether the reader had seen an action."""
        return cursor.timestamp <= self.floor or cursor.id in self.ids


def known(recipient: Any) -> Known:
    """Return what a reader has seen by now.

    If more than 20 are seen above the floor, the floor rises to the newest that is dropped.
    """
    field = last_seen(recipient)
    marks = model.orm.read_marks(reader_of(recipient), MOST_IDS + 1)
    if marks is None or marks.mark != field:
        return Known(field or clock.EARLIEST)
    floor, seen = remembered(marks.seen, marks.seen_floor, MOST_IDS)
    return Known(floor, frozenset(each.id for each in seen))


def shown(stream: "RecipientStream", cursors: Sequence[Cursor], as_of: datetime) -> Shown | None:
    """Return what a page of a stream shows; None if it shows nothing.

    :param cursors: where the actions of the page stand, newest first.
    :param as_of: a moment before they were read.
    """
    if not cursors:
        return None
    start = settled(as_of)
    recent = list(cursors[: MOST_IDS + 1])
    if len(recent) <= MOST_IDS and recent[-1].timestamp > start:
        # There may be more after the page.
        recent += stream.cursors(Window(recent[-1], Cursor(start, None)), MOST_IDS + 1)
    recent = [each for each in recent if each.timestamp > start]
    listed = recent[:MOST_IDS]
    oldest = listed[-1] if len(recent) > len(listed) else None
    return Shown(cursors[0].timestamp, as_of, frozenset(each.id for each in listed), oldest)


#: The most ids of actions that a link carries.
MOST_IDS = 20


def count_not_seen(recipient: Any, limit: int | None = None, also: Iterable[Any] = ()) -> int:
    """See :meth:`activitystream.ActionManager.count_not_seen_by_recipient`."""
    return count_only("unseen", recipient, limit, also)


def count_only(what: str, recipient: Any, limit: int | None, also: Iterable[Any]) -> int:
    """Count the ``unseen`` or ``unread`` actions of a stream.

    :param limit: stop counting here; None counts all.
    :param also: audiences of the recipient.
    """
    to = addresses_of(recipient, also)
    if limit is not None:
        limit = whole_number("limit", limit)
    part = only(what, recipient, to[0].key)
    return model.orm.count_stream(to, WHOLE_STREAM, limit, part, Hidden(part.reader))


def only(what: str, recipient: Any, key: Any = None) -> Only:
    """Return the ``unseen`` or ``unread`` part of a reader's stream.

    :param key: its key, if that is known already.
    :raises AttributeError: if the recipient's class lacks the field.
    """
    return Only(what, reader_of(recipient, key), last_seen(recipient))


class State(NamedTuple):
    """What a reader knows of an action."""

    seen: bool
    read: bool


def state_of(action: Any, recipient: Any) -> State:
    """Return what a reader knows of an action. One query reads it for the action's whole page.

    :raises AttributeError: if the recipient's class lacks the field.
    """
    field = last_seen(recipient)
    marks, rows = action.states_on_page(recipient, (field, _marks_set[0]))
    return _state(cursor_of(action), field, marks, rows)


def states_of(recipient: Any) -> Callable[[Sequence[Cursor]], list[State | None]]:
    """Return a function that says what a reader knows of actions, by their cursors.

    It returns None for each if the reader's class lacks the field.
    """
    if not hasattr(type(recipient), "last_activity_seen"):
        return lambda cursors: [None] * len(cursors)
    field, reader = last_seen(recipient), reader_of(recipient)

    def states(cursors: Sequence[Cursor]) -> list[State | None]:
        marks, rows = model.orm.read_states(reader, cursors)
        return [_state(each, field, marks, rows) for each in cursors]

    return states


def _state(
    cursor: Cursor,
    field: datetime | None,
    marks: Marks | None,
    rows: Mapping[Any, bool | None],
) -> State:
    by_field = field is not None and cursor.timestamp <= field
    if marks is None:
        return State(by_field, by_field)
    seen = by_field
    if marks.mark == field:
        seen = cursor.timestamp <= marks.seen_floor or cursor.id in rows
    read = rows.get(cursor.id)
    return State(seen, cursor.timestamp <= marks.read_floor if read is None else read)


def mark_seen(
    recipient: Any,
    until: datetime | Shown | None = None,
    also: Iterable[Any] | None = None,
) -> datetime | None:
    """See :meth:`activitystream.ActionManager.mark_seen`."""
    return mark(recipient, until, also, read=False)


def mark(
    recipient: Any, until: datetime | Shown | None, also: Iterable[Any] | None, read: bool
) -> datetime | None:
    """Mark as seen what a reader can see, or could see on a page; as read too, if ``read``."""
    reader = reader_of(recipient)
    require_field(recipient)
    to = addresses_of(recipient, audiences_of(recipient) if also is None else also)
    page = until if isinstance(until, Shown) else None
    newest = until.until if isinstance(until, Shown) else until
    if newest is not None and not isinstance(newest, datetime):
        raise TypeError(f"until must be a datetime or None; got {type(newest).__name__}")
    moment = clock.now()
    if newest is not None:
        newest = clock.naive_utc(newest)
        moment = max(_EARLIEST, min(moment, newest))
    decide = _decision(to, newest, page, read)
    before = model.orm.mark(recipient, reader, moment, decide)
    forget_states()
    hooks.notify("activitystream.after_seen", recipient, before, last_seen(recipient))
    return before


def _decision(
    to: Sequence[Address], until: datetime | None, page: Shown | None, read: bool
) -> Callable[[datetime | None, Marks | None], Marking]:
    """Return the function that computes the new marks from the old."""

    def decide(field: datetime | None, marks: Marks | None) -> Marking:
        as_of = page.as_of if page else clock.now()
        covered = settled(as_of) if until is None else min(until, settled(as_of))
        in_sync = marks is not None and marks.mark == field
        floor = marks.seen_floor if marks and in_sync else field or clock.EARLIEST
        read_floor = marks.read_floor if marks else field or clock.EARLIEST
        old = marks.seen if marks and in_sync else ()
        seen_floor = max(floor, covered)
        if not read:
            found = _visible(to, seen_floor, until, page)
            return Marking(Marks(field, seen_floor, read_floor).with_seen((*old, *found)), None)
        read_floor = max(read_floor, covered)
        found = _visible(to, min(seen_floor, read_floor), until, page)
        read_floor, newly_read = remembered(found, read_floor)
        new = Marks(field, seen_floor, read_floor).with_seen((*old, *found))
        return Marking(new, newly_read)

    return decide


def _visible(
    to: Sequence[Address], floor: datetime, until: datetime | None, page: Shown | None
) -> list[Cursor]:
    """Return the cursors of what the reader could see above a floor, up to ``until``."""
    if until is not None and until <= floor:
        return []
    before = None if until is None else Cursor(until + clock.MILLISECOND, None)
    window = Window(before, Cursor(floor, None))
    found = model.orm.read_cursors(to, window, MOST_REMEMBERED + 1)
    return [each for each in found if page is None or page.covers(each)]


def settled(as_of: datetime) -> datetime:
    """Return the newest timestamp whose actions were surely visible at ``as_of``.

    An action may become visible as late as the option ``late`` says.
    """
    late: float = option("late")
    return as_of - timedelta(seconds=late)


def forget_states() -> None:
    """Make every page read again what its readers have seen, since a mark was set."""
    _marks_set[0] = next(_counter)


_counter = count(1)

_marks_set = [0]


def last_seen(recipient: Any) -> datetime | None:
    """Return a recipient's ``last_activity_seen``, naive UTC, or None.

    :raises AttributeError: if the recipient's class lacks the field.
    :raises TypeError: if it is not an entity.
    """
    if not hasattr(type(recipient), "last_activity_seen"):
        reader_of(recipient)
        raise _without_field(type(recipient))
    seen = recipient.last_activity_seen
    return None if seen is None else clock.naive_utc(seen)


def require_field(recipient: Any) -> None:
    """Refuse a recipient whose class does not store the field.

    :raises AttributeError: with the line to add.
    """
    require_field_of(type(recipient))


def require_field_of(cls: type) -> None:
    """Refuse a class that does not store the field.

    :raises AttributeError: with the line to add.
    """
    if not model.orm.has_seen_field(cls):
        raise _without_field(cls)


def _without_field(cls: type) -> AttributeError:
    return AttributeError(
        f"{cls.__module__}.{cls.__name__} has no field last_activity_seen, which seen and read "
        f"need; add to the class, and to its table if it has one:  {model.orm.SEEN_FIELD}"
    )
