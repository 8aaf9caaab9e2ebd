"""What ``get_actions`` finds: a pair whose first part is counted on first access."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from .. import model


class FoundActions(Sequence[Any]):
    """The number of matches, and the list of actions: ``total, actions = am.get_actions()``."""

    def __init__(self, filters: dict[str, Any], actions: list[Any]) -> None:
        self._filters = filters
        #: The actions, within ``limit`` and ``offset``.
        self.actions = actions

    @cached_property
    def total(self) -> int:
        """The number of matches, before ``limit`` and ``offset``."""
        return model.orm.count_actions(self._filters)

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: Any) -> Any:
        if index in (1, -1):
            return self.actions
        return (self.total, self.actions)[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (tuple, FoundActions)):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __repr__(self) -> str:
        return repr(tuple(self))
