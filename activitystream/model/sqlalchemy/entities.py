"""The host's entities: which classes there are, their keys, and loading them by key."""

import re
from collections.abc import Collection
from contextlib import nullcontext, suppress
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.orm.attributes import instance_state

from ..names import class_named
from .classes import identity_of, keys_of_class, root_of
from .session import chunks, savepoint
from .sessions import is_flushing, session_of

#: What to do with an entity before actions can refer to it.
STORE_IT = "DBSession.add() it first"


def entity_classes() -> tuple[type, ...]:
    """Every class that is mapped beside those of the host's model, or of another pluggable's."""
    return _classes_of(frozenset(registries))


@lru_cache(maxsize=1)
def _classes_of(registries: frozenset[Any]) -> tuple[type, ...]:
    mappers = {mapper for registry in registries for mapper in registry.mappers}
    return tuple(each.class_ for each in sorted(mappers, key=lambda each: repr(each.class_)))


@event.listens_for(orm.Mapper, "instrument_class")
def _forget_classes(mapper: Any, cls: type) -> None:
    """A class was defined."""
    _classes_of.cache_clear()
    _load_statement.cache_clear()


#: Where the host, and what it plugs, map their classes.
registries: set[Any] = set()


def is_entity(candidate: Any) -> bool:
    state = sa.inspect(candidate, raiseerr=False)
    if not isinstance(state, orm.InstanceState):
        return False
    # A class that the host maps apart from its model is known from now on.
    registries.add(state.mapper.registry)
    return True


def key_of(entity: Any) -> str | None:
    """The text of the key of a stored entity; None of one that the session doesn't hold.

    One that was added to the session is flushed, inside the host's transaction.

    :raises ValueError: if the key has several columns, or no text of ours stands for it alone.
    """
    state = sa.inspect(entity)
    keys = keys_of_class(type(entity), state.session)
    if state.pending and not is_flushing(state.session):
        state.session.flush()
    identity = state.identity or identity_of(entity)
    return None if identity is None else keys.text_of(identity[0])


def keys_from_text(cls: type, text: str) -> list[str]:
    """The key that ``text`` stands for in a request, as actions hold it; none if it is none."""
    try:
        keys = keys_of_class(cls)
        found = keys.spelled(text)
        _ask(cls, [keys.key_of(found)])
    except ValueError:
        return []
    return [found]


def key_as_text(type_name: str, key: str) -> Any:
    """The key of an entity as JSON shows it and requests name it: a number or a text."""
    cls = class_named(type_name)
    try:
        return key if cls is None else keys_of_class(cls).shown(key)
    except ValueError:
        return key


def action_id_from_text(text: str) -> int | None:
    """The ``_id`` of an action that ``text`` stands for in a request; None if it is none."""
    number = int(text) if re.fullmatch(r"0|[1-9]\d{0,18}", text, re.ASCII) else 2**63
    return number if number < 2**63 else None


def load_entities(cls: type, keys: Collection[str]) -> dict[str, Any]:
    """The entities that have these keys, by key; deleted ones are not there."""
    # Old actions may hold keys of another kind than the class has by now.
    readable = {}
    for text in keys:
        with suppress(ValueError):
            readable[text] = keys_of_class(cls).key_of(text)
    found = {}
    for chunk in chunks(readable.values()):
        for entity in _those_of(cls, chunk):
            (key,) = instance_state(entity).identity or ()
            with suppress(ValueError):
                text = keys_of_class(cls).text_of(key)
                # A collation may take another key for the same, as MySQL's do "Ann" for "ann"; and
                # the polymorphic union of concrete classes holds other classes' keys.
                if text in readable and root_of(type(entity)) is cls:
                    found[text] = entity
    return found


def _those_of(cls: type, keys: list[Any]) -> list[Any]:
    try:
        return _ask(cls, keys)
    except ValueError:
        return [each for key in keys for each in _those_of(cls, [key])] if len(keys) > 1 else []


def _ask(cls: type, keys: list[Any]) -> list[Any]:
    """
    :raises ValueError: if the database refuses to look for one of these keys.
    """
    try:
        # PostgreSQL does nothing more in a transaction in which it refused something.
        with savepoint(cls) if keys_of_class(cls).is_opaque else nullcontext():
            # A relationship of lazy="joined" to a collection repeats each entity.
            found = session_of(cls).scalars(_load_statement(cls), {"keys": keys})
            return list(found.unique())
    except (sa.exc.DataError, sa.exc.ProgrammingError, sa.exc.OperationalError) as error:
        number = error.orig.args[:1] if error.orig is not None else ()
        if isinstance(error, sa.exc.OperationalError) and number not in _OTHER_CHARACTERS:
            raise
        if number in _NO_TABLE or getattr(error.orig, "sqlstate", None) in _NO_TABLE:
            raise
        raise ValueError(f"the database takes this for no key of {cls.__name__}") from error


#: The errors of MariaDB and of PostgreSQL for a table that is not there, lacks a column, or is not
#: for this user to read.
_NO_TABLE = ((1146,), "42P01", "42703", "42501")


#: MariaDB's and MySQL's errors for a text that the character set of a column does not have.
_OTHER_CHARACTERS = ((1267,), (1271,))


@lru_cache(maxsize=1000)
def _load_statement(cls: type[Any]) -> sa.Select[Any]:
    """Select the entities of a root class by key, with the columns that their subclasses add.

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
    """Whether the mapper selects from something that the host made, like a polymorphic union."""
    return mapper.with_polymorphic is not None and mapper.with_polymorphic[1] is not None
