"""Delete actions, and remove an entity from actions."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import pymongo

from .. import DBSession
from ..action import ROLES
from ..values import Address, Reference
from .marks import forget_actions
from .once import release_keys
from .private import document_of, put
from .session import BATCH, in_batches
from .tables import DATED, OLDEST_FIRST, Action, stored_actions


def count_before(before: datetime) -> int:
    """Count the actions with a smaller timestamp."""
    return stored_actions().count_documents(_older(before))


def ids_before(before: datetime) -> Iterator[list[Any]]:
    """Yield the ids of the actions with a smaller timestamp, oldest first, in batches of 1,000."""
    actions = stored_actions()
    return _batches_of_ids(actions.find(_older(before), {"_id": True}).sort(OLDEST_FIRST))


def _older(before: datetime) -> dict[str, Any]:
    return {"timestamp": {**DATED, "$lt": before}}


def delete_actions(ids: list[Any]) -> int:
    """Delete actions, and let no flush write back those that the session holds.

    :returns: how many were still there.
    """
    for action in _held(ids):
        # To expunge them would break a flush that this is called within.
        action.delete()
    deleted = stored_actions().delete_many({"_id": {"$in": ids}}).deleted_count
    forget_actions(ids)
    release_keys(ids)
    return deleted


def ids_saying(
    actor: Address, verb: str, target: Address | None, action_obj: Address | None
) -> list[Any]:
    """Return the ids of the actions that say exactly this; None is for no entity."""
    said: dict[str, Any] = {"verb": verb}
    for role, entity in (("actor", actor), ("target", target), ("action_obj", action_obj)):
        if entity is None:
            said[f"{role}_type"] = None
        else:
            said[f"{role}_type"] = {"$in": list(entity.names)}
            said[f"{role}_id"] = entity.key
    return [each["_id"] for each in stored_actions().find(said, {"_id": True})]


def read_references() -> Iterator[list[tuple[Any, ...]]]:
    """Yield all actions in batches of 1,000: their ids, and the type and key of each role."""
    actions = stored_actions()
    names = [f"{role}_{part}" for role in ROLES for part in ("type", "id")]
    fields = dict.fromkeys(names, True)
    rest: dict[str, Any] = {}
    while page := list(actions.find(rest, fields).sort("_id", pymongo.ASCENDING).limit(BATCH)):
        yield [(each["_id"], *(each.get(name) for name in names)) for each in page]
        rest = {"_id": {"$gt": page[-1]["_id"]}}


def clear_role(role: str, ids: list[Any], references: Sequence[Reference]) -> int:
    """Set type, key and name of a role to null in the actions with an entity in that role.

    :param ids: the actions to look at.
    :returns: the number of actions changed.
    """
    it = _one_of(references)
    names = [f"{role}_{part}" for part in ("type", "id", "name")]
    for action in _held(ids):
        if action._reference(role) in references:
            for name in names:
                put(action, name, None)
    refer = {"_id": {"$in": ids}, names[0]: it["_type"], names[1]: it["_id"]}
    nothing = {"$set": dict.fromkeys(names)}
    return stored_actions().update_many(refer, nothing).matched_count


def ids_addressed_to(references: Sequence[Reference]) -> Iterator[list[Any]]:
    """Yield the ids of the actions that are for one of these, in batches of 1,000."""
    actions = stored_actions()
    addressed = {"_recipients": {"$elemMatch": _one_of(references)}}
    return _batches_of_ids(actions.find(addressed, {"_id": True}))


def remove_recipients(ids: list[Any], references: Sequence[Reference]) -> int:
    """Remove an entity from the recipients of actions; without any left, they are for nobody.

    :param ids: the actions to look at.
    :returns: the number of actions changed.
    """
    for action in _held(ids):
        recipients = document_of(action).get("_recipients")
        if recipients is not None:  # as for everyone, or if not read yet
            rest = [to for to in recipients if (to["_type"], to["_id"]) not in references]
            put(action, "_recipients", rest)
    it = _one_of(references)
    addressed = {"_id": {"$in": ids}, "_recipients": {"$elemMatch": it}}
    without = {"$pull": {"_recipients": it}}
    return stored_actions().update_many(addressed, without).matched_count


def _batches_of_ids(documents: Any) -> Iterator[list[Any]]:
    ids = (document["_id"] for document in in_batches(documents))
    while chunk := list(islice(ids, BATCH)):
        yield chunk


def _held(ids: list[Any]) -> list[Action]:
    """Return those of these actions that the session holds."""
    actions = [each for each in DBSession.uow if isinstance(each, Action)]
    wanted = set(ids) if actions else ()
    return [action for action in actions if action._id in wanted]


def _one_of(references: Sequence[Reference]) -> dict[str, Any]:
    types, ids = map(list, zip(*references, strict=True))
    return {"_type": {"$in": types}, "_id": {"$in": ids}}
