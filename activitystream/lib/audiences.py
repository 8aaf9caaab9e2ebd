"""A user's own stream as our pages show it: with the audiences of the option ``audiences``."""

import logging
from typing import Any

from ..model.attempts import attempt
from ..model.names import each_of, reference_to
from . import seen
from .options import option
from .streams import Stream

log = logging.getLogger(__name__)

#: The bell and ``unseen.json`` stop counting here: it bounds the cost after a long absence.
MAX_COUNTED = 100


def stream_of(user: Any) -> Stream:
    """Return the stream of a user and of their audiences."""
    return Stream(user, _audiences_of(user))


def count_not_seen_of(user: Any, limit: int | None = None) -> int:
    """Count the actions of :func:`stream_of` that are newer than ``last_activity_seen``.

    :param limit: stop counting here; None counts all.
    """
    return seen.count_not_seen(user, limit, _audiences_of(user))


def _audiences_of(user: Any) -> list[Any]:
    """Return what the option ``audiences`` gives for a user, less what is no stored entity.

    If the option raises, that is logged, and there are no audiences.
    """
    audiences = option("audiences")
    if audiences is None:
        return []
    return attempt(
        lambda: _stored(audiences(user)),
        [],
        "Nothing is shown of a user's audiences, since the option audiences failed",
    )


def _stored(given: Any) -> list[Any]:
    if given is None:
        return []
    return [each for each in each_of("the option audiences", given) if _is_stored(each)]


def _is_stored(audience: Any) -> bool:
    try:
        reference_to(audience, "an item of the option audiences")
    except (TypeError, ValueError) as error:
        log.error("A user's audience was ignored: %s", error)
        return False
    return True
