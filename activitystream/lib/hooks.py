"""Call the host's hooks. ``after_commit.py`` calls those of ``activitystream.after_commit``."""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import tg

from .. import model

log = logging.getLogger(__name__)


def notify(name: str, *arguments: Any) -> None:
    """Call each function that the host registered for a hook.

    The error of one is logged, and the request goes on. If the error has cost the host its
    transaction, it propagates: otherwise the host would believe that its changes are stored.

    :raises RuntimeError: if a function ends the host's transaction without an error.
    :raises RecursionError: if hooks call each other 32 deep.
    """
    hooks = registered(name)
    if not hooks:
        return
    if _depth.get() == DEEPEST:
        raise RecursionError(WITHOUT_END.format(name=name, hooks=hooks, deepest=DEEPEST))
    deeper = _depth.set(_depth.get() + 1)
    try:
        for hook in hooks:
            _call(hook, name, arguments)
    finally:
        _depth.reset(deeper)


def registered(name: str) -> tuple[Callable[..., Any], ...]:
    """Return the functions that are registered for a hook.

    Private: ``tg.hooks._hooks``. ``tg.hooks.notify`` replaces it, but stops at the first error or
    keeps each to itself. ``tests/lib/test_private.py`` fails when TurboGears changes the name.
    """
    return tuple(tg.hooks._hooks.get(name, ()))


def _call(hook: Callable[..., Any], name: str, arguments: tuple[Any, ...]) -> None:
    with model.orm.watched_transaction() as transaction:
        try:
            hook(*arguments)
        except RecursionError:
            raise  # the hook may have stopped anywhere
        except Exception as error:
            if transaction.is_lost():
                raise
            log.error("The hook %s failed in %r", name, hook, exc_info=error)
        else:
            if transaction.is_lost():
                raise RuntimeError(_ENDED.format(name=name, hook=hook))


#: How many hooks may be called inside each other. Python's own limit may stop inside a driver, and
#: leave a connection unusable.
DEEPEST = 32

_depth: ContextVar[int] = ContextVar("depth", default=0)

#: The error for hooks that call each other, or create actions for each other, too deep.
WITHOUT_END = (
    "hooks of {name} call themselves ({deepest} deep): {hooks} must not create or mark what "
    "triggers {name}"
)

_ENDED = (
    "{hook!r}, a hook of {name}, ended the transaction in which it was called. What was written "
    "before is lost. Leave the end of the transaction to the request: have the hook raise its "
    "errors, or use a savepoint (DBSession.begin_nested) for what may fail"
)
