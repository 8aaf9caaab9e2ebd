"""The bell: a link with the number of actions that a user has not seen."""

from typing import Any

from markupsafe import Markup
from tgext.pluggable import plug_url

from ..lib.options import is_plugged, option
from ..lib.own_stream import MAX_COUNTED, count_new_lines
from ..model.attempts import attempt
from ..model.words import _, ngettext
from .templates import links_to_statics, render, statics


def bell_of(user: Any) -> Markup:
    """Render a user's bell.

    :returns: an empty string if the bell cannot be shown. That is logged.
    :raises Exception: the database's own error, or one that cost the host what it had written.
    """
    unseen = attempt(
        lambda: count_new_lines(user),
        None,
        "The bell has no number: counting failed",
    )
    return render_bell(unseen)


def render_bell(unseen: int | None) -> Markup:
    """Render a bell.

    :param unseen: its number; None leaves it out.
    :returns: see :func:`bell_of`.
    """
    return attempt(lambda: _bell(unseen), Markup(), "The bell cannot be shown")


def _bell(unseen: int | None) -> Markup:
    if unseen is None:
        number = sentence = ""
    elif unseen < MAX_COUNTED:
        number = str(unseen)
        sentence = ngettext("%(count)d new notification", "%(count)d new notifications", unseen)
    else:
        number = f"{MAX_COUNTED - 1}+"
        sentence = _("more than %(count)d new notifications") % {"count": MAX_COUNTED - 1}
    return render(
        "bell",
        unseen=unseen,
        shown=number,
        sentence=sentence,
        interval=option("poll_interval"),
        page_url=_url("/"),
        bell_url=_url("/bell"),
        newest_url=_url("/newest"),
        links=links_to_statics,
        **statics(),
    )


def _url(path: str) -> str | None:
    """Return one of our URLs, or None in an app without them."""
    return plug_url("activitystream", path) if is_plugged("controller") else None
