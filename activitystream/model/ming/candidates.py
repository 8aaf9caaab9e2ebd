"""Finding whom new actions may concern."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ming.odm import session

from ..clock import naive_utc
from ..values import Reference, Window
from .entities import root_of
from .keys import as_stored
from .reading import ranges_of
from .session import BATCH, in_batches, is_mim
from .tables import DATED, NEWEST_FIRST, collection_of, stored_actions


def read_addressees(window: Window) -> Iterator[tuple[Reference | None, datetime]]:
    """Yield the recipients of the actions in a window; see ``Backend.read_addressees``.

    The server takes the recipients apart: one action may have 100,000.
    """
    for spec in ranges_of(window):
        newest = stored_actions().find({"_recipients": None, **spec}, {"timestamp": True})
        for document in newest.sort(NEWEST_FIRST).limit(1):
            yield None, naive_utc(document["timestamp"])
        dated = {"timestamp": {**DATED, **spec["timestamp"]}}
        each = _read_each(dated) if is_mim() else _grouped(dated)
        for type_name, key, moment in each:
            yield Reference(type_name, as_stored(key)), naive_utc(moment)


def _grouped(spec: dict[str, Any]) -> Iterator[tuple[str, Any, datetime]]:
    to = {"type": "$_recipients._type", "key": "$_recipients._id"}
    found = stored_actions().aggregate(
        [
            {"$match": spec},
            {"$project": {"timestamp": True, "_recipients": True}},
            {"$unwind": "$_recipients"},
            {"$group": {"_id": to, "newest": {"$max": "$timestamp"}}},
        ],
        allowDiskUse=True,
        batchSize=BATCH,
    )
    for document in found:
        to = document["_id"]  # without what a recipient lacks
        yield to.get("type"), to.get("key"), document["newest"]


def _read_each(spec: dict[str, Any]) -> Iterator[tuple[str, Any, datetime]]:
    # mim cannot group.
    for document in stored_actions().find(spec, {"timestamp": True, "_recipients": True}):
        for to in document.get("_recipients") or ():
            yield to.get("_type"), to.get("_id"), document["timestamp"]


def reader_keys(cls: type, before: datetime) -> Iterator[Any]:
    """Yield the keys of the entities of a class that have marked nothing since a moment."""
    root = root_of(cls)
    marked = [
        {"last_activity_seen": None},
        {"last_activity_seen": {"$exists": False}},
        {"last_activity_seen": {"$lt": before}},
    ]
    found = session(root).db[collection_of(root)].find({"$or": marked}, {"_id": True})
    for document in in_batches(found):
        key = as_stored(document["_id"])
        if key is not None:  # an action can refer to it
            yield key
