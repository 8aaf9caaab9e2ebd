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
from ..values import Reference
from .session import CHUNK, chunks
from .tables import Action, ActionRecipient


def count_before(before: datetime) -> int:
    """How many actions there are from before a moment."""
    query = sa.select(sa.func.count()).select_from(Action).where(Action.timestamp < before)
    return DBSession.scalar(query)


def ids_before(before: datetime) -> Iterator[list[int]]:
    """The keys of the actions from before a moment, oldest first, by the thousand."""
    oldest_first = (Action.timestamp, Action._id)
    query = sa.select(*oldest_first).where(Action.timestamp < before).order_by(*oldest_first)
    rest = query.limit(CHUNK)
    # To ask for the oldest again would be to pass by all that were just deleted.
    while page := DBSession.execute(rest).all():
        yield [key for _, key in page]
        moment, key = page[-1]
        after = sa.or_(Action.timestamp > moment, Action._id > key)
        rest = query.where(Action.timestamp >= moment, after).limit(CHUNK)


def delete_actions(keys: list[int]) -> int:
    """Delete actions, with the rows of their recipients, and have the session let go of them.

    :returns: how many there still were.
    """
    _wait_for_other_removals()
    DBSession.execute(sa.delete(ActionRecipient).where(ActionRecipient.action_id.in_(keys)))
    return DBSession.execute(sa.delete(Action).where(Action._id.in_(keys))).rowcount


def read_references() -> Iterator[list[tuple[Any, ...]]]:
    """All actions, by the thousand: of each its key, and the type and the key in each role."""
    columns = [column for role in ROLES for column in _reference_columns(role)]
    query = sa.select(Action._id, *columns).order_by(Action._id).limit(CHUNK)
    rest = query
    while page := DBSession.execute(rest).all():
        yield page
        rest = query.where(Action._id > page[-1][0])


def clear_role(role: str, keys: list[int], references: Sequence[Reference]) -> int:
    """Have actions refer to nothing in a role in which they refer to one of these.

    :returns: how many did.
    """
    _wait_for_other_removals()
    columns = _reference_columns(role)
    refer = (Action._id.in_(keys), _one_of(references, *columns))
    nothing = dict.fromkeys((*columns, getattr(Action, f"{role}_name")))
    return DBSession.execute(sa.update(Action).where(*refer).values(nothing)).rowcount


def ids_addressed_to(references: Sequence[Reference]) -> Iterator[list[int]]:
    """Yield the ids of the actions that are for one of these, oldest first, in batches of 1,000."""
    merged = heapq.merge(*map(_places_addressed_to, references))
    return chunks(action_id for (_, action_id), _ in groupby(merged))


def _places_addressed_to(reference: Reference) -> Iterator[tuple[datetime, int]]:
    """Yield where the actions for one recipient stand, in the order of the index of streams."""
    rows = ActionRecipient
    place = (rows.timestamp, rows.action_id)
    query = sa.select(*place).where(_is_recipient([reference])).order_by(*place).limit(CHUNK)
    rest = query
    while page := DBSession.execute(rest).all():
        yield from ((moment, action_id) for moment, action_id in page)
        moment, action_id = page[-1]
        after = sa.or_(rows.timestamp > moment, rows.action_id > action_id)
        rest = query.where(rows.timestamp >= moment, after)


def remove_recipients(keys: list[int], references: Sequence[Reference]) -> int:
    """Take these out of the recipients of actions, which are for nobody if none is left.

    :returns: of how many actions they were recipients.
    """
    _wait_for_other_removals()
    theirs = (_is_recipient(references), ActionRecipient.action_id.in_(keys))
    # Locked, since MariaDB would read what was there when the transaction began.
    query = sa.select(ActionRecipient.action_id).where(*theirs).with_for_update()
    taken = Counter(DBSession.scalars(query))
    DBSession.execute(sa.delete(ActionRecipient).where(*theirs))
    for number in set(taken.values()):
        of_so_many = Action._id.in_([key for key in taken if taken[key] == number])
        rest = Action.number_of_recipients - number
        statement = sa.update(Action).where(of_so_many).values(number_of_recipients=rest)
        DBSession.execute(statement)
    for held in DBSession.identity_map.values():
        if isinstance(held, Action):
            vars(held).pop("_rows", None)
    return len(taken)


def _wait_for_other_removals() -> None:
    """Wait until nobody else removes anything, or each would wait for what the other locked."""
    oldest = sa.select(Action._id).order_by(Action._id).limit(1)
    DBSession.execute(oldest.with_for_update())


def _reference_columns(role: str) -> tuple[Any, Any]:
    return getattr(Action, f"{role}_type"), getattr(Action, f"_{role}_key")


def _is_recipient(references: Sequence[Reference]) -> Any:
    return _one_of(references, ActionRecipient.recipient_type, ActionRecipient.recipient_id)


def _one_of(references: Sequence[Reference], type_name: Any, key: Any) -> Any:
    return sa.or_(*(sa.and_(type_name == each.type, key == each.key) for each in references))
