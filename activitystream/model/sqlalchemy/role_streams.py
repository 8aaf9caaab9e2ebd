"""Reading the actions that have an entity in a role."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from .. import DBSession
from ..cursors import cursor_of
from ..values import About, Address, Cursor, Viewer, Window
from .session import CHUNK, chunks, engine_of_session, open_connection
from .statements import by_key, in_window, window_parameters
from .tables import ACTIONS, NAME_TYPE, RECIPIENTS, Action


def read_about(
    about: About, window: Window, skip: int, limit: int | None, for_everyone: bool
) -> Iterator[Action]:
    """Yield the actions with an entity in a role, newest first, whoever they are for."""
    while limit is None or limit > 0:
        size = CHUNK if limit is None else min(limit, CHUNK)
        statement = _page_statement(_Shape.of(about, window, for_everyone))
        page = DBSession.scalars(statement, _parameters(about, window, skip, size)).all()
        yield from page
        if len(page) < size:
            return
        window, skip = window._replace(before=cursor_of(page[-1])), 0
        limit = None if limit is None else limit - size


def count_about(about: About, window: Window, for_everyone: bool) -> int:
    """Count the actions with an entity in a role, whoever they are for."""
    statement = _count_statement(_Shape.of(about, window, for_everyone))
    count: int = open_connection().execute(statement, _parameters(about, window)).scalar_one()
    return count


def cursors_about(
    about: About, window: Window, limit: int, viewer: Viewer
) -> list[tuple[Cursor, bool]]:
    """Return the cursors of the newest of these actions, each with whether a viewer may see it."""
    statement = _cursors_statement(_Shape.of(about, window, False))
    ids = statement.subquery()
    visible = sa.select(ids.c.timestamp, ids.c._id, _is_visible(ids, viewer)).order_by(
        ids.c.timestamp.desc(), ids.c._id.desc()
    )
    rows = open_connection().execute(visible, _parameters(about, window, 0, limit))
    return [(Cursor(timestamp, each), bool(is_visible)) for timestamp, each, is_visible in rows]


def load_actions(ids: Sequence[Any]) -> list[Action]:
    """Return these actions, newest first, without those that are not stored any more."""
    found: list[Action] = []
    for chunk in chunks(ids):
        found += DBSession.scalars(sa.select(Action).where(Action._id.in_(chunk)))
    return sorted(found, key=cursor_of, reverse=True)


def _is_visible(ids: Any, viewer: Viewer) -> Any:
    """Return the condition that the viewer is the actor, or it is for them or for everyone."""
    # Group the keys by type, since a viewer may have many audiences.
    keys: dict[str, list[Any]] = {}
    for address in viewer.to:
        for name in address.names:
            keys.setdefault(name, []).append(address.key)
    action_id: Any = RECIPIENTS.c.action_id
    if engine_of_session().dialect.name == "postgresql":
        action_id = by_key(action_id)
    # Use one subquery per type: otherwise SQLite would read all recipients of an action.
    for_them = (
        sa.select(RECIPIENTS.c.action_id)
        .where(
            RECIPIENTS.c.recipient_type == name,
            RECIPIENTS.c.recipient_id.in_(keys[name]),
            RECIPIENTS.c.timestamp == ids.c.timestamp,
            action_id == ids.c._id,
        )
        .correlate(ids)
        .exists()
        for name in keys
    )
    myself = viewer.myself
    own = sa.and_(ids.c.actor_type.in_(myself.names), ids.c.actor_id == myself.key)
    return sa.or_(
        ids.c.number_of_recipients.is_(None), sa.func.coalesce(own, sa.false()), *for_them
    )


class _Shape(NamedTuple):
    """Everything that the text of a statement depends on."""

    role: str
    names: int
    before: bool
    after: bool
    for_everyone: bool
    on_mariadb: bool

    @classmethod
    def of(cls, about: About, window: Window, for_everyone: bool) -> "_Shape":
        before, after = (each is not None for each in window)
        on_mariadb = engine_of_session().dialect.name in ("mysql", "mariadb")
        return cls(about.role, len(about.entity.names), before, after, for_everyone, on_mariadb)


def _parameters(about: About, window: Window, skip: int = 0, size: int = 0) -> dict[str, Any]:
    entity: Address = about.entity
    names = {f"name{number}": name for number, name in enumerate(entity.names)}
    numbers = {"skip": skip, "size": size, "end": skip + size}
    return {**names, "of_key": entity.key, **window_parameters(window), **numbers}


def _rows(shape: _Shape) -> Iterator[sa.Select[Any]]:
    """Select the rows in a window by each type name: each is one range of an index."""
    columns = ACTIONS.c
    key = columns[f"{shape.role}_id"] == sa.bindparam("of_key", type_=NAME_TYPE)
    for number in range(shape.names):
        name = sa.bindparam(f"name{number}", type_=NAME_TYPE)
        rows = sa.select(
            columns.timestamp,
            columns._id,
            columns.actor_type,
            columns.actor_id,
            columns.number_of_recipients,
        ).where(
            key,
            columns[f"{shape.role}_type"] == name,
            *in_window(shape.before, shape.after, columns.timestamp, columns._id),
        )
        if shape.for_everyone:
            rows = rows.where(columns.number_of_recipients.is_(None))
        if shape.on_mariadb:
            # Otherwise it would also read all that is newer than the window.
            whose = "for_everyone_of" if shape.for_everyone else "of"
            rows = rows.with_hint(ACTIONS, f"FORCE INDEX (actions_{whose}_{shape.role})")
        yield rows


@lru_cache
def _cursors_statement(shape: _Shape) -> Any:
    newest_first: Any = (sa.desc("timestamp"), sa.desc("_id"))
    # Null in all of these. PostgreSQL sees no order of the index without it; MariaDB sorts by it.
    is_named = shape.for_everyone and not shape.on_mariadb
    null: tuple[Any, ...] = (sa.desc("number_of_recipients"),) if is_named else ()
    end, skip, size = (sa.bindparam(name, type_=sa.BigInteger) for name in ("end", "skip", "size"))
    each = [
        sa.select(rows.order_by(*null, *newest_first).limit(end).subquery())
        for rows in _rows(shape)
    ]
    merged = each[0] if len(each) == 1 else sa.union_all(*each)
    return merged.order_by(*newest_first).offset(skip).limit(size)


@lru_cache
def _page_statement(shape: _Shape) -> sa.Select[Any]:
    page = _cursors_statement(shape).subquery()
    return (
        sa.select(Action)
        .join(page, Action._id == page.c._id)
        .order_by(page.c.timestamp.desc(), page.c._id.desc())
    )


@lru_cache
def _count_statement(shape: _Shape) -> sa.Select[Any]:
    counts = [
        sa.select(sa.func.count()).select_from(rows.subquery()).scalar_subquery()
        for rows in _rows(shape)
    ]
    return sa.select(sum(counts[1:], counts[0]))
