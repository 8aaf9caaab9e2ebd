"""The host's entities: which classes there are, their keys, and loading them by key."""

import uuid
from collections import deque
from collections.abc import Collection
from functools import lru_cache, partial
from typing import Any

from bson.binary import UuidRepresentation
from ming.odm import Mapper, mapper, session
from ming.odm.declarative import MappedClass
from ming.odm.odmsession import ODMCursor

from .. import DBSession
from .keys import as_stored, as_text, spelled
from .private import document_of, is_new
from .tables import Action, collection_of

#: What to do with an entity before actions can refer to it.
STORE_IT = "flush it first, or in an extension wait for after_insert"


def entity_classes() -> tuple[type, ...]:
    """Return the classes of the host's datastore; of a class defined again, only the newer one."""
    return _classes_by_place(tuple(Mapper.all_mappers()), _datastore_of(DBSession))[0]


def other_classes() -> tuple[type, ...]:
    """Return the classes of other datastores, as of another app in the process."""
    return _classes_by_place(tuple(Mapper.all_mappers()), _datastore_of(DBSession))[1]


@lru_cache(maxsize=1)
def _classes_by_place(
    mappers: tuple[Mapper, ...], datastore: Any
) -> tuple[tuple[type, ...], tuple[type, ...]]:
    """Return the classes that are stored in a datastore, and those that are stored elsewhere."""
    newest = {
        (cls.__module__, cls.__qualname__): cls
        for cls in (each.mapped_class for each in mappers)
        if collection_of(cls) is not None
    }
    own = [cls for cls in newest.values() if _datastore_of(session(cls)) is datastore]
    return tuple(own), tuple(cls for cls in newest.values() if cls not in own)


def _datastore_of(its_session: Any) -> Any:
    """Return the datastore of a session; None before the app has bound it."""
    return getattr(getattr(its_session, "impl", None), "bind", None)


def is_entity(candidate: Any) -> bool:
    """Return whether something is an object of a class that is stored."""
    cls: type = type(candidate)
    return isinstance(candidate, MappedClass) and collection_of(cls) is not None


def check_session(entity: Any) -> None:
    """Do nothing: a class has one session."""


@lru_cache(maxsize=1000)
def root_of(cls: type) -> type:
    """Return the topmost class that the same session stores in the same collection."""
    stored = (collection_of(cls), session(cls))
    return [
        base
        for base in cls.__mro__
        if issubclass(base, MappedClass) and (collection_of(base), session(base)) == stored
    ][-1]


def key_of(entity: Any) -> Any:
    """Return the ``_id`` of an entity; None if it is not stored yet.

    It is never a document, which Ming cannot hold as the ``_id`` of an object.
    """
    return None if is_new(entity) else as_stored(document_of(entity)["_id"])


def is_held(entity: Any) -> bool:
    """Return whether loading an entity anew would give this very object, unless it is deleted."""
    its_class: type = type(entity)
    cls = root_of(its_class)
    return session(cls).imap.get(cls, document_of(entity)["_id"]) is entity


def keys_from_text(cls: type[Any], text: str) -> list[Any]:
    """Return the keys that a request's text may stand for; an empty list if there is none."""
    keys = spelled(cls._id.field.schema, text)
    return [key for key in keys if not isinstance(key, uuid.UUID) or _takes_uuids(cls)]


def _takes_uuids(cls: type) -> bool:
    """Return whether the connection of a class takes UUIDs: its URL must say how to store them."""
    options = getattr(session(cls).db, "codec_options", None)  # mim has none
    return options is None or options.uuid_representation != UuidRepresentation.UNSPECIFIED


def key_as_text(type_name: str, key: Any) -> Any:
    """Return a key as JSON shows it and requests name it: a number or a text."""
    return as_text(key)


def action_id_from_text(text: str) -> Any:
    """Return the ``_id`` of an action that a request's text stands for; None if there is none."""
    return next(iter(spelled(Action._id.field.schema, text)), None)


def load_entities(cls: type, keys: Collection[Any]) -> dict[Any, Any]:
    """Load the entities with these keys by one query; return them by key, without deleted ones."""
    documents = session(cls).db[collection_of(cls)].find({"_id": {"$in": list(keys)}})
    return _Loaded(cls, {as_stored(document["_id"]): document for document in documents})


class _Loaded(dict[Any, Any]):
    """Documents by key, each of which becomes an entity on its first access.

    Making an entity takes Ming far longer than reading its document, and most recipients of a page
    are never accessed.
    """

    def __init__(self, cls: type, documents: dict[Any, Any]) -> None:
        super().__init__(documents)
        #: The entities that the session did not hold before.
        self.made: list[Any] = []
        self._documents: deque[dict[str, Any]] = deque()
        make = partial(mapper(cls).collection.make, allow_extra=True, strip_extra=True)
        # Unlike a generator, a map goes on after a document that is not valid.
        validated = map(make, iter(self._documents.popleft, None))
        self._entities = ODMCursor(session(cls), cls, validated)

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        if not isinstance(value, MappedClass):
            held = self._entities.session.imap.get(self._entities.cls, key)
            self._documents.append(value)
            value = self[key] = next(self._entities)
            if value is not held:
                self.made.append(value)
        return value
