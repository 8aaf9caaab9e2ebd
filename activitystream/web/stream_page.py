"""The page at ``/activitystream/``, and the fragments that are appended to it."""

from typing import Any

from tgext.pluggable import plug_url

from ..lib import seen
from ..lib.cursors import cursor_as_text, cursor_from_text
from ..lib.own_stream import done_by, group_of, lines_page, stream_of
from ..model import clock
from ..model.cursors import cursor_of
from ..model.values import Cursor
from ..model.words import _
from .days import by_day, shown_day_of, when_in_day
from .grouping import group_from_text
from .load_more import render_page_of
from .mute_menus import menus
from .rendering import lines, render_list, state_for
from .see_links import see_url
from .settings_page import notice_of
from .shown import known_from_text, shown_as_text

PAGE_SIZE = 25


def stream_page(
    user: Any,
    before: Any,
    new_since: Any,
    unread: Any,
    muted: Any = None,
    append: bool = False,
) -> dict[str, Any]:
    """Return the variables of the page's template.

    :param before, new_since, unread, muted: the parameters of the request.
    :param append: the page is appended to the previous one, so it leaves out the heading of the
        day at which that one ends.
    :raises ValueError: if a parameter is malformed.
    """
    cursor = cursor_in(before)
    # The bell marks as seen, and links here with `new_since`: still show what was new in the bell.
    known = None if new_since is None else known_from_text(new_since)
    state = state_for(user)
    only_unread = unread == "1" and state is not None
    stream = stream_of(user).unread() if only_unread else stream_of(user)
    as_of = clock.now()
    page = lines_page(stream, PAGE_SIZE, cursor)
    shown = seen.shown(stream, page.cursors, as_of)
    until = shown and shown_as_text(shown)
    # Only without scripts, where the bell leads to no page with new_since.
    return_to = (
        _url("/", before=cursor, unread="1" if only_unread else None) if state is not None else None
    )
    listed = lines(page, when_in_day, state, until=until, menu=menus(return_to))
    is_unseen, is_unread = (
        any(each.is_new for each in listed),
        any(each.is_unread for each in listed),
    )
    if known is not None:
        listed = [
            each._replace(is_new=each.is_new or not all(map(known.covers, each.cursors)))
            for each in listed
        ]
    kept = {"new_since": new_since, "unread": "1" if only_unread else None}
    continued = shown_day_of(cursor.timestamp) if cursor and append else None
    # Only the first page has the newest action: another page's would leave newer ones unseen.
    until = until if cursor is None else None
    page_url = _url("/", unread=kept["unread"])
    return {
        **_page(user, _("Your activity stream"), [each.action for each in listed], page_url),
        "stream": render_list(
            by_day(listed, continued),
            page.end and {path: _url(path, before=page.end, **kept) for path in ("/", "/more")},
            return_to=return_to,
            nothing=_("Nothing is unread.") if only_unread else None,
        ),
        "until": until if is_unseen else None,
        "read_until": until if is_unread else None,
        "only_unread": only_unread,
        "has_filter": state is not None and (only_unread or bool(listed)),
        **_muting(user, state, muted),
    }


def done_page(user: Any, before: Any) -> dict[str, Any]:
    """Return the variables of the same template for the page of what the user did.

    :param before: the parameter of the request.
    :raises ValueError: if it is malformed.
    """
    page = done_by(user).page(PAGE_SIZE, cursor_in(before))
    url = _url("/mine")
    return {
        **_page(user, _("What you did"), page.actions, url),
        "stream": render_page_of(page, lines(page, when_in_day, marking=False), url),
    }


def group_page(user: Any, group: Any, muted: Any) -> dict[str, Any]:
    """Return the variables of the same template for the page of a group's actions.

    :param group, muted: the parameters of the request.
    :raises ValueError: if it is malformed or missing.
    """
    place = group_from_text(group)
    if place is None:
        raise ValueError("the parameter `group` is missing: take it from a link of the page")
    actions = group_of(user, place)
    state = state_for(user)
    as_of = clock.now()
    shown = seen.shown(stream_of(user), list(map(cursor_of, actions)), as_of)
    url = _url("/group", group=group)
    return_to = None if state is None else url
    until = shown and shown_as_text(shown)
    listed = lines(actions, when_in_day, state, until=until, menu=menus(return_to))
    return {
        **_page(user, _("Your activity stream"), actions, url),
        "stream": render_list(
            by_day(listed), return_to=return_to, list_id="activitystream-unfolded"
        ),
        "has_filter": state is not None,
        **_muting(user, state, muted),
    }


def _page(user: Any, title: str, actions: list[Any], page_url: str) -> dict[str, Any]:
    """Return the variables that all pages have, for one that offers to mark and mute nothing."""
    return {
        "title": title,
        "actions": actions,
        "user": user,
        "until": None,
        "read_until": None,
        "see_url": see_url,
        "read_url": plug_url("activitystream", "/read"),
        "page_url": page_url,
        "all_url": _url("/"),
        "unread_url": _url("/", unread="1"),
        "only_unread": False,
        "has_filter": False,
        "settings_url": None,
        "notice": None,
    }


def _muting(user: Any, state: Any, muted: Any) -> dict[str, Any]:
    """Return what a page of a reader's says of mutes; nothing if the reader cannot have any."""
    if state is None:
        return {}
    return {"settings_url": _url("/settings"), "notice": notice_of(user, muted)}


def cursor_in(before: Any) -> Cursor | None:
    """Return the cursor in the parameter ``before`` of a request; None if there is none.

    :raises ValueError: if it is malformed.
    """
    return None if before in (None, "") else cursor_from_text(before)


def _url(path: str, before: Cursor | None = None, **params: str | None) -> str:
    given = {name: value for name, value in params.items() if value is not None}
    if before is not None:
        given = {"before": cursor_as_text(before), **given}
    return plug_url("activitystream", path, params=given)
