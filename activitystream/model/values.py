"""The values that pass between the layers: what an action refers to, and places in a stream."""

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
    """How any action may refer to a recipient: by one of these type names, and by this key."""

    names: tuple[str, ...]
    key: Any


class Cursor(NamedTuple):
    """Where an action stands in every stream: by its timestamp, then by its ``_id``.

    ``timestamp`` is naive UTC.
    """

    timestamp: datetime
    id: Any


class Window(NamedTuple):
    """The actions that happened before one cursor and after another; None is no limit."""

    before: Cursor | None = None
    after: Cursor | None = None


#: A stream from its newest action to its oldest.
WHOLE_STREAM = Window()
