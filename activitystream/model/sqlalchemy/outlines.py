"""Reading the outlines of a stream's actions."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from ..action import ROLES
from ..values import Address, Cursor, Hidden, Only, Outline, Window
from .reading import rows_of_page
from .statements import Shape, asked, cursors_statement
from .tables import ACTIONS


def read_outlines(
    to: Sequence[Address],
    window: Window,
    skip: int,
    limit: int,
    only: Only | None = None,
    hidden: Hidden | None = None,
) -> list[Outline]:
    """Return the outlines of the actions for any of these addresses or for everyone."""
    rows, _ = rows_of_page(_statement, _cursor, to, window, skip, limit, only, hidden)
    return [Outline(Cursor(row[0], row[1]), *row[2:9]) for row in rows]


@lru_cache
def _statement(shape: Shape, distinct: bool) -> sa.Select[Any]:
    page = cursors_statement(shape, distinct).subquery()
    columns = ACTIONS.c
    references = (columns[f"{role}_{part}"] for role in ROLES for part in ("type", "id"))
    return (
        sa.select(page.c.timestamp, page.c.action_id, columns.verb, *references, *asked(shape))
        .join_from(page, ACTIONS, columns._id == page.c.action_id)
        .order_by(page.c.timestamp.desc(), page.c.action_id.desc())
    )


def _cursor(row: Any) -> Cursor:
    return Cursor(*row[:2])
