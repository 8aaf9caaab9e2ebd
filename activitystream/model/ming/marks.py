"""What each reader has seen and read: a document per reader, and one per action they marked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from .. import DBSession
from ..clock import EARLIEST, naive_utc
from ..values import Cursor, Marking, Marks, Only, Reference
from .keys import as_text
from .readers import keep_marks, move_last_activity_seen, stored_last_activity_seen
from .session import in_batches

#: The collection. Documents of single actions have an ``action``.
READERS = "activity_stream_reader"

#: How often a mark is retried when others win.
_ATTEMPTS = 100


def mark(
    recipient: Any,
    reader: Reference,
    moment: datetime,
    decide: Callable[[datetime | None, Marks | None], Marking],
) -> datetime | None:
    """Move ``last_activity_seen`` forward to ``moment``, and store what a mark changes.

    Our document is written first, unless another mark has changed it since it was read: then this
    one begins again. Until the field is moved too, the document says so: the next mark goes on from
    it, whatever became of this one.
    """
    keep_marks(type(recipient))
    for _ in range(_ATTEMPTS):
        document = _readers().find_one({"_id": id_of(reader)})
        marks = _marks(document)
        last_seen = _last_seen(recipient, document, marks)
        marking = decide(last_seen, marks)
        new = marking.marks
        if marks is not None and marks.mark != last_seen:
            new = new.with_seen((*new.seen, *_marked_actions(reader, new.seen_floor)))
        if _is_unfinished(document) and last_seen is not None:
            moment = max(moment, last_seen)
        kept = new._replace(mark=moment if last_seen is None else max(last_seen, moment))
        if _store(reader, document, kept, is_unfinished=True):
            break
    else:
        raise _gave_up(recipient)
    if marking.read is not None:
        _mark_all_read(reader, kept)
        _store_actions(reader, marking.read, True)
    try:
        before = move_last_activity_seen(recipient, moment)
    except LookupError:
        delete_marks([reader], dry_run=False)
        raise
    finished = {"_id": id_of(reader), "mark": kept.mark}
    _readers().update_one(finished, {"$set": {"is_unfinished": False}})
    return before


def _last_seen(
    recipient: Any, document: dict[str, Any] | None, marks: Marks | None
) -> datetime | None:
    """Return the field; from the database if the object in hand does not agree with the marks.

    If another mark has yet to move the field, return the value that it will have.
    """
    if marks is not None and _is_unfinished(document):
        return marks.mark
    in_hand = recipient.last_activity_seen
    last_seen = None if in_hand is None else naive_utc(in_hand)
    if marks is None or marks.mark == last_seen:
        return last_seen
    return stored_last_activity_seen(recipient)


def _is_unfinished(document: dict[str, Any] | None) -> bool:
    return document is not None and document["is_unfinished"]


def mark_actions(recipient: Any, reader: Reference, actions: Iterable[Any], is_read: bool) -> None:
    """Store that a reader has read these actions, or keeps them unread.

    It does not check that the actions exist, which would cost a query: one that was deleted
    meanwhile leaves a document that nothing shows, and that ``mark_all_read`` deletes.
    """
    keep_marks(type(recipient))
    cursors = [Cursor(naive_utc(each.timestamp), each._id) for each in actions]
    for _ in range(_ATTEMPTS):
        document = _readers().find_one({"_id": id_of(reader)})
        marks = _marks(document)
        stored = stored_last_activity_seen(recipient)
        # If another mark has yet to move the field, take the value that it will have.
        last_seen = marks.mark if marks and _is_unfinished(document) else stored
        if marks is None or marks.mark != last_seen:
            floor = last_seen or EARLIEST
            kept = Marks(last_seen, floor, marks.read_floor if marks else floor)
            kept = kept.with_seen(_marked_actions(reader, floor))
        else:
            kept = marks
        new = [each for each in cursors if each.timestamp > kept.seen_floor]
        kept = kept.with_seen([*kept.seen, *new])
        if kept == marks or _store(reader, document, kept, _is_unfinished(document)):
            break
    else:
        raise _gave_up(recipient)
    _store_actions(reader, cursors, is_read)


def _gave_up(recipient: Any) -> RuntimeError:
    return RuntimeError(
        f"gave up: others marked this {type(recipient).__name__} {_ATTEMPTS} times meanwhile; "
        f"nothing was marked, so try again"
    )


def read_states(
    reader: Reference, cursors: Sequence[Cursor]
) -> tuple[Marks | None, Mapping[Any, bool | None]]:
    """Return a reader's marks, and the ``read`` of those of these actions that have a document.

    It is None for an action that is only seen.
    """
    its = id_of(reader)
    asked: list[dict[str, Any]] = [{"_id": its}]
    if cursors:
        # Query by the page's span of time rather than by ids: it has few other documents.
        times = [each.timestamp for each in cursors]
        span = {"$gte": min(times), "$lte": max(times)}
        asked.append({"reader": its, "timestamp": span, "action": {"$exists": True}})
    marks, found = None, {}
    for document in in_batches(_readers().find({"$or": asked})):
        if "action" in document:
            found[document["action"]] = document["read"]
        else:
            marks = _marks(document)
    states = {each.id: found[each.id] for each in cursors if each.id in found}
    seen = {each.id: None for each in marks.seen} if marks else {}
    return marks, {**seen, **states}


def read_marks(reader: Reference, limit: int) -> Marks | None:
    """Return a reader's marks, with the newest of what is seen above the floor."""
    marks = _marks(_readers().find_one({"_id": id_of(reader)}))
    return marks and marks._replace(seen=marks.seen[:limit])


class Part:
    """What to query for the unseen or unread part of a stream."""

    def __init__(self, only: Only) -> None:
        document = _readers().find_one({"_id": id_of(only.reader)})
        marks = _marks(document)
        #: All actions above this belong to the part, but for ``without``.
        self.floor = only.last_seen or EARLIEST
        #: The ids of actions above the floor that do not belong to the part.
        self.without: list[Any] = []
        #: The actions below the floor that belong to the part, newest first.
        self.kept: list[Cursor] = []
        if marks is None:
            return
        if only.what == "unseen":
            if marks.mark == only.last_seen:
                self.floor = marks.seen_floor
                self.without = [each.id for each in marks.seen]
            return
        self.floor = marks.read_floor
        reader = id_of(only.reader)
        above = {"reader": reader, "read": True, "timestamp": {"$gt": self.floor}}
        below = {"reader": reader, "read": False, "timestamp": {"$lte": self.floor}}
        self.without = [each.id for each in _cursors(above)]
        self.kept = sorted(_cursors(below), reverse=True)


def delete_marks(readers: Sequence[Reference], dry_run: bool) -> int:
    """Delete, or count, the marks of what readers have seen and read."""
    theirs = {"reader": {"$in": [id_of(reader) for reader in readers]}}
    if dry_run:
        count: int = _readers().count_documents(theirs)
        return count
    deleted: int = _readers().delete_many(theirs).deleted_count
    return deleted


def forget_actions(ids: list[Any]) -> None:
    """Delete what is kept of single actions that are deleted."""
    _readers().delete_many({"action": {"$in": ids}})


def ensure_indexes() -> None:
    """Make the indexes of the collection."""
    by_action = {"partialFilterExpression": {"action": {"$exists": True}}}
    _readers().create_index([("reader", 1), ("timestamp", 1)], name="actions_of_reader")
    _readers().create_index([("action", 1)], name="readers_of_action", **by_action)


def id_of(reader: Reference) -> str:
    """Return the ``_id`` of a reader's document: a text, since mim takes no document as a key."""
    return f"{reader.type} {type(reader.key).__name__} {as_text(reader.key)}"


def _id_of_action(reader: Reference, action_id: Any) -> str:
    return f"{id_of(reader)} {action_id}"


def _readers() -> Any:
    return DBSession.db[READERS]


def _marks(document: dict[str, Any] | None) -> Marks | None:
    if document is None:
        return None
    mark, seen, read = (
        None if document[name] is None else naive_utc(document[name])
        for name in ("mark", "seen_floor", "read_floor")
    )
    cursors = tuple(Cursor(naive_utc(each["t"]), each["i"]) for each in document["seen"])
    return Marks(mark, seen or EARLIEST, read or EARLIEST, cursors)


def _store(
    reader: Reference, found: dict[str, Any] | None, marks: Marks, is_unfinished: bool
) -> bool:
    """Store the marks, unless the document has changed since it was read."""
    values = {
        "reader": id_of(reader),
        "mark": marks.mark,
        "seen_floor": marks.seen_floor,
        "read_floor": marks.read_floor,
        "seen": [{"t": each.timestamp, "i": each.id} for each in marks.seen],
        "is_unfinished": is_unfinished,
        "version": 0 if found is None else found["version"] + 1,
    }
    if found is None:
        try:
            _readers().insert_one({"_id": id_of(reader), **values})
        except DuplicateKeyError:
            return False
        return True
    same = {"_id": id_of(reader), "version": found["version"]}
    stored: bool = _readers().update_one(same, {"$set": values}).matched_count == 1
    return stored


def _store_actions(reader: Reference, cursors: Iterable[Cursor], is_read: bool) -> None:
    readers, its = _readers(), {"reader": id_of(reader), "read": is_read}
    updates: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {"_id": _id_of_action(reader, each.id)},
            {"$set": {**its, "action": each.id, "timestamp": each.timestamp}},
        )
        for each in cursors
    ]
    # mim does only the first of several, and mongomock none of pymongo's newer ones.
    if len(updates) > 1 and type(readers) is Collection:
        readers.bulk_write([UpdateOne(*each, upsert=True) for each in updates], ordered=False)
    else:
        for each in updates:
            readers.update_one(*each, upsert=True)


def _marked_actions(reader: Reference, floor: datetime) -> list[Cursor]:
    """Return the actions above a floor that the reader has read, or keeps unread."""
    above = {"reader": id_of(reader), "timestamp": {"$gt": floor}, "action": {"$exists": True}}
    return _cursors(above)


def _cursors(spec: dict[str, Any]) -> list[Cursor]:
    """Return the actions of the documents that match."""
    found = in_batches(_readers().find(spec, {"timestamp": True, "action": True}))
    return [Cursor(naive_utc(each["timestamp"]), each["action"]) for each in found]


def _mark_all_read(reader: Reference, marks: Marks) -> None:
    """Delete the documents that the floors cover now; mark as read what was kept unread there."""
    # mim finds a timestamp that is not there below any other.
    its = {"reader": id_of(reader), "action": {"$exists": True}}
    floor = min(marks.read_floor, marks.seen_floor)
    _readers().delete_many({**its, "timestamp": {"$lte": floor}})
    kept = {**its, "read": False, "timestamp": {"$lte": marks.read_floor}}
    _readers().update_many(kept, {"$set": {"read": True}})
