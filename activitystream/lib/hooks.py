"""Telling a host that dispatches what happened, by TurboGears' hooks."""

import logging
from typing import Any

import tg

from .. import model

log = logging.getLogger(__name__)


def notify(name: str, *arguments: Any) -> None:
    """Call what the host registered for a hook.

    One that raises is logged, and the request goes on, unless it left the host's transaction in
    ruins: then its error propagates, or the host would take for stored what never will be.
    """
    # One by one: TurboGears' own notify would either stop at the first error or keep it to itself.
    for hook in tuple(tg.hooks._hooks.get(name, ())):
        try:
            hook(*arguments)
        except Exception as error:
            if model.orm.transaction_is_broken(error):
                raise
            log.exception("The hook %s failed in %r", name, hook)
