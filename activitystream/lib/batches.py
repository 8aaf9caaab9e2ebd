"""The entities that a page of actions refers to, loaded together."""

from collections import ChainMap
from collections.abc import Iterable, Sequence
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
        self._recipients = sum(action.number_of_recipients or 0 for action in actions)
        self._classes: dict[str, type | None] = {}  # by type name
        self._asked: dict[type, set[Any]] = {}
        self._found: dict[type, ChainMap[Any, Any]] = {}
        for reference, entity in (known or {}).items():
            cls = model.orm.root_of(type(entity))
            self._asked.setdefault(cls, set()).add(reference.key)
            self._found.setdefault(cls, ChainMap())[reference.key] = entity

    def entity(self, reference: Reference | None) -> Any:
        """The entity that is referred to; None if there is none, or none any more."""
        if reference is None:
            return None
        along = _FEW_RECIPIENTS if model.orm.RECIPIENTS_COME_ALONG else 0
        found = self._entities([reference], along)
        return found[0] if found else None

    def asked_with(self, action: Any) -> Sequence[Any]:
        """The actions whose recipients are asked for together with those of one."""
        return self._actions if self._recipients <= _MANY_RECIPIENTS else [action]

    def recipients(self, references: Iterable[Reference]) -> list[Any]:
        """The recipients of one action, in this order, deleted ones left out."""
        return self._entities(references, _MANY_RECIPIENTS)

    def _entities(self, references: Iterable[Reference], with_recipients: int) -> list[Any]:
        """
        :param with_recipients: load those of the page along, if there are no more than this.
        """
        wanted = [(self.class_named(reference.type), reference.key) for reference in references]
        missing: dict[type, set[Any]] = {}
        for cls, key in wanted:
            if cls is not None and key not in self._asked.get(cls, ()):
                missing.setdefault(cls, set()).add(key)
        along = self._recipients <= with_recipients
        for cls, keys in missing.items():
            asked = self._asked.setdefault(cls, set())
            keys = (keys | self._keys_on_page(cls, along)) - asked
            asked |= keys
            self._found.setdefault(cls, ChainMap()).maps.append(model.orm.load(cls, keys))
        return [
            self._found[cls][key]
            for cls, key in wanted
            if cls is not None and key in self._found[cls]
        ]

    def _keys_on_page(self, cls: type, recipients: bool) -> set[Any]:
        return {
            reference.key
            for action in self._actions
            for reference in action.references(recipients)
            if self.class_named(reference.type) is cls
        }

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
