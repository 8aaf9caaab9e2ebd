"""Telling a host that dispatches what happened, by TurboGears' hooks."""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import tg

from .. import model

log = logging.getLogger(__name__)


def notify(name: str, *arguments: Any) -> None:
    """Call what the host registered for a hook.

    One that raises is logged, and the request goes on, unless the host's transaction was lost in
    it: then its error propagates, or the host would take for stored what never will be.

    :raises RuntimeError: if a hook ends the host's transaction and keeps it to itself.
    :raises RecursionError: if hooks cause hooks without end.
    """
    hooks = tuple(tg.hooks._hooks.get(name, ()))
    if not hooks:
        return
    if _depth.get() == _DEEPEST:
        raise RecursionError(_WITHOUT_END.format(name=name, hooks=hooks, deepest=_DEEPEST))
    deeper = _depth.set(_depth.get() + 1)
    try:
        # One by one: TurboGears' own notify would either stop at the first error or keep it to
        # itself.
        for hook in hooks:
            _call(hook, name, arguments)
    finally:
        _depth.reset(deeper)


def _call(hook: Callable[..., Any], name: str, arguments: tuple[Any, ...]) -> None:
    with model.orm.watched_transaction() as transaction:
        try:
            hook(*arguments)
        except RecursionError:  # which may have left anything half done
            raise
        except Exception as error:
            if transaction.is_lost():
                raise
            log.error("The hook %s failed in %r", name, hook, exc_info=error)
        else:
            if transaction.is_lost():
                raise RuntimeError(_ENDED.format(name=name, hook=hook))


#: How many hooks may be called inside each other. Python itself would stop at some place inside a
#: driver, whose connection is of no use then.
_DEEPEST = 32

_depth: ContextVar[int] = ContextVar("depth", default=0)

_WITHOUT_END = (
    "a hook of {name} is called inside another for the {deepest}th time: let {hooks} not create or "
    "mark what calls them again"
)

_ENDED = (
    "{hook!r}, registered for {name}, ended the transaction in which it was called, and what was "
    "written before is lost: let the hook raise the error that it met, begin a savepoint for what "
    "may fail (DBSession.begin_nested), and leave the end of the transaction to the request"
)
