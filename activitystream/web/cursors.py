"""Cursors as a request's parameter."""

from .. import model
from ..model import clock
from ..model.values import Cursor


def cursor_as_text(cursor: Cursor) -> str:
    """Return the text of a cursor, which :func:`cursor_from_text` reads."""
    return f"{clock.as_text(cursor.timestamp)}_{cursor.id}"


def cursor_from_text(text: object) -> Cursor:
    """Read a cursor from a request's parameter.

    :raises ValueError: if it is none.
    """
    moment, _, id_text = text.partition("_") if isinstance(text, str) else ("", "", "")
    action_id = model.orm.action_id_from_text(id_text) if moment else None
    try:
        timestamp = clock.parse(moment)
    except ValueError:
        timestamp = None
    if timestamp is None or action_id is None:
        raise ValueError("invalid `before` cursor: take it from the link to the next page")
    return Cursor(timestamp, action_id)
