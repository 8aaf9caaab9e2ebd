"""Reading the actions that have an entity in a role."""

from collections.abc import Iterator, Sequence
from typing import Any

from ..clock import naive_utc
from ..cursors import cursor_of
from ..values import About, Cursor, Viewer, Window
from .reading import addressed_to, find, ranges_of
from .session import BATCH, in_batches
from .tables import NEWEST_FIRST, Action, stored_actions


def read_about(
    about: About, window: Window, skip: int, limit: int | None, for_everyone: bool
) -> Iterator[Action]:
    """Yield the actions with an entity in a role, newest first, whoever they are for."""
    for each in ranges_of(window):
        query = _query(about, each, for_everyone)
        order = _order(each)
        for action in find(query, order, 0, None if limit is None else skip + limit):
            if skip:
                skip -= 1
                continue
            if limit == 0:
                return
            yield action
            limit = None if limit is None else limit - 1


def count_about(about: About, window: Window, for_everyone: bool) -> int:
    """Count the actions with an entity in a role, whoever they are for."""
    return sum(
        stored_actions().count_documents(_query(about, each, for_everyone))
        for each in ranges_of(window)
    )


def cursors_about(
    about: About, window: Window, limit: int, viewer: Viewer
) -> list[tuple[Cursor, bool]]:
    """Return the cursors of the newest of these actions, each with whether a viewer may see it."""
    cursors: list[Cursor] = []
    for each in ranges_of(window):
        if len(cursors) < limit:
            found = stored_actions().find(_query(about, each, False), {"timestamp": True})
            newest = in_batches(found.sort(_order(each))).limit(limit - len(cursors))
            cursors += [Cursor(naive_utc(one["timestamp"]), one["_id"]) for one in newest]
    one_of = {"_id": {"$in": [cursor.id for cursor in cursors]}}
    myself = viewer.myself
    own = {"actor_type": {"$in": list(myself.names)}, "actor_id": myself.key}
    seen = addressed_to(viewer.to, one_of)
    seen["$or"].append({**own, **one_of})
    visible = {one["_id"] for one in stored_actions().find(seen, {"_id": True})}
    return [(cursor, cursor.id in visible) for cursor in cursors]


def load_actions(ids: Sequence[Any]) -> list[Action]:
    """Return these actions, newest first, without those that are not stored any more."""
    found: list[Action] = []
    for start in range(0, len(ids), BATCH):
        found += find({"_id": {"$in": list(ids[start : start + BATCH])}}, NEWEST_FIRST, 0, None)
    return sorted(found, key=cursor_of, reverse=True)


def _query(about: About, window: dict[str, Any], for_everyone: bool) -> dict[str, Any]:
    names = about.entity.names
    its = {
        f"{about.role}_id": about.entity.key,
        f"{about.role}_type": names[0] if len(names) == 1 else {"$in": list(names)},
    }
    return {**its, **({"_recipients": None} if for_everyone else {}), **window}


def _order(window: dict[str, Any]) -> list[tuple[str, int]]:
    # For one timestamp, MongoDB merges only in the order of the rest of the index.
    return NEWEST_FIRST[1:] if "timestamp" in window and "_id" in window else NEWEST_FIRST
