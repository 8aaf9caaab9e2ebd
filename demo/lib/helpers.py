"""The helpers that templates call as ``h``.

Plugging adds ``h.activitystream``, ``h.call_partial`` and ``h.plug_url``.
"""

from datetime import datetime

import tg

from activitystream import am
from demo.model import Neighbour, now


def current_user() -> Neighbour | None:
    """Return the logged-in neighbour, or None."""
    return (tg.request.identity or {}).get("user")


def count_new(user: Neighbour) -> int:
    """Count the actions in the user's stream that they have not seen."""
    return am.count_not_seen_by_recipient(user)


def ago(moment: datetime) -> str:
    """Return how long ago something was written, in short."""
    minutes = int((now() - moment).total_seconds()) // 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 24 * 60 else f"{moment:%d %B}".lstrip("0")
