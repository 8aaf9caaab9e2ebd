"""Our URLs by which a reader mutes, and sees what they have muted."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from markupsafe import escape
from tg import TGController, abort, expose, request, response
from tg.exceptions import HTTPSeeOther
from tgext.pluggable import plug_url

from .. import am
from ..lib import mutes
from ..lib.mutes import Mute
from ..lib.options import option
from ..lib.own_stream import actions_of
from ..lib.seen import require_field
from ..model.words import _
from ..web.action_ids import action_ids
from ..web.mute_words import muted_sentence, words_of
from ..web.origin import asks_for_fragment, prefers_json
from ..web.settings_page import settings_page
from ..web.templates import render, render_page
from .guards import (
    location_or_page,
    refuse_others,
    refusing_errors,
    refusing_malformed,
    refusing_user,
    require_form,
    user_or_login,
    user_or_refuse,
)

log = logging.getLogger(__name__)

_POST = {"allowed_methods": ["POST"]}


class MutingController(TGController):
    """Answer requests of the logged-in user about what they mute."""

    @expose(content_type="text/html", **_POST)
    def mute(self, action: Any = None, by: Any = None, target_link: Any = None) -> str:
        """Mute what an action of the user's stream is about.

        Then go to the link, or to the stream's own page; or answer a script in JSON, or htmx by
        what takes the place of the line. The answer is the same for an action that does not exist
        and one that is not in the stream: nothing is muted.
        """
        with _changing_mutes() as user:
            with refusing_malformed():
                require_form()
                location = location_or_page(target_link)
                found = _mute_of(user, action, by)
                if found is not None:
                    am.mute(user, *found)
            if prefers_json(request):
                return _as_json(found)
            if asks_for_fragment(request):
                return _in_place(found)
            raise HTTPSeeOther(location=_with_notice(found, location))

    @expose(content_type="text/html", **_POST)
    def unmute(
        self, mute: Any = None, action: Any = None, by: Any = None, target_link: Any = None
    ) -> str:
        """Take a mute back, by its digest or by what an action of the user's stream is about."""
        with _changing_mutes() as user:
            with refusing_malformed():
                require_form()
                location = location_or_page(target_link)
                if mute is None:
                    found = _mute_of(user, action, by)
                    if found is not None:
                        am.unmute(user, *found)
                elif action is None and by is None:
                    mutes.unmute_digest(user, _digest(mute))
                else:
                    raise ValueError("give `mute`, or `action` and `by`")
            if prefers_json(request):
                return _as_json(None)
            raise HTTPSeeOther(location=location)

    @expose(content_type="text/html", allowed_methods=["GET", "HEAD", "POST"])
    def settings(
        self, shown: Any = None, told: Any = None, saved: Any = None, target_link: Any = None
    ) -> str:
        """Show what the user has muted. By POST, mute the kinds ``shown`` that are not ``told``."""
        if request.method != "POST":
            user = user_or_login()
            try:
                page = settings_page(user, saved == "1")
            except AttributeError:
                log.exception("%s was not answered", request.path)
                abort(404)
            return render_page(named="settings", **page)
        with _changing_mutes() as user:
            with refusing_malformed():
                require_form()
                location = location_or_page(target_link, "/settings?saved=1")
                kinds, wanted = _texts("shown", shown), _texts("told", told)
                for verb in option("kinds"):
                    if verb in kinds:
                        change = am.unmute if verb in wanted else am.mute
                        change(user, verb)
            if prefers_json(request):
                response.content_type = "application/json"
                muted = am.mutes_of(user)
                return json.dumps(
                    {"kinds": {verb: Mute(verb) not in muted for verb in option("kinds")}}
                )
            raise HTTPSeeOther(location=location)


@contextmanager
def _changing_mutes() -> Iterator[Any]:
    """Yield the user who changes what they mute; refuse others, and answer for errors."""
    user = user_or_refuse()
    refuse_others()
    with refusing_errors(), refusing_user():
        require_field(user)
        yield user


def _mute_of(user: Any, action: Any, by: Any) -> Mute | None:
    """Return the mute that a request names; None if the user's stream has no such action.

    :raises ValueError: if it is malformed.
    """
    ids = action_ids(action)
    if len(ids) != 1 or by not in Mute._fields:
        raise ValueError(f"give one `action`, and `by`, one of {', '.join(Mute._fields)}")
    found = actions_of(user, ids)
    return mutes.mute_about(found[0], by) if found else None


def _digest(given: Any) -> str:
    if not isinstance(given, str) or not re.fullmatch("[0-9a-f]{64}", given):
        raise ValueError("invalid `mute`: take it from a form of the settings page")
    return given


def _texts(name: str, given: Any) -> list[str]:
    texts = [] if given is None else given if isinstance(given, list) else [given]
    if not all(isinstance(each, str) for each in texts):
        raise ValueError(f"each `{name}` must be a verb")
    return texts


def _as_json(mute: Mute | None) -> str:
    response.content_type = "application/json"
    words = mute and words_of(mute).striptags()
    return json.dumps({"mute": mute and mute.digest, "words": words})


def _in_place(mute: Mute | None) -> str:
    """Return what replaces a line: a sentence about what is muted, and a button to undo it."""
    return render(
        "muted",
        sentence=escape(_("This is gone.")) if mute is None else muted_sentence(mute),
        mute=mute and mute.digest,
        unmute_url=plug_url("activitystream", "/unmute"),
    )


def _with_notice(mute: Mute | None, location: str) -> str:
    """Return a location; if it is a page of the stream, with a notice of what was muted."""
    url = urlsplit(location)
    pages = (urlsplit(plug_url("activitystream", path)).path for path in ("/", "/group"))
    if mute is None or url.path not in pages:
        return location
    kept = [each for each in parse_qsl(url.query, keep_blank_values=True) if each[0] != "muted"]
    return url._replace(query=urlencode([*kept, ("muted", mute.digest)])).geturl()
