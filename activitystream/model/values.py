"""Values that pass between the layers: references to entities, and places in a stream."""

from datetime import datetime
from typing import Any, NamedTuple


class Reference(NamedTuple):
    """How an action refers to an entity.

    ``type`` is a type name (see :mod:`activitystream.model.names`), and ``key`` the primary key as
    actions store it.
    """

    type: str
    key: Any


class Address(NamedTuple):
    """All references that actions may have to a recipient: any of these type names, and the key."""

    names: tuple[str, ...]
    key: Any


class Cursor(NamedTuple):
    """The place of an action in any stream, ordered by timestamp, then by ``_id``.

    ``timestamp`` is naive UTC.
    """

    timestamp: datetime
    id: Any


class Window(NamedTuple):
    """The actions before one cursor and after another; None is no limit."""

    before: Cursor | None = None
    after: Cursor | None = None


#: A stream from its newest action to its oldest.
WHOLE_STREAM = Window()
