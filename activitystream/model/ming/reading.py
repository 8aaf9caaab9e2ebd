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

#: MongoDB merges about 200 ranges of an index; the actions of more ranges it sorts in memory.
_ADDRESSES = 100


def read_stream(
    to: Sequence[Address], window: Window, skip: int, limit: int | None
) -> Iterator[Action]:
    """Yield the actions for any of these addresses or for everyone, newest first."""
    if limit == 0:
        return iter(())
    end = None if limit is None else skip + limit
    ranges = _ranges(window)
    if ranges == [{}] and len(to) <= _ADDRESSES:
        return _find(_addressed_to(to, {}), NEWEST_FIRST, skip, limit)
    parts = [to[start : start + _ADDRESSES] for start in range(0, len(to), _ADDRESSES)]
    return islice(_merged([_chained(part, ranges, end) for part in parts]), skip, end)


def _merged(streams: list[Iterator[Action]]) -> Iterator[Action]:
    """Merge streams, newest first, each action once."""
    last = None
    for action in heapq.merge(*streams, key=cursor_of, reverse=True):
        if last is None or action._id != last._id:
            yield action
        last = action


def _chained(
    to: Sequence[Address], ranges: list[dict[str, Any]], limit: int | None
) -> Iterator[Action]:
    for each in ranges:
        # For one timestamp, MongoDB merges only in the order of the rest of the index.
        order = NEWEST_FIRST[1:] if "_id" in each else NEWEST_FIRST
        for action in _find(_addressed_to(to, each), order, 0, limit):
            yield action
            limit = None if limit is None else limit - 1


def _ranges(window: Window, newer_than: datetime | None = None) -> list[dict[str, Any]]:
    """Return the conditions for a window and for what is newer than a moment, newest first.

    Each is one range of the index. A query with an "or" of them would sort in memory.
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
    """Count the actions for any of these addresses or for everyone.

    :param limit: count no further.
    """
    total = 0
    for each in _ranges(window, newer_than):
        rest = {} if limit is None else {"limit": limit - total}
        if rest == {"limit": 0}:  # MongoDB refuses this
            break
        total += DBSession.db[collection_of(Action)].count_documents(
            _addressed_to(to, each), **rest
        )
    # mim ignores the limit.
    return total if limit is None else min(total, limit)


def find_actions(
    filters: dict[str, Any], order_by: str, desc: bool, skip: int, limit: int | None
) -> tuple[int, list[Action]]:
    """Count the actions with these values, and read those after ``skip``, up to ``limit``."""
    spec = {field: {"$eq": value} for field, value in filters.items()}
    if order_by == "timestamp":  # every action has one
        spec.setdefault("timestamp", DATED)
    direction = pymongo.DESCENDING if desc else pymongo.ASCENDING
    order = [(order_by, direction), ("_id", direction)]
    return Action.query.find(spec).count(), list(_find(spec, order, skip, limit))


def _addressed_to(to: Sequence[Address], also: dict[str, Any]) -> dict[str, Any]:
    keys: dict[tuple[str, ...], list[Any]] = {}
    for address in to:
        keys.setdefault(address.names, []).append(address.key)
    recipients = [{"_type": _any_of(names), "_id": _any_of(keys[names])} for names in keys]
    # With the whole condition in each branch, each is read as ranges of its index.
    branches = [{"_recipients": {"$elemMatch": each}, **also} for each in recipients]
    return {"$or": [*branches, {"_recipients": None, **also}]}


def _any_of(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else {"$in": list(values)}


def _find(
    spec: dict[str, Any], order: list[tuple[str, int]], skip: int, limit: int | None
) -> Iterator[Action]:
    if limit == 0:  # MongoDB takes this for no limit
        return iter(())
    # Without the recipients: one action may have 100,000.
    fields = dict.fromkeys(FIELDS, True)
    documents = DBSession.db[collection_of(Action)].find(spec, fields).sort(order).skip(skip)
    if limit is None or limit > BATCH:
        documents = in_batches(documents)
    return map(_action, documents.limit(limit or 0))


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
    for document in DBSession.db[collection_of(Action)].find(spec, {"_recipients": True}):
        put(actions[document["_id"]], "_recipients", document.get("_recipients"))
