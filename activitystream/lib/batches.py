"""The entities that a page of actions refers to, loaded together."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from .. import model
from .references import Reference, class_named

#: A page with more recipients than this loads them only when somebody asks for them, and
_FEW_RECIPIENTS = 200
#: with more than this, those of the one action that was asked.
_MANY_RECIPIENTS = 10_000


class Batch:
    """What the actions of one page refer to.

    Whoever first asks for an entity causes one query for all of its kind on the page.
    """

    def __init__(self, actions: Sequence[Any], known: dict[Reference, Any] | None = None) -> None:
        self._actions = actions
        self._known = known or {}
        self._recipients = sum(action.number_of_recipients or 0 for action in actions)
        self._classes: dict[str, type | None] = {}  # by type name
        self._asked: dict[type, set[Any]] = {}
        self._found: dict[type, list[Mapping[Any, Any]]] = {}

    def __reduce__(self) -> Any:
        """Pickle no entity along, since they may hold passwords."""
        return Batch, (self._actions,)

    def entity(self, reference: Reference | None) -> Any:
        """The entity that is referred to; None if there is none, or none any more."""
        if reference is None:
            return None
        self._load([reference], _FEW_RECIPIENTS if model.orm.RECIPIENTS_COME_ALONG else 0)
        return self._loaded(reference)

    def asked_with(self, action: Any) -> Sequence[Any]:
        """The actions whose recipients are asked for together with those of one."""
        return self._actions if self._recipients <= _MANY_RECIPIENTS else [action]

    def recipients(self, references: Iterable[Reference]) -> list[Any]:
        """The recipients of one action, in this order, deleted ones left out."""
        references = list(references)
        self._load(references, _MANY_RECIPIENTS)
        return [entity for entity in map(self._loaded, references) if entity is not None]

    def release(self) -> None:
        """Let go of the actions, and of what was loaded for them."""
        loaded = [part for found in self._found.values() for part in found]
        model.orm.release(self._actions, loaded)

    def _load(self, references: list[Reference], with_recipients: int) -> None:
        """Load what these refer to, and what the page does, unless that was loaded already.

        :param with_recipients: those of the page too, if there are no more than this.
        """
        missing: dict[type, set[Any]] = {}
        for reference in references:
            cls = None if reference in self._known else self.class_named(reference.type)
            if cls is not None and reference.key not in self._asked.get(cls, ()):
                missing.setdefault(cls, set()).add(reference.key)
        along = self._recipients <= with_recipients
        for cls, keys in missing.items():
            asked = self._asked.setdefault(cls, set())
            keys = (keys | self._keys_on_page(cls, along)) - asked
            asked |= keys
            self._found.setdefault(cls, []).append(model.orm.load(cls, keys))

    def _loaded(self, reference: Reference) -> Any:
        if reference in self._known:
            return self._known[reference]
        cls = self.class_named(reference.type)
        for found in self._found[cls] if cls is not None else ():
            if reference.key in found:
                return found[reference.key]
        return None

    def _keys_on_page(self, cls: type, recipients: bool) -> set[Any]:
        keys = self._keys_in_roles.get(cls, set())
        return keys | self._keys_of_recipients.get(cls, set()) if recipients else keys

    @cached_property
    def _keys_in_roles(self) -> dict[type | None, set[Any]]:
        return self._keys(each for action in self._actions for each in action.references())

    @cached_property
    def _keys_of_recipients(self) -> dict[type | None, set[Any]]:
        return self._keys(
            each for action in self._actions for each in action.recipient_references()
        )

    def _keys(self, references: Iterable[Reference]) -> dict[type | None, set[Any]]:
        keys: dict[type | None, set[Any]] = {}
        for reference in references:
            keys.setdefault(self.class_named(reference.type), set()).add(reference.key)
        return keys

    def class_named(self, name: str) -> type | None:
        """The class that a type name means, looked up once for the page."""
        if name not in self._classes:
            self._classes[name] = class_named(name)
        return self._classes[name]


def read_together(actions: list[Any], known: dict[Reference, Any] | None = None) -> list[Any]:
    """Make these actions one page, whose entities are loaded together.

    :param known: entities in hand, which need not be loaded.
    """
    batch = Batch(actions, known)
    for action in actions:
        action._batch = batch
    return actions
