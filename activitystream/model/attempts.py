"""Calls of the host's code: a page logs an error in one, and shows the rest."""

import logging
from collections.abc import Callable
from typing import TypeVar

from .. import model

log = logging.getLogger(__name__)

T = TypeVar("T")


def attempt(do: Callable[[], T], otherwise: T, consequence: str, *names: object) -> T:
    """Return what ``do`` returns; log an error, and return ``otherwise``.

    :param consequence: the log's message; ``names`` are its arguments.
    :raises Exception: the error itself, if it is the database's, or if it cost the host what it
        had written.
    """
    try:
        return do()
    except model.orm.DATABASE_ERRORS:
        raise
    except Exception as error:
        if model.orm.transaction_is_broken(error) and not model.orm.recover():
            raise
        log.exception(consequence, *names)
        return otherwise
