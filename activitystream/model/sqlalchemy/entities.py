"""The host's entities: which classes there are, their keys, and loading them by key."""

import re
from collections.abc import Collection
from contextlib import nullcontext, suppress
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm

from ..names import class_named
from .classes import identity_of, keys_of_class, root_of
from .driver_errors import codes_of
from .host import imported, mappers
from .private import is_flushing
from .session import chunks, savepoint
from .sessions import session_of
from .tables import Base

#: What to do with an entity before actions can refer to it.
STORE_IT = "DBSession.add() it first"


#: The registries of the classes of the host's model, and of the models that it plugs.
registries: set[Any] = set()

#: The registries of all classes, wherever they are mapped.
all_registries: set[Any] = set()


def entity_classes() -> tuple[type, ...]:
    """Return every class in the registries of the host's model and of its pluggables' models."""
    return _classes_of(frozenset(registries))


def other_classes() -> tuple[type, ...]:
    """Return the classes that are mapped apart from these models."""
    return _classes_of(frozenset(all_registries) - registries - {Base.registry})


@lru_cache(maxsize=2)
def _classes_of(registries: frozenset[Any]) -> tuple[type, ...]:
    mappers = {mapper for registry in registries for mapper in registry.mappers}
    return tuple(each.class_ for each in sorted(mappers, key=lambda each: repr(each.class_)))


@event.listens_for(orm.Mapper, "after_mapper_constructed")
def _learn_of_class(mapper: Any, cls: type) -> None:
    """Remember where a class is mapped, and forget what is cached of the classes before it."""
    all_registries.add(mapper.registry)
    _classes_of.cache_clear()
    _load_statement.cache_clear()


@cache
def learn_of_earlier_classes() -> None:
    """Remember where the classes are mapped that were mapped before us; look for them once."""
    all_registries.update(each.registry for each in mappers(imported()))


def is_entity(candidate: Any) -> bool:
    """Return whether something is an object of a mapped class."""
    return isinstance(sa.inspect(candidate, raiseerr=False), orm.InstanceState)


def key_of(entity: Any) -> str | None:
    """Return the text of an entity's key; None if no session holds the entity.

    An entity that was added to the session is flushed, inside the host's transaction.

    :raises ValueError: if the key has several columns, or no text stands for it alone.
    """
    state = sa.inspect(entity)
    keys = keys_of_class(type(entity), state.session)
    if state.pending and not is_flushing(state.session):
        state.session.flush()
    identity = state.identity or identity_of(entity)
    return None if identity is None else keys.text_of(identity[0])


def is_held(entity: Any) -> bool:
    """Return whether loading an entity anew would give this very object, unless it is deleted."""
    state = sa.inspect(entity)
    # What is expired is loaded again when it is used, one by one.
    is_whole = state.persistent and not state.expired_attributes
    return is_whole and state.session is session_of(type(entity))


def keys_from_text(cls: type, text: str) -> list[str]:
    """Return the key that a request's text stands for, as actions hold it, in a list.

    The list is empty if the text stands for no key.
    """
    try:
        keys = keys_of_class(cls)
        found = keys.text_from_request(text)
        _load(cls, [keys.key_of(found)])
    except ValueError:
        return []
    return [found]


def key_as_text(type_name: str, key: str) -> Any:
    """Return a key as JSON shows it and requests name it: a number or a text."""
    cls = class_named(type_name)
    try:
        return key if cls is None else keys_of_class(cls).as_json(key)
    except ValueError:
        return key


def action_id_from_text(text: str) -> int | None:
    """Return the id that a request's text stands for; None if it stands for none."""
    action_id = int(text) if re.fullmatch(r"0|[1-9]\d{0,18}", text, re.ASCII) else 2**63
    return action_id if action_id < 2**63 else None


def load_entities(cls: type, keys: Collection[str]) -> dict[str, Any]:
    """Load the entities that have these keys, by key, without deleted ones."""
    try:
        keys_of = keys_of_class(cls)
    except ValueError:  # by now, its key has several columns
        return {}
    # Old actions may hold keys of another kind than the class has by now.
    readable = {}
    for text in keys:
        with suppress(ValueError):
            readable[text] = keys_of.key_of(text)
    found = {}
    for chunk in chunks(readable.values()):
        for entity in _load_what_can_be(cls, chunk):
            (key,) = sa.inspect(entity).identity
            with suppress(ValueError):
                text = keys_of.text_of(key)
                # A collation may find another key too, as MySQL's find "Ann" for "ann"; and the
                # polymorphic union of concrete classes holds other classes' keys.
                if text in readable and root_of(type(entity)) is cls:
                    found[text] = entity
    return found


def _load_what_can_be(cls: type, keys: list[Any]) -> list[Any]:
    """Load the entities of these keys, without the keys that the database refuses."""
    try:
        return _load(cls, keys)
    except ValueError:
        if len(keys) == 1:
            return []
        return [each for key in keys for each in _load_what_can_be(cls, [key])]


def _load(cls: type, keys: list[Any]) -> list[Any]:
    """Load the entities of these keys.

    :raises ValueError: if the database refuses to look for one of the keys.
    """
    try:
        # PostgreSQL does nothing more in a transaction after an error outside of a savepoint.
        with savepoint(cls) if keys_of_class(cls).is_opaque else nullcontext():
            # A relationship of lazy="joined" to a collection repeats each entity.
            found = session_of(cls).scalars(_load_statement(cls), {"keys": keys})
            return list(found.unique())
    except (sa.exc.DataError, sa.exc.ProgrammingError, sa.exc.OperationalError) as error:
        codes = codes_of(error.orig)
        if isinstance(error, sa.exc.OperationalError) and not codes & _OTHER_CHARACTERS:
            raise
        if codes & _NO_TABLE:
            raise
        raise ValueError(
            f"the database rejects this key of {cls.__name__}: give a key that its column can hold"
        ) from error


#: The errors of MariaDB and of PostgreSQL for a table that is missing, lacks a column, or is
#: forbidden to this user.
_NO_TABLE = {1146, "42P01", "42703", "42501"}


#: The errors of MariaDB and MySQL for a text that a column's character set lacks.
_OTHER_CHARACTERS = {1267, 1271}


@lru_cache(maxsize=1000)
def _load_statement(cls: type[Any]) -> sa.Select[Any]:
    """Return the SELECT of a root class by key, with the columns that its subclasses add.

    Without these, each entity of such a subclass would cost one query more. A subclass whose mapper
    says ``polymorphic_load="selectin"`` costs one for all.
    """
    mapper: orm.Mapper[Any] = sa.inspect(cls)
    of_root = set(mapper.column_attrs.keys())
    (column,) = mapper.primary_key
    is_asked_for = column.in_(sa.bindparam("keys", type_=column.type, expanding=True))
    subclasses = [
        each
        for each in mapper.self_and_descendants
        if root_of(each.class_) is cls
        and each.polymorphic_load != "selectin"
        and set(each.column_attrs.keys()) - of_root
    ]
    if not subclasses or _has_own_union(mapper):
        return sa.select(cls).where(is_asked_for)
    classes = [each.class_ for each in subclasses]
    if len({table for each in subclasses for table in each.tables}) > _MOST_JOINED:
        option = orm.selectin_polymorphic(cls, classes)
        return sa.select(cls).options(option).where(is_asked_for)
    return sa.select(orm.with_polymorphic(cls, classes)).where(is_asked_for)


#: How many tables a SELECT joins at most: SQLite takes 64, MariaDB 61, and eager loading adds some.
_MOST_JOINED = 30


def _has_own_union(mapper: orm.Mapper[Any]) -> bool:
    """Return whether the mapper selects from what the host made, like a polymorphic union."""
    return not isinstance(mapper.selectable, (sa.Table, sa.Join))
