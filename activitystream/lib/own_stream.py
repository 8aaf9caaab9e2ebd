"""A user's own stream as our pages show it: with the audiences of the option ``audiences``."""

from typing import Any

from . import seen
from .audiences import audiences_of
from .streams import Stream

#: The bell and ``unseen.json`` stop counting here: it bounds the cost after a long absence.
MAX_COUNTED = 100


def stream_of(user: Any) -> Stream:
    """Return the stream of a user and of their audiences."""
    return Stream(user, audiences_of(user))


def count_not_seen_of(user: Any, limit: int | None = None) -> int:
    """Count the unseen actions of :func:`stream_of`.

    :param limit: stop counting here; None counts all.
    """
    return seen.count_not_seen(user, limit, audiences_of(user))
