"""The host's column of ``last_activity_seen``: how it stores and returns a moment."""

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

import sqlalchemy as sa

from ..clock import naive_utc
from .column_types import ColumnType


class SeenValue(NamedTuple):
    """One moment as the column takes it, and as it returns it."""

    given: Any
    given_back: Any


class SeenColumn:
    """Converts moments for the column, on one kind of database."""

    def __init__(self, kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> None:
        """Look at the column's type."""
        self._column = ColumnType(kind, dialect)
        self._name = repr(kind)

    def value_of(self, moment: datetime) -> SeenValue:
        """Convert a moment.

        :param moment: naive UTC.
        :raises TypeError: if the host's own type gives back neither naive nor aware UTC unchanged.
        """
        # Cut the fraction that the column does not keep: a database may round it up, and so mark
        # what was not shown yet.
        unit = 10 ** (6 - self._column.digits)
        moment = moment.replace(microsecond=moment.microsecond // unit * unit)
        errors = []
        for given in self._candidates(moment):
            try:
                given_back = self._column.from_stored(self._column.to_stored(given))
                if naive_utc(given_back) == moment:
                    return SeenValue(given, given_back)
            except Exception as error:  # the host's own type may raise any
                errors.append(error)
        raise TypeError(
            f"the type {self._name} of last_activity_seen does not return the moment that it was "
            f"given: use DateTime"
        ) from (errors[0] if errors else None)

    def _candidates(self, moment: datetime) -> Iterator[datetime]:
        aware = moment.replace(tzinfo=timezone.utc)
        # Other databases store no time zone.
        on_postgresql = self._column.dialect.name == "postgresql"
        stores_aware = on_postgresql and getattr(self._column.kind, "timezone", False)
        yield aware if stores_aware else moment
        if self._column.has_own_type:
            yield moment if stores_aware else aware
