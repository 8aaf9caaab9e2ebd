"""Say when something happened. Days are UTC: the server does not know the reader's time zone."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from tg.i18n import get_lang

from ..lib.groups import day_of
from ..model import clock
from ..model.words import _
from .translation import languages


class Day(NamedTuple):
    """The lines of one day in a list, below a heading; without a name there is no heading."""

    date: date | None
    name: str | None
    lines: list[Any]


def undated(lines: list[Any]) -> list[Day]:
    """Return the lines as one group without a heading."""
    return [Day(None, None, lines)] if lines else []


def by_day(lines: Iterable[Any], continued: date | None = None) -> Iterator[Day]:
    """Group lines of actions by day.

    :param lines: newest first.
    :param continued: the last day of the previous page, which has its heading already.
    """
    for each, of_day in groupby(lines, key=lambda line: day_of(line.action.timestamp)):
        yield Day(each, None if each == continued else name_of(each), list(of_day))


def name_of(day: date) -> str:
    """Return "Today", "Yesterday" or the date; the current year is left out."""
    today = clock.now().date()
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    if day.year == today.year:
        return format_skeleton("MMMMd", day, locale=_locale())
    return format_date(day, "long", _locale())


def _locale() -> Locale:
    """Return the locale for dates: the request's first language with a catalog and in Babel.

    It keeps the region that the browser asked for: a page in English shows British dates for
    en-GB. The default is English, also outside a request.
    """
    spoken = languages()
    for asked in get_lang() if spoken else ():
        language = asked.partition("_")[0]
        if asked in spoken or language in spoken:
            for name in (asked, language):
                with suppress(UnknownLocaleError, ValueError):
                    return Locale.parse(name)
    return Locale("en")


def when(action: Any) -> str:
    """Return how long ago an action happened or, after 24 hours, the day."""
    if clock.now() - action.timestamp < timedelta(days=1):
        return action.timestamp_since
    return name_of(action.timestamp.date())


def when_in_day(action: Any) -> str:
    """Return how long ago an action happened or, after 24 hours, the time, below the day."""
    if clock.now() - action.timestamp < timedelta(days=1):
        return action.timestamp_since
    return f"{action.timestamp:%H:%M} UTC"
