"""The keys of the host's classes as the texts that our tables hold.

The column's own type writes a key as the column stores it, and reads it the same way, so that a key
has exactly one text, and the key that is read is the one that the database gives back.
"""

import operator
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from decimal import MAX_PREC, Context, Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from math import isfinite
from typing import Any

import sqlalchemy as sa

from .column_types import ColumnType

#: The most characters of a key.
LONGEST = 255


class Keys:
    """Writes the keys of one class as texts, and reads them, on one kind of database."""

    def __init__(self, cls: type[Any], dialect: sa.Dialect) -> None:
        """Choose how to write and read the keys.

        :param cls: the root class.
        :raises ValueError: if its key has several columns.
        """
        columns = sa.inspect(cls).primary_key
        self._name = cls.__name__
        if len(columns) != 1:
            raise ValueError(f"the key of {self._name} has several columns")
        self._type = columns[0].type
        self._column = ColumnType(self._type, dialect)
        self._write, self._read = _functions_for(self._column)
        #: Whether the database alone knows which values the column takes.
        self.is_opaque = self._write is _write_opaque
        self._must_check = self._column.has_own_type or self.is_opaque

    def text_of(self, key: Any) -> str:
        """Write a key as a text.

        :raises ValueError: if no text can stand for this key alone.
        """
        if type(key) is int and self._write is _write_number and not self._must_check:
            return str(key)  # as most keys are
        text = self._text_of(key)
        if self._must_check:
            try:
                self.key_of(text)
            except ValueError as error:
                raise ValueError(
                    f"the key of {self._name} changes when written and read by its column's type "
                    f"{self._type!r}: fix process_result_value"
                ) from error
        return text

    def _text_of(self, key: Any) -> str:
        try:
            text = self._write(self._column, self._column.to_stored(key))
            text.encode()
        except Exception as error:  # the host's own type may raise any
            raise ValueError(
                f"the key of {self._name} cannot be written as a text: {error}; its column's type "
                f"is {self._type!r}; supported types are texts, numbers, UUIDs, enums, "
                f"dates, times and bytes"
            ) from error
        if len(text) > LONGEST:
            raise ValueError(f"the key of {self._name} is longer than {LONGEST} characters")
        if "\0" in text and self._column.dialect.name == "postgresql":
            raise ValueError(f"the key of {self._name} has a NUL, which PostgreSQL does not store")
        if text.endswith(" ") and self._column.is_on_mysql:
            raise ValueError(
                f"the key of {self._name} ends with a space, which the database ignores in our "
                f"tables: leave the space out"
            )
        return text

    def key_of(self, text: str) -> Any:
        """Read the key that actions hold as this text.

        :raises ValueError: if it stands for no key that the column can hold.
        """
        key = self._key_of(text)
        if self._text_of(key) != text:
            raise ValueError(f"write the key of {self._name} exactly as stored")
        return key

    def _key_of(self, text: str) -> Any:
        try:
            return self._column.from_stored(self._read(self._column, text))
        except Exception as error:
            raise ValueError(f"this is not a key of {self._name}") from error

    def text_from_request(self, text: str) -> str:
        """Return the text that actions hold for a key in a request or on a command line.

        :param text: what actions hold, or what ``str`` makes of an entity's key; the spaces at the
            end of a CHAR may be left out.
        :raises ValueError: if it stands for no key, or is another spelling of one.
        """
        if len(text) > LONGEST:
            raise ValueError(f"a key of {self._name} has at most {LONGEST} characters")
        if self._must_check:
            for read in (str, int, uuid.UUID):
                with suppress(ValueError):
                    key = read(text)
                    found = self.text_of(key)
                    if str(key) == text and self.key_of(found) == key:
                        return found
        found = self._text_of(self._key_of(text))
        bare = found.rstrip(" ") if self._column.is_char else found
        if text not in (found, str(self.key_of(found)), bare):
            raise ValueError(f"write the key of {self._name} exactly as stored")
        return found

    def as_json(self, text: str) -> Any:
        """Return a number or a text for a key, which :meth:`text_from_request` reads again."""
        try:
            key = self.key_of(text)
        except ValueError:
            return text
        if isinstance(key, uuid.UUID):
            return str(key)
        return key if isinstance(key, (int, str)) and not isinstance(key, Enum) else text


def _write_text(column: ColumnType, value: Any) -> str:
    # str() of an enum that is a str gives its name, which is not stored.
    text = str.__str__(value) if isinstance(value, str) else str(value)
    if isinstance(column.kind, sa.Uuid):
        return str(uuid.UUID(text))
    if column.is_char and column.dialect.name == "postgresql":
        return text.ljust(column.kind.length or 1)
    return text.rstrip(" ") if column.is_char and column.is_on_mysql else text


def _read_text(column: ColumnType, text: str) -> str:
    return text


def _write_number(column: ColumnType, value: Any) -> str:
    return str(int(value if isinstance(value, int) else str(value)))


def _read_number(column: ColumnType, text: str) -> int:
    number, bits = int(text), 31
    if column.dialect.name == "sqlite" or isinstance(column.kind, sa.BigInteger):
        bits = 63
    elif isinstance(column.kind, sa.SmallInteger):
        bits = 15
    lowest, highest = -(1 << bits), (1 << bits) - 1
    if getattr(column.kind, "unsigned", False):
        lowest, highest = 0, (2 << bits) - 1
    if not lowest <= number <= highest:
        raise ValueError("the column cannot hold this number")
    return number


_EXACT = Context(MAX_PREC)


def _write_decimal(column: ColumnType, value: Any) -> str:
    number, scale = Decimal(str(value)), column.kind.scale
    if not number.is_finite() or abs(number.adjusted()) > LONGEST:
        raise ValueError("it is out of range or not finite")
    if scale is not None:
        given, number = number, number.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
        if number != given:
            raise ValueError(f"its column keeps only {scale} digits after the point: round it")
    text = format(number, "f")
    # Without a scale, databases differ in the zeros at the end.
    return text.rstrip("0").rstrip(".") if scale is None and "." in text else text


def _read_decimal(column: ColumnType, text: str) -> Any:
    if not re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII):
        raise ValueError("this is not a decimal number")
    number = Decimal(text)
    digits = column.kind.precision
    if digits is not None and number and number.adjusted() >= digits - (column.kind.scale or 0):
        raise ValueError("the column cannot hold this number")
    return number if column.kind.asdecimal else float(number)


def _write_float(column: ColumnType, value: Any) -> str:
    if column.is_on_mysql and not isinstance(column.kind, sa.Double):
        raise ValueError("the database cannot find a FLOAT by its value: make it a DOUBLE")
    number = float(value)
    if not isfinite(number):
        raise ValueError("it is NaN or infinite")
    return repr(number)


def _read_float(column: ColumnType, text: str) -> float:
    return float(text)


def _write_bool(column: ColumnType, value: Any) -> str:
    return str(bool(operator.index(value)))


def _read_bool(column: ColumnType, text: str) -> bool:
    return {"True": True, "False": False}[text]


def _write_uuid(column: ColumnType, value: Any) -> str:
    return str(value if isinstance(value, uuid.UUID) else uuid.UUID(str(value)))


def _read_uuid(column: ColumnType, text: str) -> uuid.UUID:
    return uuid.UUID(text)


def _write_enum(column: ColumnType, value: Any) -> str:
    process = column.kind.bind_processor(column.dialect)
    text: str = value if process is None else process(value)
    return text


def _read_enum(column: ColumnType, text: str) -> Any:
    if text not in column.kind.enums:
        raise ValueError("it is not a value of the enum")
    process = column.kind.result_processor(column.dialect, None)
    return text if process is None else process(text)


def _write_date(column: ColumnType, value: Any) -> str:
    return date(value.year, value.month, value.day).isoformat()


def _read_date(column: ColumnType, text: str) -> date:
    return date.fromisoformat(text)


def _write_datetime(column: ColumnType, value: Any) -> str:
    _check_fraction(column, value.microsecond)
    if column.dialect.name != "postgresql":
        # The other databases drop the time zone.
        return value.replace(tzinfo=None).isoformat()
    if (value.tzinfo is not None) != bool(column.kind.timezone):
        wanted = "aware" if column.kind.timezone else "naive"
        raise ValueError(f"its column stores {wanted} datetimes")
    return (value.astimezone(timezone.utc) if value.tzinfo else value).isoformat()


def _read_datetime(column: ColumnType, text: str) -> datetime:
    return datetime.fromisoformat(text)


def _write_time(column: ColumnType, value: Any) -> str:
    _check_fraction(column, value.microsecond)
    if value.tzinfo is not None:
        raise ValueError("a time with a zone has no single text form: store it without a zone")
    return value.isoformat()


def _read_time(column: ColumnType, text: str) -> time:
    return time.fromisoformat(text)


def _write_interval(column: ColumnType, value: Any) -> str:
    _check_fraction(column, value.microseconds)
    return str(value)


_INTERVAL = re.compile(r"(?:(-?\d+) days?, )?(\d+):(\d\d):(\d\d)(?:\.(\d{6}))?", re.ASCII)


def _read_interval(column: ColumnType, text: str) -> timedelta:
    match = _INTERVAL.fullmatch(text)
    if match is None:
        raise ValueError("write an interval like 1 day, 2:30:00")
    days, hours, minutes, seconds, microseconds = (int(each or 0) for each in match.groups())
    interval = timedelta(days, seconds, microseconds, 0, minutes, hours)
    # Where the database has no intervals, a date is stored instead, and the sum may overflow.
    if isinstance(column.kind.dialect_impl(column.dialect), sa.Interval):
        datetime(1970, 1, 1) + interval
    return interval


def _check_fraction(column: ColumnType, microseconds: int) -> None:
    """Refuse a fraction of a second that the column would cut or round.

    :raises ValueError: if it has more digits than the column keeps.
    """
    if microseconds % 10 ** (6 - column.digits):
        raise ValueError(f"its column keeps {column.digits} digits of a second's fraction: cut it")


def _write_bytes(column: ColumnType, value: Any) -> str:
    given = bytes(value)
    if column.is_on_mysql and column.declared.startswith("BINARY"):
        given = given.ljust(column.kind.length or 1, b"\0")
    return given.hex()


def _read_bytes(column: ColumnType, text: str) -> bytes:
    return bytes.fromhex(text)


def _write_opaque(column: ColumnType, value: Any) -> str:
    process = column.kind.bind_processor(column.dialect)
    value = value if process is None else process(value)
    if not isinstance(value, (str, IPv4Address, IPv4Network, IPv6Address, IPv6Network)):
        raise ValueError("its type does not store a text")
    return str(value)


def _read_opaque(column: ColumnType, text: str) -> Any:
    process = column.kind.result_processor(column.dialect, None)
    return text if process is None else process(text)


_Writer = Callable[[ColumnType, Any], str]
_Reader = Callable[[ColumnType, str], Any]

_FUNCTIONS: dict[type, tuple[_Writer, _Reader]] = {
    str: (_write_text, _read_text),
    int: (_write_number, _read_number),
    bool: (_write_bool, _read_bool),
    uuid.UUID: (_write_uuid, _read_uuid),
    date: (_write_date, _read_date),
    datetime: (_write_datetime, _read_datetime),
    time: (_write_time, _read_time),
    timedelta: (_write_interval, _read_interval),
    bytes: (_write_bytes, _read_bytes),
    float: (_write_float, _read_float),
}


def _functions_for(column: ColumnType) -> tuple[_Writer, _Reader]:
    """Return the functions that write and read the values of a column."""
    kind = column.kind
    if isinstance(kind, sa.Enum):
        return _write_enum, _read_enum
    if isinstance(kind, sa.Numeric) and (kind.asdecimal or not isinstance(kind, sa.Float)):
        return _write_decimal, _read_decimal
    if isinstance(kind, sa.TypeDecorator) and not isinstance(kind, sa.Interval):
        return _write_opaque, _read_opaque
    try:
        return _FUNCTIONS.get(kind.python_type, (_write_opaque, _read_opaque))
    except NotImplementedError:
        return _write_opaque, _read_opaque
