"""The host's classes: the root of each, and how its keys become texts and back."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from .keys import Keys
from .private import is_flushing
from .sessions import session_of


def root_of(cls: type) -> type:
    """Return the topmost class with which a class shares its primary key."""
    mapper: orm.Mapper[Any] = sa.inspect(cls)
    while mapper.inherits is not None and not mapper.concrete:
        mapper = mapper.inherits
    return mapper.class_


def identity_of(entity: Any) -> tuple[Any, ...] | None:
    """Return the primary key of an entity; None if it is not stored.

    An entity that a flush is just inserting counts as stored.

    :raises ValueError: if the entity gets its key later in that flush.
    """
    state = sa.inspect(entity)
    if not (state.pending and is_flushing(state.session)):
        identity: tuple[Any, ...] | None = state.identity
        return identity
    key = tuple(state.mapper.primary_key_from_instance(entity))
    if None in key:
        raise ValueError(
            f"this {type(entity).__name__} gets its key in the flush that is going on: refer to it "
            f"in after_insert or after_flush, where it has one (docs/guides/create.rst)"
        )
    return key


def keys_of_class(cls: type, session: Any = None) -> Keys:
    """Return the converter between the keys of a class and their texts.

    :param session: the session of an entity, instead of that of its class.
    :raises ValueError: if the class's key has several columns, or the class has no engine.
    """
    session = session or session_of(cls)
    # One action may have 100,000 recipients, and each get_bind takes time.
    known: dict[type, Keys] = session.info.setdefault("activitystream.keys", {})
    if cls not in known:
        try:
            dialect = session.get_bind(cls).dialect
        except sa.exc.UnboundExecutionError as error:
            raise ValueError(
                f"{cls.__name__} has no engine: give its session one for it ({error})"
            ) from error
        known[cls] = _keys_on(cls, dialect)
    return known[cls]


@lru_cache(maxsize=1000)
def _keys_on(cls: type, dialect: sa.Dialect) -> Keys:
    return Keys(root_of(cls), dialect)


def key_or_text(cls: type | None, text: str) -> Any:
    """Return the key that a text stands for, or the text itself if it is not a key of the class."""
    try:
        return text if cls is None else keys_of_class(cls).key_of(text)
    except ValueError:
        return text
