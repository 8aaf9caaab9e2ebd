"""A reader's time zone, by the option ``timezone``, and the day at a moment in it."""

from datetime import date, datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..model.attempts import attempt
from .options import option
from .users import is_user


def zone_of(reader: Any) -> ZoneInfo | None:
    """Return a reader's time zone; None if the app knows none, or if the reader is not a user.

    If the option raises, or gives no time zone, that is logged, and there is none.
    """
    timezone_of = option("timezone")
    if timezone_of is None or not is_user(reader):
        return None
    return attempt(
        lambda: zone_named(timezone_of(reader)),
        None,
        "A user's days and times are not in their time zone, since the option timezone failed",
    )


def zone_named(name: Any) -> ZoneInfo | None:
    """Return the time zone with a name like ``'Europe/Rome'``; None for None or an empty name.

    :raises TypeError: if it is neither a text nor a ``ZoneInfo``.
    :raises ValueError: if there is no such zone.
    """
    if name is None or name == "":
        return None
    if isinstance(name, ZoneInfo):
        return name
    if not isinstance(name, str):
        raise TypeError(
            f"a time zone must be a name like 'Europe/Rome', or None; got {type(name).__name__}"
        )
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):  # a folder, a path, an unknown name
        raise ValueError(
            f"there is no time zone {name!r}: use a name like 'Europe/Rome'. If the system has no "
            f"time zones at all, run pip install tzdata"
        ) from None


def in_zone(moment: datetime, zone: ZoneInfo | None) -> datetime:
    """Return a moment as an aware datetime in a time zone; in UTC for None.

    :param moment: naive UTC.
    """
    return moment.replace(tzinfo=timezone.utc).astimezone(zone or timezone.utc)


def day_of(moment: datetime, zone: ZoneInfo | None) -> date:
    """Return the day at a moment, naive UTC, in a time zone; in UTC for None."""
    return in_zone(moment, zone).date() if zone else moment.date()
