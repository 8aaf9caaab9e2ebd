"""What is done once an action is stored for good: MongoDB stores it at once."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ming.odm import ThreadLocalODMSession, session

from .. import DBSession
from .entities import entity_classes, other_classes
from .private import set_aside


def when_committed(action_id: Any, tell: Callable[[Iterable[Any]], None]) -> bool:
    """Return False: it is stored already."""
    return False


@contextmanager
def own_transaction() -> Iterator[None]:
    """Run a block in sessions of its own, and flush them unless it raises."""
    every = [DBSession.wrapped_session, *map(session, (*entity_classes(), *other_classes()))]
    own = {id(each): each for each in every if isinstance(each, ThreadLocalODMSession)}
    with set_aside(own.values()):
        yield
        for each in own.values():
            each.flush()
