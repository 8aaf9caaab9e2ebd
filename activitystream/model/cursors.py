"""Where an action stands in a stream."""

from typing import Any

from .clock import naive_utc
from .values import Cursor


def cursor_of(action: Any) -> Cursor:
    """Return where an action stands in a stream."""
    return Cursor(naive_utc(action.timestamp), action._id)
