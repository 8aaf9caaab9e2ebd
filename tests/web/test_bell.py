"""The bell, as far as it can be heard without a browser: see also test_browser."""

from datetime import timedelta

import pytest

from activitystream import am
from activitystream.model import clock
from tests.helpers.databases import COUNTED, on


def bell_of(page):
    return page.html.select_one(".activitystream-bell")


def count_of(page):
    count = page.html.select_one(".activitystream-count")
    return None if count.has_attr("hidden") else count.select_one("[aria-hidden]").text


def marked_by(newest):
    """The URL that htmx calls once the newest are shown."""
    return newest.html.select_one("[hx-trigger=load]")["hx-post"]


@pytest.fixture
def many(host, user):
    """More than a bell counts."""
    for number in range(101):
        am.create(user, f"no. {number}", recipients=[user])


def test_shows_the_number_of_new_actions(host, user, app):
    assert count_of(app.get("/with_bell")) is None
    am.create(user, "joined")
    am.create(user, "left")
    page = app.get("/with_bell")
    assert count_of(page) == "2"
    link = bell_of(page).select_one("a")
    assert " ".join(link.text.split()) == "Your activity stream 2 2 new notifications"
    assert link["href"] == "/activitystream/"


def test_counts_up_to_99(host, user, many, app):
    page = app.get("/with_bell")
    assert count_of(page) == "99+"
    assert "more than 99 new notifications" in bell_of(page).text
    am.mark_seen(user, until=am.get_by_recipient(user)[99].timestamp)
    app.get("/activitystream/bell")


def test_shows_nothing_without_a_stored_user(host, other, user):
    gone = host.browser(other)
    host.database.delete(other)
    for browser in (host.browser(), gone):
        page = browser.get("/with_bell")
        assert "The host's own header" in page
        assert not bell_of(page)
        assert page.html.select_one("nav").text == ""


def test_polling_returns_the_current_number(host, user, app):
    app.get("/with_bell")
    am.create(user, "joined")
    answer = app.get(bell_of(app.get("/with_bell")).select_one("[hx-get]")["hx-get"])
    assert count_of(answer) == "1"
    assert "<!DOCTYPE" not in answer


@pytest.mark.parametrize("path", ["bell", "newest", "more", "stream.json", "unseen.json"])
def test_answers_401_instead_of_a_login_page(host, other, path):
    gone = host.browser(other)
    host.database.delete(other)
    for browser in (host.browser(), gone):
        answer = browser.get(f"/activitystream/{path}", status=401)
        assert answer.content_type == "application/json"
        assert answer.json["detail"] == "log in first"


@pytest.mark.parametrize("path", ["", "bell", "newest", "more", "stream.json", "unseen.json"])
def test_no_cache_shares_it_between_users(app, path):
    answer = app.get(f"/activitystream/{path}")
    assert "private" in answer.headers["Cache-Control"]
    assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["", "bell", "newest", "more", "stream.json", "unseen.json"])
def test_reading_marks_nothing(host, user, app, path):
    am.create(user, "joined")
    for method in (app.get, app.head):
        method(f"/activitystream/{path}")
    assert host.database.reload(user).last_activity_seen is None
    for method in (app.post, app.put, app.delete):
        method(f"/activitystream/{path}", status=405)


def test_opens_with_the_newest_actions(host, user, post, app):
    for number in range(12):
        am.create(user, f"no. {number}", post)
    newest = app.get("/activitystream/newest")
    lines = [line.text for line in newest.html.select(".activitystream-line")]
    assert lines == [f"ann no. {number} A post" for number in range(11, 1, -1)]
    assert len(newest.html.select(".activitystream-badge")) == 10
    assert "<!DOCTYPE" not in newest


def test_opening_marks_only_what_was_shown(host, user, app):
    shown = am.create(user, "shown")
    newest = app.get("/activitystream/newest")
    later = am.create(user, "later")
    later.timestamp = shown.timestamp + timedelta(milliseconds=1)
    host.save(later)
    app.post(marked_by(newest))
    assert count_of(app.get("/activitystream/bell")) == "1"
    app.post(marked_by(app.get("/activitystream/newest")))
    assert count_of(app.get("/activitystream/bell")) is None


def test_see_all_still_shows_what_was_new(host, user, app):
    for number in range(12):
        action = am.create(user, f"no. {number}")
        action.timestamp = clock.now() - timedelta(minutes=60 - number)
        host.save(action)
    am.mark_seen(user, until=action.timestamp - timedelta(minutes=10, seconds=30))
    newest = app.get("/activitystream/newest")
    app.post(marked_by(newest))
    page = newest.click("See all")
    assert len(page.html.select(".activitystream-badge")) == 11
    page = page.forms[0].submit().follow()
    assert not page.html.select(".activitystream-badge")


def test_marks_nothing_without_new_actions(host, user, app):
    empty = app.get("/activitystream/newest")
    assert "Nothing has happened yet." in empty
    assert not empty.html.select("[hx-post]")
    am.create(user, "joined")
    am.mark_seen(user)
    newest = app.get("/activitystream/newest")
    assert not newest.html.select("[hx-post]")
    assert newest.html.select_one(".activitystream-all a")["href"] == "/activitystream/"


@pytest.mark.parametrize(("option", "attribute"), [({}, "30"), ({"poll_interval": 5}, "5")])
def test_polls_as_often_as_the_host_says(host, user, option, attribute):
    host.plug(**option)
    bell = bell_of(host.browser(user).get("/with_bell"))
    assert bell["data-activitystream-interval"] == attribute


def test_never_polls_if_the_host_says_so(host, user):
    host.plug(poll_interval=None)
    bell = bell_of(host.browser(user).get("/with_bell"))
    assert not bell.has_attr("data-activitystream-interval")


def test_uses_the_urls_of_the_appid(host, user):
    host.plug(appid="news")
    am.create(user, "joined")
    browser = host.browser(user, SCRIPT_NAME="/here")
    page = browser.get("/here/with_bell")
    urls = [bell_of(page).a["href"], *(each["hx-get"] for each in page.html.select("[hx-get]"))]
    assert urls == ["/here/news/", "/here/news/bell", "/here/news/newest"]


def test_loads_its_stylesheet_and_script(app):
    page = app.get("/with_bell")
    bell = bell_of(page)
    assert app.get(bell.link["href"]).content_type == "text/css"
    assert "javascript" in app.get(bell.script["src"]).content_type
    assert not bell.select("style, [style]")
    assert not bell.script.text


@on(*COUNTED)
def test_costs_one_query_and_the_users(host, user, app):
    am.create(user, "joined")

    def queries(url):
        with host.database.queries() as recorded:
            app.get(url)
        return len(recorded)

    assert queries("/with_bell") <= queries("/notifications?number=0") + 2
    assert queries("/activitystream/bell") <= queries("/notifications?number=0") + 2
