"""Reading streams, all actions, and the recipients of a page."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import pymongo

from .. import DBSession
from ..action import FIELDS, cursor_of
from ..clock import naive_utc
from ..values import Address, Window
from .private import make_read, put
from .session import BATCH, in_batches
from .tables import DATED, NEWEST_FIRST, READ, Action, collection_of, is_read

#: MongoDB merges some 200 ranges of an index, and sorts the actions of more in memory.
_ADDRESSES = 100


def read_stream(
    to: Sequence[Address], window: Window, skip: int, limit: int | None
) -> Iterator[Action]:
    """The actions for any of these addresses and for everyone, newest first."""
    if limit == 0:
        return iter(())
    end = None if limit is None else skip + limit
    ranges = _ranges(window)
    if ranges == [{}] and len(to) <= _ADDRESSES:
        return _find(_addressed_to(to, {}), NEWEST_FIRST, skip, limit)
    parts = [to[start : start + _ADDRESSES] for start in range(0, len(to), _ADDRESSES)]
    return islice(_merged([_chained(part, ranges, end) for part in parts]), skip, end)


def _merged(streams: list[Iterator[Action]]) -> Iterator[Action]:
    """Streams as one, each action once."""
    last = None
    for action in heapq.merge(*streams, key=cursor_of, reverse=True):
        if last is None or action._id != last._id:
            yield action
        last = action


def _chained(
    to: Sequence[Address], ranges: list[dict[str, Any]], limit: int | None
) -> Iterator[Action]:
    for each in ranges:
        # Where the timestamp is one, MongoDB merges in the order of the rest of the index only.
        order = NEWEST_FIRST[1:] if "_id" in each else NEWEST_FIRST
        for action in _find(_addressed_to(to, each), order, 0, limit):
            yield action
            limit = None if limit is None else limit - 1


def _ranges(window: Window, newer_than: datetime | None = None) -> list[dict[str, Any]]:
    """What is in a window and newer than a moment, as one condition after the other, newest first.

    MongoDB takes each for one range of the index. It would sort the whole of their "or".
    """
    before, after = window
    since = after.timestamp if after else None
    if newer_than is not None and (since is None or since <= newer_than):
        since, after = newer_than, None
    if before and after and before <= after:
        return []
    if before and since and not after and before.timestamp <= since:
        return []
    if before and after and before.timestamp == after.timestamp:
        return [{"timestamp": before.timestamp, "_id": {"$lt": before.id, "$gt": after.id}}]
    between = {}
    ranges: list[dict[str, Any]] = []
    if before:
        ranges.append({"timestamp": before.timestamp, "_id": {"$lt": before.id}})
        between["$lt"] = before.timestamp
    if since:
        between["$gt"] = since
    ranges.append({"timestamp": between} if between else {})
    if after:
        ranges.append({"timestamp": after.timestamp, "_id": {"$gt": after.id}})
    return ranges


def count_stream(
    to: Sequence[Address],
    window: Window,
    newer_than: datetime | None = None,
    limit: int | None = None,
) -> int:
    """How many actions there are for any of these addresses and for everyone.

    :param limit: stop counting there.
    """
    total = 0
    for each in _ranges(window, newer_than):
        rest = {} if limit is None else {"limit": limit - total}
        if rest == {"limit": 0}:  # which MongoDB refuses
            break
        total += DBSession.db[collection_of(Action)].count_documents(
            _addressed_to(to, each), **rest
        )
    # Ming's database in memory knows no limit here.
    return total if limit is None else min(total, limit)


def find_actions(
    filters: dict[str, Any], order_by: str, desc: bool, skip: int, limit: int | None
) -> tuple[int, list[Action]]:
    """How many actions have these values, and those of them that are asked for."""
    spec = {field: {"$eq": value} for field, value in filters.items()}
    if order_by == "timestamp":  # which every action has
        spec.setdefault("timestamp", DATED)
    direction = pymongo.DESCENDING if desc else pymongo.ASCENDING
    order = [(order_by, direction), ("_id", direction)]
    return Action.query.find(spec).count(), list(_find(spec, order, skip, limit))


def _addressed_to(to: Sequence[Address], also: dict[str, Any]) -> dict[str, Any]:
    keys: dict[tuple[str, ...], list[Any]] = {}
    for address in to:
        keys.setdefault(address.names, []).append(address.key)
    recipients = [{"_type": _any_of(names), "_id": _any_of(keys[names])} for names in keys]
    # Each branch holds the whole condition, so that each is ranges of its index.
    branches = [{"_recipients": {"$elemMatch": each}, **also} for each in recipients]
    return {"$or": [*branches, {"_recipients": None, **also}]}


def _any_of(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else {"$in": list(values)}


def _find(
    spec: dict[str, Any], order: list[tuple[str, int]], skip: int, limit: int | None
) -> Iterator[Action]:
    if limit == 0:  # which MongoDB takes for no limit
        return iter(())
    # Without the recipients, who may be a hundred thousand of each action.
    fields = dict.fromkeys(FIELDS, True)
    documents = DBSession.db[collection_of(Action)].find(spec, fields).sort(order).skip(skip)
    if limit is None or limit > BATCH:
        documents = in_batches(documents)
    return map(_action, documents.limit(limit or 0))


def _action(document: dict[str, Any]) -> Action:
    """The action of a document, as Ming's own query would give it.

    To validate what only this module writes would cost more than to read it.
    """
    action = DBSession.imap.get(Action, document["_id"])
    if action is None:
        fields = {name: document.get(name) for name in FIELDS}
        if fields["timestamp"] is not None:  # of a connection that gives aware ones
            fields["timestamp"] = naive_utc(fields["timestamp"])
        action = restore_action(fields)
        DBSession.save(action)
    return action


def restore_action(fields: dict[str, Any]) -> Action:
    """An action as it was stored, which no session holds.

    :param fields: its ``_in_hand()``.
    """
    action: Action = make_read(Action, fields, READ)
    return action


def read_recipients(action: Action, page: Sequence[Action], few: int) -> Sequence[Action]:
    """Read the recipients of an action, and of those on its page that have few.

    :param few: at most so many.
    :returns: the actions whose recipients may be loaded together.
    """
    unread = {each._id: each for each in page if not (is_read(each) or each._has_many_recipients)}
    if unread:
        _read_recipients(unread, {f"_recipients.{few}": {"$exists": False}})
        for each in unread.values():
            each._has_many_recipients = not is_read(each)
    if not is_read(action):
        _read_recipients({action._id: action}, {})
    if not is_read(action):  # it was deleted since
        put(action, "_recipients", [])
    few_each = (each for each in page if is_read(each) and (each.number_of_recipients or 0) <= few)
    return [action, *few_each]


def _read_recipients(actions: dict[Any, Action], spec: dict[str, Any]) -> None:
    spec = {"_id": {"$in": list(actions)}, **spec}
    for document in DBSession.db[collection_of(Action)].find(spec, {"_recipients": True}):
        put(actions[document["_id"]], "_recipients", document.get("_recipients"))
