"""What a page can do without: an error in it is logged, and the rest of the page is shown."""

import logging
from collections.abc import Callable
from typing import TypeVar

from .. import model

log = logging.getLogger(__name__)

T = TypeVar("T")


def attempt(do: Callable[[], T], otherwise: T, consequence: str, *names: object) -> T:
    """What ``do`` returns; ``otherwise`` if it raises.

    :param consequence: what becomes of the error, for the log; ``names`` fill it in as ``logging``
        does.
    :raises Exception: the error itself, if it is the database's, for which there are rules of
        their own, or if it cost the host what it had written.
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
