"""How an action refers to the host's entities: by a type name and a key.

The type name is that of the mapped root class, whichever subclass an entity was loaded as. A class
may set its own by ``activity_type = 'forum.Post'``, or by a tuple: new actions have the first name,
and old ones may have any.
"""

import logging
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from .. import model
from .system import SYSTEM, SYSTEM_REFERENCE, System
from .values import Address, Reference

log = logging.getLogger(__name__)


def reference_to(entity: Any, role: str) -> Reference:
    """Return the reference of a new action to an entity; see :func:`references_to`."""
    (reference,) = references_to([entity], role)
    return reference


def references_to(entities: Iterable[Any], role: str) -> dict[Reference, Any]:
    """Return the references of a new action to entities, each once, with the entities.

    :param role: what an entity is to the action, for the error.
    :raises TypeError: if one is no object of a class that the host stores.
    :raises ValueError: if one is not stored yet, has a key of several columns, is in a database
        where it would not be looked for, or has a class whose name another one claims too.
    """
    names: dict[type, str] = {}
    references = {}
    key_of = model.orm.key_of
    for entity in entities:
        if entity is SYSTEM:
            if role not in ("actor", "entity"):
                raise TypeError(f"{role} must not be activitystream.SYSTEM: it is an actor only")
            references[SYSTEM_REFERENCE] = entity
            continue
        cls = type(entity)
        if cls not in names:
            if not model.orm.is_entity(entity):
                given = "None" if entity is None else f"a {cls.__name__}"
                hint = ": where no user acts, give activitystream.SYSTEM" if role == "actor" else ""
                raise TypeError(
                    f"{role} must be an object of a class that the app stores, not {given}{hint}"
                )
            model.orm.check_session(entity)
            names[cls] = names_of(cls)[0]
        key = key_of(entity)
        if key is None:
            raise ValueError(
                f"{role} is a {cls.__name__} that is not stored yet, so that nothing can refer to "
                f"it: {model.orm.STORE_IT}"
            )
        references[Reference(names[cls], key)] = entity
    return references


def reader_of(recipient: Any, key: Any = None, role: str = "recipient") -> Reference:
    """Return the reference under which a reader's marks and mutes are stored.

    It uses the class's oldest name, so that a new name loses no marks.

    :param key: its key, if that is known already.
    :param role: what the entity is, for the error.
    :raises TypeError, ValueError: if it is not a stored entity; see :func:`references_to`.
    """
    if key is None:
        key = reference_to(recipient, role).key
    if recipient is SYSTEM:
        return SYSTEM_REFERENCE
    return Reference(_declared_names(model.orm.root_of(type(recipient)))[-1], key)


def with_oldest_name(reference: Reference) -> Reference:
    """Return a reference by the oldest name of its class, if the app has the class."""
    oldest = _known_names().oldest.get(reference.type, reference.type)
    return reference if oldest == reference.type else Reference(oldest, reference.key)


def all_names(reference: Reference) -> tuple[str, ...]:
    """Return every type name by which stored actions may refer to the same entity."""
    roots = classes_by_name().get(reference.type, ())
    names = names_of(roots[0]) if len(roots) == 1 else ()
    return tuple(dict.fromkeys((*names, reference.type)))


def unnotified_actors(actions: Iterable[Mapping[str, Any]]) -> set[Reference]:
    """Return the actors of the actions with ``notify_actor=False``.

    :param actions: the fields of actions.
    """
    hidden = (each for each in actions if not each["notify_actor"])
    return {with_oldest_name(Reference(each["actor_type"], each["actor_id"])) for each in hidden}


def addresses_of(
    recipient: Any, also: Iterable[Any] = (), role: str = "recipient"
) -> list[Address]:
    """Return the addresses of a recipient and of its audiences, each once.

    :raises TypeError, ValueError: if one is not a stored entity; see :func:`references_to`.
    """
    entities = references_to([recipient], role)
    if also != ():  # skip the check, which takes as long as the recipient's
        entities.update(references_to(each_of("also", also), "one of also"))
    return [Address(names_of(type(entity)), to.key) for to, entity in entities.items()]


def address_of(entity: Any, role: str) -> Address:
    """Return the address of an entity.

    :param role: what the entity is, for the error.
    :raises TypeError, ValueError: if it is not a stored entity; see :func:`references_to`.
    """
    (address,) = addresses_of(entity, (), role)
    return address


def each_of(parameter: str, entities: Any) -> Iterable[Any]:
    """Return the value of a parameter that takes several entities; refuse anything else.

    :raises TypeError: if it is one entity, a text, a mapping, or no iterable.
    """
    given = type(entities).__name__
    if model.orm.is_entity(entities):
        raise TypeError(f"{parameter} must be a list, like […]; got one {given}")
    if isinstance(entities, (str, bytes, Mapping)) or not isinstance(entities, Iterable):
        raise TypeError(f"{parameter} must be a list of objects that the app stores; got {given}")
    return entities


def names_of(cls: type) -> tuple[str, ...]:
    """Return the type names of a class: first the one for new actions, then the others.

    :raises ValueError: if another class has one of them too.
    """
    if cls is System:
        return (System.activity_type,)
    directory = _known_names()
    if cls in directory.checked:
        return directory.checked[cls]
    root = model.orm.root_of(cls)
    # A class that was defined again since is not in the directory.
    names = directory.names.get(root) or _declared_names(root)
    for name in names:
        claimants = directory.roots.get(name, [])
        if root not in claimants:
            others = [each for each in claimants if _full_name(each) != _full_name(root)]
            claimants = [root, *others]
        if len(claimants) > 1:
            raise ValueError(_ambiguous(name, claimants))
    if root in directory.names:
        directory.checked[cls] = names
    return names


def class_named(name: str) -> type | None:
    """Return the root class with a type name; None if the host has no such class.

    If several classes have the name, it logs that and returns None.
    """
    roots = classes_by_name().get(name, [])
    if len(roots) > 1:
        log.error(_ambiguous(name, roots))
        return None
    return roots[0] if roots else None


def classes_by_name() -> dict[str, list[type]]:
    """Return the root classes by type name: one for each name, or all that have it."""
    return _known_names().roots


class _Directory(NamedTuple):
    names: dict[type, tuple[str, ...]]  # by root class
    roots: dict[str, list[type]]  # by name
    oldest: dict[str, str]  # the oldest name of the class, by each of its names
    checked: dict[type, tuple[str, ...]]  # by class: those that no other class has


def _known_names() -> _Directory:
    return _directory(model.orm.entity_classes(), model.orm.other_classes())


@lru_cache(maxsize=1)
def _directory(classes: tuple[type, ...], others: tuple[type, ...]) -> _Directory:
    names = {**_names_by_root(others), **_names_by_root(classes)}
    roots = {**_roots_by_name(others), **_roots_by_name(classes)}
    oldest = {name: _declared_names(each[0])[-1] for name, each in roots.items() if len(each) == 1}
    return _Directory(names, roots, oldest, checked={})


def _names_by_root(classes: Iterable[type]) -> dict[type, tuple[str, ...]]:
    names: dict[type, tuple[str, ...]] = {}
    # Root classes first: new actions have their names, and old ones may have a subclass's.
    for cls in sorted(classes, key=lambda cls: cls is not model.orm.root_of(cls)):
        root = model.orm.root_of(cls)
        names[root] = tuple(dict.fromkeys((*names.get(root, ()), *_declared_names(cls))))
    return names


def _roots_by_name(classes: Iterable[type]) -> dict[str, list[type]]:
    roots: dict[str, list[type]] = {}
    for root, names in _names_by_root(classes).items():
        for name in names:
            roots.setdefault(name, []).append(root)
    return roots


def _declared_names(cls: type) -> tuple[str, ...]:
    # Not an inherited one, which would give two collections the same name.
    declared = vars(cls).get("activity_type", cls.__name__)
    names = declared if isinstance(declared, tuple) else (declared,)
    if System.activity_type in names:
        raise TypeError(
            f"{_full_name(cls)}.activity_type must not be {System.activity_type!r}, which stands "
            f"for activitystream.SYSTEM"
        )
    if not names or not all(isinstance(name, str) and name for name in names):
        raise TypeError(
            f"{_full_name(cls)}.activity_type must be a name or a tuple of names, not {declared!r}"
        )
    return names


def _ambiguous(name: str, roots: list[type]) -> str:
    claimants = " and ".join(_full_name(root) for root in roots)
    return (
        f"{claimants}, or their subclasses, all use the name {name!r}: give all but one another "
        f"name, like activity_type = 'forum.{name}'"
    )


def _full_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
