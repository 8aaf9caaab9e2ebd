"""What a host's templates show by ``h.call_partial``."""

from collections.abc import Iterable
from typing import Any

from tg import expose

from . import helpers


@expose("activitystream.templates.bootstrap_widget")
def bootstrap_widget(
    actions: Iterable[Any],
    panel_title: str,
    panel_body_style: str,
    timestamp_since: bool = False,
    cache_key: str | None = None,
    cache_expire: int = 3600,
) -> dict[str, Any]:
    """A panel of actions.

    :param actions: those to show, in this order.
    :param panel_title: its heading.
    :param panel_body_style: CSS for its body, like ``max-height: 20em; overflow: auto``.
    :param timestamp_since: show how long ago they were, not the date.
    :param cache_key: keep the rendered panel under this key; None keeps nothing.
    :param cache_expire: for how many seconds.
    """
    actions = list(actions)
    panel = {
        "actions": actions,
        "newest_shown": max((action.timestamp for action in actions), default=None),
        "panel_title": panel_title,
        "panel_body_style": panel_body_style,
        "timestamp_since": timestamp_since,
        "see_url": helpers.see_url,
    }
    if cache_key is not None:
        panel["tg_cache"] = {"key": cache_key, "expire": cache_expire, "type": "memory"}
    return panel
