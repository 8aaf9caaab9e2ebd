"""The entities that a page of actions refers to, loaded together."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from .. import model
from .cursors import cursor_of
from .names import class_named, reader_of
from .system import SYSTEM, SYSTEM_REFERENCE
from .values import Marks, Reference

_States = tuple[Marks | None, Mapping[Any, bool | None]]

#: How many actions' recipients are read and loaded together.
_TOGETHER = 100

#: An action with more recipients than this is read alone, when it is asked for them.
_FEW_RECIPIENTS = 100


class Page:
    """The entities that the actions of one page refer to.

    The first request for an entity loads all of its class on the page by one query.
    """

    def __init__(self, actions: list[Any], known: dict[Reference, Any] | None = None) -> None:
        self._actions = actions
        self._entities = {**(known or {}), SYSTEM_REFERENCE: SYSTEM}
        self._classes: dict[str, type | None] = {}  # by type name
        self._asked: dict[type, set[Any]] = {}
        self._found: dict[type, list[Mapping[Any, Any]]] = {}
        self._states: dict[Reference, tuple[Hashable, _States]] = {}  # by reader
        self._reader: tuple[Any, Reference] | None = None  # who was asked about last

    def __reduce__(self) -> Any:
        """Pickle no entity along, since they may hold passwords."""
        return Page, (self._actions,)

    def entity(self, reference: Reference | None) -> Any:
        """Return the entity of a reference; None without a reference, or if it was deleted."""
        if reference is None:
            return None
        if reference not in self._entities:
            self._load([reference])
            self._entities[reference] = self._loaded(reference)
        return self._entities[reference]

    def entities(
        self, references: Sequence[Reference], along: Callable[[], Iterable[Reference]]
    ) -> list[Any]:
        """Return the entities of these references, without deleted ones.

        :param along: returns further references to load with them, if one has to be loaded.
        """
        self._load(references, along)
        return [entity for entity in map(self._loaded, references) if entity is not None]

    def read_recipients(self, action: Any) -> Sequence[Any]:
        """Read the recipients of an action, and of the actions around it that have few.

        :returns: the actions whose recipients may be loaded together.
        """
        start = self._places[id(action)] // _TOGETHER * _TOGETHER
        part = self._actions[start : start + _TOGETHER]
        together: Sequence[Any] = model.orm.read_recipients(action, part, _FEW_RECIPIENTS)
        return together

    def states(self, recipient: Any, version: Hashable) -> "_States":
        """Return what a reader has seen and read of these actions; see ``Backend.read_states``.

        :param version: if it differs from the last call's, they are read again.
        """
        if self._reader is None or self._reader[0] is not recipient:
            self._reader = recipient, reader_of(recipient)
        reader = self._reader[1]
        known, states = self._states.get(reader, (None, None))
        if states is None or known != version:
            states = model.orm.read_states(reader, [cursor_of(each) for each in self._actions])
            self._states[reader] = version, states
        return states

    def release(self) -> None:
        """Release the actions and the loaded entities. Do not use the page afterwards."""
        for action in self._actions:
            if action._read_with is self:
                action._read_with = None
        loaded = [part for found in self._found.values() for part in found]
        self._found.clear()
        self._entities.clear()
        model.orm.release(self._actions, loaded)

    def _load(
        self, references: Iterable[Reference], along: Callable[[], Iterable[Reference]] = tuple
    ) -> None:
        """Load these entities, unless they were loaded, and with them all of the page.

        :param along: gives further references to load with them.
        """
        missing: dict[type, set[Any]] = {}
        for reference in references:
            cls = None if reference in self._entities else self.class_named(reference.type)
            if cls is not None and reference.key not in self._asked.get(cls, ()):
                missing.setdefault(cls, set()).add(reference.key)
        if not missing:
            return
        others = self._keys(along())
        for cls, keys in missing.items():
            asked = self._asked.setdefault(cls, set())
            on_page = self._keys_in_roles.get(cls, set()) | others.get(cls, set())
            keys = (keys | on_page) - asked
            asked |= keys
            self._found.setdefault(cls, []).append(model.orm.load_entities(cls, keys))

    def _loaded(self, reference: Reference) -> Any:
        if reference in self._entities:
            return self._entities[reference]
        cls = self.class_named(reference.type)
        for found in self._found[cls] if cls is not None else ():
            if reference.key in found:
                return found[reference.key]
        return None

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(action): place for place, action in enumerate(self._actions)}

    @cached_property
    def _keys_in_roles(self) -> dict[type | None, set[Any]]:
        return self._keys(each for action in self._actions for each in action.references())

    def _keys(self, references: Iterable[Reference]) -> dict[type | None, set[Any]]:
        keys: dict[type | None, set[Any]] = {}
        for reference in references:
            keys.setdefault(self.class_named(reference.type), set()).add(reference.key)
        return keys

    def class_named(self, name: str) -> type | None:
        """Return the class that a type name means, looked up once for the page."""
        if name not in self._classes:
            self._classes[name] = class_named(name)
        return self._classes[name]


def read_together(actions: list[Any], known: dict[Reference, Any] | None = None) -> list[Any]:
    """Put actions on one page, so that their entities are loaded together.

    :param known: entities that need not be loaded.
    """
    page = Page(actions, known)
    for action in actions:
        action._read_with = page
    return actions
