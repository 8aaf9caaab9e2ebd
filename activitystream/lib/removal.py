"""Delete old actions, and remove an entity from all actions."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from .. import model
from ..model.action import ROLES
from ..model.names import classes_by_name, names_of, reference_to
from ..model.values import Reference


class Forgotten(NamedTuple):
    """The number of actions that an entity was removed from, by role.

    Actions whose actor it was are deleted. They count in ``as_actor`` only.
    """

    as_actor: int = 0
    as_target: int = 0
    as_action_obj: int = 0
    as_recipient: int = 0
    #: The number of stored marks and mutes of the entity, and of others' mutes of it. It counts no
    #: actions.
    as_reader: int = 0

    @classmethod
    def sum(cls, parts: Iterable["Forgotten"]) -> "Forgotten":
        """Add up the numbers of several batches."""
        return cls(*map(sum, zip(cls(), *parts, strict=True)))


def purge(before: datetime) -> Iterator[int]:
    """Delete actions older than ``before``, oldest first, in batches of 1,000.

    The caller may commit after each batch.

    :param before: naive UTC.
    :returns: an iterator over the number deleted in each batch.
    """
    for ids in model.orm.ids_before(before):
        yield model.orm.delete_actions(ids)


def delete(ids: Sequence[Any]) -> int:
    """Delete actions by their ids, in batches of 1,000.

    :returns: how many were still there.
    """
    batches = (list(ids[start : start + 1000]) for start in range(0, len(ids), 1000))
    return sum(model.orm.delete_actions(batch) for batch in batches)


def references_of(entity: Any) -> list[Reference]:
    """Return every reference by which stored actions may name an entity.

    :raises TypeError, ValueError: see :func:`activitystream.model.names.references_to`.
    """
    key = reference_to(entity, "entity").key
    return _references(names_of(type(entity)), [key])


def references_named(type_name: str, text: str) -> list[Reference]:
    """Return every reference by which stored actions may name an entity, deleted or not.

    :param type_name: one of the names of its class.
    :param text: its key as text. If that can be read as several keys, all are included.
    :raises ValueError: if there is no such class, or the text is not a key of it.
    """
    classes = classes_by_name()
    if type_name not in classes:
        raise ValueError(
            f"the app has no type {type_name!r}; use one of {', '.join(sorted(classes))}"
        )
    cls = classes[type_name][0]
    keys = model.orm.keys_from_text(cls, text)
    if not keys:
        raise ValueError(f"{text!r} is not a valid key of {type_name}")
    return _references(names_of(cls), keys)


def is_stored(references: Iterable[Reference]) -> bool:
    """Return whether the app still stores an entity with one of these references."""
    return any(
        model.orm.load_entities(cls, [reference.key])
        for reference in references
        for cls in classes_by_name().get(reference.type, ())
    )


def _references(names: Iterable[str], keys: Sequence[Any]) -> list[Reference]:
    return [Reference(name, key) for name in names for key in keys]


def forget(references: Sequence[Reference], dry_run: bool) -> Iterator[tuple[int, Forgotten]]:
    """Remove an entity from all actions, in batches.

    The caller may commit after each batch.

    :param references: every reference by which actions may name the entity.
    :param dry_run: count, and change nothing.
    :returns: an iterator over the batches: the number of actions read, and a :class:`Forgotten`.
    """
    # Delete the marks first: deleting an action deletes its marks, which would not be counted.
    marks = model.orm.delete_marks(references, dry_run)
    yield 0, Forgotten(as_reader=marks + model.orm.delete_mutes(references, dry_run))
    to_be_deleted: set[Any] = set()
    for page in model.orm.read_references():
        found = _by_role(page, references)
        if dry_run:
            to_be_deleted.update(found.get("actor", ()))
            counts = {f"as_{role}": len(ids) for role, ids in found.items()}
        else:
            counts = {f"as_{role}": _remove(role, found[role], references) for role in found}
        yield len(page), Forgotten(**counts)
    for ids in model.orm.ids_addressed_to(references):
        left = [each for each in ids if each not in to_be_deleted]
        yield (
            0,
            Forgotten(
                as_recipient=len(left) if dry_run else model.orm.remove_recipients(left, references)
            ),
        )


def _by_role(
    page: Iterable[tuple[Any, ...]], references: Sequence[Reference]
) -> dict[str, list[Any]]:
    """Group the ids of the actions that hold one of the references, by role.

    An action with the entity as its actor is listed in that role only.
    """
    found: dict[str, list[Any]] = {}
    for action_id, *parts in page:
        for role, reference in zip(ROLES, zip(parts[::2], parts[1::2], strict=True), strict=True):
            if reference in references:
                found.setdefault(role, []).append(action_id)
                if role == "actor":
                    break
    return found


def _remove(role: str, ids: list[Any], references: Sequence[Reference]) -> int:
    if role == "actor":
        return model.orm.delete_actions(ids)
    return model.orm.clear_role(role, ids, references)
