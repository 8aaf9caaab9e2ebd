"""The statements that read a stream.

Each is built once, because Python takes longer to build one than a database to answer it.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ..values import Address, Reference, Window
from .session import engine_of_session
from .tables import (
    EVERYONE,
    NAME_TYPE,
    NOBODY,
    RECIPIENTS,
    Action,
    KeyType,
    MomentType,
)

#: The most addresses that one statement asks for, where they are not given as arrays.
_MOST_ADDRESSES = 64


def _arrays_of_addresses() -> Any:
    types = sa.bindparam("types", type_=postgresql.ARRAY(RECIPIENTS.c.recipient_type.type))
    keys = sa.bindparam("keys", type_=postgresql.ARRAY(RECIPIENTS.c.recipient_id.type))
    each = sa.func.unnest(types, keys).table_valued("type", "key", with_ordinality="place")
    return each.render_derived(name="addressed")


#: The rows that PostgreSQL makes of two arrays of addresses: type, key and place of each.
ADDRESSED = _arrays_of_addresses()


class AddressBatch(NamedTuple):
    """The addresses that one statement asks for."""

    #: How many there are; None for arrays, whose length does not matter.
    length: int | None
    #: The parameters of the statement.
    values: dict[str, Any]


def address_batches(to: Sequence[Address]) -> list[AddressBatch]:
    """Divide these addresses and everyone into as few batches as the database allows."""
    references = [Reference(name, each.key) for each in to for name in each.names]
    references.append(EVERYONE)
    if len(to) == 1:
        return [_numbered(references)]
    if engine_of_session().dialect.name == "postgresql":
        types, keys = map(list, zip(*references, strict=True))
        return [AddressBatch(None, {"types": types, "keys": keys})]
    batches = []
    for start in range(0, len(references), _MOST_ADDRESSES):
        batch = references[start : start + _MOST_ADDRESSES]
        # A few different lengths need only a few different statements.
        length = 1 << (len(batch) - 1).bit_length()
        batches.append(_numbered([*batch, *[NOBODY] * (length - len(batch))]))
    return batches


def _numbered(references: list[Reference]) -> AddressBatch:
    values: dict[str, Any] = {}
    for number, (type_name, key) in enumerate(references):
        values[f"type{number}"] = type_name
        values[f"key{number}"] = key
    return AddressBatch(len(references), values)


def window_parameters(window: Window) -> dict[str, Any]:
    """Return the parameters by which a statement is given a window."""
    values: dict[str, Any] = {}
    for name, place in window._asdict().items():
        values[f"{name}_moment"], values[f"{name}_id"] = place or (None, None)
    return values


class Shape(NamedTuple):
    """Everything that the text of a statement depends on."""

    addresses: int | None
    before: bool
    after: bool
    newer_than: bool
    limit: bool

    @classmethod
    def of(
        cls, batch: AddressBatch, window: Window, newer_than: Any = None, limit: Any = None
    ) -> "Shape":
        """Return the shape of the statement for these arguments."""
        given = (each is not None for each in (window.before, window.after, newer_than, limit))
        return cls(batch.length, *given)


@lru_cache
def page_statement(shape: Shape, distinct: bool) -> sa.Select[Any]:
    """Return the SELECT of a page: it merges the newest rows of each address.

    The rows of an address are one range of the index.
    """
    newest_first: Any = (sa.desc("timestamp"), sa.desc("action_id"))
    each = [
        _selected(shape, rows.order_by(*newest_first).limit(_number("end")))
        for rows in _rows(shape, RECIPIENTS.c.timestamp, RECIPIENTS.c.action_id)
    ]
    merged = _union(each, distinct).order_by(*newest_first)
    # Cut before the join, which would read the actions of all that is skipped.
    page = merged.offset(_number("skip")).limit(_number("size")).subquery()
    return (
        sa.select(Action)
        .join(page, Action._id == page.c.action_id)
        .order_by(page.c.timestamp.desc(), page.c.action_id.desc())
    )


@lru_cache
def count_statement(shape: Shape) -> sa.Select[Any]:
    """Return the SELECT that counts the actions for one recipient or for arrays of addresses."""
    if shape.addresses is None:
        return _count(ids_statement(shape))
    counts = [_count(rows).scalar_subquery() for rows in _limited(shape)]
    return sa.select(sum(counts[1:], counts[0]))


def _count(rows: Any) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(rows.subquery())


@lru_cache
def ids_statement(shape: Shape) -> Any:
    """Return the SELECT of the ids of the actions."""
    return _union([_selected(shape, rows) for rows in _limited(shape)], distinct=True)


def _limited(shape: Shape) -> Iterator[sa.Select[Any]]:
    for rows in _rows(shape, RECIPIENTS.c.action_id):
        yield rows.limit(_number("end")) if shape.limit else rows


def _union(each: list[sa.Select[Any]], distinct: bool) -> Any:
    if len(each) == 1:
        return each[0].distinct() if distinct else each[0]
    return (sa.union if distinct else sa.union_all)(*each)


def _selected(shape: Shape, rows: sa.Select[Any]) -> sa.Select[Any]:
    """Make a part of a union of the rows of one address, or of all addresses in arrays."""
    if shape.addresses is not None:
        return sa.select(rows.subquery())
    of_each = rows.lateral()
    return sa.select(of_each).select_from(ADDRESSED.join(of_each, sa.true()))


def _rows(shape: Shape, *columns: Any) -> Iterator[sa.Select[Any]]:
    """Select each address's rows in a window; for arrays, once, to be joined to the addresses."""
    timestamp, action_id = RECIPIENTS.c.timestamp, RECIPIENTS.c.action_id
    for type_name, key in _addresses(shape):
        rows = sa.select(*columns).where(
            RECIPIENTS.c.recipient_type == type_name, RECIPIENTS.c.recipient_id == key
        )
        # The first condition of each tells databases the range that they do not see in the second.
        if shape.before:
            moment, last_id = _moment("before_moment"), _number("before_id")
            rows = rows.where(timestamp <= moment, sa.or_(timestamp < moment, action_id < last_id))
        if shape.after:
            moment, last_id = _moment("after_moment"), _number("after_id")
            rows = rows.where(timestamp >= moment, sa.or_(timestamp > moment, action_id > last_id))
        if shape.newer_than:
            rows = rows.where(timestamp > _moment("newer_than"))
        yield rows


def _addresses(shape: Shape) -> Iterator[tuple[Any, Any]]:
    if shape.addresses is None:
        yield ADDRESSED.c.type, ADDRESSED.c.key
        return
    for number in range(shape.addresses):
        type_name = sa.bindparam(f"type{number}", type_=NAME_TYPE)
        yield type_name, sa.bindparam(f"key{number}", type_=KeyType)


def _number(name: str) -> Any:
    return sa.bindparam(name, type_=sa.BigInteger)


def _moment(name: str) -> Any:
    return sa.bindparam(name, type_=MomentType)
