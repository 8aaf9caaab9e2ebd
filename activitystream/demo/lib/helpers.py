"""What templates find as ``h``.

Plugging adds ``h.activitystream``, ``h.call_partial`` and ``h.plug_url``.
"""

from datetime import datetime

import tg

from activitystream import am
from activitystream.lib.clock import now

from ..model import Neighbour


def current_user() -> Neighbour | None:
    """The neighbour who is logged in."""
    return (tg.request.identity or {}).get("user")


def count_new(user: Neighbour) -> int:
    """How much there is in the user's stream that they have not seen."""
    return am.count_not_seen_by_recipient(user)


def ago(moment: datetime) -> str:
    """How long ago something was written, in short."""
    minutes = int((now() - moment).total_seconds()) // 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 24 * 60 else f"{moment:%d %B}".lstrip("0")
