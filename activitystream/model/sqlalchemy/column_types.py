"""The types of the host's columns: its own type decorators around a type of SQLAlchemy's."""

import re
from typing import Any

import sqlalchemy as sa


class ColumnType:
    """Converts values by the host's own types, as SQLAlchemy does."""

    def __init__(self, kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> None:
        """Unwrap the type of a column."""
        self.dialect = dialect
        self._own: list[sa.TypeDecorator[Any]] = []
        inner: Any = kind.dialect_impl(dialect)
        while _is_own(inner):
            self._own.append(inner)
            inner = inner.load_dialect_impl(dialect).dialect_impl(dialect)
        #: The type of SQLAlchemy's that stores the values, inside the host's own.
        self.kind: Any = inner
        #: The type in CREATE TABLE, since a dialect's types don't tell CHAR from VARCHAR.
        self.declared = kind.compile(dialect=dialect).upper()

    @property
    def has_own_type(self) -> bool:
        """Whether the host has a type of its own there."""
        return bool(self._own)

    @property
    def is_char(self) -> bool:
        """Whether the column pads texts with spaces."""
        return re.match(r"(NATIONAL )?N?CHAR(ACTER)?\b(?! VARYING)", self.declared) is not None

    @property
    def is_on_mysql(self) -> bool:
        """Whether the database is MySQL or MariaDB."""
        return self.dialect.name in ("mysql", "mariadb")

    @property
    def digits(self) -> int:
        """The number of digits of a second's fraction that are stored."""
        moments = (sa.DateTime, sa.Time, sa.Interval)
        if self.dialect.name == "sqlite" or not isinstance(self.kind, moments):
            return 6
        # MySQL stores an interval as a DATETIME.
        digits = getattr(self.kind, "fsp" if self.is_on_mysql else "precision", None)
        return (0 if self.is_on_mysql else 6) if digits is None else digits

    def to_stored(self, value: Any) -> Any:
        """Convert a value for the database. The host's own types may raise any error."""
        for each in self._own:
            # A method that a type does not define raises an error when it is called.
            if type(each).process_bind_param is not sa.TypeDecorator.process_bind_param:
                value = each.process_bind_param(value, self.dialect)
        return value

    def from_stored(self, value: Any) -> Any:
        """Convert a value that the database gives. The host's own types may raise any error."""
        for each in reversed(self._own):
            if type(each).process_result_value is not sa.TypeDecorator.process_result_value:
                value = each.process_result_value(value, self.dialect)
        return value


def _is_own(kind: Any) -> bool:
    """Return whether a type converts by the methods that SQLAlchemy documents for a host's own."""
    if not isinstance(kind, sa.TypeDecorator):
        return False
    # SQLAlchemy's own decorators, Interval and PickleType, convert by others.
    return type(kind).bind_processor is sa.TypeDecorator.bind_processor
