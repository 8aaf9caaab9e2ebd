"""Reading streams, all actions, and the recipients of a page."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from .. import DBSession
from ..action import ROLES
from ..cursors import cursor_of
from ..names import classes_by_name
from ..values import WHOLE_STREAM, Address, Cursor, Hidden, Only, Reference, Window
from .addresses import AddressBatch, address_batches
from .classes import keys_of_class
from .compiled import execute
from .session import CHUNK, chunks, engine_of_session, open_connection
from .statements import (
    Shape,
    count_statement,
    cursors_statement,
    found_statement,
    hides_statement,
    ids_statement,
    page_statement,
    part_parameters,
    reader_parameters,
    window_parameters,
)
from .tables import Action, ActionRecipient


def read_stream(
    to: Sequence[Address],
    window: Window,
    skip: int,
    limit: int | None,
    only: Only | None = None,
    hidden: Hidden | None = None,
) -> Iterator[Action]:
    """Yield the actions for any of these addresses or for everyone, newest first.

    Each further page starts from the last action, since an offset would read all before it again.
    """
    hides = None
    while limit is None or limit > 0:
        size = CHUNK if limit is None else min(limit, CHUNK)
        page, hides = rows_of_page(
            page_statement, _cursor_of_row, to, window, skip, size, only, hidden, hides
        )
        yield from (row[0] for row in page)
        if len(page) < size:
            return
        window, skip = window._replace(before=_cursor_of_row(page[-1])), 0
        limit = None if limit is None else limit - size


def _cursor_of_row(row: Any) -> Cursor:
    return cursor_of(row[0])


def rows_of_page(
    statement: Callable[[Shape, bool], Any],
    cursor_of_row: Callable[[Any], Cursor],
    to: Sequence[Address],
    window: Window,
    skip: int,
    size: int,
    only: Only | None,
    hidden: Hidden | None,
    hides: bool | None = None,
) -> tuple[Sequence[Any], bool | None]:
    """Read a page of a stream.

    :param statement: makes the SELECT; its rows begin with what ``cursor_of_row`` looks at.
    :param hides: whether anything may be hidden; None asks that with the page, since most readers
        have muted nothing. If it may, the page is read again, and the reader's next pages are read
        without asking.
    :returns: the rows, newest first, and ``hides``.
    """

    def rows(batch: AddressBatch, skip: int, size: int, left_out: Hidden | None, asks: bool) -> Any:
        several = len(to) > 1
        shape = Shape.of(batch, window, only=only, hidden=left_out, asks=asks)
        values = _parameters(batch, window, skip, size, only, left_out)
        return DBSession.execute(statement(shape, several), values).all()

    batches = address_batches(to)
    if hides is None and hidden in _hiding:
        hides = True
    if len(batches) > 1:
        if hidden and hides is None:
            hides = _hides(hidden)
        left_out = hidden if hides else None
        found: dict[Cursor, Any] = {}  # an action may be for several of them
        for batch in batches:
            found |= {
                cursor_of_row(row): row for row in rows(batch, 0, skip + size, left_out, False)
            }
        newest_first = [found[each] for each in sorted(found, reverse=True)]
        return newest_first[skip : skip + size], hides
    if hidden and hides is None:
        asked = rows(batches[0], skip, size, hidden, True)
        hides = bool(asked) and asked[0][-1]
        if not hides:
            return asked, hides
        _remember_hiding(hidden)
    return rows(batches[0], skip, size, hidden if hides else None, False), hides


#: The readers whose streams had something to hide when that was last asked. One that has nothing to
#: hide any more gets the same answers, a little slower.
_hiding: set[Hidden] = set()

_MOST_HIDING = 10_000


def _remember_hiding(hidden: Hidden) -> None:
    if len(_hiding) >= _MOST_HIDING:
        _hiding.clear()
    _hiding.add(hidden)


def _hides(hidden: Hidden) -> bool:
    statement = hides_statement("all" if hidden.muted else "own")
    found: bool = open_connection().scalar(statement, reader_parameters(hidden.reader))
    return found


def _parameters(
    batch: AddressBatch,
    window: Window,
    skip: int,
    size: int,
    only: Only | None = None,
    hidden: Hidden | None = None,
) -> dict[str, Any]:
    numbers = {"skip": skip, "size": size, "end": skip + size}
    return {
        **batch.values,
        **window_parameters(window),
        **part_parameters(only, hidden),
        **numbers,
    }


def read_cursors(to: Sequence[Address], window: Window, limit: int) -> list[Cursor]:
    """Return where the actions for any of these addresses and for everyone stand, newest first."""
    found: set[Cursor] = set()  # an action may be for several of them
    for batch in address_batches(to):
        statement = cursors_statement(Shape.of(batch, window), len(to) > 1)
        rows = open_connection().execute(statement, _parameters(batch, window, 0, limit))
        found.update(Cursor(timestamp, action_id) for timestamp, action_id in rows)
    return sorted(found, reverse=True)[:limit]


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
    batches = address_batches(to, compiled_once=True)
    if len(batches) == 1:
        several = len(to) > 1
        hides = hidden in _hiding
        if hidden and not hides:
            total, hides = _count(batches[0], several, window, limit, only, hidden, asks=True)
            if hides:
                _remember_hiding(hidden)
        if not hidden or hides:
            (total,) = _count(batches[0], several, window, limit, only, hidden)
        return total if limit is None else min(total, limit)
    left_out = hidden if hidden and _hides(hidden) else None
    values = {**window_parameters(window), **part_parameters(only, left_out), "end": limit}
    found: set[int] = set()  # an action may be for several of them
    for batch in batches:
        ids = ids_statement(Shape.of(batch, window, limit, only, left_out))
        found.update(open_connection().scalars(ids, {**batch.values, **values}))
    return len(found) if limit is None else min(len(found), limit)


def _count(
    batch: AddressBatch,
    distinct: bool,
    window: Window,
    limit: int | None,
    only: Only | None,
    hidden: Hidden | None,
    asks: bool = False,
) -> Sequence[Any]:
    shape = Shape.of(batch, window, limit, only, hidden, asks)
    values = {**window_parameters(window), **part_parameters(only, hidden), "end": limit}
    statement = count_statement(shape, distinct)
    return execute(open_connection(), statement, {**batch.values, **values}).one()


def find_in_stream(to: Sequence[Address], ids: Collection[int]) -> list[Action]:
    """Find those of these actions that are for any of these addresses or for everyone."""
    found: dict[int, Action] = {}  # an action may be for several of them
    for batch in address_batches(to):
        for chunk in chunks(ids):
            statement = found_statement(Shape.of(batch, WHOLE_STREAM))
            actions = DBSession.scalars(statement, {**batch.values, "ids": chunk})
            found.update((action._id, action) for action in actions)
    return list(found.values())


def read_recipients(action: Action, page: Sequence[Action], few: int) -> Sequence[Action]:
    """Read the recipients of an action, and of those on its page that have few.

    :param few: at most as many recipients.
    :returns: the actions whose recipients may be loaded together.
    """
    together = [action, *(each for each in page if (each.number_of_recipients or 0) <= few)]
    unread = {each._id: each for each in together if "_references_read" not in vars(each)}
    if not unread:
        return together
    rows: dict[int, list[Reference]] = {each: [] for each in unread}
    columns = (
        ActionRecipient.action_id,
        ActionRecipient.recipient_type,
        ActionRecipient.recipient_id,
    )
    of_them = ActionRecipient.action_id.in_(unread)
    query = sa.select(*columns).where(of_them).order_by(ActionRecipient.position)
    for action_id, type_name, key in DBSession.execute(query):
        rows[action_id].append(Reference(type_name, key))
    for each in unread:
        vars(unread[each])["_references_read"] = rows[each]
    return together


def release(actions: list[Action], loaded: list[Any]) -> None:
    """Let go of what was read: the session itself holds only what was changed."""
    actions.clear()
    loaded.clear()


def find_actions(
    filters: dict[str, Any], order_by: str, desc: bool, skip: int, limit: int | None
) -> list[Action]:
    """Read the actions with these values after ``skip``, up to ``limit``."""
    query = sa.select(Action).where(*_conditions(filters))
    order = [getattr(Action, order_by), Action._id]
    query = query.order_by(*(column.desc() if desc else column.asc() for column in order))
    return list(DBSession.scalars(query.offset(skip).limit(limit)))


def count_actions(filters: dict[str, Any]) -> int:
    """Count the actions with these values."""
    query = sa.select(sa.func.count()).select_from(Action).where(*_conditions(filters))
    count: int = DBSession.scalar(query)
    return count


def _conditions(filters: dict[str, Any]) -> Iterator[Any]:
    for name, value in filters.items():
        role = name.removesuffix("_id")
        if role in ROLES and value is not None:
            texts = _texts_of(filters.get(f"{role}_type"), value)
            yield getattr(Action, name).in_(texts)
        else:
            yield getattr(Action, name) == value


def _texts_of(type_name: str | None, key: Any) -> set[str]:
    """Return the texts that actions may hold for a key of a class, or of any without a type.

    :raises ValueError: if no such class can have the key.
    """
    classes = classes_by_name()
    if type_name in classes:
        return {keys_of_class(cls).text_of(key) for cls in classes[type_name]}
    texts = {str(key)}  # as a class that the host no longer has would have it
    if str(key).endswith(" ") and engine_of_session().dialect.name in ("mysql", "mariadb"):
        raise ValueError(
            f"no action has the key {key!r}, since the database ignores the space at its end: "
            f"leave the space out"
        )
    for cls in {cls for several in classes.values() for cls in several if type_name is None}:
        # A class whose session cannot be told is reported where an action refers to it.
        with suppress(ValueError, TypeError):
            texts.add(keys_of_class(cls).text_of(key))
    return texts
