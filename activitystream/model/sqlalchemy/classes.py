"""The host's classes: the root of each, and how its keys become texts and back."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from .keys import Keys
from .sessions import is_flushing, session_of


def root_of(cls: type) -> type:
    """The topmost class that it shares its primary key with."""
    mapper: orm.Mapper[Any] = sa.inspect(cls)
    while mapper.inherits is not None and not mapper.concrete:
        mapper = mapper.inherits
    return mapper.class_


def identity_of(entity: Any) -> tuple[Any, ...] | None:
    """The primary key of an entity that the session holds, or is just inserting.

    :raises ValueError: if it gets one only in the flush that is going on.
    """
    state = sa.inspect(entity)
    if not (state.pending and is_flushing(state.session)):
        identity: tuple[Any, ...] | None = state.identity
        return identity
    key = tuple(state.mapper.primary_key_from_instance(entity))
    if None in key:
        raise ValueError(
            f"this {type(entity).__name__} gets its key in the flush that is going on: refer to it "
            f"in after_insert or after_flush, where it has one (docs/guides/flush.rst)"
        )
    return key


def keys_of_class(cls: type, session: Any = None) -> Keys:
    """How the keys of a class are stored.

    :param session: the one that an entity is in; without, that of the class.
    :raises ValueError: if the key of the class has several columns, or the class no engine.
    """
    session = session or session_of(cls)
    # An action may be for a hundred thousand, and asking a session for its engine takes its time.
    known: dict[type, Keys] = session.info.setdefault("activitystream.keys", {})
    if cls not in known:
        try:
            dialect = session.get_bind(cls).dialect
        except sa.exc.UnboundExecutionError as error:
            raise ValueError(f"there is no engine for {cls.__name__}: {error}") from error
        known[cls] = _keys_on(cls, dialect)
    return known[cls]


@lru_cache(maxsize=1000)
def _keys_on(cls: type, dialect: sa.Dialect) -> Keys:
    return Keys(root_of(cls), dialect)


def key_in_hand(cls: type | None, text: str) -> Any:
    """The key that a text stands for, as a class has it; the text itself, if it has no such key."""
    try:
        return text if cls is None else keys_of_class(cls).key_of(text)
    except ValueError:
        return text
