"""A user's own stream as our pages show it: with the audiences that the host says are theirs."""

import logging
from typing import Any

from ..model.attempts import attempt
from ..model.names import each_of, reference_to
from . import seen
from .options import option
from .streams import Stream

log = logging.getLogger(__name__)

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


def _audiences_of(user: Any) -> list[Any]:
    """Those that the host gives; without what is no stored entity, and without any if it raises."""
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
        reference_to(audience, "what the option audiences gave")
    except (TypeError, ValueError) as error:
        log.error("An audience of a user's is left out: %s", error)
        return False
    return True
