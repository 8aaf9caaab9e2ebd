"""Removing for good: actions that are old, and what actions tell of an entity."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from .. import model
from ..model.action import ROLES
from ..model.names import classes_by_name, names_of, reference_to
from ..model.values import Reference


class Forgotten(NamedTuple):
    """From how many actions an entity was removed.

    An action whose actor it was is deleted, and counts as nothing else.
    """

    as_actor: int = 0
    as_target: int = 0
    as_action_obj: int = 0
    as_recipient: int = 0

    @classmethod
    def sum(cls, parts: Iterable["Forgotten"]) -> "Forgotten":
        return cls(*map(sum, zip(cls(), *parts, strict=True)))


def purge(before: datetime) -> Iterator[int]:
    """Delete the actions from before a moment, oldest first, in batches.

    :returns: how many were deleted with each batch, after which the transaction may be committed.
    """
    for keys in model.orm.ids_before(before):
        yield model.orm.delete_actions(keys)


def references_of(entity: Any) -> list[Reference]:
    """All that stored actions may call an entity.

    :raises TypeError, ValueError: see :func:`activitystream.model.names.references_to`.
    """
    key = reference_to(entity, "entity").key
    return _references(names_of(type(entity)), [key])


def references_named(type_name: str, text: str) -> list[Reference]:
    """All that stored actions may call an entity, which need not be stored any more.

    :param type_name: one of the names of its class.
    :param text: its key, as a text. If it may stand for several, all are meant.
    :raises ValueError: if there is no such class, or it can have no such key.
    """
    classes = classes_by_name()
    if type_name not in classes:
        raise ValueError(
            f"the app stores nothing of the type {type_name!r}; its types are "
            f"{', '.join(sorted(classes))}"
        )
    cls = classes[type_name][0]
    keys = model.orm.keys_from_text(cls, text)
    if not keys:
        raise ValueError(f"{text!r} is no key that a {type_name} can have")
    return _references(names_of(cls), keys)


def is_stored(references: Iterable[Reference]) -> bool:
    """Whether the app still stores an entity that one of these refers to."""
    return any(
        model.orm.load_entities(cls, [reference.key])
        for reference in references
        for cls in classes_by_name().get(reference.type, ())
    )


def _references(names: Iterable[str], keys: Sequence[Any]) -> list[Reference]:
    return [Reference(name, key) for name in names for key in keys]


def forget(references: Sequence[Reference], dry_run: bool) -> Iterator[tuple[int, Forgotten]]:
    """Remove an entity from all actions, in batches.

    :param references: all that actions may call it.
    :param dry_run: change nothing.
    :returns: of each batch, how many more actions were read, and from how many it was removed.
        After each the transaction may be committed.
    """
    to_be_deleted: set[Any] = set()
    for page in model.orm.read_references():
        found = _by_role(page, references)
        if dry_run:
            to_be_deleted.update(found.get("actor", ()))
            numbers = {f"as_{role}": len(keys) for role, keys in found.items()}
        else:
            numbers = {f"as_{role}": _remove(role, found[role], references) for role in found}
        yield len(page), Forgotten(**numbers)
    for keys in model.orm.ids_addressed_to(references):
        left = [key for key in keys if key not in to_be_deleted]
        yield (
            0,
            Forgotten(
                as_recipient=len(left) if dry_run else model.orm.remove_recipients(left, references)
            ),
        )


def _by_role(
    page: Iterable[tuple[Any, ...]], references: Sequence[Reference]
) -> dict[str, list[Any]]:
    """Which actions refer to this, by the role; one that does so as the actor, by no other."""
    found: dict[str, list[Any]] = {}
    for action, *parts in page:
        for role, reference in zip(ROLES, zip(parts[::2], parts[1::2], strict=True), strict=True):
            if reference in references:
                found.setdefault(role, []).append(action)
                if role == "actor":
                    break
    return found


def _remove(role: str, actions: list[Any], references: Sequence[Reference]) -> int:
    if role == "actor":
        return model.orm.delete_actions(actions)
    return model.orm.clear_role(role, actions, references)
