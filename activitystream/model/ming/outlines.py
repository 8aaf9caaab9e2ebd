"""Reading the outlines of a stream's actions."""

from collections.abc import Sequence
from typing import Any

from ..action import ROLES
from ..values import Address, Hidden, Only, Outline, Window
from .keys import as_stored
from .reading import cursor_of_document, documents_of_stream

_ROLES = [f"{role}_{part}" for role in ROLES for part in ("type", "id")]

_FIELDS = ("timestamp", "verb", *_ROLES)


def read_outlines(
    to: Sequence[Address],
    window: Window,
    skip: int,
    limit: int,
    only: Only | None = None,
    hidden: Hidden | None = None,
) -> list[Outline]:
    """Return the outlines of the actions for any of these addresses or for everyone."""
    documents = documents_of_stream(
        dict.fromkeys(_FIELDS, True), to, window, skip, limit, only, hidden
    )
    return list(map(_outline, documents))


def _outline(document: dict[str, Any]) -> Outline:
    its = (as_stored(document.get(name)) for name in _ROLES)
    return Outline(cursor_of_document(document), document["verb"], *its)
