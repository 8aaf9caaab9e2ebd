"""Streams: lazy queries for actions, newest first."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from .. import model
from ..model import clock
from ..model.action import ActionMixin
from ..model.cursors import cursor_of
from ..model.names import addresses_of, reader_of
from ..model.pages import Page, read_together
from ..model.values import WHOLE_STREAM, Cursor, Hidden, Only, Outline, Reference, Window
from . import seen
from .cursors import cursor_as_text, cursor_from_text
from .grouped_streams import GroupedStream
from .numbers import whole_number
from .windows import window_of
from .zones import zone_of

#: An iteration loads the entities of this many actions together.
_PAGE_SIZE = 1000


class Stream:
    """Actions, newest first: those for a recipient, or those with an entity in a role.

    ``limit``, ``skip``, ``before``, ``after`` and slices return a new stream. Each iteration
    queries the database again. Example::

        page = am.get_by_recipient(user).limit(25).all()
        next_page = am.get_by_recipient(user).before(page[-1]).limit(25).all()
    """

    _window = WHOLE_STREAM
    _skip = 0
    _limit: int | None = None
    _length_at_hand: int | None = None

    def limit(self, count: int) -> "Stream":
        """Return a stream of at most the first ``count`` actions.

        :raises ValueError: unless ``count`` is a whole number, 0 or more.
        """
        return self._within(self._skip, whole_number("limit", count))

    def skip(self, count: int) -> "Stream":
        """Return a stream without the first ``count`` actions.

        :raises ValueError: unless ``count`` is a whole number, 0 or more.
        """
        return self._within(whole_number("skip", count), self._limit)

    def before(self, action: Any) -> "Stream":
        """Return a stream of the actions older than ``action``: the next page begins there.

        The cost does not grow with the depth. New actions do not shift pages: no action is on two
        pages, and no action is missed that was visible when the first page was read. An action
        that is committed meanwhile may have an older timestamp: it is then on a later page, or
        missed if its page was read already.

        :param action: an action that was read, and may be deleted by now; or ``end`` or ``next``
            of a :class:`~activitystream.lib.streams.StreamPage`.
        :raises TypeError: if it is not an action.
        :raises ValueError: if it is a text other than a ``next``.
        """
        return self._copy(_window=self._window._replace(before=_cursor(action)))

    def after(self, action: Any) -> "Stream":
        """Return a stream of the actions newer than ``action``, newest first.

        Do not poll by it: an action that is committed late may have an older timestamp than one
        that was read already, and would be missed. Poll by
        :meth:`~activitystream.lib.streams.RecipientStream.unread`.

        :param action: an action that was read. It may be deleted by now.
        :raises TypeError: if it is not an action.
        """
        return self._copy(_window=self._window._replace(after=_cursor(action)))

    def within(self, since: datetime, until: datetime | None = None) -> "Stream":
        """Return a stream of the actions newer than ``since``, up to ``until``.

        Example::

            today = am.get_by_recipient(user).within(datetime(2026, 1, 31))

        :param since: a datetime, naive UTC or aware.
        :param until: likewise, the timestamp of the newest action to include; None is no limit.
        :raises TypeError, ValueError: if one is no such datetime.
        """
        return self._copy(_window=window_of(since, until))

    def page(self, size: int, before: Any = None) -> "StreamPage":
        """Return a page of the stream, and where the stream goes on.

        Use it where a viewer may see few of an entity's actions: a page tests at most 10,000 that
        they may not see, and then ends early. Example::

            page = am.get_by_actor(ann, visible_to=user).page(25)
            following = am.get_by_actor(ann, visible_to=user).page(25, before=page.next)

        :param size: the most actions of the page.
        :param before: where the page begins, as for :meth:`before`. None, or an empty text, is for
            the first page.
        :raises TypeError: if ``before`` is not an action.
        :raises ValueError: unless ``size`` is a whole number, 1 or more; and if ``before`` is a
            text other than a ``next``.
        """
        if whole_number("size", size) == 0:
            raise ValueError("size must be 1 or more; got 0")
        stream = self if before is None or before == "" else self.before(before)
        actions, end = stream._read_page(size if self._limit is None else min(size, self._limit))
        return StreamPage(read_together(actions, self._known()), end)

    def all(self) -> list[Any]:
        """Return the actions as a list. Their entities are loaded together."""
        return read_together(list(self._read()), self._known())

    def first(self) -> Any:
        """Return the newest action, or None."""
        return next(iter(self[:1].all()), None)

    def one(self) -> Any:
        """Return the only action.

        :raises ValueError: if there are none or several.
        """
        actions = self[:2].all()
        if len(actions) != 1:
            found = "several" if actions else "none"
            raise ValueError(f"the stream must hold exactly one action; it holds {found}")
        return actions[0]

    def count(self) -> int:
        """Count the actions, ignoring ``limit`` and ``skip``."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        actions = self._read()
        page = list(islice(actions, _PAGE_SIZE))
        # list(stream) calls len(stream) before it reads the first action: spare it a query.
        self._length_at_hand = len(page) if len(page) < _PAGE_SIZE else None
        return self._iterate(page, actions)

    def _iterate(self, page: list[Any], actions: Iterator[Any]) -> Iterator[Any]:
        self._length_at_hand = None
        while page:
            read_with = Page(page, self._known())
            for action in page:
                # Set it each time: a nested iteration may have moved the action to its own page.
                action._read_with = read_with
                yield action
            following = list(islice(actions, _PAGE_SIZE))
            if following:
                read_with.release()
            page = following

    def __len__(self) -> int:
        """Count the actions that an iteration yields, within ``limit`` and ``skip``."""
        if self._length_at_hand is not None:
            length, self._length_at_hand = self._length_at_hand, None
            return length
        length = max(0, self.count() - self._skip)
        return length if self._limit is None else min(length, self._limit)

    def __bool__(self) -> bool:
        return self.first() is not None

    def __getitem__(self, index: int | slice) -> Any:
        """Return the action at an index, or a stream of the actions from ``start`` to ``stop``.

        :raises IndexError: if there is no such action.
        :raises ValueError: on a negative index or a step: both would read the whole stream.
        """
        if not isinstance(index, slice):
            actions = self._slice(whole_number("index", index), index + 1).all()
            if not actions:
                raise IndexError(f"the stream has no action at index {index}")
            return actions[0]
        if index.step not in (None, 1):
            raise ValueError(f"a slice of a stream must have no step; got {index.step}")
        start = whole_number("start", index.start or 0)
        return self._slice(start, None if index.stop is None else whole_number("stop", index.stop))

    def _slice(self, start: int, stop: int | None) -> "Stream":
        ends = [end for end in (self._limit, stop) if end is not None]
        return self._within(self._skip + start, max(0, min(ends) - start) if ends else None)

    def _within(self, skip: int, limit: int | None) -> "Stream":
        return self._copy(_skip=skip, _limit=limit)

    def _copy(self, **changes: Any) -> Any:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, _length_at_hand=None, **changes)
        return copy

    def _read(self) -> Iterator[Any]:
        """Yield the actions, within ``limit`` and ``skip``."""
        raise NotImplementedError

    def _known(self) -> dict[Reference, Any]:
        """Return entities in hand that pages need not load."""
        return {}

    def _read_page(self, size: int) -> tuple[list[Any], Cursor | None]:
        """Return at most ``size`` actions, and where the stream goes on."""
        found = list(self._within(self._skip, size + 1)._read())
        page = found[:size]
        return page, cursor_of(page[-1]) if page and len(found) > size else None


@dataclass(frozen=True)
class StreamPage(Sequence[Any]):
    """A page of a stream: a sequence of its actions, newest first."""

    #: The actions, newest first. Their entities are loaded together.
    actions: list[Any]
    #: The argument of ``before`` for the next page; None at the end of the stream. If a page ends
    #: early without an action, it is the place of an action that the viewer may not see.
    end: Cursor | None

    @property
    def next(self) -> str | None:
        """``end`` as text, for a URL: where the next page begins."""
        return self.end and cursor_as_text(self.end)

    @property
    def cursors(self) -> list[Cursor]:
        """Where the actions stand in the stream, newest first."""
        return list(map(cursor_of, self.actions))

    def __len__(self) -> int:
        return len(self.actions)

    def __getitem__(self, index: Any) -> Any:
        return self.actions[index]


class RecipientStream(Stream):
    """The actions for a recipient and for everyone, newest first."""

    def __init__(
        self, recipient: Any, also: Iterable[Any] = (), include_muted: bool = False
    ) -> None:
        """Make the stream of a recipient and of its audiences.

        :param recipient: a stored entity.
        :param also: stored entities whose actions join the stream.
        :param include_muted: show what the recipient has muted too.
        :raises TypeError, ValueError: if one is not a stored entity; see
            :func:`activitystream.model.names.references_to`.
        """
        self._recipient = recipient
        self._to = addresses_of(recipient, also)
        self._only: Only | None = None
        self._hidden = Hidden(reader_of(recipient, self._to[0].key), not include_muted)

    def unseen(self) -> "RecipientStream":
        """Return a stream of the actions that the recipient has not seen.

        :raises AttributeError: if the recipient's class has no field ``last_activity_seen``.
        """
        return self._only_its("unseen")

    def unread(self) -> "RecipientStream":
        """Return a stream of the actions that the recipient has not read.

        Polling by it misses no action and handles none twice, even those committed late::

            for action in am.get_by_recipient(bot).unread().all():
                handle(action)
                am.mark_read(bot, action)

        :raises AttributeError: if the recipient's class has no field ``last_activity_seen``.
        """
        return self._only_its("unread")

    def _only_its(self, part: str) -> "RecipientStream":
        if self._recipient is None:
            raise TypeError(f"call {part}() before you pickle the stream")
        copy: RecipientStream = self._copy(_only=seen.only(part, self._recipient))
        return copy

    def grouped(self) -> GroupedStream:
        """Return the stream in groups, by the option ``groups``.

        Example::

            for group in am.get_by_recipient(user).grouped().limit(10):
                print(group.sentence)

        Without a rule for its verb, an action is a group by itself.
        """
        return GroupedStream(self)

    def states_of(self) -> Callable[[Sequence[Cursor]], list[seen.State | None]]:
        """Return a function that says what the recipient knows of actions, by their cursors."""
        if self._recipient is None:
            raise TypeError("read the groups before you pickle the stream")
        return seen.states_of(self._recipient)

    @property
    def zone(self) -> ZoneInfo | None:
        """The recipient's time zone; None if the app knows none."""
        return zone_of(self._recipient)

    def between(self, newest: Cursor, oldest: Cursor) -> "RecipientStream":
        """Return a stream of the actions between two, and a few of the same milliseconds."""
        before = Cursor(newest.timestamp + clock.MILLISECOND, None)
        after = Cursor(oldest.timestamp - clock.MILLISECOND, None)
        copy: RecipientStream = self._copy(_window=Window(before, after))
        return copy

    def outlines(self, sizes: Iterable[int]) -> Iterator[list[Outline]]:
        """Yield the outlines of the actions in batches of these sizes, within ``limit``."""
        window, skip, left = self._window, self._skip, self._limit
        for most in sizes:
            size = most if left is None else min(most, left)
            batch = (
                model.orm.read_outlines(self._to, window, skip, size, self._only, self._hidden)
                if size
                else []
            )
            yield batch
            if len(batch) < most:
                return
            window, skip = window._replace(before=batch[-1].cursor), 0
            left = None if left is None else left - size

    def __getstate__(self) -> dict[str, Any]:
        """Pickle no entity along, since it may hold a password."""
        return {**self.__dict__, "_recipient": None}

    def cursors(self, window: Window, limit: int) -> list[Cursor]:
        """Return where the actions in a window stand, newest first, at most ``limit``."""
        return model.orm.read_cursors(self._to, window, limit)

    def count(self) -> int:
        """Count the actions, ignoring ``limit`` and ``skip``."""
        return model.orm.count_stream(self._to, self._window, only=self._only, hidden=self._hidden)

    def _read(self) -> Iterator[Any]:
        return model.orm.read_stream(
            self._to, self._window, self._skip, self._limit, self._only, self._hidden
        )


def _cursor(action: Any) -> Cursor:
    if isinstance(action, Cursor):
        return action
    if isinstance(action, str):
        return cursor_from_text(action)
    if not isinstance(action, ActionMixin):
        raise TypeError(f"before() and after() take an action; got {type(action).__name__}")
    return cursor_of(action)
