"""Which session reads and writes what, in a host with several sessions, engines or databases.

``DBSession`` reads and writes our tables, and those of the host's classes that belong to no other
session: see :func:`session_of`.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from tg.configuration.utils import TGConfigError

from .. import DBSession
from .host import mappers, members

#: The attribute by which a class of the host's names its session.
SESSION_OF_CLASS = "activity_session"

#: The scoped sessions of the host besides its ``DBSession``.
_others: list[Any] = []

#: By class, the function that returns its session in this thread.
_known: dict[type, Callable[[], orm.Session]] = {}


def find_sessions(ours: tuple[type, ...], conf: dict[str, Any], modules: list[ModuleType]) -> None:
    """Find the host's sessions, and give its ``DBSession`` an engine for our tables.

    It may have engines for the host's classes alone, by ``binds={Base: engine}``. If these are one
    engine, it is ours too; if they are several, ours is TurboGears' own.

    :param ours: our classes.
    :raises TGConfigError: if ``DBSession`` cannot be given an engine.
    """
    _known.clear()
    _known.update(dict.fromkeys(ours, _main))
    main = conf["DBSession"]
    _others[:] = [each for each in members(modules, orm.scoped_session) if each is not main]
    # This thread's session would keep the engine of this start when the app is made anew.
    session = main.session_factory()
    if engine_for(session, ours[0]) is not None:
        return
    engines = {engine_for(session, mapper) for mapper in mappers(modules)} - {None}
    of_app = getattr(conf.get("tg.app_globals"), "sa_engine", None)
    engine = engines.pop() if len(engines) == 1 else of_app
    if engine is None:
        return  # the host may bind its session later
    factory = main.session_factory
    if not isinstance(factory, orm.sessionmaker):
        raise TGConfigError(
            "activitystream cannot find the database of its tables: DBSession has no engine for "
            "them. Have its factory give sessions a bind, or binds={…} with an engine for "
            "activitystream.model.Action and activitystream.model.ActionRecipient."
        )
    factory.configure(binds={**(factory.kw.get("binds") or {}), **dict.fromkeys(ours, engine)})
    if main.registry.has():
        for cls in ours:
            main.registry().bind_mapper(cls, engine)  # the factory made it before


def session_of(cls: type[Any]) -> orm.Session:
    """Return the session of this thread that a class belongs to.

    It is the one that the class names as its ``activity_session`` or has a ``query`` of; else
    ``DBSession``, unless the class's table is in another session's database alone.
    """
    found = _known.get(cls) or _find(cls)
    if found is None:
        return _main()  # the class's table is not made yet
    _known[cls] = found
    return found()


def sessions() -> list[orm.Session]:
    """Return ``DBSession`` and the sessions of this thread that loaded classes of the host's."""
    every = [_main(), *(each() for each in {*tuple(_known.values())})]
    return [*{id(each): each for each in every}.values()]


def registries() -> list[Any]:
    """Return what gives each thread its session, of ``DBSession`` and of the host's others."""
    return [DBSession.registry, *(each.registry for each in _others)]


def check_session(entity: Any) -> None:
    """Refuse an entity that could not be loaded again.

    :raises ValueError: if its session is on another database than the session of its class.
    """
    cls, owner = type(entity), orm.object_session(entity)
    session = session_of(cls)
    if owner is None or owner is session:
        return
    kind = type(owner)
    if kind is type(session) and kind.get_bind is not orm.Session.get_bind:
        return  # TurboGears' BalancedSession chooses another engine each time
    theirs, ours = engine_for(owner, cls), engine_for(session, cls)
    if theirs is None or (ours is not None and _same_database(theirs, ours)):
        return
    raise ValueError(
        f"this {cls.__module__}.{cls.__qualname__} is not in the database of its class's session: "
        f"name its scoped_session in the class, or in a base of it, like "
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
    """Find the session whose database has the class's table; None if there is not exactly one."""
    here = engine_for(_main(), cls)
    elsewhere = [
        each.registry
        for each in _others
        if (there := engine_for(each.registry(), cls)) is not None
        and (here is None or not _same_database(here, there))
    ]
    if not elsewhere or (here is not None and _has_table(_main(), cls)):
        return _main
    found = [registry for registry in elsewhere if _has_table(registry(), cls)]
    return found[0] if len({engine_for(registry(), cls) for registry in found}) == 1 else None


def _has_table(session: orm.Session, cls: type[Any]) -> bool:
    (table, *_) = sa.inspect(cls).tables
    # The session's own connection may be the only one to the database, as with SQLite in memory.
    connection = session.connection(bind_arguments={"mapper": cls})
    return sa.inspect(connection).has_table(table.name, table.schema)


def engine_for(session: orm.Session, mapped: Any) -> sa.Engine | None:
    """Return the engine that a session has for a class; None if it has none."""
    try:
        return session.get_bind(mapped).engine
    except sa.exc.UnboundExecutionError:
        return None


def _same_database(one: sa.Engine, other: sa.Engine) -> bool:
    if one is other:
        return True
    in_memory = one.dialect.name == "sqlite" and one.url.database in (None, "", ":memory:")
    return one.url == other.url and not in_memory
