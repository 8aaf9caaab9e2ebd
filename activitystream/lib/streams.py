"""One recipient's actions, newest first: asked for in pages, and read from the database late."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from .. import model
from ..model.action import ActionMixin, cursor_of
from ..model.names import addresses_of
from ..model.pages import Page, read_together
from ..model.values import WHOLE_STREAM, Cursor
from .numbers import whole_number

#: How many actions are read together when somebody iterates over more.
_PAGE = 1000


class Stream:
    """The actions for a recipient and for everyone, newest first.

    Each ``limit``, ``skip``, ``before``, ``after`` and slice makes a new stream; each iteration
    asks the database again.
    """

    def __init__(self, recipient: Any, also: Iterable[Any] = ()) -> None:
        """
        :param recipient: a stored entity.
        :param also: others, whose actions are in the stream too.
        :raises TypeError, ValueError: if one isn't; see
            :func:`activitystream.model.names.references_to`.
        """
        self._to = addresses_of(recipient, also)
        self._window = WHOLE_STREAM
        self._skip = 0
        self._limit: int | None = None
        self._length_at_hand: int | None = None

    def limit(self, number: int) -> "Stream":
        """At most the first ``number`` of them."""
        return self._within(self._skip, whole_number("limit", number))

    def skip(self, number: int) -> "Stream":
        """All but the first ``number`` of them."""
        return self._within(whole_number("skip", number), self._limit)

    def before(self, action: Any) -> "Stream":
        """Those that happened before an action: where the next page of a stream begins.

        It costs the same however far down that is, and no action is on two pages or on none,
        whatever has been added meanwhile.

        :param action: one that was read; it need not be stored any more.
        """
        return self._copy(_window=self._window._replace(before=_cursor(action)))

    def after(self, action: Any) -> "Stream":
        """Those that happened after an action, the newest first.

        :param action: one that was read; it need not be stored any more.
        """
        return self._copy(_window=self._window._replace(after=_cursor(action)))

    def all(self) -> list[Any]:
        """The actions, whose entities are loaded together."""
        return read_together(list(self._read()))

    def first(self) -> Any:
        """The newest; None if there is none."""
        return next(iter(self[:1].all()), None)

    def one(self) -> Any:
        """The only one.

        :raises ValueError: if there is none, or another.
        """
        actions = self[:2].all()
        if len(actions) != 1:
            raise ValueError(f"{'more' if actions else 'less'} than one action in the stream")
        return actions[0]

    def count(self) -> int:
        """How many there are, whatever the limit and skip."""
        return model.orm.count_stream(self._to, self._window)

    def __iter__(self) -> Iterator[Any]:
        actions = self._read()
        page = list(islice(actions, _PAGE))
        # list(stream) asks for the length between this and the first action: spare it a query.
        self._length_at_hand = len(page) if len(page) < _PAGE else None
        return self._iterate(page, actions)

    def _iterate(self, page: list[Any], actions: Iterator[Any]) -> Iterator[Any]:
        self._length_at_hand = None
        while page:
            read_with = Page(page)
            for action in page:
                # Each time anew: an iteration inside this one may have taken it to its own page.
                action._read_with = read_with
                yield action
            following = list(islice(actions, _PAGE))
            if following:
                read_with.release()
            page = following

    def __len__(self) -> int:
        """How many an iteration gives: within the limit and skip."""
        if self._length_at_hand is not None:
            length, self._length_at_hand = self._length_at_hand, None
            return length
        length = max(0, self.count() - self._skip)
        return length if self._limit is None else min(length, self._limit)

    def __bool__(self) -> bool:
        return self.first() is not None

    def __getitem__(self, index: int | slice) -> Any:
        """An action, or a stream of those from ``start`` to ``stop``.

        :raises IndexError: if there is no such action.
        :raises ValueError: on a negative index or a step, which would need the whole stream.
        """
        if not isinstance(index, slice):
            actions = self._slice(whole_number("index", index), index + 1).all()
            if not actions:
                raise IndexError(f"there is no action {index} in the stream")
            return actions[0]
        if index.step not in (None, 1):
            raise ValueError("a stream has no steps")
        start = whole_number("start", index.start or 0)
        return self._slice(start, None if index.stop is None else whole_number("stop", index.stop))

    def _slice(self, start: int, stop: int | None) -> "Stream":
        ends = [end for end in (self._limit, stop) if end is not None]
        return self._within(self._skip + start, max(0, min(ends) - start) if ends else None)

    def _within(self, skip: int, limit: int | None) -> "Stream":
        return self._copy(_skip=skip, _limit=limit)

    def _copy(self, **changes: Any) -> "Stream":
        copy = object.__new__(Stream)
        copy.__dict__.update(self.__dict__, _length_at_hand=None, **changes)
        return copy

    def _read(self) -> Iterator[Any]:
        return model.orm.read_stream(self._to, self._window, self._skip, self._limit)


def _cursor(action: Any) -> Cursor:
    if isinstance(action, Cursor):
        return action
    if not isinstance(action, ActionMixin):
        raise TypeError(f"a stream goes on from an action, not from a {type(action).__name__}")
    return cursor_of(action)
