"""The entities that a page of actions refers to, loaded together."""

from collections.abc import Iterable, Sequence
from typing import Any

from .. import model
from .references import Reference, class_named

#: A page whose actions have more recipients than this loads them only when they are asked for.
_RECIPIENTS_LOADED_ALONG = 1000


class Batch:
    """What the actions of one page refer to.

    Whoever first asks for an entity causes one query for all of its kind on the page.
    """

    def __init__(self, actions: Sequence[Any], known: dict[Reference, Any] | None = None) -> None:
        self._actions = actions
        self._classes: dict[str, type | None] = {}  # by type name
        self._asked: dict[type, set[Any]] = {}
        self._found: dict[type, dict[Any, Any]] = {}
        for reference, entity in (known or {}).items():
            cls = model.orm.root_of(type(entity))
            self._asked.setdefault(cls, set()).add(reference.key)
            self._found.setdefault(cls, {})[reference.key] = entity

    def entity(self, reference: Reference | None) -> Any:
        """The entity that is referred to; None if there is none, or none any more."""
        found = self.entities([] if reference is None else [reference])
        return found[0] if found else None

    def entities(self, references: Iterable[Reference]) -> list[Any]:
        """The entities that are referred to, in this order, deleted ones left out."""
        classes = [(self._class(reference.type), reference.key) for reference in references]
        wanted: dict[type, set[Any]] = {}
        for cls, key in classes:
            if cls is not None and key not in self._asked.get(cls, ()):
                wanted.setdefault(cls, set()).add(key)
        for cls, keys in wanted.items():
            self._load(cls, keys)
        return [
            self._found[cls][key]
            for cls, key in classes
            if cls is not None and key in self._found[cls]
        ]

    def _load(self, cls: type, keys: set[Any]) -> None:
        asked = self._asked.setdefault(cls, set())
        keys = (keys | self._keys_on_page(cls)) - asked
        asked |= keys
        self._found.setdefault(cls, {}).update(model.orm.load(cls, keys))

    def _keys_on_page(self, cls: type) -> set[Any]:
        recipients = sum(action.number_of_recipients for action in self._actions)
        along = recipients <= _RECIPIENTS_LOADED_ALONG
        return {
            reference.key
            for action in self._actions
            for reference in action.references(recipients=along)
            if self._class(reference.type) is cls
        }

    def _class(self, name: str) -> type | None:
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
