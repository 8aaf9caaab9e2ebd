"""The menu of a line: what its action is about may be muted."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from markupsafe import Markup, escape
from tgext.pluggable import plug_url

from ..lib.groups import Group
from ..model.entity_words import name_of
from ..model.words import _
from .mute_words import filled, label_of
from .templates import render, statics

#: A placeholder for a text of the line. No text of ours contains it.
_PLACE = "\ue000"


def no_menu(action: Any, group: Group | None = None) -> Markup:
    """Return an empty menu, for lists without menus."""
    return Markup()


def menus(return_to: str | None) -> Callable[[Any, Group | None], Markup]:
    """Return a function that renders the menu of an action, or of a group by an action of it.

    Make one for each list: it renders once what lines have in common. The menu of a group offers
    what all of its actions share. An action without anything that can be muted has no menu.

    :param return_to: where muting returns without htmx; None is for a list without menus.
    """
    if return_to is None:
        return no_menu
    kind = cache(_mute_kind)
    pieces = cache(lambda fields: _pieces(fields, return_to))
    patterns = {"actor": _("Mute %(actor)s"), "target": _("Mute what happens to %(target)s")}
    # By id(), which is unique while the entity is held here. A page shows the same ones repeatedly.
    known: dict[tuple[str, int], tuple[Any, Markup]] = {}

    def words_of(role: str, entity: Any, action: Any) -> Markup:
        key = role, id(entity)
        if key not in known:
            name = name_of(entity, getattr(action, f"{role}_type"))
            known[key] = entity, filled(patterns[role], **{role: name})
        return known[key][1]

    def menu_of(action: Any, group: Group | None = None) -> Markup:
        words = {"verb": kind(action.verb)} if action.verb else {}
        for role in patterns:
            shared = group is None or group.is_shared(role)
            entity = action.entity(role) if shared else None
            if entity is not None:
                words[role] = words_of(role, entity, action)
        if not words:
            return Markup()
        texts = pieces(tuple(words)).copy()
        texts[1::2] = str(escape(action._id)), *words.values()
        return Markup("".join(texts))  # noqa: S704 (rendered HTML)

    return menu_of


def _mute_kind(verb: str) -> Markup:
    label = label_of(verb)
    return escape(_("Mute this kind")) if label is None else filled(_("Mute %(kind)s"), kind=label)


def _pieces(fields: tuple[str, ...], return_to: str) -> list[str]:
    """Render a menu, split at its placeholders: every second part is one."""
    menu = render(
        "menu",
        action=_PLACE,
        buttons=[(field, _PLACE) for field in fields],
        mute_url=plug_url("activitystream", "/mute"),
        return_to=return_to,
        **statics(),
    )
    return re.split(f"({_PLACE})", menu)
