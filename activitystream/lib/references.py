"""How an action names the host's entities: by type and key, whatever their class.

The type is the name of the mapped root class, so that an entity has one name whichever subclass
it was loaded as. A class may name itself by ``activity_type = 'forum.Post'``, or by a tuple whose
first name new actions say and whose others old ones hold.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from .. import model


class Reference(NamedTuple):
    """The type name and the primary key of an entity."""

    type: str
    key: Any


def reference_to(entity: Any, role: str) -> Reference:
    """The reference that a new action holds for an entity.

    :param role: what the entity is to the action, for the error.
    :raises TypeError: if it is no object of a class that the host stores.
    :raises ValueError: if it is not stored yet, has a key of several columns, or a class whose
        name another one claims too.
    """
    if not model.orm.is_entity(entity):
        given = "None" if entity is None else f"a {type(entity).__name__}"
        raise TypeError(f"{role} must be an object of a class that the app stores, not {given}")
    key = model.orm.key_of(entity)
    if key is None:
        raise ValueError(
            f"{role} is a {type(entity).__name__} that is not stored yet, so that nothing can "
            f"refer to it: flush it first"
        )
    return Reference(names_of(type(entity))[0], key)


def names_of(cls: type) -> tuple[str, ...]:
    """The type names that mean a class: first the one for new actions, then the others.

    :raises ValueError: if one of them is another class's too.
    """
    directory = _directory(model.orm.entity_classes())
    root = model.orm.root_of(cls)
    for name in directory.own_names[root]:
        _the_only_class(directory, name)
    return directory.own_names[root] + directory.subclass_names.get(root, ())


def class_named(name: str) -> type | None:
    """The root class that a type name means; None if the host has no such class.

    :raises ValueError: if several classes claim it.
    """
    directory = _directory(model.orm.entity_classes())
    return _the_only_class(directory, name)


class _Directory(NamedTuple):
    own_names: dict[type, tuple[str, ...]]  # by root class
    subclass_names: dict[type, tuple[str, ...]]  # by root class
    roots: dict[str, list[type]]  # by name


@lru_cache(maxsize=1)
def _directory(classes: tuple[type, ...]) -> _Directory:
    own: dict[type, tuple[str, ...]] = {}
    roots: dict[str, list[type]] = {}
    for root in dict.fromkeys(model.orm.root_of(cls) for cls in classes):
        own[root] = _declared_names(root)
        for name in own[root]:
            roots.setdefault(name, []).append(root)
    # Old actions say the name of the very class; a root class of that name goes first.
    subclasses: dict[type, tuple[str, ...]] = {}
    for cls in classes:
        root = model.orm.root_of(cls)
        for name in () if cls is root else _declared_names(cls):
            if name not in roots:
                roots[name] = [root]
                subclasses[root] = (*subclasses.get(root, ()), name)
    return _Directory(own, subclasses, roots)


def _declared_names(cls: type) -> tuple[str, ...]:
    # Its own declaration only: an inherited one would make two collections claim one name.
    declared = vars(cls).get("activity_type", cls.__name__)
    names = declared if isinstance(declared, tuple) else (declared,)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise TypeError(
            f"{_full_name(cls)}.activity_type must be a name or a tuple of names, not {declared!r}"
        )
    return names


def _the_only_class(directory: _Directory, name: str) -> type | None:
    roots = directory.roots.get(name, [])
    if len(roots) > 1:
        claimants = " and ".join(_full_name(root) for root in roots)
        raise ValueError(
            f"{claimants} are both {name!r} to the activity stream: give one of them a name of "
            f"its own, like activity_type = 'forum.{name}'"
        )
    return roots[0] if roots else None


def _full_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
