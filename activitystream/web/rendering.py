"""Render lists of actions. One template renders an action in all lists.

The host replaces it for all verbs by tgext.pluggable's ``replace_template``, or for one verb by the
option ``templates``. If it fails for one action, that is logged, and the others are shown.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from ..lib.seen import last_seen
from ..model.attempts import attempt
from ..model.words import _
from . import see_links
from .days import Day
from .templates import render, render_action


class Line(NamedTuple):
    """One line of a list: an action as HTML, its link, whether it is new, and when it happened."""

    action: Any
    words: Markup
    link: str | None
    is_new: bool
    when: str


def lines(
    actions: Iterable[Any],
    when: Callable[[Any], str],
    is_new: Callable[[Any], bool] | None = None,
    marking: bool = True,
) -> list[Line]:
    """Return the lines of a list.

    :param actions: those to show, in this order.
    :param when: returns the text that says when an action happened.
    :param is_new: returns whether the reader has not seen an action; None marks none as new.
    :param marking: make links that mark the reader's stream as seen, up to the newest action.
    """
    actions = list(actions)
    newest = max((action.timestamp for action in actions), default=None)
    link_of = partial(see_links.link_of, until=newest) if marking else see_links.own_link_of
    return [
        Line(
            action,
            _words(action),
            link_of(action),
            is_new is not None and is_new(action),
            when(action),
        )
        for action in actions
    ]


def is_new_to(reader: Any) -> Callable[[Any], bool] | None:
    """Return a function that says whether an action is new to a reader.

    :returns: None if the reader's class has no field ``last_activity_seen``; that is logged.
    """

    def is_new() -> Callable[[Any], bool]:
        last_seen(reader)  # raises without the field
        return lambda action: action.is_unseen_by(reader)

    return attempt(is_new, None, "No action is marked as new: last_activity_seen cannot be read")


def _words(action: Any) -> Markup:
    return attempt(
        lambda: render_action(action),
        escape(_("This cannot be shown.")),
        "Action %s cannot be shown: the template of its verb %r failed",
        action._id,
        action.verb,
    )


def render_list(days: Iterable[Day], older: dict[str, str] | None = None) -> Markup:
    """Render a list.

    :param days: the lines by day.
    :param older: the URLs of the next page, as a whole page (``/``) and as a fragment for htmx
        (``/more``), by path; None for the last page.
    """
    return render("stream", days=list(days), older=older)
