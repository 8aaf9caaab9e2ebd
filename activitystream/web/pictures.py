"""The pictures of a line: its actor's ``as_image``, or initials, and the icon of its verb."""

import re
import unicodedata
from collections.abc import Callable
from hashlib import blake2b
from itertools import takewhile
from typing import Any

from markupsafe import Markup
from tg import request

from ..lib.options import option
from ..model.entity_words import image_of
from .outside import as_read_there

#: How many colours the stylesheet has for initials.
_COLOURS = 8

_IMAGE = Markup('<img class="{}" src="{}" alt="" loading="lazy" width="40" height="40"/>')
#: The stylesheet shows the sign. As text, it would be a part of the line for screen readers, and
#: without the stylesheet.
_SIGN = Markup('<span class="{}" data-activitystream-sign="{}" aria-hidden="true"></span>')

#: A picture's address, besides a path of this site: anything else is not shown.
_ADDRESS = re.compile(r"https?://|data:image/", re.ASCII | re.I)


def pictures() -> Callable[[Any], Markup]:
    """Return a function that renders the pictures of an action. Make one for each request."""
    icons = option("icons")

    def pictures_of(action: Any) -> Markup:
        icon = icons.get(action.verb)
        return _actor(action) if icon is None else _actor(action) + _icon(icon)

    return pictures_of


def _actor(action: Any) -> Markup:
    entity = action.entity("actor")
    address = None if entity is None else _address(image_of(entity))
    if address is not None:
        return _IMAGE.format("activitystream-picture", address)
    name = action.name_of("actor")
    colour = blake2b(name.encode(errors="replace"), digest_size=1).digest()[0] % _COLOURS
    return _SIGN.format(f"activitystream-picture activitystream-colour-{colour}", initials(name))


def _icon(icon: str) -> Markup:
    address = _address(icon) if "/" in icon else None
    if address is not None:
        return _IMAGE.format("activitystream-icon", address)
    return _SIGN.format("activitystream-icon", icon)


def _address(given: Any) -> str | None:
    if given is None or given == "":
        return None
    address = str(given)
    if _ADDRESS.match(address):
        return address
    if not address.startswith("/") or address.startswith("//"):
        return None
    root = request.script_name
    is_below = root and address.startswith(f"{root}/")
    return as_read_there(address if is_below else f"{root}{address}")


def initials(name: str) -> str:
    """Return the first letters of the first and the last word of a name, in capitals.

    Signs before a word count only if it has no letters; accents stay with their letter.
    """
    words = [letter for letter in map(_first_letter, name.split()) if letter]
    if not words:
        return name.strip()[:1]
    return "".join(words if len(words) == 1 else (words[0], words[-1])).upper()


def _first_letter(word: str) -> str:
    start = next((n for n, each in enumerate(word) if each.isalnum()), None)
    if start is None:
        return ""
    accents = takewhile(unicodedata.combining, word[start + 1 :])
    return word[start] + "".join(accents)
