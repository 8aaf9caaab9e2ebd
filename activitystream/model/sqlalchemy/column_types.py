"""The types of the host's columns: its own ones, around one of SQLAlchemy's."""

import re
from typing import Any

import sqlalchemy as sa


class ColumnType:
    """Gives values to the host's own types and takes them back, as SQLAlchemy does."""

    def __init__(self, kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> None:
        """
        :param kind: the type of a column.
        """
        self.dialect = dialect
        self._own: list[sa.TypeDecorator[Any]] = []
        inner: Any = kind.dialect_impl(dialect)
        while _is_own(inner):
            self._own.append(inner)
            inner = inner.load_dialect_impl(dialect).dialect_impl(dialect)
        #: What stores the values, below the host's own types.
        self.kind: Any = inner
        #: As in CREATE TABLE, since the types of a dialect don't tell CHAR from VARCHAR.
        self.declared = kind.compile(dialect=dialect).upper()

    @property
    def is_own(self) -> bool:
        """Whether the host has a type of its own there."""
        return bool(self._own)

    @property
    def is_char(self) -> bool:
        return re.match(r"(NATIONAL )?N?CHAR(ACTER)?\b(?! VARYING)", self.declared) is not None

    @property
    def is_on_mysql(self) -> bool:
        return self.dialect.name in ("mysql", "mariadb")

    @property
    def digits(self) -> int:
        """How many digits of a second's fraction are stored."""
        moments = (sa.DateTime, sa.Time, sa.Interval)
        if self.dialect.name == "sqlite" or not isinstance(self.kind, moments):
            return 6
        # Also of an interval, which MySQL stores as a DATETIME.
        digits = getattr(self.kind, "fsp" if self.is_on_mysql else "precision", None)
        return (0 if self.is_on_mysql else 6) if digits is None else digits

    def to_stored(self, value: Any) -> Any:
        """What the host's own types make of a value for the database; they may raise any error."""
        for each in self._own:
            # Only to call a method that a type does not define would be an error.
            if type(each).process_bind_param is not sa.TypeDecorator.process_bind_param:
                value = each.process_bind_param(value, self.dialect)
        return value

    def from_stored(self, value: Any) -> Any:
        """What they make of one that the database gives; they may raise any error."""
        for each in reversed(self._own):
            if type(each).process_result_value is not sa.TypeDecorator.process_result_value:
                value = each.process_result_value(value, self.dialect)
        return value


def _is_own(kind: Any) -> bool:
    """Whether it is a host's type, by the methods that SQLAlchemy documents for that."""
    if not isinstance(kind, sa.TypeDecorator):
        return False
    # SQLAlchemy's own, Interval and PickleType, have others.
    return type(kind).bind_processor is sa.TypeDecorator.bind_processor
