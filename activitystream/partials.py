"""The partials that a host's templates show by ``h.call_partial``."""

import logging
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from . import model
from .model.attempts import attempt
from .model.words import text_of
from .web.bell import bell_of, render_bell
from .web.caching import tg_cache
from .web.days import by_day, date_of, undated, when_in_day
from .web.load_more import page_of, render_page_of
from .web.login import logged_in_user
from .web.opened_bell import failure_notice, opened_bell
from .web.outside import anywhere, require_site
from .web.rendering import lines, render_list, state_for
from .web.templates import links_to_statics, render

log = logging.getLogger(__name__)

_NOTHING = Markup()


@anywhere
def bell() -> Markup:
    """Render the bell: the number of actions that the logged-in user has not seen.

    Opened, it lists the newest actions, and marks them as seen. Example, in a template::

        ${h.call_partial('activitystream.partials:bell')}

    An error does not break the page around the bell: it is logged, and the bell has no number. It
    is raised only if the host's transaction was lost.

    :returns: the bell as HTML: an empty string if nobody is logged in; the bare number in an app
        without our URLs.
    """
    user = logged_in_user()
    if user is None:
        return _NOTHING
    try:
        return bell_of(user)
    except model.orm.DATABASE_ERRORS:
        if not model.orm.recover():
            raise
        log.exception("The bell has no number: the database is unavailable")
        return render_bell(None)


@anywhere
def newest() -> Markup:
    """Render the content of an opened bell: the newest actions of the logged-in user's stream.

    Example, in a template::

        ${h.call_partial('activitystream.partials:newest')}

    :returns: an empty string if nobody is logged in.
    """
    user = logged_in_user()
    if user is None:
        return _NOTHING
    return opened_bell(user)[0]


@anywhere
def stream(
    actions: Iterable[Any],
    recipient: Any = None,
    more: str | None = None,
    empty_text: str | None = None,
) -> Markup:
    """Render a list of actions, grouped by day.

    Example, in a template::

        ${h.call_partial('activitystream.partials:stream', actions=actions, recipient=user)}

    :param actions: the actions, or groups of them, in this order: any iterable, like a stream or a
        page of one.
    :param recipient: highlight what is new to and unread by this reader; None highlights nothing.
        With a recipient, a click on a line marks the logged-in user's stream as seen, and the
        action as read.
    :param more: the URL of the page that shows this list, for a link "Load more"; None shows no
        link. The link adds the parameter ``before`` to the URL: pass it to
        :meth:`~activitystream.lib.streams.Stream.page`, and pass the result as ``actions``. (If
        ``actions`` is a whole stream, its first 25 are shown.) For what the logged-in user did,
        ``h.plug_url('activitystream', '/mine')`` is a page of ours.
    :param empty_text: the text of an empty list; None uses the option ``empty_text``.
    :returns: the list as HTML; if it cannot be shown, a sentence that says so.
    """
    require_site()

    def render_stream() -> Markup:
        nothing = None if empty_text is None else text_of(empty_text)
        state = None if recipient is None else state_for(recipient)
        shown: Any = actions if more is None else page_of(actions)
        listed = lines(shown, when_in_day, state, marking=recipient is not None)
        if more is None:
            return links_to_statics() + render_list(by_day(listed), nothing=nothing)
        return links_to_statics() + render_page_of(shown, listed, more, nothing)

    return attempt(render_stream, failure_notice(), "A list of actions cannot be shown")


@anywhere
def bootstrap_widget(
    actions: Iterable[Any],
    panel_title: str,
    panel_body_style: str,
    timestamp_since: bool = False,
    cache_key: str | None = None,
    cache_expire: int = 3600,
) -> Markup:
    """Render a panel of actions, a Bootstrap 5 card.

    Example, in a template::

        ${h.call_partial('activitystream.partials:bootstrap_widget', actions=actions,
                         panel_title='News', panel_body_style='max-height: 20em')}

    :param actions: the actions, or groups of them, in this order.
    :param panel_title: the heading.
    :param panel_body_style: the CSS of the body, like ``max-height: 20em; overflow: auto``; an
        empty text for none, as a strict Content-Security-Policy needs.
    :param timestamp_since: show how long ago an action happened, not the date.
    :param cache_key: cache the panel under this key; None does not cache it.
    :param cache_expire: the lifetime of the cached panel, in seconds.
    """
    require_site()

    def stream() -> Markup:  # the template calls it, so a cached panel does not
        when = _since if timestamp_since else date_of
        return render_list(undated(lines(actions, when)), live=False)

    cached = {} if cache_key is None else {"tg_cache": tg_cache(cache_key, cache_expire)}
    return attempt(
        lambda: render(
            "partials.bootstrap_widget",
            stream=stream,
            actions=actions,
            panel_title=panel_title,
            panel_body_style=panel_body_style,
            timestamp_since=timestamp_since,
            **cached,
        ),
        failure_notice(),
        "A panel of actions cannot be shown",
    )


def _since(action: Any) -> str:
    return action.timestamp_since
