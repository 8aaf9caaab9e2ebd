"""What a host's templates show by ``h.call_partial``."""

import logging
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup
from tgext.pluggable import plug_url

from . import model
from .lib.audiences import MAX_COUNTED, count_not_seen_of, stream_of
from .lib.options import is_plugged, option
from .lib.seen import last_seen
from .model import clock
from .model.attempts import attempt
from .model.words import _, ngettext
from .web.caching import tg_cache
from .web.days import by_day, undated, when, when_in_day
from .web.login import logged_in_user
from .web.rendering import is_new_to, lines, render_list
from .web.templates import render, statics

log = logging.getLogger(__name__)

#: How many a bell shows when it is opened.
_NEWEST = 10

_NOTHING = Markup()


def bell(must_count: bool = False) -> Markup:
    """The number of what the logged-in user has not seen, and the newest of it when it is opened.

    If it cannot be counted, that is logged, and the bell has no number: it is not what somebody
    came to the page for. An error that cost the host what it wrote is raised all the same.

    :param must_count: raise the error in any case, if it is the database's.
    :returns: nothing for anyone else. In an app without our URLs, just the number.
    """
    user = logged_in_user()
    if user is None:
        return _NOTHING
    return attempt(lambda: _bell(user, must_count), _NOTHING, "A page has no bell")


def _bell(user: Any, must_count: bool) -> Markup:
    unseen = _unseen(user, must_count)
    if unseen is None:
        shown = sentence = ""
    elif unseen < MAX_COUNTED:
        shown = str(unseen)
        sentence = ngettext("%(count)d new notification", "%(count)d new notifications", unseen)
    else:
        shown = f"{MAX_COUNTED - 1}+"
        sentence = _("more than %(count)d new notifications") % {"count": MAX_COUNTED - 1}
    return render(
        "bell",
        unseen=unseen,
        shown=shown,
        sentence=sentence,
        interval=option("poll_interval"),
        page_url=_url("/"),
        bell_url=_url("/bell"),
        newest_url=_url("/newest"),
        **statics(),
    )


def _unseen(user: Any, must_count: bool) -> int | None:
    try:
        return attempt(
            lambda: count_not_seen_of(user, limit=MAX_COUNTED),
            None,
            "The bell has no number, since it could not be counted",
        )
    except model.orm.DATABASE_ERRORS:
        if must_count or not model.orm.recover():
            raise
        log.exception("The bell has no number, since the database could not be asked for it")
        return None


def newest() -> Markup:
    """What a bell shows when it is opened: the newest of the logged-in user's stream.

    :returns: nothing for anyone else.
    """
    user = logged_in_user()
    if user is None:
        return _NOTHING
    failed = Markup('<div class="activitystream-newest">{}</div>').format(_cannot_be_shown())
    return attempt(lambda: _newest(user), failed, "The newest cannot be shown")


def _newest(user: Any) -> Markup:
    actions = stream_of(user).limit(_NEWEST).all()
    shown = lines(actions, when, is_new_to(user))
    mark_url, new_since = None, {}
    if any(line.is_new for line in shown):
        until = clock.as_text(actions[0].timestamp)
        mark_url = _url("/ajax_update_last_seen_of_a_recipient", until=until)
        # What is marked as seen by it is told as new on the page all the same.
        seen = last_seen(user)
        new_since = {"new_since": "" if seen is None else clock.as_text(seen)}
    return render(
        "newest",
        stream=render_list(undated(shown)),
        mark_url=mark_url,
        all_url=_url("/", **new_since),
    )


def stream(actions: Iterable[Any], recipient: Any = None) -> Markup:
    """A list of actions, by day.

    :param actions: those to show, in this order.
    :param recipient: those that this one has not seen are marked as new, and a click marks the
        user's stream as seen; None does neither.
    """

    def listed() -> Markup:
        is_new = None if recipient is None else is_new_to(recipient)
        shown = lines(actions, when_in_day, is_new, marking=recipient is not None)
        return render_list(by_day(shown))

    return attempt(listed, _cannot_be_shown(), "A list of actions cannot be shown")


def bootstrap_widget(
    actions: Iterable[Any],
    panel_title: str,
    panel_body_style: str,
    timestamp_since: bool = False,
    cache_key: str | None = None,
    cache_expire: int = 3600,
) -> Markup:
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

    kept = {} if cache_key is None else {"tg_cache": tg_cache(cache_key, cache_expire)}
    return attempt(
        lambda: render(
            "partials.bootstrap_widget",
            stream=stream,
            actions=actions,
            panel_title=panel_title,
            panel_body_style=panel_body_style,
            timestamp_since=timestamp_since,
            **kept,
        ),
        _cannot_be_shown(),
        "A panel of actions cannot be shown",
    )


def _cannot_be_shown() -> Markup:
    return Markup('<p class="activitystream-empty">{}</p>').format(_("This cannot be shown."))


def _url(path: str, **params: str) -> str | None:
    """One of our URLs; None where the app has none of them."""
    if not is_plugged("controller"):
        return None
    return plug_url("activitystream", path, params=params)


def _since(action: Any) -> str:
    return action.timestamp_since


def _date(action: Any) -> str:
    return action.timestamp.strftime("%x")
