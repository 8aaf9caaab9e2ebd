"""The page at ``/activitystream/settings``: what its reader has muted, and the host's kinds."""

from typing import Any

from tgext.pluggable import plug_url

from ..lib.mutes import Mute, mutes_of
from ..lib.options import option
from ..model.words import _
from .mute_words import filled, label_of, muted_sentence, words_of
from .templates import render


def settings_page(user: Any, saved: bool) -> dict[str, Any]:
    """Return the variables of the page's template.

    :param saved: tell that the switches were saved.
    :raises AttributeError: if the user's class has no field ``last_activity_seen``.
    """
    mutes = mutes_of(user)
    variables = {
        "title": _("Notification settings"),
        "user": user,
        "mutes": [
            (mute.digest, words, filled(_("Unmute: %(what)s"), what=words).striptags())
            for mute, words in ((mute, words_of(mute)) for mute in mutes)
        ],
        "kinds": [(verb, label_of(verb), Mute(verb) not in mutes) for verb in option("kinds")],
        "saved": saved,
        "page_url": plug_url("activitystream", "/settings"),
        "stream_url": plug_url("activitystream", "/"),
        "unmute_url": plug_url("activitystream", "/unmute"),
    }
    return {**variables, "content": render("settings_page", **variables)}


def notice_of(user: Any, digest: Any) -> dict[str, Any] | None:
    """Return what the stream's page tells of a mute that was just made without scripts.

    :param digest: a parameter of the request.
    :returns: the sentence and the URL where it can be undone; None if the user has no such mute.
    """
    if not isinstance(digest, str):
        return None
    for mute in mutes_of(user):
        if mute.digest == digest:
            url = f"{plug_url('activitystream', '/settings')}#mute-{digest}"
            return {"sentence": muted_sentence(mute), "url": url}
    return None
