"""Link to the targets of actions, with or without marking the user's stream as seen."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import tg
from tgext.pluggable import plug_url

from ..lib.options import is_plugged
from ..model import clock
from .links import own_link
from .login import logged_in_user
from .outside import anywhere, as_read_there, is_outside


@anywhere
def see_url(action: Any = None, until: datetime | str | None = None) -> str:
    """Return the URL that marks the user's stream as seen, then redirects to an action's target.

    It marks the action itself as read, too. Outside of a request, as in a mail, it is absolute, by
    the option ``site_url``.

    Example, in a template::

        <a href="${h.activitystream.see_url(action, until=newest.timestamp)}">…</a>

    :param action: the action to mark and to lead to; None leads to the stream's page, and so does
        an action whose target has no link on this site.
    :param until: the timestamp of the newest action on the page, naive UTC: newer actions stay
        unseen. None means the time of the click. Our own pages pass a text, which says more
        exactly what they show.
    :returns: the URL. In an app without our URLs it is the target's own link, or else the app's
        root, and marks nothing.
    :raises RuntimeError: outside of a request, without the option ``site_url``.
    """
    link = None if action is None else action.target_link
    own = own_link(link)
    if not is_plugged("controller"):
        return as_read_there(tg.url("/") if own is None else own)
    return _see_url(action, None if own is None else link, until)


@anywhere
def link_of(action: Any, until: datetime | str | None = None) -> str | None:
    """Return the :func:`see_url` of an action, or None if its target has no link on this site.

    Example, in a template::

        <a href="${h.activitystream.link_of(action)}">${action.sentence}</a>

    :param action: the action to link.
    :param until: see :func:`see_url`.
    :returns: the URL or None. If nobody is logged in (``/see`` would ask to log in), or in an app
        without our URLs, it is the target's own link, which marks nothing. Outside of a request it
        is absolute, and ``/see`` asks to log in.
    :raises RuntimeError: outside of a request, without the option ``site_url``.
    """
    return links_of_page(until)(action, ("action", str(action._id)))


def links_of_page(
    until: datetime | str | None,
) -> Callable[[Any, tuple[str, str]], str | None]:
    """Return :func:`link_of` for the lines of a page, which decides once what they share.

    It is called with an action, a group's newest one, and with the parameter that names the line's
    actions in our URLs, and its value.
    """
    has_reader = is_outside() or logged_in_user() is not None
    if not is_plugged("controller") or not has_reader:
        return own_link_of_line
    url = as_read_there(plug_url("activitystream", "/see"))
    shown = f"&{urlencode({'until': _as_text(until)})}" if until is not None else ""

    def link_of_one(action: Any, key: tuple[str, str]) -> str | None:
        link = action.target_link
        if own_link(link) is None:
            return None
        return f"{url}?{urlencode({'target_link': link})}{shown}&{urlencode([key])}"

    return link_of_one


def own_link_of_line(action: Any, key: tuple[str, str]) -> str | None:
    """Return the link of the target of a line's actions: see :func:`own_link_of`."""
    return own_link_of(action)


@anywhere
def own_link_of(action: Any) -> str | None:
    """Return the link of an action's target, or None if it has no link on this site.

    Following it marks nothing as seen. Outside of a request it is absolute, by the option
    ``site_url``.

    :param action: the action whose target to link.
    :raises RuntimeError: outside of a request, without the option ``site_url``.
    """
    link = own_link(action.target_link)
    return None if link is None else as_read_there(link)


def _see_url(action: Any, link: Any, until: datetime | str | None) -> str:
    """Return the URL of ``/see``.

    :param action: what it marks as read, or None.
    :param link: a link on this site, or None for the stream's page.
    """
    params = {} if link is None else {"target_link": link}
    if until is not None:
        params["until"] = _as_text(until)
    if action is not None:
        params["action"] = str(action._id)
    return as_read_there(plug_url("activitystream", "/see", params=params))


def _as_text(until: datetime | str) -> str:
    return until if isinstance(until, str) else clock.as_text(until)
