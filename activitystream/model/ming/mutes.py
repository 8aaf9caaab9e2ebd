"""What each reader has muted: a document for each mute."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import DBSession
from ..names import all_names, unnotified_actors
from ..values import Hidden, Muted, Reference
from .keys import as_stored
from .marks import id_of

#: The collection. A document with ``own`` says that a reader is not told of some own actions.
MUTES = "activity_stream_mute"


def mute(reader: Reference, muted: Muted) -> None:
    """Store a mute of a reader."""
    _store(reader, muted.digest, muted.fields)


def hide_own(actions: Iterable[Mapping[str, Any]]) -> None:
    """Record each actor that is not told of some of its own actions.

    :param actions: the fields of actions. Those whose ``notify_actor`` is True are ignored.
    """
    for reader in unnotified_actors(actions):
        _store(reader, "own", {"own": True})


def unmute(reader: Reference, muted: Muted) -> None:
    """Delete a mute that :func:`mute` has stored."""
    _mutes().delete_one({"_id": f"{id_of(reader)} {muted.digest}"})


def read_mutes(reader: Reference) -> list[Muted]:
    """Return what a reader has muted."""
    found = _mutes().find({"reader": id_of(reader)}).sort("_id", 1)
    return [_muted(each) for each in found if "own" not in each]


def delete_mutes(references: Sequence[Reference], dry_run: bool) -> int:
    """Delete, or count, the mutes of readers, and others' mutes of them."""
    theirs: list[dict[str, Any]] = [{"reader": {"$in": [id_of(each) for each in references]}}]
    theirs += [
        {f"{role}_type": each.type, f"{role}_id": each.key}
        for role in ("actor", "target")
        for each in references
    ]
    if dry_run:
        count: int = _mutes().count_documents({"$or": theirs})
        return count
    deleted: int = _mutes().delete_many({"$or": theirs}).deleted_count
    return deleted


def hidden_specs(hidden: Hidden) -> list[dict[str, Any]]:
    """Return the queries for the actions that a stream leaves out."""
    specs = []
    for each in _mutes().find({"reader": id_of(hidden.reader)}):
        if "own" in each:
            specs.append({"notify_actor": False, **_spec("actor", hidden.reader)})
        elif hidden.muted:
            verb, actor, target = _muted(each)
            its = {} if verb is None else {"verb": verb}
            specs.append({**its, **_spec("actor", actor), **_spec("target", target)})
    return specs


def ensure_mutes_index() -> None:
    """Make the index by which a reader's mutes are found."""
    _mutes().create_index([("reader", 1)], name="mutes_of_reader")


def _mutes() -> Any:
    return DBSession.db[MUTES]


def _store(reader: Reference, name: str, values: dict[str, Any]) -> None:
    values = {"reader": id_of(reader), **values}
    _mutes().update_one({"_id": f"{id_of(reader)} {name}"}, {"$set": values}, upsert=True)


def _muted(document: dict[str, Any]) -> Muted:
    keys = {name: as_stored(document[name]) for name in ("actor_id", "target_id")}
    return Muted.of_fields({**document, **keys})


def _spec(role: str, entity: Reference | None) -> dict[str, Any]:
    if entity is None:
        return {}
    names = list(all_names(entity))
    type_is = names[0] if len(names) == 1 else {"$in": names}
    return {f"{role}_type": type_is, f"{role}_id": entity.key}
