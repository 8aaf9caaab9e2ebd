"""When something happened, in words: the days are those of UTC, as the server knows no other."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from tg.i18n import get_lang

from ..model import clock
from ..model.words import _
from .translation import languages


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
    if day.year == today.year:
        return format_skeleton("MMMMd", day, locale=_locale())
    return format_date(day, "long", _locale())


def _locale() -> Locale:
    """Return the locale of the request's first language that the page is in and Babel knows.

    The region is the browser's: a page in English has British dates for en-GB. Without a request,
    or such a language, the locale is English.
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
    """How long ago, and after a day, the day."""
    if clock.now() - action.timestamp < timedelta(days=1):
        return action.timestamp_since
    return name_of(action.timestamp.date())


def when_in_day(action: Any) -> str:
    """How long ago, and after a day, the time, for below a heading that tells the day."""
    if clock.now() - action.timestamp < timedelta(days=1):
        return action.timestamp_since
    return f"{action.timestamp:%H:%M} UTC"
