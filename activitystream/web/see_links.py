"""Links to what actions are about, and whether following one marks the user's stream as seen."""

from datetime import datetime
from typing import Any

import tg
from tgext.pluggable import plug_url

from ..lib.options import is_plugged
from ..model import clock
from .links import own_link
from .login import logged_in_user


def see_url(action: Any = None, until: datetime | None = None) -> str:
    """The URL that marks the user's stream as seen and goes to what an action is about.

    :param action: None, or one whose target has no link, or one that leaves the site, goes to the
        stream's own page.
    :param until: the timestamp of the newest action that the page shows, so that what comes after
        stays new; None is for now.
    :returns: in an app without our URLs, the target's own link, or that of the app's root.
    """
    link = None if action is None else action.target_link
    own = own_link(link)
    if not is_plugged("controller"):
        return tg.url("/") if own is None else own
    return _see_url(None if own is None else link, until)


def link_of(action: Any, until: datetime | None = None) -> str | None:
    """The :func:`see_url` of an action, for a template that shows as a link what is one.

    :returns: None if its target has no link, or one that leaves the site; where nobody is logged
        in, who would be sent to do so, or the app has not our URLs, the target's own link.
    """
    link = action.target_link
    own = own_link(link)
    marks = own is not None and is_plugged("controller") and logged_in_user() is not None
    return _see_url(link, until) if marks else own


def own_link_of(action: Any) -> str | None:
    """The link of an action's target, which marks nothing.

    :returns: None if it has none, or one that leaves the site.
    """
    return own_link(action.target_link)


def _see_url(link: Any, until: datetime | None) -> str:
    """
    :param link: one that stays on the site, or None.
    """
    params = {} if link is None else {"target_link": link}
    if until is not None:
        params["until"] = clock.as_text(until)
    return plug_url("activitystream", "/see", params=params)
