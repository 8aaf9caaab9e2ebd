"""A recipient's stream in groups, and its pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import model
from ..model import clock
from ..model.pages import read_together
from ..model.values import Cursor, Outline
from . import seen
from .cursors import cursor_as_text
from .groups import Group, GroupLoader, Place, Rules
from .numbers import whole_number

if TYPE_CHECKING:
    from .streams import RecipientStream

#: The most actions that a page reads the outlines of.
MOST_READ = 500

#: How many outlines are read at once: few at first, since most pages need no more.
_BATCH_SIZES = (50, 150, 300)


@dataclass(frozen=True)
class GroupPage(Sequence[Group]):
    """A page of groups: a sequence of them, newest first."""

    groups: list[Group]
    #: The argument of ``before`` for the next page; None at the end of the stream.
    end: Cursor | None

    @property
    def next(self) -> str | None:
        """``end`` as text, for a URL: where the next page begins."""
        return self.end and cursor_as_text(self.end)

    @property
    def cursors(self) -> list[Cursor]:
        """Where the actions of all groups stand in the stream, newest first."""
        return sorted((each for group in self.groups for each in group.cursors), reverse=True)

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, index: Any) -> Any:
        return self.groups[index]


class GroupedStream:
    """The groups of a recipient's stream, newest first. Each iteration queries the database."""

    def __init__(self, stream: "RecipientStream", limit: int | None = None) -> None:
        self._stream = stream
        self._limit = limit

    def limit(self, count: int) -> "GroupedStream":
        """Return at most the first ``count`` groups.

        :raises ValueError: unless ``count`` is a whole number, 0 or more.
        """
        return GroupedStream(self._stream, whole_number("limit", count))

    def page(self, size: int, before: Any = None) -> GroupPage:
        """Return a page of groups, and where the stream goes on.

        It reads actions, at most 500, until the page is full and one more group would begin. The
        rest of a group that is cut begins the next page. Example::

            page = am.get_by_recipient(user).grouped().page(10)
            following = am.get_by_recipient(user).grouped().page(10, before=page.next)

        :param size: the most groups of the page.
        :param before: where the page begins, as for
            :meth:`~activitystream.lib.streams.Stream.page`.
        :raises TypeError: if ``before`` is not an action.
        :raises ValueError: unless ``size`` is a whole number, 1 or more; and if ``before`` is a
            text other than a ``next``.
        """
        if whole_number("size", size) == 0:
            raise ValueError("size must be 1 or more; got 0")
        size = size if self._limit is None else min(size, self._limit)
        stream = self._stream if before is None or before == "" else self._stream.before(before)
        return self._read(stream, size)

    def all(self) -> list[Group]:
        """Return the groups as a list."""
        return list(self)

    def first(self) -> Group | None:
        """Return the first group, or None."""
        return next(iter(self.limit(1)), None)

    def __iter__(self) -> Iterator[Group]:
        left, end = self._limit, None
        while left is None or left > 0:
            page = self.page(MOST_READ if left is None else left, before=end)
            yield from page
            end, left = page.end, None if left is None else left - len(page)
            if end is None:
                return

    def _read(self, stream: Any, size: int) -> GroupPage:
        loader = GroupLoader(Rules(stream.zone), seen.settled(clock.now()))
        found: dict[Any, list[Outline]] = {}
        states: dict[Any, seen.State | None] = {}
        last: Cursor | None = None
        end: Cursor | None = None
        for number, (outline, state) in enumerate(_with_states(stream)):
            key = loader.rules.key(outline), state and state.read
            if (key not in found and len(found) == size) or number == MOST_READ - 1:
                end = last
                break
            found.setdefault(key, []).append(outline)
            if key not in states or not (state and state.seen):  # one new action makes a group new
                states[key] = state
            last = outline.cursor
        loader.load([Group(together, states[key], loader) for key, together in found.items()])
        return GroupPage(loader.groups, end)


def _with_states(stream: "RecipientStream") -> Iterator[tuple[Outline, seen.State | None]]:
    state_of = stream.states_of()
    for outlines in stream.outlines(_BATCH_SIZES):
        yield from zip(outlines, state_of([each.cursor for each in outlines]), strict=True)


def actions_at(stream: "RecipientStream", place: Place) -> list[Any]:
    """Return the actions of a group that are still in a stream, newest first."""
    rules = Rules(None)  # in any zone: all actions between the two are of one day
    around = stream.between(place.newest, place.oldest)
    # Twice as many, since more may have become visible between them.
    found = [each for batch in around.outlines([2 * MOST_READ]) for each in batch]
    ids = [each.cursor.id for each in found if place.has(each, rules)]
    return read_together(model.orm.load_actions(ids)) if ids else []
