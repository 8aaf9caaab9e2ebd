"""What an action can do, whichever ORM stores it."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import datetime
from typing import Any, ClassVar, Protocol

from .. import model
from . import clock, entity_words
from .pages import Page
from .values import Reference
from .words import _, ngettext, pgettext

#: An action has three fields for each: ``actor_type``, ``actor_id``, ``actor_name``, …
ROLES = ("actor", "target", "action_obj")

#: The stored fields that hold one value, by which actions can be filtered and ordered.
FIELDS = (
    "_id",
    *(f"{role}_{part}" for role in ROLES for part in ("type", "id", "name")),
    "verb",
    "description",
    "extra",
    "timestamp",
)


def checked_role(role: str) -> str:
    """Return a role; refuse a name that is not one.

    :raises ValueError: with the roles that there are.
    """
    if role not in ROLES:
        raise ValueError(f"no role {role!r}; use actor, target or action_obj")
    return role


class Verbs(Protocol):
    """What an action calls in the layer above: :class:`activitystream.ActionManager`."""

    def get_by_recipient(self, recipient: Any, also: Iterable[Any] = ()) -> Any:
        """Return the stream of a recipient."""

    def count_not_seen_by_recipient(
        self, recipient: Any, limit: int | None = None, also: Iterable[Any] = ()
    ) -> int:
        """Count the actions that a recipient has not seen."""

    def is_unseen(self, action: Any, recipient: Any) -> bool:
        """Return whether a recipient has not seen an action."""

    def is_read(self, action: Any, recipient: Any) -> bool:
        """Return whether a recipient has read an action."""


class ActionMixin:
    """One action: who did what (``actor verb action_obj target``), for whom, and when.

    ``timestamp`` is naive UTC to the millisecond.
    """

    # Each ORM has its own kind of attribute for these.
    _id: Any
    verb: Any
    timestamp: Any
    _recipients: Any
    number_of_recipients: Any  # None if it is for everyone

    #: :mod:`activitystream.lib.managers` sets it.
    verbs: ClassVar[Verbs]

    def __init__(self, *args: Any, **fields: Any) -> None:
        """Refuse to make an action that would be in no stream.

        :raises TypeError: always. ``restore_action`` makes actions without this.
        """
        raise TypeError(
            "do not call Action(): it would be in no stream. Call am.create(actor, verb, …), which "
            "stores it (from activitystream import am)"
        )

    #: The page that the action was read with.
    _read_with: Page | None = None

    @property
    def actor(self) -> Any:
        """Who did it: the entity's ``as_str``, else the entity; None if it was deleted."""
        return self._shown("actor")

    @property
    def target(self) -> Any:
        """The target: its ``as_str``, else the entity; None if there is none, or it was deleted."""
        return self._shown("target")

    @property
    def action_obj(self) -> Any:
        """The object: always the entity; None if there is none, or it was deleted."""
        return self.entity("action_obj")

    @property
    def target_link(self) -> Any:
        """The target's ``as_link``, or None."""
        return entity_words.link_of(self.entity("target"))

    @property
    def recipients(self) -> list[Any]:
        """The entities it is for, without deleted ones; empty if it is for everyone or nobody."""
        page = self._page()

        def of_page() -> Iterator[Reference]:
            for action in page.read_recipients(self):
                yield from action.recipient_references()

        return page.entities(self.recipient_references(), of_page)

    @property
    def for_everyone(self) -> bool:
        """Whether it is for everyone: it was created with ``recipients=None``."""
        return self.number_of_recipients is None

    def entity(self, role: str) -> Any:
        """Return the entity in a role (``actor``, ``target``, ``action_obj``), or None.

        :raises ValueError: if there is no such role.
        """
        return self._page().entity(self._reference(role))

    def name_of(self, role: str) -> str:
        """Return a name of the entity in a role that anyone may see; "" if there is none.

        A deleted entity has the name that the action kept, or "deleted". Any other has its
        ``as_str``, else what its class's own ``__str__`` gives, else the name of its class.

        :raises ValueError: if there is no such role.
        """
        reference = self._reference(role)
        if reference is None:
            return ""
        entity = self._page().entity(reference)
        if entity is None:
            return getattr(self, f"{role}_name") or pgettext("what an action refers to", "deleted")
        return entity_words.name_of(entity, reference.type)

    @property
    def sentence(self) -> str:
        """``<actor> <verb> [<action_obj>] [<target>]`` as plain text, with a translated verb."""
        names = {role: self.name_of(role) for role in ROLES}
        parts = (names["actor"], _(self.verb), names["action_obj"], names["target"])
        return " ".join(part for part in parts if part)

    def is_unseen_by(self, recipient: Any) -> bool:
        """Return whether a recipient has not seen it: see ``am.mark_seen``."""
        return self.verbs.is_unseen(self, recipient)

    def is_read_by(self, recipient: Any) -> bool:
        """Return whether a recipient has read it: see ``am.mark_read``."""
        return self.verbs.is_read(self, recipient)

    def states_on_page(self, recipient: Any, version: Hashable) -> Any:
        """Return what a reader has seen and read of the actions that were read with this one."""
        return self._page().states(recipient, version)

    @property
    def timestamp_since(self) -> str:
        """How long ago it was, in the request's language; after a day, the date (``%x``)."""
        minutes = int((clock.now() - self.timestamp).total_seconds()) // 60
        if minutes < 1:
            return _("less than 1 minute ago")
        if minutes < 60:
            return ngettext("about %(count)d minute ago", "about %(count)d minutes ago", minutes)
        if minutes < 24 * 60:
            hours = 1 if minutes < 119 else max(2, minutes // 60)
            return ngettext("about %(count)d hour ago", "about %(count)d hours ago", hours)
        return self.timestamp.strftime("%x")

    @property
    def timestamp_24_hh_mm(self) -> str:
        """The time of day with seconds (``%X``); cut the seconds off by ``[:-3]``."""
        return self.timestamp.strftime("%X")

    @classmethod
    def get_by_recipient(cls, recipient: Any) -> Any:
        """Call :meth:`activitystream.ActionManager.get_by_recipient`."""
        return cls.verbs.get_by_recipient(recipient)

    @classmethod
    def count_not_seen_by_recipient(cls, recipient: Any) -> int:
        """Call :meth:`activitystream.ActionManager.count_not_seen_by_recipient`."""
        return cls.verbs.count_not_seen_by_recipient(recipient)

    @classmethod
    def render_str(
        cls,
        action: "ActionMixin",
        timestamp_format: Callable[[datetime], str] = lambda timestamp: timestamp.strftime("%x"),
        timestamp_since: bool = False,
    ) -> str:
        """Return ``<actor> <verb> [<action_obj>] [<target>] <time>`` as plain text.

        :param timestamp_format: turns ``action.timestamp`` into the time.
        :param timestamp_since: show ``action.timestamp_since`` as the time instead.
        """
        time = action.timestamp_since if timestamp_since else timestamp_format(action.timestamp)
        return f"{action.sentence} {time}"

    def __json__(self) -> dict[str, Any]:
        """Return the fields for JSON, without the recipients, who are private."""
        fields = {name: getattr(self, name) for name in FIELDS}
        if not isinstance(self._id, (int, type(None))):
            fields["_id"] = str(self._id)
        for role in ROLES:
            type_name, key = self._stored(f"{role}_type"), self._stored(f"{role}_id")
            if key is not None:
                fields[f"{role}_id"] = model.orm.key_as_text(type_name, key)
        return fields

    def __reduce__(self) -> Any:
        """Pickle and copy the fields only: the entities in hand may hold passwords.

        The copy belongs to no session, and loads its entities again.
        """
        return _restored, (self._in_hand(),)

    def references(self) -> Iterator[Reference]:
        """Yield its references to the entities in its roles."""
        for role in ROLES:
            reference = self._reference(role)
            if reference is not None:
                yield reference

    def recipient_references(self) -> list[Reference]:
        """Return its references to recipients; an empty list if it is for everyone or nobody."""
        return [Reference(each["_type"], each["_id"]) for each in self._recipients or ()]

    def _shown(self, role: str) -> Any:
        entity = self.entity(role)
        return None if entity is None else entity_words.shown(entity, self._stored(f"{role}_type"))

    def _reference(self, role: str) -> Reference | None:
        # 0.1.1 stored a random id where there is no entity; only the type tells.
        type_name = self._stored(f"{checked_role(role)}_type")
        return None if type_name is None else Reference(type_name, self._stored(f"{role}_id"))

    def _stored(self, name: str) -> Any:
        """Return the value of a field."""
        return getattr(self, name)

    def _in_hand(self) -> dict[str, Any]:
        """Return all of its fields as plain values, for the ORM's ``restore_action``."""
        raise NotImplementedError

    def _page(self) -> Page:
        if self._read_with is None:
            self._read_with = Page([self])
        return self._read_with


def _restored(fields: dict[str, Any]) -> Any:
    return model.orm.restore_action(fields)
