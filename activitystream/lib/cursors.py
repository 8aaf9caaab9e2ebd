"""Write a cursor into the parameter ``before`` of a URL, and read it back."""

from .. import model
from ..model import clock
from ..model.values import Cursor


def cursor_as_text(cursor: Cursor) -> str:
    """Return a cursor as text, for :func:`cursor_from_text`."""
    return f"{clock.as_text(cursor.timestamp)}_{cursor.id}"


def cursor_from_text(text: object) -> Cursor:
    """Return the cursor that a request's parameter holds.

    :raises ValueError: if it holds none.
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
