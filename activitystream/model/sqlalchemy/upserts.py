"""INSERTs for rows whose key may exist already, in each database's dialect."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite


def insert_of(dialect: str, table: sa.Table) -> Any:
    """Return the INSERT of a table for :func:`or_update`."""
    kinds = {"postgresql": postgresql, "sqlite": sqlite}
    return kinds.get(dialect, mysql).insert(table)


def or_update(insert: Any, keys: Sequence[str], names: Sequence[str]) -> Any:
    """Make an INSERT update these columns of an existing row; without columns, change nothing."""
    if isinstance(insert, mysql.Insert):
        # Without columns, set one to itself, which changes nothing.
        return insert.on_duplicate_key_update(
            {name: insert.inserted[name] for name in names} or {keys[0]: insert.table.c[keys[0]]}
        )
    if not names:
        return insert.on_conflict_do_nothing(index_elements=keys)
    return insert.on_conflict_do_update(
        index_elements=keys, set_={name: insert.excluded[name] for name in names}
    )


def insert_unless_there(dialect: str, table: sa.Table, keys: Sequence[str]) -> Any:
    """Return an INSERT whose ``rowcount`` is 0 if a row with the same key exists.

    It waits for another transaction that has inserted such a row.
    """
    if dialect in ("mysql", "mariadb"):
        # With ON DUPLICATE KEY, the driver would count the existing row.
        insert = sa.insert(table).prefix_with("IGNORE")
    else:
        insert = insert_of(dialect, table).on_conflict_do_nothing(index_elements=keys)
    # SQLAlchemy drops the count of what an INSERT wrote, unless it is asked for.
    return insert.execution_options(preserve_rowcount=True)
