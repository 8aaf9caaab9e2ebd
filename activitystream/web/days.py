"""Say when something happened, in the reader's language and time zone (``zones.py`` finds it).

In a browser, ``times.js`` says the same and goes on counting, in the browser's time zone if none is
known here. Whoever changes the words here changes them there, too.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import tg
from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_skeleton, format_time, format_timedelta
from tg.i18n import get_lang

from ..lib.zones import day_of, in_zone
from ..model import clock
from ..model.words import _
from .translation import in_request, languages
from .zones import shown_zone

_DEFAULT = Locale("en")

#: Holds the locale in the translator of a request.
_LOCALE = "activitystream_locale"


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
    zone = shown_zone()
    for each, of_day in groupby(lines, key=lambda line: day_of(line.action.timestamp, zone)):
        yield Day(each, None if each == continued else name_of(each), list(of_day))


def shown_day_of(moment: datetime) -> date:
    """Return the day in which a list shows a moment, naive UTC."""
    return day_of(moment, shown_zone())


def name_of(day: date) -> str:
    """Return "Today", "Yesterday" or the date; the current year is left out."""
    today = shown_day_of(clock.now())
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    if day.year == today.year:
        return format_skeleton("MMMMd", day, locale=locale())
    return format_date(day, "long", locale())


def locale() -> Locale:
    """Return the locale for dates: the request's first language with a catalog and in Babel.

    It keeps the region that the browser asked for: a page in English shows British dates for
    en-GB. The default is English, also outside a request.
    """
    if not in_request():
        return _DEFAULT
    # Cache it: each line asks. A host that changes the language gets another translator.
    translator = tg.request_local.context.translator
    if _LOCALE not in vars(translator):
        setattr(translator, _LOCALE, _spoken_locale())
    found: Locale = getattr(translator, _LOCALE)
    return found


def _spoken_locale() -> Locale:
    spoken = languages()
    for asked in get_lang() if spoken else ():
        language = asked.partition("_")[0]
        if asked in spoken or language in spoken:
            for name in (asked, language):
                with suppress(UnknownLocaleError, ValueError):
                    return Locale.parse(name)
    return _DEFAULT


def when(action: Any) -> str:
    """Return when an action happened: "just now", "5 min", "09:19", "yesterday 09:19", "28 Nov"."""
    now, then = clock.now(), action.timestamp
    today, day = shown_day_of(now), shown_day_of(then)
    if now - then < timedelta(hours=1):
        return _ago(now - then)
    if day == today:
        return _time(then)
    if day == today - timedelta(days=1):
        return _("yesterday %(time)s") % {"time": _time(then)}
    return format_skeleton("MMMd" if day.year == today.year else "yMMMd", day, locale=locale())


def when_in_day(action: Any) -> str:
    """Return when an action happened, below its day: "just now", "5 min", "09:19"."""
    ago = clock.now() - action.timestamp
    return _ago(ago) if ago < timedelta(hours=1) else _time(action.timestamp)


def when_exactly(action: Any) -> str:
    """Return the date and the time of an action in full, with the time zone."""
    return format_datetime(in_zone(action.timestamp, shown_zone()), "full", locale=locale())


def date_of(action: Any) -> str:
    """Return the date of an action in short."""
    return format_date(shown_day_of(action.timestamp), "short", locale())


def _ago(ago: timedelta) -> str:
    if ago < timedelta(minutes=1):
        return _("just now")
    minutes = timedelta(minutes=ago // timedelta(minutes=1))
    return format_timedelta(minutes, "minute", threshold=60, format="short", locale=locale())


def _time(moment: datetime) -> str:
    zone = shown_zone()
    time = format_time(in_zone(moment, zone), "short", locale=locale())
    return time if zone else f"{time} UTC"
