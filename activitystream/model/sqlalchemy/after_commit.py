"""Call functions once the host's transaction is committed, in a transaction of their own."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import event, orm

from .. import DBSession
from .ending import end, end_request, managers_of
from .private_zope import without_transaction
from .sessions import registries, sessions
from .tables import Action

_Tell = Callable[[Iterable[Any]], None]

#: Where a session keeps its :class:`_Waiting`.
_WAITING = "activitystream.waiting"


class _Waiting:
    """The actions that a session's open transaction and savepoints have stored."""

    def __init__(self, session: orm.Session) -> None:
        #: The function to call for each id, by savepoint or transaction.
        self._stored: dict[Any, dict[Any, _Tell]] = {}
        self._committed: Any = None
        event.listen(session, "after_commit", self._note_commit)
        event.listen(session, "after_transaction_end", self._settle)

    def add(self, session: orm.Session, action_id: Any, tell: _Tell) -> None:
        self._stored.setdefault(_innermost(session), {})[action_id] = tell

    def _note_commit(self, session: orm.Session) -> None:
        self._committed = _innermost(session)

    def _settle(self, session: orm.Session, ended: Any) -> None:
        """Drop what was rolled back; pass on what was committed to the outer level, or to call."""
        stored = self._stored.pop(ended, {})
        is_committed, self._committed = self._committed is ended, None
        if not stored or not is_committed:
            return
        if ended.nested:
            outer = ended.parent
            while not outer.nested and outer.parent is not None:  # a flush's
                outer = outer.parent
            self._stored.setdefault(outer, {}).update(stored)
            return
        managers = managers_of(session)
        if managers:
            # Wait for the manager: its session commits last, but has not finished here.
            managers[0].get().addAfterCommitHook(lambda _: _tell_of(stored))
        else:
            _tell_of(stored)


def _innermost(session: orm.Session) -> Any:
    return session.get_nested_transaction() or session.get_transaction()


def _tell_of(stored: dict[Any, _Tell]) -> None:
    for tell in dict.fromkeys(stored.values()):
        tell([action_id for action_id in stored if stored[action_id] is tell])


def when_committed(action_id: Any, tell: _Tell) -> bool:
    """Call a function once the host's transaction is committed; never for what is rolled back.

    :returns: False in AUTOCOMMIT.
    """
    session = DBSession.registry()
    if session.get_transaction() is None or _is_autocommit(session):
        return False
    waiting = session.info.get(_WAITING)
    if waiting is None:
        waiting = session.info[_WAITING] = _Waiting(session)
    waiting.add(session, action_id, tell)
    return True


def _is_autocommit(session: orm.Session) -> bool:
    connection = session.connection(bind_arguments={"mapper": Action})
    # SQLAlchemy has it from 2.0.43 on, and not for every driver.
    detect = getattr(connection.dialect, "detect_autocommit_setting", None)
    try:
        return detect is not None and bool(detect(connection.connection.dbapi_connection))
    except NotImplementedError:
        return False


@contextmanager
def own_transaction() -> Iterator[None]:
    """Run a block in sessions of its own, and commit what it does unless it raises."""
    managers = {id(each): each for session in sessions() for each in managers_of(session)}
    with ExitStack() as until_the_end:
        for manager in managers.values():
            until_the_end.enter_context(without_transaction(manager))
        until_the_end.enter_context(_own_sessions())
        succeeded = False
        try:
            yield
            succeeded = True
        finally:
            # The host's code may have joined other resources, like a mail.
            for manager in managers.values():
                end(manager, succeeded)
            end_request(succeeded)


@contextmanager
def _own_sessions() -> Iterator[None]:
    """Give this thread new sessions during the block, and then its own again."""
    held = [(registry, registry()) for registry in registries() if registry.has()]
    for registry in registries():
        registry.clear()
    try:
        yield
    finally:
        for registry in registries():
            if registry.has():
                registry().close()
            registry.clear()
        for registry, session in held:
            registry.set(session)
