"""Reading the outlines of a stream's actions."""

from collections.abc import Sequence
from typing import Any

from ..action import ROLES
from ..values import Address, Hidden, Only, Outline, Reference, Window
from .keys import as_stored
from .reading import cursor_of_document, documents_of_stream

_FIELDS = ("timestamp", "verb", *(f"{role}_{part}" for role in ROLES for part in ("type", "id")))


def read_outlines(
    to: Sequence[Address],
    window: Window,
    skip: int,
    limit: int,
    only: Only | None = None,
    hidden: Hidden | None = None,
) -> list[Outline]:
    """Return the outlines of the actions for any of these addresses or for everyone."""
    documents = documents_of_stream(_FIELDS, to, window, skip, limit, only, hidden)
    return list(map(_outline, documents))


def _outline(document: dict[str, Any]) -> Outline:
    roles = (
        None
        if document.get(f"{role}_type") is None
        else Reference(document[f"{role}_type"], as_stored(document.get(f"{role}_id")))
        for role in ROLES
    )
    return Outline(cursor_of_document(document), document["verb"], *roles)
