"""Actions as HTML: one template renders one of them, wherever it is shown.

The host replaces it for all verbs by tgext.pluggable's ``replace_template``, or for one by our
option ``templates``. What it shows of one action may fail, and the others are shown all the same.
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
    """What a list shows of an action, and around it."""

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
    """
    :param when: tells the time of an action.
    :param is_new: whether its reader has not seen an action; None where that is not told.
    :param marking: whether a click marks the reader's stream as seen up to the newest of these.
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
    """Tells whether a reader has not seen an action; None if they lack ``last_activity_seen``."""

    def is_new() -> Callable[[Any], bool]:
        last_seen(reader)
        return lambda action: action.is_unseen_by(reader)

    return attempt(is_new, None, "Nothing is marked as new, since nobody knows what was seen")


def _words(action: Any) -> Markup:
    return attempt(
        lambda: render_action(action),
        escape(_("This cannot be shown.")),
        "Action %s cannot be shown by the template of its verb %r",
        action._id,
        action.verb,
    )


def render_list(days: Iterable[Day], older: dict[str, str] | None = None) -> Markup:
    """A list of lines.

    :param older: where it goes on: the URLs of a page and of just the rest, by their paths; None
        where there is no more.
    """
    return render("stream", days=list(days), older=older)
