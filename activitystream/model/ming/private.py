"""The private names of Ming that we use, each with what would replace it.

``tests/model/ming/test_private.py`` fails when Ming changes one.
"""

import weakref
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from ming.odm import ThreadLocalODMSession, mapper, session, state
from ming.odm.base import ObjectState


def document_of(entity: Any) -> dict[str, Any]:
    """Return the values of an object as they were read.

    Private: ``state(entity).document``. The class's properties replace it, but each access makes a
    copy that tracks changes, and fills in the fields that were not read.
    """
    document: dict[str, Any] = state(entity).document
    return document


def put(entity: Any, name: str, value: Any) -> None:
    """Set a field of an object to what the database has, so that no flush writes it.

    Private: ``state(entity).set``. The property replaces it, but the next flush would then write
    every field of the object, and overwrite others' changes.
    """
    state(entity).set(name, value)
    if state(entity).original_document is not None:
        state(entity).original_document[name] = value


def value_as_read(entity: Any, name: str) -> Any:
    """Return the value of a field as it was read, whatever it was set to since.

    Private: ``state(entity).original_document``. Nothing replaces it.
    """
    return (state(entity).original_document or {}).get(name)


def is_new(entity: Any) -> bool:
    """Return whether an object still waits for the flush that inserts it.

    Private: ``state(entity).status``. ``entity in session.uow.new`` replaces it, slowly.
    """
    is_new: bool = state(entity).status == ObjectState.new
    return is_new


def is_unchanged(entity: Any) -> bool:
    """Return whether a session holds an object that no flush would write.

    Private: ``state(entity).status``. ``entity in session.uow.clean`` replaces it, slowly.
    """
    return session(entity) is not None and state(entity).status == ObjectState.clean


def make_read(cls: type, document: dict[str, Any], fields: tuple[str, ...]) -> Any:
    """Make an object as Ming's own query for some fields does. No session holds it.

    Private: ``Mapper.create``, ``state(…).status``, and ``options.fields``, by which a flush writes
    only these fields. ``cls.query.find(…, fields)`` replaces them, but validates each document,
    which takes longer than reading it.
    """
    its_mapper = mapper(cls)
    options = {"refresh": False, "decorate": None, "fields": fields, "instrument": True}
    made = its_mapper.create(its_mapper.collection(document), options, remake=False)
    state(made).status = ObjectState.clean
    return made


def fields_to_save(its_state: ObjectState) -> tuple[str, ...] | None:
    """Return the fields that a flush writes of an object; None for all.

    Private: ``state(…).options.fields``, as for :func:`make_read`.
    """
    fields: tuple[str, ...] | None = its_state.options.get("fields")
    return fields


def fields_to_save_of(entity: Any) -> tuple[str, ...] | None:
    """Return :func:`fields_to_save` of an entity."""
    return fields_to_save(state(entity))


def set_fields_to_save(its_state: ObjectState, fields: tuple[str, ...]) -> None:
    """Make a flush write only these fields of an object."""
    its_state.options.fields = fields


def let_grow(its_session: Any) -> None:
    """Let the session take an object while it is flushed.

    A flush iterates over a dict, which must not grow, and ends by replacing it.

    Private: ``session.uow._objects``. Nothing replaces it: without it, an extension of a flush that
    creates an action fails with "dictionary changed size during iteration".
    """
    unit_of_work = its_session.uow
    unit_of_work._objects = dict(unit_of_work._objects)


@contextmanager
def set_aside(sessions: Collection[ThreadLocalODMSession]) -> Iterator[None]:
    """Give this thread new sessions during the block, and then its own again, with their objects.

    Private: ``ThreadLocalODMSession._registry``. ``session.close()`` replaces it, but detaches the
    host's objects.
    """
    of_thread = [vars(each._registry) for each in sessions]
    held = [values.pop("value", None) for values in of_thread]
    try:
        yield
    finally:
        for values, value in zip(of_thread, held, strict=True):
            values.clear()
            if value is not None:
                values["value"] = value


class Forgotten:
    """An unchanged object that its session forgets, so that Python frees it if nobody holds it.

    Ming's objects refer to themselves. Only a full garbage collection would free them, and a long
    iteration would fill the memory before one runs.

    Private: ``__ming__.instance``, which Ming never reads, and ``state(…).tracker.state``.
    ``gc.collect()`` replaces them, but takes longer than to read a page.
    """

    def __init__(self, entity: Any) -> None:
        self._reference = weakref.ref(entity)
        self._decoration = entity.__ming__
        self._session = session(entity)
        self._session.expunge(entity)
        self._decoration.instance = None

    def settle(self) -> None:
        """Return the object to its session if somebody holds it; else free the rest of it."""
        entity = self._reference()
        if entity is None:
            its_state = self._decoration.state
            its_state.tracker.state = weakref.proxy(its_state)
        else:
            self._decoration.instance = entity
            self._session.save(entity)
