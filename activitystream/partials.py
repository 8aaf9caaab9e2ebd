"""What a host's templates show by ``h.call_partial``."""

import logging
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup
from tg import expose
from tgext.pluggable import plug_url

from . import model
from .lib import clock
from .lib.audiences import MOST_COUNTED, count_not_seen_of, stream_of
from .lib.days import by_day, undated, when, when_in_day
from .lib.login import logged_in_user
from .lib.options import option
from .lib.rendering import lines, render_list
from .lib.seen import last_seen
from .lib.translation import _, ngettext

log = logging.getLogger(__name__)

#: How many a bell shows when it is opened.
_NEWEST = 10


@expose("activitystream.templates.bell")
def bell(must_count: bool = False) -> dict[str, Any] | str:
    """The number of what the logged-in user has not seen, and the newest of it when it is opened.

    If the database cannot be asked, that is logged, and the bell has no number: it is not what
    somebody came to the page for. An error that cost the host what it wrote is raised all the same.

    :param must_count: raise the error in any case.
    :returns: nothing for anyone else.
    """
    user = logged_in_user()
    if user is None:
        return ""
    unseen = None
    try:
        unseen = count_not_seen_of(user, limit=MOST_COUNTED)
    except model.orm.DATABASE_ERRORS:
        if must_count or not model.orm.can_go_on():
            raise
        log.exception("The bell has no number, since the database could not be asked for it")
    if unseen is None:
        shown = sentence = ""
    elif unseen < MOST_COUNTED:
        shown = str(unseen)
        sentence = ngettext("%(count)d new notification", "%(count)d new notifications", unseen)
    else:
        shown = f"{MOST_COUNTED - 1}+"
        sentence = _("more than %(count)d new notifications") % {"count": MOST_COUNTED - 1}
    return {
        "unseen": unseen,
        "shown": shown,
        "sentence": sentence,
        "interval": option("poll_interval"),
        "page_url": plug_url("activitystream", "/"),
        "bell_url": plug_url("activitystream", "/bell"),
        "newest_url": plug_url("activitystream", "/newest"),
    }


@expose("activitystream.templates.newest")
def newest() -> dict[str, Any] | str:
    """What a bell shows when it is opened: the newest of the logged-in user's stream.

    :returns: nothing for anyone else.
    """
    user = logged_in_user()
    if user is None:
        return ""
    actions = stream_of(user).limit(_NEWEST).all()
    seen = last_seen(user)
    shown = lines(actions, when, lambda action: action.is_unseen_by(user))
    mark_url, new_since = None, {}
    if any(line.is_new for line in shown):
        mark_url = plug_url(
            "activitystream",
            "/ajax_update_last_seen_of_a_recipient",
            params={"until": clock.as_text(actions[0].timestamp)},
        )
        # What is marked as seen by it is told as new on the page all the same.
        new_since = {"new_since": "" if seen is None else clock.as_text(seen)}
    return {
        "stream": render_list(undated(shown)),
        "mark_url": mark_url,
        "all_url": plug_url("activitystream", "/", params=new_since),
    }


def stream(actions: Iterable[Any], recipient: Any = None) -> Markup:
    """A list of actions, by day.

    :param actions: those to show, in this order.
    :param recipient: those that this one has not seen are marked as new, and a click marks the
        user's stream as seen; None does neither.
    """
    is_new = None if recipient is None else lambda action: action.is_unseen_by(recipient)
    shown = lines(actions, when_in_day, is_new, marking=recipient is not None)
    return render_list(by_day(shown))


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

    def stream() -> Markup:  # called by the template, so not where the panel is kept
        shown = lines(actions, _since if timestamp_since else _date)
        return render_list(undated(shown))

    panel = {"stream": stream, "panel_title": panel_title, "panel_body_style": panel_body_style}
    if cache_key is not None:
        panel["tg_cache"] = {"key": cache_key, "expire": cache_expire, "type": "memory"}
    return panel


def _since(action: Any) -> str:
    return action.timestamp_since


def _date(action: Any) -> str:
    return action.timestamp.strftime("%x")
