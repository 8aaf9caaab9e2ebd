"""A user's own stream as our pages show it: with the audiences that the host says are theirs."""

from collections.abc import Iterable
from typing import Any

from . import seen
from .options import option
from .stream import Stream

#: The bell and ``unseen.json`` count no further, so that a long absence costs them nothing.
MOST_COUNTED = 100


def stream_of(user: Any) -> Stream:
    """What a user is to see."""
    return Stream(user, _audiences_of(user))


def count_not_seen_of(user: Any, limit: int | None = None) -> int:
    """How much of it is newer than the user's ``last_activity_seen``.

    :param limit: stop counting there.
    """
    return seen.count_not_seen(user, limit, _audiences_of(user))


def _audiences_of(user: Any) -> Iterable[Any]:
    audiences = option("audiences")
    return () if audiences is None else audiences(user)
