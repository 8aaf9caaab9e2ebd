"""Deleting actions, and taking an entity out of them."""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from .. import DBSession
from ..action import ROLES
from ..values import Address, Reference
from .digests import digests_of_names
from .session import CHUNK, chunks
from .tables import ONCE, RECIPIENTS, SEEN_ACTIONS, Action, ActionRecipient


def count_before(before: datetime) -> int:
    """Count the actions with a smaller timestamp."""
    query = sa.select(sa.func.count()).select_from(Action).where(Action.timestamp < before)
    return DBSession.scalar(query)


def ids_before(before: datetime) -> Iterator[list[int]]:
    """Yield the ids of the actions with a smaller timestamp, oldest first, in batches of 1,000."""
    oldest_first = (Action.timestamp, Action._id)
    query = sa.select(*oldest_first).where(Action.timestamp < before).order_by(*oldest_first)
    rest = query.limit(CHUNK)
    # To ask for the oldest again would read past all that were just deleted.
    while page := DBSession.execute(rest).all():
        yield [action_id for _, action_id in page]
        moment, action_id = page[-1]
        after = sa.or_(Action.timestamp > moment, Action._id > action_id)
        rest = query.where(Action.timestamp >= moment, after).limit(CHUNK)


def delete_actions(ids: list[int]) -> int:
    """Delete actions and all rows that refer to them, and have the session forget them.

    :returns: how many were still there.
    """
    _wait_for_other_removals()
    return delete_rows(ids)


def delete_rows(ids: list[int]) -> int:
    """Delete actions as :func:`delete_actions`, without waiting for other removals."""
    # Before what refers to them, or a mark on MariaDB and this could wait for each other.
    there = sa.select(Action._id).where(Action._id.in_(ids)).order_by(Action._id)
    DBSession.execute(there.with_for_update()).all()
    for table in (RECIPIENTS, SEEN_ACTIONS, ONCE):
        rows = sa.delete(table).where(table.c.action_id.in_(ids))
        DBSession.execute(rows, bind_arguments={"mapper": Action})
    return DBSession.execute(sa.delete(Action).where(Action._id.in_(ids))).rowcount


def ids_saying(
    actor: Address, verb: str, target: Address | None, action_obj: Address | None
) -> list[int]:
    """Return the ids of the actions that say exactly this; None is for no entity."""
    said = [Action.verb == verb]
    for role, entity in (("actor", actor), ("target", target), ("action_obj", action_obj)):
        type_name, key = _reference_columns(role)
        if entity is None:
            said.append(type_name.is_(None))
        else:
            said += [type_name.in_(entity.names), key == entity.key]
    return list(DBSession.scalars(sa.select(Action._id).where(*said)))


def read_references() -> Iterator[list[tuple[Any, ...]]]:
    """Yield all actions in batches of 1,000: their ids, and the type and key of each role."""
    columns = [column for role in ROLES for column in _reference_columns(role)]
    query = sa.select(Action._id, *columns).order_by(Action._id).limit(CHUNK)
    rest = query
    while page := DBSession.execute(rest).all():
        yield page
        rest = query.where(Action._id > page[-1][0])


def clear_role(role: str, ids: list[int], references: Sequence[Reference]) -> int:
    """Set type, key and name of a role to null in the actions with an entity in that role.

    :returns: the number of actions changed.
    """
    _wait_for_other_removals()
    columns = _reference_columns(role)
    refer = (Action._id.in_(ids), _one_of(references, *columns))
    if role == "target":
        rows = RECIPIENTS.c
        its = (rows.action_id.in_(ids), rows.target_digest.in_(digests_of_names(references)))
        statement = sa.update(RECIPIENTS).where(*its).values(target_digest=None)
        DBSession.execute(statement, bind_arguments={"mapper": Action})
    nothing = dict.fromkeys((*columns, getattr(Action, f"{role}_name")))
    return DBSession.execute(sa.update(Action).where(*refer).values(nothing)).rowcount


def ids_addressed_to(references: Sequence[Reference]) -> Iterator[list[int]]:
    """Yield the ids of the actions that are for one of these, oldest first, in batches of 1,000."""
    merged = heapq.merge(*map(_places_addressed_to, references))
    return chunks(action_id for (_, action_id), _ in groupby(merged))


def _places_addressed_to(reference: Reference) -> Iterator[tuple[datetime, int]]:
    """Yield the timestamp and id of each action for one recipient, in the order of the index."""
    rows = ActionRecipient
    place = (rows.timestamp, rows.action_id)
    query = sa.select(*place).where(_is_recipient([reference])).order_by(*place).limit(CHUNK)
    rest = query
    while page := DBSession.execute(rest).all():
        yield from ((moment, action_id) for moment, action_id in page)
        moment, action_id = page[-1]
        after = sa.or_(rows.timestamp > moment, rows.action_id > action_id)
        rest = query.where(rows.timestamp >= moment, after)


def remove_recipients(ids: list[int], references: Sequence[Reference]) -> int:
    """Remove an entity from the recipients of actions; without any left, they are for nobody.

    :returns: the number of actions changed.
    """
    _wait_for_other_removals()
    theirs = (_is_recipient(references), ActionRecipient.action_id.in_(ids))
    # Without the lock, MariaDB reads what was there when the transaction began.
    query = sa.select(ActionRecipient.action_id).where(*theirs).with_for_update()
    taken = Counter(DBSession.scalars(query))
    DBSession.execute(sa.delete(ActionRecipient).where(*theirs))
    for number in set(taken.values()):
        lost_as_many = Action._id.in_([each for each in taken if taken[each] == number])
        rest = Action.number_of_recipients - number
        statement = sa.update(Action).where(lost_as_many).values(number_of_recipients=rest)
        DBSession.execute(statement)
    for held in DBSession.identity_map.values():
        if isinstance(held, Action):
            vars(held).pop("_references_read", None)
    return len(taken)


def _wait_for_other_removals() -> None:
    """Wait until nobody else removes anything, since two removals at once could deadlock."""
    oldest = sa.select(Action._id).order_by(Action._id).limit(1)
    DBSession.execute(oldest.with_for_update())


def _reference_columns(role: str) -> tuple[Any, Any]:
    return getattr(Action, f"{role}_type"), getattr(Action, f"_{role}_key")


def _is_recipient(references: Sequence[Reference]) -> Any:
    return _one_of(references, ActionRecipient.recipient_type, ActionRecipient.recipient_id)


def _one_of(references: Sequence[Reference], type_name: Any, key: Any) -> Any:
    return sa.or_(*(sa.and_(type_name == each.type, key == each.key) for each in references))
