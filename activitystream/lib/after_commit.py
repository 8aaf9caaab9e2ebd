"""The hook ``activitystream.after_commit``: it is told of an action that is stored for good."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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


class _Queue:
    """The actions to tell of. A hook that creates others lengthens it."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Any, int]] = deque()
        self._depth = -1  # of the action that is told of: how many hooks led to it

    def add(self, ids: Iterable[Any]) -> None:
        """Tell of these actions too."""
        self._waiting.extend((each, self._depth + 1) for each in ids)

    def tell_all(self) -> None:
        """Call each hook with each action."""
        while self._waiting:
            action_id, self._depth = self._waiting.popleft()
            called = hooks.registered(_HOOK)
            if self._depth == hooks.DEEPEST:
                without_end = hooks.WITHOUT_END
                log.error(without_end.format(name=_HOOK, hooks=called, deepest=hooks.DEEPEST))
                continue
            for hook in called:
                _call(hook, action_id)


_request: ContextVar[Request | None] = ContextVar("request", default=None)

_queue: ContextVar[_Queue | None] = ContextVar("queue", default=None)


@contextmanager
def request() -> Iterator[Request]:
    """Yield a request. At its end, hooks are told what it stored at once, if it succeeded."""
    current = Request()
    outer = _request.set(current)
    try:
        yield current
    finally:
        _request.reset(outer)
    if current.succeeded:
        _tell(current.ids)


def tell_later(action: Any) -> None:
    """Call the hooks with a new action once it is stored for good, if there are any.

    That is when the host's transaction is committed. Where the action is stored already, it is at
    the end of the request, or now if there is none.
    """
    if not hooks.registered(_HOOK) or model.orm.when_committed(action._id, _tell):
        return
    current = _request.get()
    if current is None:
        _tell([action._id])
    else:
        current.ids.append(action._id)


def _tell(ids: Iterable[Any]) -> None:
    running = _queue.get()
    if running is not None:
        running.add(ids)
        return
    queue = _Queue()
    queue.add(ids)
    outer = _queue.set(queue)
    try:
        queue.tell_all()
    finally:
        _queue.reset(outer)


def _call(hook: Callable[[Any], object], action_id: Any) -> None:
    """Call a hook in a transaction of its own, unless the action was deleted. Log its error."""
    try:
        with model.orm.own_transaction():
            for action in read_together(model.orm.load_actions([action_id])):
                hook(action)
    except Exception as error:
        log.error("The hook %s failed in %r", _HOOK, hook, exc_info=error)
