"""A moment as the host's column of ``last_activity_seen`` takes it, and gives it back."""

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

import sqlalchemy as sa

from ..clock import naive_utc
from .column_types import ColumnType


class Moment(NamedTuple):
    """One moment, in the host's own type if it has one."""

    given: Any
    given_back: Any


class Seen:
    """The column on one kind of database."""

    def __init__(self, kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> None:
        """
        :param kind: the column's type.
        """
        self._column = ColumnType(kind, dialect)
        self._name = repr(kind)

    def at(self, moment: datetime) -> Moment:
        """
        :param moment: naive UTC.
        :raises TypeError: if the host's own type takes neither naive nor aware UTC for what it is.
        """
        # What the column does not keep a database may round: up to what was not shown yet.
        unit = 10 ** (6 - self._column.digits)
        moment = moment.replace(microsecond=moment.microsecond // unit * unit)
        errors = []
        for given in self._candidates(moment):
            try:
                given_back = self._column.from_stored(self._column.to_stored(given))
                if naive_utc(given_back) == moment:
                    return Moment(given, given_back)
            except Exception as error:  # of the host's own type it may be any
                errors.append(error)
        raise TypeError(
            f"last_activity_seen takes no moment of UTC, naive or aware, and gives it back: its "
            f"type is {self._name}"
        ) from (errors[0] if errors else None)

    def _candidates(self, moment: datetime) -> Iterator[datetime]:
        aware = moment.replace(tzinfo=timezone.utc)
        # Only PostgreSQL stores it so.
        on_postgresql = self._column.dialect.name == "postgresql"
        stores_aware = on_postgresql and getattr(self._column.kind, "timezone", False)
        yield aware if stores_aware else moment
        if self._column.is_own:
            yield moment if stores_aware else aware
