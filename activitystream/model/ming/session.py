"""The host's session: what becomes of it after an error, and what it lets go of."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from pymongo.errors import PyMongoError

from .private import Forgotten, is_unchanged
from .tables import Action

#: How many documents are read together.
BATCH = 1000


#: What is raised when the database cannot do what it is asked.
DATABASE_ERRORS = (PyMongoError,)


def transaction_is_broken(error: BaseException) -> bool:
    """MongoDB keeps what was written."""
    return False


class _NoTransaction:
    """MongoDB keeps what was written, whatever comes after."""

    def is_lost(self) -> bool:
        return False


def watched_transaction() -> AbstractContextManager[_NoTransaction]:
    """There is none to be lost."""
    return nullcontext(_NoTransaction())


def recover() -> bool:
    """What was written before an error of the database's is still there."""
    return True


def end_request(succeeded: bool, managed: bool = False) -> None:
    """Nothing to do: MongoDB keeps what was written."""


def in_batches(documents: Any) -> Any:
    # Else pymongo makes objects of up to 16 MB of documents at once. mim can't.
    return documents.batch_size(BATCH) if hasattr(documents, "batch_size") else documents


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
    """Nothing to do: MongoDB keeps what was written."""
