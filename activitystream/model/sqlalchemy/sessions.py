"""Which session reads and writes what, in a host with several sessions, engines or databases.

Ours are read and written by the app's ``DBSession``, and so are the host's classes, unless they
belong to another session: see :func:`session_of`.
"""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from tg.configuration.utils import TGConfigError

from .. import DBSession
from .host import mappers, members

#: A class of the host's says by it which session it belongs to.
SESSION_OF_CLASS = "activity_session"

#: The scoped sessions of the host, beside its ``DBSession``.
_others: list[Any] = []

#: By class, what gives the session of this thread.
_known: dict[type, Callable[[], orm.Session]] = {}


def bind(ours: tuple[type, ...], conf: dict[str, Any], modules: list[ModuleType]) -> None:
    """Find out which sessions a host has, and have its ``DBSession`` know the engine of our tables.

    It may have engines only for classes of the host's, by ``binds={Base: engine}``. Ours then are
    where these all are; if that is in several places, where TurboGears' own engine leads.

    :param ours: our classes.
    :raises TGConfigError: if its sessions cannot be told.
    """
    _known.clear()
    main = conf["DBSession"]
    _others[:] = [each for each in members(modules, orm.scoped_session) if each is not main]
    # Not this thread's, which would keep the engine of this start when the app is made anew.
    session = main.session_factory()
    if _bind_of(session, ours[0]) is not None:
        return
    engines = {_bind_of(session, mapper) for mapper in mappers(modules)} - {None}
    of_app = getattr(conf.get("tg.app_globals"), "sa_engine", None)
    engine = engines.pop() if len(engines) == 1 else of_app
    if engine is None:  # the host may bind its session later
        return
    factory = main.session_factory
    if not isinstance(factory, orm.sessionmaker):
        raise TGConfigError(
            "activitystream cannot tell the database of its tables: have the factory of DBSession "
            "give its sessions a bind, or binds={…} with an engine for "
            "activitystream.model.Action and activitystream.model.ActionRecipient."
        )
    factory.configure(binds={**(factory.kw.get("binds") or {}), **dict.fromkeys(ours, engine)})
    if main.registry.has():
        for cls in ours:
            main.registry().bind_mapper(cls, engine)  # it was made before


def session_of(cls: type[Any]) -> orm.Session:
    """The session of this thread that a class of the host's belongs to.

    That which it names as its ``activity_session``, or has a ``query`` of; else ``DBSession``,
    unless the class's table is in another session's database and not in that of this one.
    """
    found = _known.get(cls) or _find(cls)
    if found is None:  # its table is not made yet
        return _main()
    _known[cls] = found
    return found()


def sessions() -> list[orm.Session]:
    """``DBSession``, and those of this thread that classes of the host's were loaded by."""
    every = [_main(), *(each() for each in {*tuple(_known.values())})]
    return [*{id(each): each for each in every}.values()]


def check_session(entity: Any) -> None:
    """Refuse an entity that could not be loaded again.

    :raises ValueError: if its session is on another database than the one that would load it.
    """
    cls, owner = type(entity), orm.object_session(entity)
    session = session_of(cls)
    if owner is None or owner is session:
        return
    kind = type(owner)
    if kind is type(session) and kind.get_bind is not orm.Session.get_bind:
        return  # TurboGears' BalancedSession chooses another engine each time
    theirs, ours = _bind_of(owner, cls), _bind_of(session, cls)
    if theirs is None or (ours is not None and _same_database(theirs, ours)):
        return
    raise ValueError(
        f"this {cls.__module__}.{cls.__qualname__} is in another database than that in which a "
        f"page would look for it: name its scoped_session in the class, or in a base of it, like "
        f"{SESSION_OF_CLASS} = OtherSession"
    )


def _main() -> orm.Session:
    session: orm.Session = DBSession.registry()
    return session


def _find(cls: type[Any]) -> Callable[[], orm.Session] | None:
    named = getattr(cls, SESSION_OF_CLASS, None)
    if named is not None:
        if not isinstance(named, orm.scoped_session):
            raise TypeError(
                f"{cls.__module__}.{cls.__qualname__}.{SESSION_OF_CLASS} must be a scoped_session, "
                f"not {named!r}"
            )
        return _registry_of(named.registry()) or named.registry
    query = getattr(cls, "query", None)
    if isinstance(query, orm.Query):
        return _registry_of(query.session) or (lambda: cls.query.session)
    return _by_table(cls)


def _registry_of(session: Any) -> Callable[[], orm.Session] | None:
    every = (_main, *(each.registry for each in _others))
    return next((registry for registry in every if registry() is session), None)


def _by_table(cls: type[Any]) -> Callable[[], orm.Session] | None:
    """By the database that has the class's table; None if that is none, or several do."""
    here = _bind_of(_main(), cls)
    elsewhere = [
        each.registry
        for each in _others
        if (there := _bind_of(each.registry(), cls)) is not None
        and (here is None or not _same_database(here, there))
    ]
    if not elsewhere or (here is not None and _has_table(_main(), cls)):
        return _main
    found = [registry for registry in elsewhere if _has_table(registry(), cls)]
    return found[0] if len({_bind_of(registry(), cls) for registry in found}) == 1 else None


def _has_table(session: orm.Session, cls: type[Any]) -> bool:
    (table, *_) = sa.inspect(cls).tables
    # By the session's own connection: there may be no second one, as with SQLite in memory.
    connection = session.connection(bind_arguments={"mapper": cls})
    return sa.inspect(connection).has_table(table.name, table.schema)


def _bind_of(session: orm.Session, mapped: Any) -> sa.Engine | None:
    """The engine that a session has for a class; None if it has none."""
    try:
        return session.get_bind(mapped).engine
    except sa.exc.UnboundExecutionError:
        return None


def _same_database(one: sa.Engine, other: sa.Engine) -> bool:
    if one is other:
        return True
    in_memory = one.dialect.name == "sqlite" and one.url.database in (None, "", ":memory:")
    return one.url == other.url and not in_memory


# Transactions


def listeners_of_zope(session: orm.Session) -> Iterator[Any]:
    """The listeners by which zope.sqlalchemy knows of a session that was registered with it."""
    for listener in session.dispatch.after_flush:
        owner = getattr(listener, "__self__", None)
        if hasattr(owner, "mark_changed"):
            yield owner


def _managers_of(session: orm.Session) -> list[Any]:
    return [each.transaction_manager for each in listeners_of_zope(session)]


def is_doomed() -> bool:
    """Whether somebody decided that nothing of the transaction is to be stored."""
    return any(manager.isDoomed() for each in sessions() for manager in _managers_of(each))


def connections_of(session: Any) -> list[sa.Connection]:
    """Those on which a session's transaction has begun."""
    transaction = session.get_transaction()
    if transaction is None:
        return []
    # Nothing public names them, and Session.connection would begin one on each database. Each is
    # there by its engine too.
    return list(dict.fromkeys(each[0] for each in transaction._connections.values()))


def is_flushing(session: Any) -> bool:
    """Whether this is called by a listener to a flush, in which no other can begin."""
    # Nothing public tells, but the error of a flush that is tried, which is that of others too.
    flushing: bool = session._flushing
    return flushing


def has_only_read(session: Any) -> bool:
    """Whether nothing was written, by the account of zope.sqlalchemy, nor is about to be."""
    if session.new or session.dirty or session.deleted:
        return False
    return account_of(session) == "active"


def was_written(session: Any) -> bool:
    """Whether something was, by the same account; it is lost if the transaction has ended since."""
    return account_of(session) == "changed"


def account_of(session: Any) -> str | None:
    """What zope.sqlalchemy knows of a session, by which it decides what is committed."""
    try:
        # Nothing public tells it.
        from zope.sqlalchemy.datamanager import _SESSION_STATE
    except ImportError:
        return None
    account: str | None = _SESSION_STATE.get(session)
    return account


def end_request(succeeded: bool, managed: bool = False) -> None:
    """End the transactions that nobody else has ended, and give back their connections.

    :param succeeded: commit them; else they are rolled back.
    :param managed: somebody outside commits what was registered with zope.sqlalchemy.
    """
    for session in sessions():
        managers = _managers_of(session)
        if not session.in_transaction() or (managed and managers):
            continue
        try:
            for manager in managers:
                _end(manager, succeeded)
            if succeeded and not managers:
                session.commit()
        finally:
            session.rollback()  # what was only read, with zope.sqlalchemy's keep_session


def _end(manager: Any, succeeded: bool) -> None:
    if not succeeded or manager.isDoomed():
        manager.abort()
        return
    try:
        manager.commit()
    except BaseException:
        manager.abort()
        raise
