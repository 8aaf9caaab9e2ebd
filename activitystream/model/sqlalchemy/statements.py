"""The statements that read a stream.

Each is built once, because Python takes longer to build one than a database to answer it.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from ..clock import EARLIEST
from ..values import Hidden, Only, Reference, Window
from .addresses import AddressBatch, Addresses, joined_rows, numbered_parameters
from .tables import (
    ACTIONS,
    DIGESTS,
    MUTES,
    NAME_TYPE,
    READERS,
    RECIPIENTS,
    SEEN_ACTIONS,
    Action,
    MomentType,
)


def window_parameters(window: Window) -> dict[str, Any]:
    """Return the parameters of a window."""
    values: dict[str, Any] = {}
    for name, place in window._asdict().items():
        values[f"{name}_moment"], values[f"{name}_id"] = place or (None, None)
    return values


def reader_parameters(reader: Reference) -> dict[str, Any]:
    """Return the parameters that :func:`is_reader` needs."""
    return {"of_type": reader.type, "of_key": reader.key}


def part_parameters(only: Only | None, hidden: Hidden | None) -> dict[str, Any]:
    """Return the parameters of a statement for a part of a stream."""
    values = reader_parameters(hidden.reader) if hidden else {}
    if only is not None:
        values |= {**reader_parameters(only.reader), "last_seen": only.last_seen or EARLIEST}
    return values


class Shape(NamedTuple):
    """Everything that the text of a statement depends on."""

    addresses: Addresses
    before: bool
    after: bool
    limit: bool
    #: ``unseen``, ``unread``, or None.
    only: str | None
    #: The reader's ``last_activity_seen`` is None.
    never_seen: bool
    #: ``own``: leave out own actions that the reader is not told of; ``all``: and what they muted.
    hidden: str | None
    #: Leave nothing out, but add a column that says whether there may be something to leave out.
    asks: bool

    @classmethod
    def of(
        cls,
        batch: AddressBatch,
        window: Window,
        limit: int | None = None,
        only: Only | None = None,
        hidden: Hidden | None = None,
        asks: bool = False,
    ) -> "Shape":
        """Return the shape of a statement with these arguments."""
        before, after = (each is not None for each in window)
        what, never_seen = (only.what, only.last_seen is None) if only else (None, False)
        out = None if hidden is None else "all" if hidden.muted else "own"
        return cls(batch.addresses, before, after, limit is not None, what, never_seen, out, asks)


@lru_cache
def cursors_statement(shape: Shape, distinct: bool) -> Any:
    """Select the timestamps and ids of actions, merged from the newest for each address.

    Each address is one range of the index.
    """
    newest_first: Any = (sa.desc("timestamp"), sa.desc("action_id"))
    each = [
        _selected(shape, rows.order_by(*newest_first).limit(_number("end")))
        for rows in _rows(shape, RECIPIENTS.c.timestamp, RECIPIENTS.c.action_id)
    ]
    if shape.only == "unread":
        kept = _kept_unread(shape).order_by(*newest_first).limit(_number("end"))
        each.append(sa.select(kept.subquery()))
    merged = _union(each, distinct).order_by(*newest_first)
    # Skip before the join, which would otherwise read the skipped actions.
    return merged.offset(_number("skip")).limit(_number("size"))


@lru_cache
def page_statement(shape: Shape, distinct: bool) -> sa.Select[Any]:
    """Select the actions of :func:`cursors_statement`."""
    page = cursors_statement(shape, distinct).subquery()
    return (
        sa.select(Action, *asked(shape))
        .join(page, Action._id == page.c.action_id)
        .order_by(page.c.timestamp.desc(), page.c.action_id.desc())
    )


@lru_cache
def found_statement(shape: Shape) -> sa.Select[Any]:
    """Select the actions with some ids that are for the addresses."""
    ids: Any = sa.bindparam("ids", expanding=True)
    is_addressed = _is_addressed(shape, ACTIONS, ACTIONS.c._id)
    return sa.select(Action).where(Action._id.in_(ids), is_addressed)


@lru_cache
def count_statement(shape: Shape, distinct: bool) -> sa.Select[Any]:
    """Return the SELECT that counts the actions for some addresses.

    :param distinct: an action may be for several of them.
    """
    if distinct:
        return _count(ids_statement(shape)).add_columns(*asked(shape))
    counts = [_count(_joined(shape, rows)).scalar_subquery() for rows in _limited(shape)]
    if shape.only == "unread":
        counts.append(_count(_kept_unread_ids(shape)).scalar_subquery())
    return sa.select(sum(counts[1:], counts[0]), *asked(shape))


def _count(rows: Any) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(rows.subquery())


@lru_cache
def ids_statement(shape: Shape) -> Any:
    """Return the SELECT of the ids of the actions for some addresses, each once."""
    each = [_selected(shape, rows) for rows in _limited(shape)]
    if shape.only == "unread":
        each.append(sa.select(_kept_unread_ids(shape).subquery()))
    return _union(each, distinct=True)


def _kept_unread_ids(shape: Shape) -> sa.Select[Any]:
    kept = _kept_unread(shape).with_only_columns(SEEN_ACTIONS.c.action_id)
    return kept.limit(_number("end")) if shape.limit else kept


def _limited(shape: Shape) -> Iterator[sa.Select[Any]]:
    for rows in _rows(shape, RECIPIENTS.c.action_id):
        yield rows.limit(_number("end")) if shape.limit else rows


def _union(each: list[sa.Select[Any]], distinct: bool) -> Any:
    if len(each) == 1:
        return each[0].distinct() if distinct else each[0]
    return (sa.union if distinct else sa.union_all)(*each)


def _selected(shape: Shape, rows: sa.Select[Any]) -> sa.Select[Any]:
    """Return :func:`_joined` in a form that a union takes: a limit needs a subquery."""
    return _joined(shape, rows) if shape.addresses.are_joined else sa.select(rows.subquery())


def _joined(shape: Shape, rows: sa.Select[Any]) -> sa.Select[Any]:
    """Join the rows to the addresses where these come as rows; return other SELECTs unchanged."""
    if not shape.addresses.are_joined:
        return rows
    of_each, addressed = rows.lateral(), joined_rows(shape.addresses)
    return sa.select(of_each).select_from(addressed.join(of_each, sa.true()))


def _rows(shape: Shape, *columns: Any) -> Iterator[sa.Select[Any]]:
    """Select each address's rows in a window; once, where they are joined to the addresses."""
    for type_name, key in _addresses(shape):
        rows = sa.select(*columns).where(
            RECIPIENTS.c.recipient_type == type_name,
            RECIPIENTS.c.recipient_id == key,
            *_in_window(shape, RECIPIENTS),
        )
        if shape.only:
            decided = sa.select(_decided(shape).c.action_id)
            rows = rows.where(
                RECIPIENTS.c.timestamp > _floor(shape), RECIPIENTS.c.action_id.not_in(decided)
            )
        yield rows.where(*_not_hidden(shape))


def _not_hidden(shape: Shape) -> Iterator[Any]:
    """Yield the condition that a row of recipients is not hidden from the reader."""
    if shape.hidden and not shape.asks:
        pairs = ((MUTES.c[name], RECIPIENTS.c[name]) for name in DIGESTS)
        all_match = (sa.or_(muted.is_(None), muted == its) for muted, its in pairs)
        yield ~_mutes(shape.hidden).where(*all_match).correlate(RECIPIENTS).exists()


def asked(shape: Shape) -> Iterator[Any]:
    """Yield the column that tells whether there may be something to leave out, if it is asked."""
    if shape.hidden and shape.asks:
        yield _mutes(shape.hidden).exists()


@lru_cache
def hides_statement(hidden: str) -> sa.Select[Any]:
    """Return the SELECT that tells whether there may be something to leave out of a stream."""
    return sa.select(_mutes(hidden).exists())


def _mutes(hidden: str) -> sa.Select[Any]:
    own = () if hidden == "all" else [MUTES.c.hidden_digest.is_not(None)]
    return sa.select(MUTES.c.number).where(is_reader(MUTES), *own)


def in_window(before: bool, after: bool, timestamp: Any, action_id: Any) -> Iterator[Any]:
    """Yield the conditions for what is before, and after, the cursors of ``window_parameters``.

    Where a cursor has no id, its timestamp alone decides.
    """
    # The first condition of each pair gives databases the range: they do not see it in an "or".
    if before:
        moment, last_id = _moment("before_moment"), _number("before_id")
        yield timestamp <= moment
        yield sa.or_(timestamp < moment, action_id < last_id)
    if after:
        moment, last_id = _moment("after_moment"), _number("after_id")
        yield timestamp >= moment
        yield sa.or_(timestamp > moment, action_id > last_id)


@lru_cache
def _marks(shape: Shape) -> sa.CTE:
    """Select the reader's floor. Of what is seen, no row if the host has set the field since."""
    columns = READERS.c
    floor = columns.seen_floor if shape.only == "unseen" else columns.read_floor
    found = sa.select(floor.label("floor")).where(is_reader(READERS))
    if shape.only == "unseen":
        is_field = columns.mark == _moment("last_seen")
        found = found.where(columns.mark.is_(None) if shape.never_seen else is_field)
    return found.cte("marks")


@lru_cache
def _decided(shape: Shape) -> sa.CTE:
    """Select the actions above the marks' floor that the reader has seen, or read."""
    seen = SEEN_ACTIONS.c
    above = seen.timestamp > _marked_floor(shape)
    rows = sa.select(by_key(seen.action_id).label("action_id"))
    rows = rows.where(is_reader(SEEN_ACTIONS), above)
    decided = rows.where(seen.is_read.is_(True)) if shape.only == "unread" else rows
    # Materialized: PostgreSQL plans that faster where it is used once.
    return decided.cte("decided").prefix_with("MATERIALIZED", dialect="postgresql")


def _in_window(shape: Shape, table: Any) -> Iterator[Any]:
    return in_window(shape.before, shape.after, table.c.timestamp, table.c.action_id)


def _floor(shape: Shape) -> Any:
    """Return the floor: all up to it is seen, or read, but for single actions."""
    return sa.func.coalesce(_marked_floor(shape), _moment("last_seen"))


def _marked_floor(shape: Shape) -> Any:
    return sa.select(_marks(shape).c.floor).scalar_subquery()


def _kept_unread(shape: Shape) -> sa.Select[Any]:
    """Select what the reader keeps unread below the floor."""
    seen = SEEN_ACTIONS.c
    return sa.select(seen.timestamp, seen.action_id).where(
        is_reader(SEEN_ACTIONS),
        seen.is_read.is_(False),
        seen.timestamp <= _floor(shape),
        *_in_window(shape, SEEN_ACTIONS),
        _is_addressed(shape, SEEN_ACTIONS, seen.action_id),
    )


def _is_addressed(shape: Shape, table: Any, action_id: Any) -> Any:
    """Return the condition that a row's action is for one of the addresses, at that timestamp."""
    its = sa.select(RECIPIENTS.c.action_id).where(
        RECIPIENTS.c.timestamp == table.c.timestamp,
        by_key(RECIPIENTS.c.action_id) == action_id,
    )
    if shape.addresses.are_joined:
        its = its.select_from(RECIPIENTS.join(joined_rows(shape.addresses), sa.true()))
        # Otherwise PostgreSQL may first read all rows of the addresses.
        its = its.offset(sa.literal_column("0"))
    its = its.where(*_not_hidden(shape))
    # One subquery per address: with an "or" inside one, PostgreSQL would read the whole table.
    each = (
        its.where(RECIPIENTS.c.recipient_type == type_name, RECIPIENTS.c.recipient_id == key)
        for type_name, key in _addresses(shape)
    )
    return sa.or_(*(rows.correlate(table).exists() for rows in each))


def by_key(action_id: Any) -> Any:
    """Return the column in a form that makes the database use the primary key, not its own index.

    By its own index, the database would read all rows of the action, which may be 100,000.
    """
    return action_id + sa.literal_column("0")


def is_reader(table: Any) -> Any:
    """Return the condition that a row is about the reader of :func:`reader_parameters`."""
    return sa.and_(
        table.c.reader_type == sa.bindparam("of_type", type_=NAME_TYPE),
        table.c.reader_id == sa.bindparam("of_key", type_=NAME_TYPE),
    )


def _addresses(shape: Shape) -> Iterator[tuple[Any, Any]]:
    if shape.addresses.are_joined:
        addressed = joined_rows(shape.addresses)
        yield addressed.c.type, addressed.c.key
    else:
        yield from numbered_parameters(shape.addresses)


def _number(name: str) -> Any:
    return sa.bindparam(name, type_=sa.BigInteger)


def _moment(name: str) -> Any:
    return sa.bindparam(name, type_=MomentType)
