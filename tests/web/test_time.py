"""How the time of an action is written, and a moment read from a request."""

from datetime import datetime, timedelta, timezone

import pytest

from activitystream.model import clock
from activitystream.model.action import ActionMixin

NOW = datetime(2026, 1, 31, 12, 0, 0)


@pytest.fixture
def action(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return ActionMixin.__new__(ActionMixin)  # only a manager makes one


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=-30), "less than 1 minute ago"),
        (timedelta(days=-3), "less than 1 minute ago"),
        (timedelta(0), "less than 1 minute ago"),
        (timedelta(seconds=59), "less than 1 minute ago"),
        (timedelta(minutes=1), "about 1 minute ago"),
        (timedelta(minutes=1, seconds=59), "about 1 minute ago"),
        (timedelta(minutes=2), "about 2 minutes ago"),
        (timedelta(minutes=59, seconds=59), "about 59 minutes ago"),
        (timedelta(minutes=60), "about 1 hour ago"),
        (timedelta(minutes=118), "about 1 hour ago"),
        (timedelta(minutes=119), "about 2 hours ago"),
        (timedelta(hours=2), "about 2 hours ago"),
        (timedelta(hours=5, minutes=10), "about 5 hours ago"),
        (timedelta(hours=23, minutes=59), "about 23 hours ago"),
        (timedelta(hours=24), "01/30/26"),
        (timedelta(days=400), "12/27/24"),
    ],
)
def test_shows_how_long_ago_in_words(action, ago, words):
    action.timestamp = NOW - ago
    assert action.timestamp_since == words


def test_shows_the_time_of_day_with_seconds(action):
    action.timestamp = datetime(2026, 1, 31, 9, 5, 7)
    assert action.timestamp_24_hh_mm == "09:05:07"
    assert action.timestamp_24_hh_mm[:-3] == "09:05"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T12:00:00.123", datetime(2026, 1, 31, 12, 0, 0, 123000)),
        ("2026-01-31T12:00:00.123456", datetime(2026, 1, 31, 12, 0, 0, 123000)),
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12, 0, 0)),
        ("2026-01-31T12:00:00.123Z", datetime(2026, 1, 31, 12, 0, 0, 123000)),
        ("2026-01-31T12:00:00.123+00:00", datetime(2026, 1, 31, 12, 0, 0, 123000)),
        ("2026-01-31T12:00:00.123 00:00", datetime(2026, 1, 31, 12, 0, 0, 123000)),
        ("2026-01-31T12:00:00.123+02:00", datetime(2026, 1, 31, 10, 0, 0, 123000)),
        ("2026-01-31T12:00:00.123-02:00", datetime(2026, 1, 31, 14, 0, 0, 123000)),
        ("", None),
        (None, None),
    ],
)
def test_reads_a_moment_as_naive_utc(text, moment):
    assert clock.parse(text) == moment


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        (datetime.min, clock.EARLIEST),
        (datetime(999, 12, 31), clock.EARLIEST),
        (datetime(1000, 1, 3), datetime(1000, 1, 3)),
        (datetime(1969, 7, 20), datetime(1969, 7, 20)),
        (datetime.max, clock.LATEST),
        (datetime.max.replace(tzinfo=timezone.utc), clock.LATEST),
        (datetime.min.replace(tzinfo=timezone(-timedelta(hours=14))), clock.EARLIEST),
    ],
)
def test_limits_a_moment_to_what_every_database_stores(moment, held):
    assert clock.naive_utc(moment) == held
    assert clock.parse(clock.as_text(moment)) == held


@pytest.mark.parametrize(
    "bad",
    [
        "yesterday",
        "2026-01-31",
        "2026-01-31 12:00",
        "2026-W05-1T12:00:00",
        "2026-02-30T12:00:00.000",
        "2026-01-31T25:00:00.000",
        "2026-01-31T12:00:00.1",
        "2026-01-31T12:00:00.000+99:00",
        "0001-01-01T00:00:00.000+23:00",
        "\u0662\u0660\u0662\u0666-01-31T12:00:00.000",
        "2026-01-31T12:00:00.000\n",
        ["2026-01-31T12:00:00.000", "2026-01-31T12:00:00.000"],
        {"$gt": ""},
        1769860800,
    ],
)
def test_rejects_anything_else(bad):
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library's own words, some of them
        clock.parse(bad)
