"""The part of a stream between two moments, for ``Stream.within`` and digests."""

from datetime import datetime
from typing import Any

from ..model import clock
from ..model.values import Cursor, Window


def window_of(since: Any, until: Any) -> Window:
    """Return the window of the actions newer than ``since``, up to ``until``.

    :param since: a datetime, naive UTC or aware.
    :param until: likewise; None is no limit.
    :raises TypeError, ValueError: if one is no such datetime.
    """
    after = Cursor(_moment("since", since), None)
    if until is None:
        return Window(None, after)
    return Window(Cursor(_moment("until", until) + clock.MILLISECOND, None), after)


def _moment(name: str, given: Any) -> datetime:
    if not isinstance(given, datetime):
        raise TypeError(f"{name} must be a datetime; got {type(given).__name__}")
    return clock.naive_utc(given)
