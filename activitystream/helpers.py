"""The helpers that templates of the host call as ``h.activitystream``."""

from hashlib import sha256
from typing import Any

from .model.action import FIELDS
from .web.caching import tg_cache
from .web.outside import anywhere
from .web.see_links import link_of, own_link_of, see_url
from .web.translation import languages

__all__ = ["link_of", "notification_cache", "own_link_of", "see_url"]

_WEEK = 7 * 24 * 60 * 60  # seconds


@anywhere
def notification_cache(action: Any) -> dict[str, Any]:
    """Return the ``tg_cache`` that caches a template of one action, for all readers.

    The template must not show anything that depends on the reader, the page or the time. Example,
    in ``lib/helpers.py``::

        render_template(
            {'action': action, 'tg_cache': notification_cache(action)},
            'kajiki',
            'myproject.templates.notification',
            is_fragment=True,
        )

    :param action: the action that the template renders.
    :returns: a cache entry for the action in the request's language, which lasts a week; in an app
        without a cache an empty dict, which caches nothing.
    """
    # The _id alone is no key: SQLite assigns the _id of an action that was rolled back again.
    stored = repr([getattr(action, field) for field in FIELDS])
    digest = sha256(stored.encode(errors="backslashreplace")).hexdigest()
    return tg_cache(f"{action._id} {','.join(languages())} {digest}", _WEEK)
