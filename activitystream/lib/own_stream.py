"""A user's own stream as our pages show it: with the audiences of the option ``audiences``."""

from collections.abc import Collection
from typing import Any

from .. import model
from ..model.names import addresses_of
from . import read, seen
from .audiences import audiences_of
from .role_streams import RoleStream
from .streams import RecipientStream

#: The bell and ``unseen.json`` stop counting here: it bounds the cost after a long absence.
MAX_COUNTED = 100


def stream_of(user: Any) -> RecipientStream:
    """Return the stream of a user and of their audiences."""
    return RecipientStream(user, audiences_of(user))


def done_by(user: Any) -> RoleStream:
    """Return the stream of what a user did."""
    return RoleStream("actor", user, user, ())


def actions_of(user: Any, ids: Collection[Any]) -> list[Any]:
    """Return those of these actions that are in :func:`stream_of`."""
    return model.orm.find_in_stream(addresses_of(user, audiences_of(user)), ids)


def count_not_seen_of(user: Any, limit: int | None = None) -> int:
    """Count the unseen actions of :func:`stream_of`.

    :param limit: stop counting here; None counts all.
    """
    return seen.count_not_seen(user, limit, audiences_of(user))


def count_unread_of(user: Any, limit: int | None = None) -> int:
    """Count the unread actions of :func:`stream_of`.

    :param limit: stop counting here; None counts all.
    """
    return read.count_unread(user, limit, audiences_of(user))
