"""Days and times in the reader's own time zone, by the option ``timezone``."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import tg

from activitystream import am
from activitystream.lib.zones import day_of
from activitystream.model import clock
from tests.helpers.databases import EACH_ORM, on

#: The day and time shown for moments in UTC, by the reader's language and zone. Kathmandu is 5:45
#: ahead. In Rome, the clocks go back at 01:00 UTC of 25 October 2026, which has 02:30 twice, and
#: forward at 01:00 UTC of 29 March.
NOW = datetime(2026, 10, 26, 12, 0)
TOLD = [
    ("en-GB", "Asia/Kathmandu", "2026-10-26T11:59:30", "Today", "just now", "just now"),
    ("en-GB", "Asia/Kathmandu", "2026-10-26T11:01:00", "Today", "59 mins", "59 mins"),
    ("en-GB", "Asia/Kathmandu", "2026-10-25T18:15:00", "Today", "00:00", "00:00"),
    ("en-GB", "Asia/Kathmandu", "2026-10-25T18:14:59", "Yesterday", "23:59", "yesterday 23:59"),
    ("en-GB", "Asia/Kathmandu", "2026-10-24T12:00:00", "24 October", "17:45", "24 Oct"),
    ("it", "Europe/Rome", "2026-10-25T23:00:00", "Oggi", "00:00", "00:00"),
    ("it", "Europe/Rome", "2026-10-25T00:30:00", "Ieri", "02:30", "ieri 02:30"),
    ("it", "Europe/Rome", "2026-10-25T01:30:00", "Ieri", "02:30", "ieri 02:30"),
    ("it", "Europe/Rome", "2026-10-24T22:00:00", "Ieri", "00:00", "ieri 00:00"),
    ("it", "Europe/Rome", "2026-10-24T21:59:00", "24 ottobre", "23:59", "24 ott"),
    ("it", "Europe/Rome", "2026-03-29T00:59:00", "29 marzo", "01:59", "29 mar"),
    ("it", "Europe/Rome", "2026-03-29T01:00:00", "29 marzo", "03:00", "29 mar"),
    ("ru", "America/New_York", "2026-10-26T02:00:00", "Вчера", "22:00", "вчера 22:00"),
    ("ru", "America/New_York", "2026-01-01T04:59:00", "31 декабря 2025 г.", "23:59", None),
    ("en", "Pacific/Kiritimati", "2026-10-26T09:59:00", "Yesterday", "11:59 PM", None),
    ("en", "Pacific/Kiritimati", "2026-10-26T10:00:00", "Today", "12:00 AM", "12:00 AM"),
]


@pytest.fixture
def at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def plain(text):
    """Return a text with plain spaces: CLDR has some that do not break."""
    return " ".join(text.split())


def happened(host, user, moment):
    action = am.create(user, "did it", recipients=[user])
    action.timestamp = moment
    host.save(action)
    return action


@on("sqlite", "mim")
@pytest.mark.parametrize(("language", "zone", "moment", "day", "in_day", "alone"), TOLD)
def test_days_and_times_are_the_readers(
    host, user, at_noon, language, zone, moment, day, in_day, alone
):
    host.plug(timezone=lambda user: zone)
    happened(host, user, datetime.fromisoformat(moment))
    browser = host.browser(user)
    headers = {"Accept-Language": language}
    page = browser.get("/activitystream/", headers=headers).html
    assert plain(page.select_one(".activitystream-day h2").text) == day
    assert plain(page.select_one("li time").text) == in_day
    if alone is not None:
        bell = browser.get("/activitystream/newest", headers=headers).html
        assert plain(bell.select_one("li time").text) == alone
    (section,) = page.select(".activitystream-day")
    assert section["data-activitystream-zone"] == zone
    assert section["data-activitystream-locale"] == language


@on(*EACH_ORM)
def test_the_tooltip_has_the_date_in_full(host, user, at_noon):
    host.plug(timezone=lambda user: "Asia/Kathmandu")
    happened(host, user, datetime(2026, 10, 25, 18, 14, 59))
    time = host.browser(user).get("/activitystream/newest").html.select_one("li time")
    assert plain(time["title"]) == "Sunday, October 25, 2026, 11:59:59 PM Nepal Time"
    assert time["datetime"] == "2026-10-25T18:14:59.000Z"


@on(*EACH_ORM)
@pytest.mark.parametrize("timezone_of", [None, lambda user: None, lambda user: ""])
def test_without_a_zone_the_times_are_utc_and_say_so(host, user, at_noon, timezone_of):
    host.plug(timezone=timezone_of)
    happened(host, user, datetime(2026, 10, 25, 18, 14, 59))
    page = host.browser(user).get("/activitystream/newest", headers={"Accept-Language": "it"})
    assert page.html.select_one("li time").text == "ieri 18:14 UTC"
    (section,) = page.html.select(".activitystream-day")
    assert "data-activitystream-zone" not in section.attrs


@on(*EACH_ORM)
@pytest.mark.parametrize(
    "wrong", ["Europe/Nowhere", "/etc/passwd", "../x", "Europe", 7, "\0", "x" * 300]
)
def test_a_wrong_zone_is_logged_and_the_times_are_utc(host, user, at_noon, caplog, wrong):
    host.plug(timezone=lambda user: wrong)
    happened(host, user, datetime(2026, 10, 25, 18, 14, 59))
    page = host.browser(user).get("/activitystream/", headers={"Accept-Language": "it"})
    assert page.html.select_one("li time").text == "18:14 UTC"
    assert "Europe/Rome" in caplog.text


@on(*EACH_ORM)
def test_each_reader_has_their_own_zone(host, user, other, at_noon):
    zones = {"ann": "Asia/Kathmandu", "bob": ZoneInfo("America/New_York")}
    host.plug(timezone=lambda user: zones[user.user_name])
    action = am.create(user, "did it", recipients=[user, other])
    action.timestamp = NOW - timedelta(hours=13)
    host.save(action)
    days = [
        host.browser(each).get("/activitystream/").html.select_one(".activitystream-day h2").text
        for each in (user, other)
    ]
    assert days == ["Today", "Yesterday"]


@on(*EACH_ORM)
def test_a_list_of_the_hosts_and_the_panel_are_in_the_readers_zone(host, user, at_noon):
    host.plug(timezone=lambda user: "Asia/Kathmandu")
    happened(host, user, NOW - timedelta(hours=18))
    panel = host.browser(user).get("/widget").html.select_one(".activitystream-widget")
    assert panel.select_one("time").text == "10/25/26"
    happened(host, user, NOW - timedelta(hours=17))
    panel = host.browser(user).get("/widget").html.select_one(".activitystream-widget")
    assert panel.select_one("time").text == "10/26/26"
    # Its dates are 0.1.1's: no script writes others.
    assert not panel.select("[data-activitystream-locale]")


@on(*EACH_ORM)
def test_a_page_that_is_appended_goes_on_in_the_readers_day(host, user, at_noon):
    host.plug(timezone=lambda user: "Asia/Kathmandu")
    midnight = datetime(2026, 10, 25, 18, 15)
    for number in range(-13, 17):  # 13 of them before midnight
        happened(host, user, midnight + timedelta(minutes=number))
    browser = host.browser(user)
    page = browser.get("/activitystream/").html
    assert [each.text for each in page.select("h2")] == ["Today", "Yesterday"]
    more = browser.get(page.select_one(".activitystream-older a")["hx-get"]).html
    assert len(more.select("li")) == 5
    assert more.select("h2") == []


@on(*EACH_ORM)
def test_a_group_ends_with_the_readers_day(host, user, post, at_noon):
    zones = {"ann": "Asia/Kathmandu"}
    host.plug(timezone=lambda user: zones["ann"], groups={"liked": ("verb", "target")})
    for hours in (1, 17, 18, 19):  # midnight there was 17:45 before noon in UTC
        action = am.create(user, "liked", post, recipients=[user])
        action.timestamp = NOW - timedelta(hours=hours)
        host.save(action)
    grouped = am.get_by_recipient(user).grouped()
    assert [each.count for each in grouped] == [2, 2]
    browser = host.browser(user)
    count = browser.get("/activitystream/bell").html.select_one(".activitystream-count")
    assert count.select_one("[aria-hidden]").text == "2"
    page = browser.get("/activitystream/").html
    link = page.select("details.activitystream-group a")[1]["href"]
    # The reader travels: the link still leads to the same two.
    zones["ann"] = "America/New_York"
    assert [each.count for each in am.get_by_recipient(user).grouped()] == [1, 3]
    assert len(browser.get(link).html.select(".activitystream-actions > li")) == 2
    group = page.select("li")[1]["data-activitystream-action"]
    browser.post("/activitystream/read", {"group": group})
    assert am.count_unread_by_recipient(host.database.reload(user)) == 2


@on(*EACH_ORM)
def test_only_users_are_asked_for_their_zone(host, user, post, monkeypatch):
    asked = []
    host.plug(timezone=asked.append, groups={"liked": ("verb", "target")})
    monkeypatch.setitem(tg.config, "sa_auth", {"user_class": type(user)})
    for each in (post, user):
        am.create(user, "liked", post, recipients=[each])
        assert len(am.get_by_recipient(each).grouped().all()) == 1
    assert asked == [user]


def test_a_day_is_that_of_the_calendar_on_the_wall():
    rome, start = ZoneInfo("Europe/Rome"), datetime(2026, 10, 24, 20, 0)
    clocks_go_back = datetime(2026, 10, 25, 1, 0)  # in UTC: from two hours ahead to one
    for minutes in range(0, 3000, 7):
        moment = start + timedelta(minutes=minutes)
        ahead = timedelta(hours=2 if moment < clocks_go_back else 1)
        assert day_of(moment, rome) == (moment + ahead).date()
