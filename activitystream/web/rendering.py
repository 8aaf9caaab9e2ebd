"""Render lists of actions. One template renders an action in all lists.

The host replaces it for all verbs by tgext.pluggable's ``replace_template``, or for one verb by the
option ``templates``. If it fails for one action, that is logged, and the others are shown.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

from markupsafe import Markup, escape
from tgext.pluggable import plug_url

from ..lib.groups import Group
from ..lib.options import is_plugged, option
from ..lib.seen import State, last_seen, state_of
from ..model.attempts import attempt
from ..model.cursors import cursor_of
from ..model.values import Cursor
from ..model.words import _, text_of
from . import see_links
from .days import Day, locale, when_exactly
from .grouping import group_as_text
from .mute_menus import no_menu
from .outside import as_read_there
from .pictures import pictures
from .templates import action_renderer, render, statics
from .zones import shown_zone


class Line(NamedTuple):
    """One line of a list: an action, or a group, as HTML, and what the reader knows of it."""

    #: The action; the newest one of a group.
    action: Any
    #: The group; None for one action.
    group: Group | None
    #: The parameter of our URLs that names its actions, and its value.
    key: tuple[str, str]
    words: Markup
    link: str | None
    is_new: bool
    is_unread: bool
    when: str
    #: The date and the time in full.
    when_exactly: str
    menu: Markup = Markup()
    #: The actor's picture, and the icon of the verb.
    pictures: Markup = Markup()
    #: The name that a group keeps when actions join it; an action has that of its future group.
    group_name: str | None = None

    @property
    def cursors(self) -> list[Cursor]:
        """Where its actions stand in the stream."""
        return self.group.cursors if self.group else [cursor_of(self.action)]

    @property
    def classes(self) -> list[str]:
        """The CSS classes of the line."""
        names = {"activitystream-new": self.is_new, "activitystream-unread": self.is_unread}
        return [name for name, applies in names.items() if applies]


def lines(
    actions: Iterable[Any],
    when: Callable[[Any], str],
    state: Callable[[Any], State] | None = None,
    marking: bool = True,
    until: str | None = None,
    menu: Callable[[Any, Group | None], Markup] = no_menu,
) -> list[Line]:
    """Return the lines of a list.

    :param actions: the actions, or groups of them, in this order.
    :param when: returns the text that says when an action happened.
    :param state: returns what the reader knows of an action; None marks none as new or unread.
    :param marking: make links that mark the reader's stream as seen, and their action as read.
    :param until: the ``until`` of those links; None is the newest timestamp.
    :param menu: returns the menu of an action, or of a group by its newest action.
    """
    shown = [_item(each) for each in actions]
    newest = until or max((action.timestamp for action, _ in shown), default=None)
    link_of = see_links.links_of_page(newest) if marking else see_links.own_link_of_line
    render_action, pictures_of = action_renderer(), pictures()

    def line(action: Any, group: Group | None) -> Line:
        known = _ALL_KNOWN if state is None else (group and group.state) or state(action)
        several = group if group and group.count > 1 else None
        words = _words(action, several, render_action)
        key = ("group", group_as_text(several.place)) if several else ("action", str(action._id))
        leads = several is None or several.is_shared("target")
        link = link_of(action, key) if leads else None
        return Line(
            action,
            several,
            key,
            words,
            link,
            not known.seen,
            not known.read,
            when(action),
            when_exactly(action),
            menu(action, several),
            pictures_of(action),
            group.name if group else None,
        )

    return [line(action, group) for action, group in shown]


def _item(shown: Any) -> tuple[Any, Group | None]:
    return (shown.newest, shown) if isinstance(shown, Group) else (shown, None)


_ALL_KNOWN = State(seen=True, read=True)


def state_for(reader: Any) -> Callable[[Any], State] | None:
    """Return a function that says what a reader knows of an action.

    :returns: None if the reader's class has no field ``last_activity_seen``; that is logged.
    """

    def state() -> Callable[[Any], State]:
        last_seen(reader)  # raises without the field
        return lambda action: state_of(action, reader)

    return attempt(state, None, "No action is marked as new: last_activity_seen cannot be read")


def _words(
    action: Any, group: Group | None, render_action: Callable[[Any, Group | None], Markup]
) -> Markup:
    return attempt(
        lambda: render_action(action, group),
        escape(_("This cannot be shown.")),
        "Action %s cannot be shown: the template of its verb %r failed",
        action._id,
        action.verb,
    )


def render_list(
    days: Iterable[Day],
    older: dict[str, str] | None = None,
    return_to: str | None = None,
    nothing: str | None = None,
    list_id: str | None = None,
    last_day: str = "",
    live: bool = True,
) -> Markup:
    """Render a list.

    :param days: the lines by day.
    :param older: the URLs of the next page, as a whole page (``/``) and as a fragment for htmx
        (``/more``), by path; None for the last page.
    :param return_to: where "Mark as read" returns without htmx; None leaves the buttons out.
    :param nothing: the text of an empty list; None uses the text for an empty stream.
    :param list_id: the id of the list in the pages that ``older`` leads to, from which htmx takes
        it; None if ``/more`` answers the list alone.
    :param last_day: the last day that such a list has a heading of, as text.
    :param live: let the script show the times in the browser's time zone, and keep them current.
    """
    return render(
        "stream",
        days=list(days),
        older=older,
        read_url=return_to and plug_url("activitystream", "/read"),
        return_to=return_to,
        nothing=_nothing_yet() if nothing is None else nothing,
        list_id=list_id,
        last_day=last_day,
        locale=str(locale()).replace("_", "-") if live else None,
        zone=shown_zone(),
        once=_once,
        unfold_url=_unfold_url if is_plugged("controller") else None,
        **statics(),
    )


def _nothing_yet() -> str:
    text = option("empty_text")
    return _("Nothing has happened yet.") if text is None else _(text_of(text))


def _unfold_url(line: Line) -> str:
    name, value = line.key
    return as_read_there(plug_url("activitystream", "/group", params={name: value}))


def _once(part: Callable[[bool], Iterable[Any]]) -> Callable[..., Markup]:
    """Render a part of the template once for all read lines, and once for all unread lines.

    For each line, it replaces ``name="action"`` and ``value=""`` by what names its actions.
    """
    rendered = cache(lambda is_unread: "".join(map(str, part(is_unread))))

    def of_line(is_unread: bool, key: tuple[str, str] | None = None) -> Markup:
        text = rendered(is_unread)
        if key is not None:
            # These quotes are the template's own: in variables they are escaped.
            name, value = key
            text = text.replace('value=""', f'value="{escape(value)}"')
            text = text.replace('name="action"', f'name="{name}"')
        return Markup(text)  # noqa: S704 (rendered HTML)

    return of_line
