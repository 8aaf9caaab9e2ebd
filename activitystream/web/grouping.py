"""Groups in lists: their HTML, and the text that names one in the parameter ``group`` of a URL."""

import re
from typing import Any

from markupsafe import Markup, escape

from ..lib.cursors import cursor_as_text, cursor_from_text
from ..lib.group_words import pattern_of
from ..lib.groups import Group, Place
from ..model import clock
from .action_ids import joined_ids

_DIGEST = re.compile(r"[0-9a-f]{16}", re.ASCII)


def words_of_group(group: Group) -> Markup:
    """Return the sentence of a group as HTML, in the order of words of the reader's language."""
    pattern, values = pattern_of(group)
    first, second = (Markup('<b dir="auto">{}</b>').format(values[n]) for n in ("first", "second"))
    its = [
        html.format(values[role])
        for role, html in (
            ("action_obj", Markup('<i dir="auto">{}</i>')),
            ("target", Markup('<cite dir="auto">{}</cite>')),
        )
        if values[role]
    ]
    verb = Markup("<bdi>{}</bdi>").format(values["verb"])
    its_html = Markup(" ").join(its)
    parts = {**values, "first": first, "second": second, "verb": verb, "target": its_html}
    return (escape(pattern) % parts).strip()


def group_as_text(place: Place) -> str:
    """Return where a group stands as text, for :func:`group_from_text`."""
    return "~".join(
        [
            cursor_as_text(place.newest),
            cursor_as_text(place.oldest),
            place.digest,
            clock.as_text(place.settled),
            ".".join(map(str, place.recent)),
            ".".join(map(str, place.others)),
        ]
    )


def group_from_text(text: Any) -> Place | None:
    """Return what the parameter ``group`` of a request says; None if there is none.

    :raises ValueError: if it is malformed.
    """
    if text is None:
        return None
    parts = text.split("~") if isinstance(text, str) else []
    try:
        newest, oldest, digest, settled, recent, others = parts
        moment = clock.parse(settled)
        if moment is None or not _DIGEST.fullmatch(digest):
            raise ValueError
        places = cursor_from_text(newest), cursor_from_text(oldest)
        ids = (joined_ids("group", each) for each in (recent, others))
        return Place(*places, digest, moment, *ids)
    except ValueError:
        raise ValueError("invalid `group`: take it from a link or a form of the page") from None
