"""When something happened, in words: the days are those of UTC, as the server knows no other."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from tg.i18n import gettext_noop as N_

from . import clock
from .translation import _

_DAYS = (
    N_("%(day)d January"),
    N_("%(day)d February"),
    N_("%(day)d March"),
    N_("%(day)d April"),
    N_("%(day)d May"),
    N_("%(day)d June"),
    N_("%(day)d July"),
    N_("%(day)d August"),
    N_("%(day)d September"),
    N_("%(day)d October"),
    N_("%(day)d November"),
    N_("%(day)d December"),
)


class Day(NamedTuple):
    """What a list shows of one day; without a name it has no heading."""

    date: date | None
    name: str | None
    lines: list[Any]


def undated(lines: list[Any]) -> list[Day]:
    """Lines without headings."""
    return [Day(None, None, lines)] if lines else []


def by_day(lines: Iterable[Any], going_on: date | None = None) -> Iterator[Day]:
    """Lines of actions, day by day.

    :param going_on: a day that has its heading already.
    """
    for each, of_day in groupby(lines, key=lambda line: line.action.timestamp.date()):
        yield Day(each, None if each == going_on else name_of(each), list(of_day))


def name_of(day: date) -> str:
    """Today, yesterday, or the date, with its year unless it is this one."""
    today = clock.now().date()
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    name = _(_DAYS[day.month - 1]) % {"day": day.day}
    return name if day.year == today.year else f"{name} {day.year}"


def when(action: Any) -> str:
    """How long ago, and after a day, the day."""
    if clock.now() - action.timestamp < timedelta(days=1):
        return action.timestamp_since
    return name_of(action.timestamp.date())


def when_in_day(action: Any) -> str:
    """How long ago, and after a day, the time, for below a heading that tells the day."""
    if clock.now() - action.timestamp < timedelta(days=1):
        return action.timestamp_since
    return f"{action.timestamp:%H:%M} UTC"
