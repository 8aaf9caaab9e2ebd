"""The hook ``activitystream.after_commit``: it is called with each action that is committed."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import model
from ..model.pages import read_together
from . import hooks

log = logging.getLogger(__name__)

_HOOK = "activitystream.after_commit"


class Request:
    """A request, and what it stored where the database has no transaction."""

    def __init__(self) -> None:
        self.succeeded = False
        self.ids: list[Any] = []


class _Round:
    """Calls the hooks with some actions, and with those that the hooks create themselves."""

    def __init__(self) -> None:
        self._created: list[Any] = []  # by the hooks that are called now

    def add(self, ids: Iterable[Any]) -> None:
        """Add actions that a hook has just created."""
        self._created.extend(ids)

    def tell(self, root: Any) -> None:
        """Call each hook with an action, and then with each action that this created.

        Depth first: breadth first, hooks that create two actions each would create billions before
        they reach the depth limit.
        """
        waiting = [(root, 0)]
        while waiting:
            action_id, depth = waiting.pop()
            called = hooks.registered(_HOOK)
            if depth == hooks.DEEPEST:
                without_end = hooks.WITHOUT_END
                log.error(without_end.format(name=_HOOK, hooks=called, deepest=hooks.DEEPEST))
                return
            self._created = []
            for hook in called:
                _call(hook, action_id)
            waiting.extend((each, depth + 1) for each in reversed(self._created))


class _InThread(threading.local):
    """The state of this thread.

    A context variable would not do: a job in another thread may outlive its hook, with a copy of
    the hook's context.
    """

    request: Request | None = None
    round: _Round | None = None


_current = _InThread()


@contextmanager
def request() -> Iterator[Request]:
    """Yield a request. At its end, hooks are told what it stored at once, if it succeeded."""
    current = Request()
    outer, _current.request = _current.request, current
    try:
        yield current
    finally:
        _current.request = outer
    if current.succeeded:
        _tell(current.ids)


def tell_later(action: Any) -> None:
    """Call the hooks with a new action once it is stored for good, if there are any.

    That is when the host's transaction is committed. Where the action is stored already, it is at
    the end of the request, or now if there is none.
    """
    if not hooks.registered(_HOOK) or model.orm.when_committed(action._id, _tell):
        return
    if _current.request is None:
        _tell([action._id])
    else:
        _current.request.ids.append(action._id)


def _tell(ids: Iterable[Any]) -> None:
    if _current.round is not None:
        _current.round.add(ids)
        return
    _current.round = _Round()
    try:
        for each in ids:
            _current.round.tell(each)
    finally:
        _current.round = None


def _call(hook: Callable[[Any], object], action_id: Any) -> None:
    """Call a hook in a transaction of its own, unless the action was deleted. Log its error.

    It is a request of its own: hooks are not told of what it created if it fails.
    """
    try:
        with request() as current, model.orm.own_transaction():
            for action in read_together(model.orm.load_actions([action_id])):
                hook(action)
            current.succeeded = True
    except Exception as error:
        log.error("The hook %s failed in %r", _HOOK, hook, exc_info=error)
