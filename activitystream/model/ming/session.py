"""The host's session: what becomes of it after an error, and what it lets go of."""

import weakref
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from ming.odm import session, state
from ming.odm.base import ObjectState
from pymongo.errors import PyMongoError

from .. import DBSession
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


def release(actions: Iterable[Action], loaded: Iterable[Mapping[Any, Any]]) -> None:
    """Let go of what was read, which the sessions would keep to their end.

    What is changed after all is back in its session, to be flushed. What refers to itself stays in
    memory until Python looks for such, which it seldom does: so nothing of these does.

    :param loaded: what :func:`load_entities` gave for the actions.
    """
    for each in (*actions, *(entity for part in loaded for entity in getattr(part, "made", ()))):
        its_state, its_session = state(each), session(each)
        # No session holds what was let go of already, or what the host took out of its session.
        if its_session is not None and its_state.status == ObjectState.clean:
            its_session.expunge(each)
            released_objects().add(each)
            its_state.soil = partial(_back_in_session, weakref.ref(each), its_session)
            its_state.tracker.state = weakref.proxy(its_state)
            each.__ming__.instance = None  # nothing reads it


def released_objects() -> "weakref.WeakSet[Any]":
    """What this thread's session let go of, and somebody still has in hand."""
    released: weakref.WeakSet[Any]
    released = vars(DBSession.uow).setdefault("activitystream_released", weakref.WeakSet())
    return released


def _back_in_session(reference: "weakref.ref[Any]", its_session: Any) -> None:
    changed = reference()
    its_state = state(changed)
    del its_state.soil
    released_objects().discard(changed)
    its_session.save(changed)
    its_state.soil()


def commit_batch() -> None:
    """Nothing to do: MongoDB keeps what was written."""
