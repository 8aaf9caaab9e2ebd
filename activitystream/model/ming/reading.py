"""Reading streams, all actions, and the recipients of a page."""

import heapq
from collections.abc import Collection as AnyCollection
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

import pymongo
from pymongo.collection import Collection

from .. import DBSession
from ..action import FIELDS
from ..clock import naive_utc
from ..values import Address, Cursor, Hidden, Only, Window
from .marks import Part
from .mutes import hidden_specs
from .private import make_read, put
from .session import BATCH, in_batches, is_mim
from .tables import DATED, NEWEST_FIRST, READ, Action, is_read, stored_actions

#: MongoDB sends as many documents at first, unless it is asked for another number.
_FIRST_BATCH = 101

#: MongoDB merges about 200 ranges of an index; the actions of more ranges it sorts in memory.
_ADDRESSES = 100


def read_stream(
    to: Sequence[Address],
    window: Window,
    skip: int,
    limit: int | None,
    only: Only | None = None,
    hidden: Hidden | None = None,
) -> Iterator[Action]:
    """Yield the actions for any of these addresses or for everyone, newest first."""
    fields = _fields_of_action()
    return map(_action, documents_of_stream(fields, to, window, skip, limit, only, hidden))


def _fields_of_action() -> dict[str, Any]:
    """Return what a page reads of an action: of its recipients, only whether there are any.

    One action may have 100,000.
    """
    # Neither mim nor mongomock takes a part of null.
    is_server = type(stored_actions()) is Collection
    return {**dict.fromkeys(FIELDS, True), "_recipients": {"$slice": 1} if is_server else True}


def documents_of_stream(
    fields: dict[str, Any],
    to: Sequence[Address],
    window: Window,
    skip: int,
    limit: int | None,
    only: Only | None,
    hidden: Hidden | None,
) -> Iterator[dict[str, Any]]:
    """Yield these fields of the actions of a stream, newest first."""
    if limit == 0:
        return iter(())
    end = None if limit is None else skip + limit
    asked = _asked_for(window, only, hidden)
    if asked.is_whole and len(to) <= _ADDRESSES:
        return _documents(fields, addressed_to(to, asked.ranges[0]), NEWEST_FIRST, skip, limit)
    parts = [to[start : start + _ADDRESSES] for start in range(0, len(to), _ADDRESSES)]
    streams = [_chained(fields, part, asked.ranges, end) for part in parts]
    if asked.kept:
        streams.append(_read_kept(fields, to, asked, min(BATCH, end or BATCH)))
    return islice(_merged(streams), skip, end)


def read_cursors(to: Sequence[Address], window: Window, limit: int) -> list[Cursor]:
    """Return where the actions for any of these addresses and for everyone stand, newest first."""
    found: set[Cursor] = set()  # an action may be for several of them
    for start in range(0, len(to), _ADDRESSES):
        part = to[start : start + _ADDRESSES]
        for each in ranges_of(window):
            actions = stored_actions().find(addressed_to(part, each), {"timestamp": True})
            newest = in_batches(actions.sort(NEWEST_FIRST)).limit(limit)
            found.update(Cursor(naive_utc(one["timestamp"]), one["_id"]) for one in newest)
    return sorted(found, reverse=True)[:limit]


def _merged(streams: list[Iterator[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Merge streams, newest first, each action once."""
    last = None
    for document in heapq.merge(*streams, key=cursor_of_document, reverse=True):
        if document["_id"] != last:
            yield document
        last = document["_id"]


def cursor_of_document(document: dict[str, Any]) -> Cursor:
    """Return where an action stands in a stream, by its document."""
    return Cursor(naive_utc(document["timestamp"]), document["_id"])


def _chained(
    fields: dict[str, Any], to: Sequence[Address], ranges: list[dict[str, Any]], limit: int | None
) -> Iterator[dict[str, Any]]:
    for each in ranges:
        # Where the timestamp is one, MongoDB merges in the order of the rest of the index only.
        is_one = isinstance(each.get("timestamp"), datetime)
        order = NEWEST_FIRST[1:] if is_one else NEWEST_FIRST
        for document in _documents(fields, addressed_to(to, each), order, 0, limit):
            yield document
            limit = None if limit is None else limit - 1


def _read_kept(
    fields: dict[str, Any], to: Sequence[Address], asked: "_Asked", size: int
) -> Iterator[dict[str, Any]]:
    """Yield the documents of ``asked.kept``, newest first.

    :param size: how many to ask for at once.
    """
    for spec in _kept_specs(to, asked, size):
        yield from sorted(_find_by_id(spec, fields), key=cursor_of_document, reverse=True)


def _kept_specs(
    to: Sequence[Address], asked: "_Asked", size: int = BATCH
) -> Iterator[dict[str, Any]]:
    for start in range(0, len(asked.kept), size):
        ids = [each.id for each in asked.kept[start : start + size]]
        yield {"_id": {"$in": ids}, **addressed_to(to, asked.also)}


def _find_by_id(spec: dict[str, Any], fields: dict[str, Any]) -> Any:
    """Find by the index of ids: by another index, MongoDB would search the whole stream."""
    found = in_batches(stored_actions().find(spec, fields))
    # mim has no such index.
    return found.hint([("_id", pymongo.ASCENDING)]) if hasattr(found, "batch_size") else found


class _Asked(NamedTuple):
    """What to query for a part of a stream."""

    #: A condition for each range of the index, newest first.
    ranges: list[dict[str, Any]]
    #: Single actions outside of the ranges, newest first.
    kept: list[Cursor]
    #: A condition for all actions. The ranges include it.
    also: dict[str, Any]

    @property
    def is_whole(self) -> bool:
        """Whether it is one range, from the newest action to the oldest."""
        return self.ranges == [self.also] and not self.kept


def _asked_for(window: Window, only: Only | None, hidden: Hidden | None) -> _Asked:
    floor, without, kept = None, [], []
    if only is not None:
        part = Part(only)
        floor, without = part.floor, list(part.without)
        kept = [each for each in part.kept if _is_in(window, each)]
    specs = hidden_specs(hidden) if hidden else []
    also: dict[str, Any] = {}
    if specs and not is_mim():
        also = {"$nor": specs}
    elif specs:
        ids = {each["_id"] for spec in specs for each in stored_actions().find(spec, {"_id": True})}
        without += ids
        kept = [each for each in kept if each.id not in ids]
    ranges = ranges_of(window, floor, {"$nin": without} if without else {})
    return _Asked([{**each, **also} for each in ranges], kept, also)


def _is_in(window: Window, one: Cursor) -> bool:
    before, after = window
    is_before = before is None or one.timestamp < before.timestamp
    is_after = after is None or one.timestamp > after.timestamp
    # Where there is no id, the timestamp alone decides.
    if before and before.id is not None:
        is_before = one < before
    if after and after.id is not None:
        is_after = one > after
    return is_before and is_after


def ranges_of(
    window: Window, floor: datetime | None = None, ids: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return a window as conditions, newest first, each for one range of the index.

    MongoDB would sort in memory what it finds by an "or" of them.

    :param floor: leave out what is not newer.
    :param ids: a further condition for the ``_id``.
    """
    before, after = window
    ids = ids or {}
    also = {"_id": ids} if ids else {}
    if floor is not None and (after is None or after.timestamp <= floor):
        after = Cursor(floor, None)
    if before and after and before.timestamp <= after.timestamp:
        if before.timestamp < after.timestamp or None in (before.id, after.id):
            return []
        between_ids = {"$lt": before.id, "$gt": after.id, **ids}
        return [{"timestamp": before.timestamp, "_id": between_ids}]
    between = {}
    ranges: list[dict[str, Any]] = []
    if before:
        if before.id is not None:
            ranges.append({"timestamp": before.timestamp, "_id": {"$lt": before.id, **ids}})
        between["$lt"] = before.timestamp
    if after:
        between["$gt"] = after.timestamp
    ranges.append({"timestamp": between, **also} if between else also)
    if after and after.id is not None:
        ranges.append({"timestamp": after.timestamp, "_id": {"$gt": after.id, **ids}})
    return ranges


def count_stream(
    to: Sequence[Address],
    window: Window,
    limit: int | None = None,
    only: Only | None = None,
    hidden: Hidden | None = None,
) -> int:
    """Count the actions for any of these addresses and for everyone, each once.

    :param limit: count no further.
    """
    total = 0
    asked = _asked_for(window, only, hidden)
    for each in asked.ranges:
        rest = {} if limit is None else {"limit": limit - total}
        if rest == {"limit": 0}:  # MongoDB refuses this
            break
        total += stored_actions().count_documents(addressed_to(to, each), **rest)
    for spec in _kept_specs(to, asked):
        if limit is not None and total >= limit:
            break
        total += len(list(_find_by_id(spec, {"_id": True})))
    # mim ignores the limit.
    return total if limit is None else min(total, limit)


def find_in_stream(to: Sequence[Address], ids: AnyCollection[Any]) -> list[Action]:
    """Find those of these actions that are for any of these addresses or for everyone."""
    # Beside the "or", not in it, so that MongoDB looks them up by their ids.
    spec = {"_id": {"$in": list(ids)}, **addressed_to(to, {})}
    return list(find(spec, NEWEST_FIRST, 0, None))


def find_actions(
    filters: dict[str, Any], order_by: str, desc: bool, skip: int, limit: int | None
) -> list[Action]:
    """Read the actions with these values after ``skip``, up to ``limit``."""
    spec = _with_values(filters)
    if order_by == "timestamp":  # every action has one
        spec.setdefault("timestamp", DATED)
    direction = pymongo.DESCENDING if desc else pymongo.ASCENDING
    order = [(order_by, direction), ("_id", direction)]
    return list(find(spec, order, skip, limit))


def count_actions(filters: dict[str, Any]) -> int:
    """Count the actions with these values."""
    count: int = Action.query.find(_with_values(filters)).count()
    return count


def _with_values(filters: dict[str, Any]) -> dict[str, Any]:
    return {field: {"$eq": value} for field, value in filters.items()}


def addressed_to(to: Sequence[Address], also: dict[str, Any]) -> dict[str, Any]:
    """Return the query for the actions for any of these addresses or for everyone.

    :param also: further conditions.
    """
    keys: dict[tuple[str, ...], list[Any]] = {}
    for address in to:
        keys.setdefault(address.names, []).append(address.key)
    recipients = [{"_type": _any_of(names), "_id": _any_of(keys[names])} for names in keys]
    # With the whole condition in each branch, each is read as ranges of its index.
    branches = [{"_recipients": {"$elemMatch": each}, **also} for each in recipients]
    return {"$or": [*branches, {"_recipients": None, **also}]}


def _any_of(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else {"$in": list(values)}


def find(
    spec: dict[str, Any], order: list[tuple[str, int]], skip: int, limit: int | None
) -> Iterator[Action]:
    """Yield the actions of a query, without their recipients."""
    return map(_action, _documents(_fields_of_action(), spec, order, skip, limit))


def _documents(
    fields: dict[str, Any],
    spec: dict[str, Any],
    order: list[tuple[str, int]],
    skip: int,
    limit: int | None,
) -> Iterator[dict[str, Any]]:
    if limit == 0:  # MongoDB takes this for no limit
        return iter(())
    documents = stored_actions().find(spec, fields).sort(order).skip(skip)
    if limit is None or limit > _FIRST_BATCH:
        documents = in_batches(documents)
    return iter(documents.limit(limit or 0))


def _action(document: dict[str, Any]) -> Action:
    """Return the action of a document, as Ming's own query would.

    Ming would also validate it, which takes longer than to read it. Only this package writes it.
    """
    action = DBSession.imap.get(Action, document["_id"])
    if action is None:
        fields = {name: document.get(name) for name in FIELDS}
        if fields["timestamp"] is not None:  # the connection may give aware ones
            fields["timestamp"] = naive_utc(fields["timestamp"])
        action = restore_action(fields)
        action.is_known_for_everyone = document.get("_recipients") is None
        DBSession.save(action)
    return action


def restore_action(fields: dict[str, Any]) -> Action:
    """Make an action of what was stored. No session holds it.

    :param fields: what its ``_in_hand()`` gave.
    """
    action: Action = make_read(Action, fields, READ)
    return action


def read_recipients(action: Action, page: Sequence[Action], few: int) -> Sequence[Action]:
    """Read the recipients of an action, and of those on its page that have few.

    :param few: at most as many recipients.
    :returns: the actions whose recipients may be loaded together: this one, and those.
    """
    unread = {each._id: each for each in page if not (is_read(each) or each._has_many_recipients)}
    if unread:
        _read_recipients(unread, {f"_recipients.{few}": {"$exists": False}})
        for each in unread.values():
            each._has_many_recipients = not is_read(each)
    if not is_read(action):
        _read_recipients({action._id: action}, {})
    if not is_read(action):  # it was deleted meanwhile
        put(action, "_recipients", [])
    few_each = (each for each in page if is_read(each) and (each.number_of_recipients or 0) <= few)
    return [action, *few_each]


def _read_recipients(actions: dict[Any, Action], spec: dict[str, Any]) -> None:
    spec = {"_id": {"$in": list(actions)}, **spec}
    for document in stored_actions().find(spec, {"_recipients": True}):
        action = actions[document["_id"]]
        put(action, "_recipients", document.get("_recipients"))
        action.is_known_for_everyone = document.get("_recipients") is None
