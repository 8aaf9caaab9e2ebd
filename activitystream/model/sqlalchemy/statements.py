"""The statements that read a stream, each built once: building one takes Python longer than a
database takes to answer it."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ..values import Address, Reference, Window
from .session import engine_of_session
from .tables import EVERYONE, NOBODY, ROWS, Action, Key, Moment, Name

#: How many addresses one statement asks for, where they are not given as arrays.
_ADDRESSES = 64


def _arrays_of_addresses() -> Any:
    types = sa.bindparam("types", type_=postgresql.ARRAY(ROWS.c.recipient_type.type))
    keys = sa.bindparam("keys", type_=postgresql.ARRAY(ROWS.c.recipient_id.type))
    each = sa.func.unnest(types, keys).table_valued("type", "key", with_ordinality="place")
    return each.render_derived(name="addressed")


#: Addresses that PostgreSQL is given as two arrays: the type, the key and the place of each.
ADDRESSED = _arrays_of_addresses()


class Part(NamedTuple):
    """Addresses that one statement asks for."""

    #: How many they are; None for arrays of them, of any length.
    length: int | None
    #: The parameters of the statement that hold them.
    values: dict[str, Any]


def parts_of(to: Sequence[Address]) -> list[Part]:
    """These addresses and everyone, by as few statements as the database can be asked."""
    references = [Reference(name, each.key) for each in to for name in each.names]
    references.append(EVERYONE)
    if len(to) == 1:
        return [_numbered(references)]
    if engine_of_session().dialect.name == "postgresql":
        types, keys = map(list, zip(*references, strict=True))
        return [Part(None, {"types": types, "keys": keys})]
    parts = []
    for start in range(0, len(references), _ADDRESSES):
        part = references[start : start + _ADDRESSES]
        # Of few different lengths, so that there are few different statements.
        length = 1 << (len(part) - 1).bit_length()
        parts.append(_numbered([*part, *[NOBODY] * (length - len(part))]))
    return parts


def _numbered(references: list[Reference]) -> Part:
    values: dict[str, Any] = {}
    for number, (type_name, key) in enumerate(references):
        values[f"type{number}"] = type_name
        values[f"key{number}"] = key
    return Part(len(references), values)


def window_parameters(window: Window) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, place in window._asdict().items():
        values[f"{name}_moment"], values[f"{name}_key"] = place or (None, None)
    return values


class Shape(NamedTuple):
    """All on which the text of a statement depends."""

    addresses: int | None
    before: bool
    after: bool
    newer_than: bool
    limit: bool

    @classmethod
    def of(cls, part: Part, window: Window, newer_than: Any = None, limit: Any = None) -> "Shape":
        given = (each is not None for each in (window.before, window.after, newer_than, limit))
        return cls(part.length, *given)


@lru_cache
def page_statement(shape: Shape, distinct: bool) -> sa.Select[Any]:
    """Actions, merged from the newest for each address: each is one range of the index."""
    newest_first: Any = (sa.desc("timestamp"), sa.desc("action_id"))
    each = [
        _selected(shape, rows.order_by(*newest_first).limit(_number("end")))
        for rows in _rows(shape, ROWS.c.timestamp, ROWS.c.action_id)
    ]
    merged = _together(each, distinct).order_by(*newest_first)
    # Cut here, or the actions of all that is skipped would be read too.
    page = merged.offset(_number("skip")).limit(_number("size")).subquery()
    return (
        sa.select(Action)
        .join(page, Action._id == page.c.action_id)
        .order_by(page.c.timestamp.desc(), page.c.action_id.desc())
    )


@lru_cache
def count_statement(shape: Shape) -> sa.Select[Any]:
    """How many actions there are, for one recipient or for arrays of addresses."""
    if shape.addresses is None:
        return _count(ids_statement(shape))
    counts = [_count(rows).scalar_subquery() for rows in _limited(shape)]
    return sa.select(sum(counts[1:], counts[0]))


def _count(rows: Any) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(rows.subquery())


@lru_cache
def ids_statement(shape: Shape) -> Any:
    """Which actions there are."""
    return _together([_selected(shape, rows) for rows in _limited(shape)], distinct=True)


def _limited(shape: Shape) -> Iterator[sa.Select[Any]]:
    for rows in _rows(shape, ROWS.c.action_id):
        yield rows.limit(_number("end")) if shape.limit else rows


def _together(each: list[sa.Select[Any]], distinct: bool) -> Any:
    if len(each) == 1:
        return each[0].distinct() if distinct else each[0]
    return (sa.union if distinct else sa.union_all)(*each)


def _selected(shape: Shape, rows: sa.Select[Any]) -> sa.Select[Any]:
    """What :func:`_rows` gives, as a part of a union; of arrays, the rows of all addresses."""
    if shape.addresses is not None:
        return sa.select(rows.subquery())
    of_each = rows.lateral()
    return sa.select(of_each).select_from(ADDRESSED.join(of_each, sa.true()))


def _rows(shape: Shape, *columns: Any) -> Iterator[sa.Select[Any]]:
    """Select each address's rows in a window; for arrays, once, to be joined to the addresses."""
    timestamp, action_id = ROWS.c.timestamp, ROWS.c.action_id
    for type_name, key in _addresses(shape):
        rows = sa.select(*columns).where(
            ROWS.c.recipient_type == type_name, ROWS.c.recipient_id == key
        )
        # The first condition of each is for databases that see no range in the second.
        if shape.before:
            moment, key = _moment("before_moment"), _number("before_key")
            rows = rows.where(timestamp <= moment, sa.or_(timestamp < moment, action_id < key))
        if shape.after:
            moment, key = _moment("after_moment"), _number("after_key")
            rows = rows.where(timestamp >= moment, sa.or_(timestamp > moment, action_id > key))
        if shape.newer_than:
            rows = rows.where(timestamp > _moment("newer_than"))
        yield rows


def _addresses(shape: Shape) -> Iterator[tuple[Any, Any]]:
    if shape.addresses is None:
        yield ADDRESSED.c.type, ADDRESSED.c.key
        return
    for number in range(shape.addresses):
        type_name = sa.bindparam(f"type{number}", type_=Name)
        yield type_name, sa.bindparam(f"key{number}", type_=Key)


def _number(name: str) -> Any:
    return sa.bindparam(name, type_=sa.BigInteger)


def _moment(name: str) -> Any:
    return sa.bindparam(name, type_=Moment)
