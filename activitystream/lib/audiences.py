"""The audiences of a user, by the option ``audiences``."""

import logging
from typing import Any

from ..model.attempts import attempt
from ..model.names import each_of, reference_to
from .options import option
from .users import is_user

log = logging.getLogger(__name__)


def audiences_of(user: Any) -> list[Any]:
    """Return the audiences of a user, by the option; without items that are not stored entities.

    Only users of the app have audiences. If the option raises, log that and return none.
    """
    audiences = option("audiences")
    if audiences is None or not is_user(user):
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
