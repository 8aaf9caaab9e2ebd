"""A user's own stream as our pages show it: with the audiences of the option ``audiences``."""

from collections.abc import Collection
from typing import Any

from .. import model
from ..model.names import addresses_of
from . import read, seen
from .audiences import audiences_of
from .grouped_streams import GroupPage, actions_at
from .groups import Place, count_groups
from .options import option
from .role_streams import RoleStream
from .streams import RecipientStream, StreamPage
from .zones import zone_of

#: The bell and ``unseen.json`` stop counting here: it bounds the cost after a long absence.
MAX_COUNTED = 100


def stream_of(user: Any) -> RecipientStream:
    """Return the stream of a user and of their audiences."""
    return RecipientStream(user, audiences_of(user))


def lines_page(stream: RecipientStream, size: int, before: Any = None) -> StreamPage | GroupPage:
    """Return a page of a user's stream as our lists show it: in groups, if the app has any."""
    return (stream.grouped() if option("groups") else stream).page(size, before)


def count_new_lines(user: Any) -> int:
    """Count the lines of a user's unseen actions, at most 100; 100 if there are more actions."""
    if not option("groups"):
        return count_not_seen_of(user, limit=MAX_COUNTED)
    (newest,) = stream_of(user).unseen().outlines([MAX_COUNTED + 1])
    if len(newest) > MAX_COUNTED:
        return MAX_COUNTED
    return count_groups(newest, zone_of(user))


def group_of(user: Any, place: Place) -> list[Any]:
    """Return the actions of a group that are still in :func:`stream_of`."""
    return actions_at(stream_of(user), place)


def done_by(user: Any) -> RoleStream:
    """Return the stream of what a user did."""
    return RoleStream("actor", user, user, ())


def actions_of(user: Any, ids: Collection[Any], place: Place | None = None) -> list[Any]:
    """Return the actions with these ids, and of this group, that are in :func:`stream_of`."""
    to = addresses_of(user, audiences_of(user))
    found: list[Any] = model.orm.find_in_stream(to, ids) if ids else []
    return [*found, *(group_of(user, place) if place else ())]


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
