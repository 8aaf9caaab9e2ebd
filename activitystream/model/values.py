"""Values that pass between the layers: references to entities, and places in a stream."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple


class Reference(NamedTuple):
    """How an action refers to an entity.

    ``type`` is a type name (see :mod:`activitystream.model.names`), and ``key`` the primary key as
    actions store it.
    """

    type: str
    key: Any


class Address(NamedTuple):
    """All references that actions may have to an entity: one of these type names, and the key."""

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


class Outline(NamedTuple):
    """The few fields of an action that groups need, read without the action.

    Keys are as the database stores them, for comparison only. Where a type is None, there is no
    entity, whatever the key is.
    """

    cursor: Cursor
    verb: str
    actor_type: str | None
    actor_id: Any
    target_type: str | None
    target_id: Any
    action_obj_type: str | None
    action_obj_id: Any


#: A stream from its newest action to its oldest.
WHOLE_STREAM = Window()


class Only(NamedTuple):
    """The part of a stream that a reader has not seen, or not read."""

    #: ``unseen`` or ``unread``.
    what: str
    #: The reader.
    reader: Reference
    #: The reader's ``last_activity_seen``, naive UTC; None if it has no value.
    last_seen: datetime | None


class Muted(NamedTuple):
    """A reader's mute: it hides actions that match all fields given here.

    References use the oldest name of a class, as a reader's does.
    """

    verb: str | None = None
    actor: Reference | None = None
    target: Reference | None = None

    @classmethod
    def of_fields(cls, fields: Mapping[str, Any]) -> "Muted":
        """Return the mute that was stored as :attr:`fields`."""
        actor, target = (
            None
            if fields[f"{role}_type"] is None
            else Reference(fields[f"{role}_type"], fields[f"{role}_id"])
            for role in ("actor", "target")
        )
        return cls(fields["verb"], actor, target)

    @property
    def fields(self) -> dict[str, Any]:
        """The stored values, by the names of an action's fields."""
        roles = {"actor": self.actor, "target": self.target}
        return {
            "verb": self.verb,
            **{f"{role}_type": its and its.type for role, its in roles.items()},
            **{f"{role}_id": its and its.key for role, its in roles.items()},
        }

    @property
    def digest(self) -> str:
        """A text of 64 characters that identifies the mute."""
        return sha256(repr(self).encode(errors="surrogatepass")).hexdigest()


class Hidden(NamedTuple):
    """What a stream leaves out: its reader's own actions with ``notify_actor=False``, and mutes."""

    reader: Reference
    #: False shows what they muted.
    muted: bool = True


#: The most actions above a floor that are remembered one by one.
MOST_REMEMBERED = 1000


class Marks(NamedTuple):
    """What a reader has seen and read, except actions marked one by one.

    Times are naive UTC.
    """

    #: The reader's ``last_activity_seen`` as the last mark left it. If the field has another value,
    #: the host has set it: then the field alone says what is seen.
    mark: datetime | None
    #: Actions up to here are seen.
    seen_floor: datetime
    #: Actions up to here are read.
    read_floor: datetime
    #: Actions above ``seen_floor`` that are seen too, newest first.
    seen: tuple[Cursor, ...] = ()

    def with_seen(self, cursors: Iterable[Cursor]) -> "Marks":
        """Return the marks with these actions seen, and no others above the floor."""
        floor, above = remembered(cursors, self.seen_floor)
        return self._replace(seen_floor=floor, seen=above)


def remembered(
    cursors: Iterable[Cursor], floor: datetime, most: int = MOST_REMEMBERED
) -> tuple[datetime, tuple[Cursor, ...]]:
    """Return a floor, and the cursors above it, newest first, at most ``most``.

    If there are more, the floor rises to the newest that is dropped.
    """
    above = sorted({each for each in cursors if each.timestamp > floor}, reverse=True)
    if len(above) > most:
        floor = above[most].timestamp
        above = [each for each in above[:most] if each.timestamp > floor]
    return floor, tuple(above)


class Marking(NamedTuple):
    """What a mark changes."""

    #: The new marks. The ORM sets their ``mark``.
    marks: Marks
    #: The actions above ``read_floor`` that are read; None if the mark reads nothing.
    read: tuple[Cursor, ...] | None


class About(NamedTuple):
    """The actions that have an entity in a role."""

    #: ``actor``, ``target`` or ``action_obj``.
    role: str
    entity: Address


class Viewer(NamedTuple):
    """Somebody who sees what they did, and what is for them or for everyone."""

    myself: Address
    #: The viewer and their audiences.
    to: Sequence[Address]
