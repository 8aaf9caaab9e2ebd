"""What an ORM has to do for readers: those who see a stream, mark it, and mute a part of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from .values import Cursor, Marking, Marks, Muted, Reference, Window


class ReadersBackend(Protocol):
    """The part of :class:`~activitystream.model.backend.Backend` that is about readers."""

    def has_seen_field(self, cls: type) -> bool:
        """Return whether a class stores a ``last_activity_seen``."""

    def read_addressees(self, window: Window) -> Iterator[tuple[Reference | None, datetime]]:
        """Yield the recipients of the actions in a window, with the timestamp of their newest.

        None is everyone. A recipient may be yielded several times. The work grows with the
        recipients of the actions, and with nothing else.

        :param window: has an ``after``. Its cursors have no id.
        """

    def reader_keys(self, cls: type, before: datetime) -> Iterator[Any]:
        """Yield the keys of the entities of a class that have marked nothing since a moment.

        Entities of other classes that are stored with them may be among them.

        :param cls: one that stores a ``last_activity_seen``, which is null or smaller.
        """

    def mark(
        self,
        recipient: Any,
        reader: Reference,
        moment: datetime,
        decide: Callable[[datetime | None, Marks | None], Marking],
    ) -> datetime | None:
        """Move ``last_activity_seen`` forward, on the object too, and store what a mark changes.

        The field is written alone, and never moves backwards. Marks of one reader come one after
        the other.

        :param moment: the new value of the field.
        :param decide: called with the field and the marks before; again if the marks changed
            meanwhile.
        :returns: the value of the field before.
        :raises LookupError: if the recipient is not stored any more.
        """

    def mark_actions(
        self, recipient: Any, reader: Reference, actions: Iterable[Any], is_read: bool
    ) -> None:
        """Store that a reader has read these actions, or keeps them unread. Both are seen then.

        :raises LookupError: if the recipient is not stored any more.
        """

    def read_states(
        self, reader: Reference, cursors: Sequence[Cursor]
    ) -> tuple[Marks | None, Mapping[Any, bool | None]]:
        """Return a reader's marks, and the single marks of these actions by id, with one query.

        A single mark is True (read), False (kept unread) or None (seen).
        """

    def read_marks(self, reader: Reference, limit: int) -> Marks | None:
        """Return a reader's marks, by one query; None if there are none.

        :param limit: how many of those above ``seen_floor`` to read, newest first.
        """

    def delete_marks(self, readers: Sequence[Reference], dry_run: bool) -> int:
        """Delete what readers have seen and read.

        :param dry_run: count, and delete nothing.
        :returns: the number of marks: one for each reader, and one for each single action.
        """

    def mute(self, reader: Reference, muted: Muted) -> None:
        """Store a mute of a reader, unless it is stored already."""

    def unmute(self, reader: Reference, muted: Muted) -> None:
        """Delete a mute that :meth:`mute` has stored."""

    def read_mutes(self, reader: Reference) -> list[Muted]:
        """Return what a reader has muted."""

    def delete_mutes(self, references: Sequence[Reference], dry_run: bool) -> int:
        """Delete the mutes of readers, and others' mutes of them.

        :param dry_run: count, and delete nothing.
        :returns: the number of mutes.
        """
