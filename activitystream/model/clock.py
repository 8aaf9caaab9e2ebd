"""The time as actions keep it: naive UTC, to the millisecond (what a BSON date can hold)."""

import re
from datetime import datetime, timedelta, timezone
from typing import Any

_ISO_8601 = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?)(Z|[+-]\d\d:\d\d)?", re.ASCII
)

#: Each database stores the moments between these, and each driver reads them, in any time zone:
#: MySQL's dates begin with the year 1000, and Python's end with 9999.
EARLIEST, LATEST = datetime(1000, 1, 2), datetime(9999, 12, 30)

#: The least that two timestamps are apart.
MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    """Return the present moment, as naive UTC to the millisecond."""
    return naive_utc(datetime.now(timezone.utc))


def naive_utc(moment: datetime) -> datetime:
    """Return a moment as naive UTC, cut to the millisecond.

    :param moment: aware, or naive UTC. One before ``EARLIEST`` or after ``LATEST`` becomes that.
    :raises ValueError: if it is before the year 1 or after 9999 in UTC.
    """
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
        except OverflowError as error:
            raise ValueError(f"{moment} cannot be converted to UTC") from error
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return max(EARLIEST, min(moment, LATEST))


def past(name: str, moment: Any, tolerance: timedelta = timedelta(0)) -> datetime:
    """Return a moment as naive UTC, if it is in the past.

    :param name: the parameter's name, for the error.
    :param tolerance: how far in the future it may be.
    :raises TypeError: if it is no datetime.
    :raises ValueError: if it is in the future.
    """
    if not isinstance(moment, datetime):
        raise TypeError(f"{name} must be a datetime, not a {type(moment).__name__}")
    given, present = naive_utc(moment), now()
    if given > present + tolerance:
        raise ValueError(
            f"{name}={given} is in the future (now is {present} UTC): pass UTC, or an aware "
            f"datetime"
        )
    return given


def as_text(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC with milliseconds, which :func:`parse` reads."""
    return naive_utc(moment).isoformat(timespec="milliseconds")


def parse(text: str | None, name: str = "until") -> datetime | None:
    """Return the moment in a request's parameter as naive UTC; None if there is none.

    :param text: ISO 8601 with seconds, as :func:`as_text` writes it; UTC unless it has another
        offset.
    :param name: the parameter's name, for the error.
    :raises ValueError: if it is anything else.
    """
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise ValueError(f"give `{name}` once")
    # A "+" that is not quoted in a link arrives as a space.
    match = _ISO_8601.fullmatch(text.replace(" ", "+"))
    if match is None:
        raise ValueError(f"`{name}` must be ISO 8601 in UTC, like 2026-01-31T12:00:00.000")
    local, offset = match.groups()
    return naive_utc(datetime.fromisoformat(local + (offset or "").replace("Z", "+00:00")))
