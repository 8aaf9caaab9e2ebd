"""The content of an opened bell: the newest actions of a user's stream."""

from typing import Any

from markupsafe import Markup
from tgext.pluggable import plug_url

from ..lib.options import is_plugged
from ..lib.own_stream import lines_page, stream_of
from ..lib.seen import Shown, known, shown
from ..model import clock
from ..model.attempts import attempt
from ..model.words import _
from .days import undated, when
from .mute_menus import menus
from .rendering import lines, render_list, state_for
from .shown import known_as_text, shown_as_text
from .templates import render

#: The number of actions.
_NEWEST = 10


def opened_bell(user: Any) -> tuple[Markup, Shown | None]:
    """Render the content of a user's opened bell.

    :returns: it, and what to mark as seen; None if there is nothing, or it cannot be shown.
    """
    failed = Markup('<div class="activitystream-newest">{}</div>').format(failure_notice())
    nothing: Shown | None = None
    return attempt(
        lambda: _opened_bell(user), (failed, nothing), "The newest actions cannot be shown"
    )


def _opened_bell(user: Any) -> tuple[Markup, Shown | None]:
    as_of = clock.now()
    stream = stream_of(user)
    page = lines_page(stream, _NEWEST)
    newest = shown(stream, page.cursors, as_of)
    state = state_for(user)
    has_urls = is_plugged("controller")
    return_to = plug_url("activitystream", "/") if has_urls and state else None
    until = newest and shown_as_text(newest)
    listed = lines(page, when, state, until=until, menu=menus(return_to))
    all_url = None
    if has_urls:
        params = {}
        if state is not None and any(line.is_new for line in listed):
            # Opening the bell marks these as seen. The page still shows them as new.
            params["new_since"] = known_as_text(known(user))
        all_url = plug_url("activitystream", "/", params=params)
    opened = render(
        "newest", stream=render_list(undated(listed), return_to=return_to), all_url=all_url
    )
    return opened, newest if state else None


def failure_notice() -> Markup:
    """Return the sentence that replaces a list that cannot be shown."""
    return Markup('<p class="activitystream-empty">{}</p>').format(_("This cannot be shown."))
