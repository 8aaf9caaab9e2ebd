"""Statements that are compiled once for a database, and then run as they are.

For each execution, SQLAlchemy looks up what it has compiled, and converts every parameter. For a
count, that takes longer than the database does.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

#: The execution options of these statements, by which an error's listener knows them.
OF_OURS = {"activitystream": True}


def execute(
    connection: sa.Connection, statement: Any, values: Mapping[str, Any]
) -> sa.CursorResult[Any]:
    """Run a statement whose compiled text is cached by its identity: it must be one of few.

    The results are the driver's: on SQLite, numbers for booleans, texts for moments.

    :param values: its parameters, none of them ``expanding``. Further ones are ignored.
    """
    if "schema_translate_map" in connection.get_execution_options():
        return connection.execute(statement, values)
    text = _compiled(statement, connection.dialect)
    stored = {**text.defaults, **values}
    for name, process in text.processors:
        stored[name] = process(stored[name])
    if text.order is None:
        return connection.exec_driver_sql(text.sql, stored, execution_options=OF_OURS)
    placed = tuple([stored[name] for name in text.order])
    return connection.exec_driver_sql(text.sql, placed, execution_options=OF_OURS)


def execute_many(
    connection: sa.Connection, statement: Any, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Run a statement, as :func:`execute`, for each of these rows.

    :param names: its parameters, in the order of the values in a row.
    :param rows: one or more.
    """
    if "schema_translate_map" in connection.get_execution_options():
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
        return
    text = _compiled(statement, connection.dialect)
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    for name, process in text.processors:
        # Most rows have the same moment.
        processed = {value: process(value) for value in set(columns[name])}
        columns[name] = tuple(map(processed.__getitem__, columns[name]))
    order = names if text.order is None else text.order
    stored: Any = list(zip(*(columns[name] for name in order), strict=True))
    if text.order is None:
        stored = [dict(zip(order, row, strict=True)) for row in stored]
    connection.exec_driver_sql(text.sql, stored, execution_options=OF_OURS)


class _Compiled(NamedTuple):
    sql: str
    #: The names of the parameters, if the driver takes them by position.
    order: tuple[str, ...] | None
    #: The values of parameters that the statement sets itself.
    defaults: dict[str, Any]
    #: The functions that convert values for the driver, where there is something to convert.
    processors: tuple[tuple[str, Callable[[Any], Any]], ...]


@lru_cache(maxsize=1000)
def _compiled(statement: Any, dialect: sa.Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    given = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    processors = (
        (name, bind.type.dialect_impl(dialect).bind_processor(dialect))
        for name, bind in compiled.binds.items()
    )
    order = tuple(compiled.positiontup) if compiled.positional else None
    return _Compiled(str(compiled), order, given, tuple(each for each in processors if each[1]))
