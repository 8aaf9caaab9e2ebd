"""The bell, as far as it needs no browser; tests/browser/test_bell.py has the rest."""

from datetime import timedelta

import pytest
import tg

from activitystream import am
from activitystream.model import clock
from tests.helpers.databases import COUNTED, EACH_ORM, on
from tests.web.test_see import FOR_NOBODY, FOREIGN


def bell_of(page):
    return page.html.select_one(".activitystream-bell")


def count_of(page):
    count = page.html.select_one(".activitystream-count")
    return None if count.has_attr("hidden") else count.select_one("[aria-hidden]").text


def opened(app):
    """Return the content of the bell as htmx requests it, which marks what it shows."""
    return app.post(bell_of(app.get("/with_bell")).select_one("[hx-post]")["hx-post"])


@pytest.fixture
def many(host, user):
    """Store more actions than a bell counts."""
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


@on(*EACH_ORM)
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
    for method in (app.put, app.delete, *([] if path == "newest" else [app.post])):
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
    newest = opened(app)
    assert len(newest.html.select(".activitystream-badge")) == 1
    for earlier in (1, 0, -1):
        later = am.create(user, "later")
        later.timestamp = shown.timestamp - timedelta(milliseconds=earlier)
        host.save(later)
    assert count_of(app.get("/activitystream/bell")) == "3"
    assert len(opened(app).html.select(".activitystream-badge")) == 3
    assert count_of(app.get("/activitystream/bell")) is None


def test_opening_leaves_unread_what_it_shows(host, user, app):
    am.create(user, "joined")
    for new in (1, 0):
        newest = opened(app)
        assert len(newest.html.select(".activitystream-badge")) == new
        assert len(newest.html.select(".activitystream-dot:not([hidden])")) == 1
    assert am.count_unread_by_recipient(host.database.reload(user)) == 1


def test_opening_empties_the_number_whatever_it_shows(host, user, app):
    old = am.create(user, "old")
    old.timestamp -= timedelta(hours=1)
    host.save(old)
    am.create_many({"actor": user, "verb": "did"} for _ in range(10))
    host.save()
    for action in am.get_by_recipient(user).limit(10):
        am.mark_read(user, action)
    assert count_of(app.get("/activitystream/bell")) == "1"
    assert "old" not in opened(app)
    assert count_of(app.get("/activitystream/bell")) is None


def test_opening_calls_the_hook_once(host, user, app):
    am.create(user, "joined")
    told = []
    tg.hooks.register("activitystream.after_seen", lambda *given: told.append(given))
    opened(app)
    assert len(told) == 1


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", [*FOREIGN, *FOR_NOBODY])
def test_only_the_sites_own_pages_open_it(host, user, app, headers):
    am.create(user, "joined")
    answer = app.post("/activitystream/newest", headers=headers, status=403)
    assert answer.content_type == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
    assert host.database.reload(user).last_activity_seen is None


def test_nobody_opens_it_without_a_login(host, other):
    gone = host.browser(other)
    host.database.delete(other)
    for browser in (host.browser(), gone):
        answer = browser.post("/activitystream/newest", status=401)
        assert answer.json["detail"] == "log in first"


def test_what_cannot_be_shown_is_not_marked(host, user, app, monkeypatch):
    am.create(user, "joined")
    monkeypatch.setattr("activitystream.web.opened_bell.render_list", lambda *given: 1 / 0)
    assert "This cannot be shown." in app.post("/activitystream/newest")
    assert host.database.reload(user).last_activity_seen is None


def test_see_all_still_shows_what_was_new(host, user, app):
    for number in range(12):
        action = am.create(user, f"no. {number}")
        action.timestamp = clock.now() - timedelta(minutes=60 - number)
        host.save(action)
    am.mark_seen(user, until=action.timestamp - timedelta(minutes=10, seconds=30))
    page = opened(app).click("See all")
    assert len(page.html.select(".activitystream-badge")) == 11
    assert "Mark all as seen" not in page, "the bell has marked them"
    assert not app.get("/activitystream/").html.select(".activitystream-badge")


def test_marks_nothing_of_an_empty_stream(host, user, app):
    assert "Nothing has happened yet." in opened(app)
    assert host.database.reload(user).last_activity_seen is None


def test_see_all_leads_to_the_page_without_new_actions(host, user, app):
    am.create(user, "joined")
    am.mark_seen(user)
    newest = opened(app)
    assert newest.html.select_one(".activitystream-all a")["href"] == "/activitystream/"


@on(*EACH_ORM)
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
    asked = page.html.select("[hx-get], [hx-post]")
    urls = [bell_of(page).a["href"], *(each.get("hx-get") or each["hx-post"] for each in asked)]
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

    most = queries("/notifications?number=0") + 2 + len(host.database.to_read_mutes)
    assert queries("/with_bell") <= most
    assert queries("/activitystream/bell") <= most
