"""The audiences of a user, by the option ``audiences``."""

import logging
from typing import Any

import tg

from ..model.attempts import attempt
from ..model.names import each_of, reference_to
from .options import option

log = logging.getLogger(__name__)


def audiences_of(user: Any) -> list[Any]:
    """Return what the option ``audiences`` gives for a user, less what is no stored entity.

    Whoever is no user of the app has none. If the option raises, that is logged, and there are no
    audiences.
    """
    audiences = option("audiences")
    if audiences is None or not _is_user(user):
        return []
    return attempt(
        lambda: _stored(audiences(user)),
        [],
        "Nothing is shown of a user's audiences, since the option audiences failed",
    )


def _is_user(entity: Any) -> bool:
    # A host that finds its users in its own way need not name their class.
    user_class = (tg.config.get("sa_auth") or {}).get("user_class")
    return not isinstance(user_class, type) or isinstance(entity, user_class)


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
