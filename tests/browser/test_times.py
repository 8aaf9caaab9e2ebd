"""Days and times in a real browser: in its language and time zone, and up to date."""

import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from activitystream import am
from tests.browser.steps import ON_ONE, at_work, bell, boost, comment, panel, patient

pytestmark = [pytest.mark.browser, ON_ONE]

#: Its midnight is at 18:15 UTC, so that its days are never those of UTC.
KATHMANDU = ZoneInfo("Asia/Kathmandu")


def happened(hours):
    """Have Bruno do one thing for Ada each hour, in the past."""
    now = datetime.now(timezone.utc)
    with at_work() as (bruno, ada, _):
        am.create_many(
            {
                "actor": bruno,
                "verb": f"did no. {each}.",
                "recipients": [ada],
                "timestamp": now - timedelta(hours=each),
            }
            for each in range(1, hours + 1)
        )
    return now


def on_the_wall(now, hours):
    return (now - timedelta(hours=hours)).astimezone(KATHMANDU)


def test_days_and_times_are_those_of_the_browser(board):
    now = happened(60)
    page = board.visitor("Ada", timezone_id="Asia/Kathmandu")
    page.goto("/activitystream/")
    while page.get_by_role("link", name="Load more").count():
        page.get_by_role("link", name="Load more").click()
        expect(page.locator("[class*=htmx]")).to_have_count(0)
    today = on_the_wall(now, 0).date()
    names = {today: "Today", today - timedelta(days=1): "Yesterday"}
    shown = {}
    for section in page.locator(".activitystream-day").all():
        heading = section.get_by_role("heading").inner_text()
        assert heading not in shown  # one list for each day, with no seam where more was loaded
        shown[heading] = section.locator("li").all_inner_texts()
    for hours in range(1, 61):
        moment = on_the_wall(now, hours)
        heading = names.get(moment.date(), f"{moment:%B} {moment.day}")
        (line,) = (each for each in shown[heading] if f"did no. {hours}." in each)
        assert f"{moment:%-I:%M %p}" in line


def test_an_opened_bell_says_the_time_in_the_browsers_zone(board):
    now = happened(3)
    page = board.visitor("Ada", timezone_id="Asia/Kathmandu")
    bell(page).click()
    line = panel(page).get_by_role("listitem").filter(has_text="did no. 2.")
    moment = on_the_wall(now, 2)
    expect(line.locator("time")).to_contain_text(f"{moment:%-I:%M %p}")
    expect(line.locator("time")).to_have_attribute(
        "title", re.compile(f"{moment.year}.*Nepal|5:45")
    )


def test_times_go_on_counting(board):
    comment("Is it you?")
    page = patient(board.visitor("Ada"))
    bell(page).click()
    time = panel(page).get_by_role("listitem").first.locator("time")
    expect(time).to_have_text("just now")
    page.clock.fast_forward("06:00")
    expect(time).to_have_text(re.compile(r"^[67] min$"))


def test_back_shows_the_current_number(board):
    page = board.visitor("Ada")
    expect(page.locator(".activitystream-count [aria-hidden]")).to_have_text("3")
    page.goto("/activitystream/")
    page.get_by_role("button", name="Mark all as seen").click()
    expect(page.locator(".activitystream-count")).to_be_hidden()
    page.go_back()
    page.go_back()
    expect(page.locator(".activitystream-count")).to_be_hidden()


def test_back_to_a_boosted_page_shows_the_current_number(board):
    page = board.visitor("Ada")
    boost(page)
    page.get_by_role("link", name="More apples than I can eat", exact=True).click()
    page.wait_for_url("**/notice/*")
    # Before it has settled, htmx 1.9 fails on its scripts: they are gone by then.
    expect(page.locator("[class*=htmx]")).to_have_count(0)
    with at_work() as (_, ada, _):
        am.mark_seen(ada)
    page.go_back()
    page.wait_for_url("**/")
    expect(page.locator(".activitystream-count")).to_be_hidden()
    assert page.evaluate("window.isTheSamePage")


@pytest.mark.parametrize("event", ["online", "focus", "resume"])
def test_the_number_is_right_after_the_machine_woke_up(board, event):
    page = patient(board.visitor("Ada"), is_still=True)
    expect(page.locator(".activitystream-count [aria-hidden]")).to_have_text("3")
    with at_work() as (_, ada, _):
        am.mark_seen(ada)
    page.clock.run_for(2000)  # the timer has not fired
    target = "document" if event == "resume" else "window"
    page.evaluate(f"{target}.dispatchEvent(new Event('{event}'))")
    expect(page.locator(".activitystream-count")).to_be_hidden()


def test_what_was_followed_is_read_after_back(board):
    page = board.visitor("Ada")
    page.goto("/activitystream/")
    line = page.locator("li.activitystream-unread").first
    key = line.get_attribute("data-activitystream-action")
    line.get_by_role("link").evaluate(
        "link => link.addEventListener('click', e => e.preventDefault())"
    )
    line.get_by_role("link").click()
    expect(page.locator(f"li[data-activitystream-action='{key}']")).not_to_have_class(
        re.compile("activitystream-unread")
    )


def test_an_idle_bell_asks_ten_times_less_often(board):
    page = patient(board.visitor("Ada"), is_still=True)
    asked = []
    page.on("request", lambda request: request.url.endswith("/bell") and asked.append(request))
    interval = int(
        page.locator(".activitystream-bell").get_attribute("data-activitystream-interval")
    )

    def asked_in(intervals):
        del asked[:]
        for _ in range(intervals):
            page.clock.run_for(1000 * interval)
            expect(page.locator("[class*=htmx]")).to_have_count(0)  # which awaits the answer
        return len(asked)

    assert asked_in(3) == 3
    page.clock.run_for(10 * 60 * 1000)
    assert 2 <= asked_in(30) <= 4
    page.mouse.move(9, 9)  # somebody is back
    assert 3 <= asked_in(3) <= 4
