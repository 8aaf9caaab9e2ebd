"""What an ORM has to do for activitystream, whichever it is.

``activitystream.model.sqlalchemy`` and ``activitystream.model.ming`` are packages with these names.
Another ORM is one more such package, which ``tests/backend`` holds against what users are promised.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from .backend_readers import ReadersBackend
from .values import About, Address, Cursor, Hidden, Only, Outline, Reference, Viewer, Window


class Watch(Protocol):
    """What is known of a transaction that is watched."""

    def is_lost(self) -> bool:
        """Return whether what was written before the block is lost. Call it once."""


class Backend(ReadersBackend, Protocol):
    """The names of an ORM's package.

    An *id* is the ``_id`` of an action. A *key* is the primary key of an entity as actions store
    it: hashable, and equal to what the database gives back. A datetime is naive UTC to the
    millisecond. Any function that asks the database may raise one of :attr:`DATABASE_ERRORS`.
    """

    @property
    def Action(self) -> type[Any]:
        """The class of the stored action, an :class:`~activitystream.model.action.ActionMixin`."""

    @property
    def MODELS(self) -> tuple[type[Any], ...]:
        """The classes that ``activitystream.model`` shows to the host."""

    @property
    def SEEN_FIELD(self) -> str:
        """The line that adds ``last_activity_seen`` to a class, for errors to quote."""

    @property
    def STORE_IT(self) -> str:
        """What to do with a new entity before an action refers to it, for errors to quote."""

    @property
    def DATABASE_ERRORS(self) -> tuple[type[Exception], ...]:
        """What is raised if the database cannot do what it is asked."""

    # Set-up

    def check_configuration(self, conf: dict[str, Any]) -> None:
        """Refuse a configuration that the ORM cannot work with.

        :raises tg.configuration.utils.TGConfigError: with what to write instead.
        """

    def join_host_model(self, conf: dict[str, Any]) -> None:
        """Add our tables to the host's metadata, where an ORM has such a thing."""

    def start(self, conf: dict[str, Any]) -> None:
        """Prepare the ORM for an app that starts, once its session is known."""

    def prepare_database(self) -> None:
        """Make the tables and indexes, or bring those of an older release up to date."""

    # The host's transaction

    def transaction_is_broken(self, error: BaseException) -> bool:
        """Return whether an error has cost the host its transaction.

        :param error: what was raised in it, and caught.
        """

    def watched_transaction(self) -> AbstractContextManager["Watch"]:
        """Watch the host's transaction during a block that runs the host's code."""

    def recover(self) -> bool:
        """Make the session usable again after an error of the database's, if nothing is lost by it.

        A transaction that has written nothing is rolled back.

        :returns: False if something was written: the error has to propagate then.
        """

    def end_request(self, succeeded: bool, managed: bool = False) -> None:
        """End the transactions that nobody else ends, after a request to one of our URLs.

        :param succeeded: commit them, rather than roll them back.
        :param managed: a transaction manager outside of TurboGears commits the host's session.
        """

    def when_committed(self, action_id: Any, tell: Callable[[Iterable[Any]], None]) -> bool:
        """Call a function once the host's transaction is committed, if there is one.

        It is never called for what was rolled back, a savepoint included. It may begin
        :meth:`own_transaction`.

        :param action_id: the id of an action that was just stored.
        :param tell: called with the ids of all actions that one transaction stored.
        :returns: False if the action is stored already, so that there is nothing to wait for.
        """

    def own_transaction(self) -> AbstractContextManager[None]:
        """Run a block in sessions of its own, and commit what it does unless it raises.

        The host's own sessions, and what they hold, are there again after it.
        """

    def begin_marking(self, *entities: Any) -> None:
        """Make requests that mark the same stream at once wait for each other.

        :param entities: the entities that the caller marks or needs afterwards.
        """

    def commit_batch(self) -> None:
        """Commit what was removed so far, so that a long removal blocks nobody."""

    # Writing

    def check_fields(self, fields: dict[str, Any]) -> None:
        """Refuse an action that the database would not store.

        :param fields: as for :meth:`insert_action`.
        :raises ValueError: with what to do.
        """

    def check_filters(self, filters: dict[str, Any]) -> None:
        """Refuse values that no action can have.

        :param filters: as for :meth:`find_actions`.
        :raises ValueError: if there is such a value.
        """

    def insert_action(self, fields: dict[str, Any]) -> Any:
        """Store one action: inside the host's transaction, if the ORM has one, else at once.

        :param fields: all fields of the action but its ``_id``. ``*_id`` are keys; ``_recipients``
            is a list of ``{"_type": …, "_id": …}``, each entity once, or None for everyone.
            Where ``notify_actor`` is False, it is hidden from its actor.
        :returns: the action, which the host's session holds.
        :raises ValueError: as :meth:`check_fields`. Nothing is stored then.
        """

    def insert_action_once(self, fields: dict[str, Any], once: str) -> tuple[Any, bool]:
        """Store one action as :meth:`insert_action`, unless there is one with the same key.

        :param once: the digest of the key. It is free again once the action is deleted.
        :returns: the action, and whether it is new. Of several at once, one is.
        """

    def insert_actions(self, actions: list[dict[str, Any]]) -> None:
        """Store several actions that :meth:`check_fields` has passed. The session holds none."""

    def restore_action(self, fields: dict[str, Any]) -> Any:
        """Make an action of what was stored. No session holds it.

        :param fields: what its ``_in_hand()`` gave.
        """

    # Reading

    def read_stream(
        self,
        to: Sequence[Address],
        window: Window,
        skip: int,
        limit: int | None,
        only: Only | None = None,
        hidden: Hidden | None = None,
    ) -> Iterator[Any]:
        """Yield the actions for any of these addresses or for everyone, each once, newest first.

        :param to: at least one.
        :param window: leave out what is not in it.
        :param skip: leave out as many more first.
        :param limit: yield at most as many; None for all.
        :param only: leave out what its reader has seen, or read.
        :param hidden: leave out what its reader is not told.
        """

    def read_outlines(
        self,
        to: Sequence[Address],
        window: Window,
        skip: int,
        limit: int,
        only: Only | None = None,
        hidden: Hidden | None = None,
    ) -> list[Outline]:
        """Return the outlines of the actions that :meth:`read_stream` yields, newest first."""

    def read_cursors(self, to: Sequence[Address], window: Window, limit: int) -> list[Cursor]:
        """Return the cursors of the actions that :meth:`read_stream` yields, without mutes applied.

        :returns: at most ``limit``, newest first.
        """

    def count_stream(
        self,
        to: Sequence[Address],
        window: Window,
        limit: int | None = None,
        only: Only | None = None,
        hidden: Hidden | None = None,
    ) -> int:
        """Count the actions for any of these addresses or for everyone, each once.

        :param to: at least one.
        :param window: leave out what is not in it.
        :param limit: stop counting here; None counts all.
        :param only: leave out what its reader has seen, or read.
        :param hidden: leave out what its reader is not told.
        """

    def find_in_stream(self, to: Sequence[Address], ids: Collection[Any]) -> list[Any]:
        """Return the actions with these ids that are for any of these addresses or for everyone.

        :param to: at least one.
        """

    def read_about(
        self, about: About, window: Window, skip: int, limit: int | None, for_everyone: bool
    ) -> Iterator[Any]:
        """Yield the actions with an entity in a role, newest first.

        :param for_everyone: leave out what is not for everyone. False includes all.
        """

    def count_about(self, about: About, window: Window, for_everyone: bool) -> int:
        """Count the actions of :meth:`read_about`."""

    def cursors_about(
        self, about: About, window: Window, limit: int, viewer: Viewer
    ) -> list[tuple[Cursor, bool]]:
        """Return the cursors of actions with an entity in a role, newest first.

        :param limit: the most to return.
        :returns: pairs of a cursor, and whether the viewer may see the action.
        """

    def load_actions(self, ids: Sequence[Any]) -> list[Any]:
        """Return these actions, newest first, without those that are not stored any more."""

    def find_actions(
        self, filters: dict[str, Any], order_by: str, desc: bool, skip: int, limit: int | None
    ) -> list[Any]:
        """Read the actions whose fields have these values, whoever their recipients are.

        :param order_by: a field. Actions that are equal in it are ordered by ``_id``. The database
            decides where nulls come.
        :returns: those after ``skip``, at most ``limit``.
        """

    def count_actions(self, filters: dict[str, Any]) -> int:
        """Count the actions whose fields have these values."""

    def read_recipients(self, action: Any, page: Sequence[Any], few: int) -> Sequence[Any]:
        """Read the recipients of an action, and of those on its page that have few.

        :param few: the most recipients that count as few.
        :returns: the actions whose recipients were read, to load their entities together.
        """

    def release(self, actions: list[Any], loaded: list[Any]) -> None:
        """Let the session forget what nobody else holds, so that a long iteration fits in memory.

        What somebody has changed stays in the session.

        :param actions: emptied, as is ``loaded``.
        :param loaded: what :meth:`load_entities` gave for the actions.
        """

    def action_id_from_text(self, text: str) -> Any:
        """Return the id that a request's text stands for; None if it stands for none."""

    # Removing

    def count_before(self, before: datetime) -> int:
        """Count the actions with a smaller timestamp."""

    def ids_before(self, before: datetime) -> Iterator[list[Any]]:
        """Yield the ids of the actions with a smaller timestamp, oldest first, 1,000 a time."""

    def delete_actions(self, ids: list[Any]) -> int:
        """Delete actions by their ids, and have the session forget them.

        :returns: how many were still there.
        """

    def ids_saying(
        self, actor: Address, verb: str, target: Address | None, action_obj: Address | None
    ) -> list[Any]:
        """Return the ids of the actions that say exactly this; None is for no entity."""

    def read_references(self) -> Iterator[list[tuple[Any, ...]]]:
        """Yield all actions in batches of 1,000: their ids, and the type and key of each role.

        The roles come in the order of :data:`~activitystream.model.action.ROLES`.
        """

    def clear_role(self, role: str, ids: list[Any], references: Sequence[Reference]) -> int:
        """Set type, key and name of a role to null in the actions with an entity in that role.

        Also changes the objects that the session holds.

        :param ids: the actions to look at. Some may have another entity in the role by now.
        :param references: each of the entity's names with each of its keys.
        :returns: the number of actions changed.
        """

    def ids_addressed_to(self, references: Sequence[Reference]) -> Iterator[list[Any]]:
        """Yield the ids of the actions that are for an entity, in batches of 1,000.

        :param references: as for :meth:`clear_role`.
        """

    def remove_recipients(self, ids: list[Any], references: Sequence[Reference]) -> int:
        """Remove an entity from the recipients of actions; without any left, they are for nobody.

        Also changes the objects that the session holds.

        :param ids: the actions to look at.
        :param references: as for :meth:`clear_role`.
        :returns: the number of actions changed.
        """

    # The host's entities

    def entity_classes(self) -> tuple[type, ...]:
        """Return the classes of the host's model, and of the models that it plugs."""

    def other_classes(self) -> tuple[type, ...]:
        """Return the classes that the host stores apart from these.

        One has its type name only if no class of a model claims it.
        """

    def is_entity(self, candidate: Any) -> bool:
        """Return whether something is an object of a class that the host stores."""

    def root_of(self, cls: type) -> type:
        """Return the topmost class whose objects are stored with those of ``cls``."""

    def check_session(self, entity: Any) -> None:
        """Refuse an entity that could not be loaded again.

        :raises ValueError: with what to do.
        """

    def key_of(self, entity: Any) -> Any:
        """Return the key of an entity; None if it is not stored yet.

        :raises ValueError: if no key can stand for it: with the class and the reason.
        """

    def is_held(self, entity: Any) -> bool:
        """Return whether loading an entity anew would give this very object, unless it is deleted.

        It is in the session of its class then, with its fields.
        """

    def keys_from_text(self, cls: type, text: str) -> list[Any]:
        """Return the keys that a request's text may stand for; none if it can stand for none."""

    def key_as_text(self, type_name: str, key: Any) -> Any:
        """Return a key as JSON shows it and requests name it: a number or a text."""

    def load_entities(self, cls: type, keys: Collection[Any]) -> Mapping[Any, Any]:
        """Load entities of a root class, by one query for about 1,000 keys.

        :returns: the entities by key, without those that are not stored any more.
        """


if TYPE_CHECKING:
    from . import ming, sqlalchemy

    _MING: Backend = ming
    _SQLALCHEMY: Backend = sqlalchemy
