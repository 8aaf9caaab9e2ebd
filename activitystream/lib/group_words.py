"""The sentence of a group, with named places, so that translators choose the order of words."""

from typing import TYPE_CHECKING

from ..model.words import _, ngettext

if TYPE_CHECKING:
    from .groups import Group


def pattern_of(group: "Group") -> tuple[str, dict[str, str]]:
    """Return the sentence of a group of several actions, and the texts for its places.

    :returns: a translated text with places like ``%(first)s``, and the texts for them.
        ``action_obj`` and ``target`` are what all actions have in common, else empty.
    """
    actors, targets = group.number_of("actor"), group.number_of("target")
    names = group.names("actor", 2)
    newest = group.newest
    values: dict[str, str] = {
        "verb": _(newest.verb),
        "first": names[0] if names else "",
        "second": names[1] if len(names) > 1 else "",
        **{
            role: newest.name_of(role) if group.is_shared(role) else ""
            for role in ("target", "action_obj")
        },
    }
    if actors > 2:
        return ngettext(
            "%(first)s, %(second)s and %(count)d other %(verb)s %(target)s",
            "%(first)s, %(second)s and %(count)d others %(verb)s %(target)s",
            actors - 2,
        ), values
    if actors == 2:
        return _("%(first)s and %(second)s %(verb)s %(target)s"), values
    if targets > 1:
        values["target"] = newest.name_of("target")
        return ngettext(
            "%(first)s %(verb)s %(target)s and %(count)d other",
            "%(first)s %(verb)s %(target)s and %(count)d others",
            targets - 1,
        ), values
    return ngettext(
        "%(first)s %(verb)s %(target)s (%(count)d time)",
        "%(first)s %(verb)s %(target)s (%(count)d times)",
        group.count,
    ), values
