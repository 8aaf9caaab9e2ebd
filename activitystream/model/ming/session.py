"""The host's session: what it holds after a long iteration, and after an error."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ming import mim
from pymongo.errors import PyMongoError

from .. import DBSession
from .private import Forgotten, is_unchanged
from .tables import Action

#: The number of documents in one batch.
BATCH = 1000


#: What is raised if the database cannot do what it is asked.
DATABASE_ERRORS = (PyMongoError,)


def transaction_is_broken(error: BaseException) -> bool:
    """Return False: MongoDB keeps what was written."""
    return False


class _NoTransaction:
    """A transaction that is never lost: MongoDB keeps what was written."""

    def is_lost(self) -> bool:
        """Return False."""
        return False


def watched_transaction() -> AbstractContextManager[_NoTransaction]:
    """Watch nothing: there is no transaction to lose."""
    return nullcontext(_NoTransaction())


def recover() -> bool:
    """Return True: what was written before an error of the database's is still there."""
    return True


def end_request(succeeded: bool, managed: bool = False) -> None:
    """Do nothing: MongoDB keeps what was written."""


def in_batches(documents: Any) -> Any:
    """Have a cursor read its documents in batches of 1,000."""
    # Without it, pymongo reads up to 16 MB of documents at once. mim has no batches.
    return documents.batch_size(BATCH) if hasattr(documents, "batch_size") else documents


def is_mim() -> bool:
    """Return whether the database is Ming's own, in memory. It lacks ``$nor`` and ``$group``."""
    return isinstance(DBSession.db, mim.Database)


def release(actions: list[Action], loaded: list[Any]) -> None:
    """Let the session forget what nobody else holds, so that a long iteration fits in memory.

    :param actions: emptied, as is ``loaded``.
    :param loaded: what :func:`load_entities` gave for the actions.
    """
    read = [*actions, *(entity for part in loaded for entity in part.made)]
    actions.clear()
    loaded.clear()
    forgotten = [Forgotten(each) for each in filter(is_unchanged, read)]
    read.clear()
    for each in forgotten:
        each.settle()


def commit_batch() -> None:
    """Do nothing: MongoDB keeps what was written."""
