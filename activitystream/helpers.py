"""What a host's templates find as ``h.activitystream``."""

from hashlib import sha256
from typing import Any

from .model.action import FIELDS
from .web.caching import tg_cache
from .web.see_links import link_of, own_link_of, see_url
from .web.translation import languages

__all__ = ["link_of", "notification_cache", "own_link_of", "see_url"]

_A_WEEK = 7 * 24 * 60 * 60


def notification_cache(action: Any) -> dict[str, Any]:
    """The ``tg_cache`` for a template that renders one action the same for every reader.

    :param action: the cache's key is its ``_id``, the request's languages, and a digest of all that
        is stored of it: SQLite gives an ``_id`` again whose action was rolled back. The template
        may show nothing that depends on the reader, the page or the clock.
    :returns: an empty one, which keeps nothing, in an app without a cache.
    """
    stored = repr([getattr(action, field) for field in FIELDS])
    digest = sha256(stored.encode(errors="backslashreplace")).hexdigest()
    return tg_cache(f"{action._id} {','.join(languages())} {digest}", _A_WEEK)
