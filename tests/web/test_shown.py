"""What a page has shown, in ``until`` of the links and buttons that mark it."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from activitystream import am
from activitystream.lib.seen import Shown, shown
from activitystream.model import clock
from activitystream.model.cursors import cursor_of
from activitystream.web.shown import shown_as_text, shown_from_text
from tests.helpers.databases import EACH_ORM, on

AJAX = "/activitystream/ajax_update_last_seen_of_a_recipient"


def unseen(host, user):
    user = host.database.reload(user)
    return [each.verb for each in am.get_by_recipient(user) if each.is_unseen_by(user)]


@pytest.mark.parametrize("number", [1, 3, 20, 21, 30])
def test_is_read_back(host, user, number):
    am.create_many({"actor": user, "verb": f"no. {each}"} for each in range(number))
    host.save()
    stream = am.get_by_recipient(user)
    page = shown(stream, list(map(cursor_of, stream.limit(25))), clock.now())
    text = shown_as_text(page)
    assert shown_from_text(text) == page
    assert (len(page.ids), page.oldest is None) == (min(number, 20), number <= 20)
    assert text.startswith(clock.as_text(page.until))
    assert len(text) < 600


def test_an_old_page_is_written_as_a_time(user):
    moment = datetime(2026, 1, 31, 12)
    page = Shown(moment, clock.now(), frozenset())
    assert shown_as_text(page) == "2026-01-31T12:00:00.000"
    assert shown_from_text(shown_as_text(page)) == moment
    assert shown_from_text("") is shown_from_text(None) is None


def test_nobody_has_read_a_page_later_than_now(host, user):
    action = am.create(user, "joined")
    until = clock.as_text(action.timestamp)
    text = f"{until}_9999999999999_{action._id}"
    assert shown_from_text(text).as_of <= clock.now()


MALFORMED = [
    "_",
    "__",
    "2026-01-31T12:00:00.000_",
    "2026-01-31T12:00:00.000_1",
    "2026-01-31T12:00:00.000_x_ID",
    "2026-01-31T12:00:00.000_1_nonsense",
    "2026-01-31T12:00:00.000_1_ID.",
    "2026-01-31T12:00:00.000_1_.",
    "2026-01-31T12:00:00.000_1_ID_x",
    "2026-01-31T12:00:00.000_1__1",
    "2026-01-31T12:00:00.000_1_ID_1_1",
    "2026-01-31_1_ID",
    "_1_ID",
    "2026-01-31T12:00:00.000_-99999999999999_ID",
    "2026-01-31T12:00:00.000_1_" + ".".join(["ID"] * 21),
    "2026-01-31T12:00:00.000_1_{$ne:1}",
    "2026-01-31T12:00:00.000_1_ID\n",
]


@on(*EACH_ORM)
@pytest.mark.parametrize("text", MALFORMED)
def test_anything_else_is_refused_and_marks_nothing(host, user, app, text):
    action = am.create(user, "joined")
    until = {"until": text.replace("ID", str(action._id))}
    app.get("/activitystream/see", until, status=400)
    app.post(AJAX, until, status=400)
    app.post("/activitystream/read", until, status=400)
    assert host.database.reload(user).last_activity_seen is None


@pytest.mark.parametrize("extreme", ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999"])
@pytest.mark.parametrize("later", ["9999999999999", "-9999999999999"])
def test_extreme_moments_cause_no_server_error(host, user, app, extreme, later):
    action = am.create(user, "joined")
    until = f"{extreme}_{later}_{action._id}_9999999999999"
    assert app.post(AJAX, {"until": until}, expect_errors=True).status_int in (200, 400)


@pytest.fixture
def page(host, user, post, app):
    """Return the page as a reader has it, with what becomes visible beside it later."""
    first, last = (am.create(user, verb, post) for verb in ("first", "last"))
    for seconds, action in ((2, last), (4, first)):
        action.timestamp -= timedelta(seconds=seconds)
    host.save(first, last)
    page = app.get("/activitystream/")
    beside = am.create(user, "beside")
    beside.timestamp = first.timestamp + timedelta(seconds=1)
    host.save(beside)
    return page


def test_a_link_of_the_page_marks_what_it_shows(host, user, app, page):
    page.click("A post", index=0)
    assert unseen(host, user) == ["beside"]


@pytest.mark.parametrize("button", ["Mark all as seen", "Mark all as read"])
def test_a_button_of_the_page_marks_what_it_shows(host, user, app, page, button):
    (form,) = (each for each in page.html.select("form") if button in each.text)
    fields = {each["name"]: each["value"] for each in form.select("input")}
    app.post(form["action"], fields)
    assert unseen(host, user) == ["beside"]
    assert am.count_unread_by_recipient(host.database.reload(user)) == (
        3 if "seen" in button else 1
    )


def test_the_ajax_url_marks_what_a_page_shows(host, user, app, page):
    (until,) = parse_qs(urlsplit(page.html.select_one("li a")["href"]).query)["until"]
    app.post(AJAX, {"until": until})
    assert unseen(host, user) == ["beside"]


def test_the_bell_marks_what_it_shows(host, user, app, monkeypatch):
    am.create(user, "first")
    last = am.create(user, "last")
    last.timestamp += timedelta(milliseconds=1)
    host.save(last)
    beside = []

    def listed(*given, **named):
        if not beside:
            beside.append(am.create(user, "beside"))
            beside[0].timestamp = last.timestamp
            host.save(beside[0])
        return render_list(*given, **named)

    from activitystream.web import opened_bell

    render_list = opened_bell.render_list
    monkeypatch.setattr(opened_bell, "render_list", listed)
    app.post("/activitystream/newest")
    assert unseen(host, user) == ["beside"]


def test_a_later_page_marks_what_it_shows(host, user, post, app):
    am.create_many({"actor": user, "verb": f"no. {n}", "target": post} for n in range(30))
    host.save()
    second = app.get("/activitystream/").click("Load more")
    second.click("A post", index=0)
    assert len(unseen(host, user)) == 25


def test_links_of_the_hosts_own_templates_carry_a_time(host, user, post, app):
    action = am.create(user, "liked", post)
    link = app.get("/widget").html.select_one("li a")["href"]
    assert parse_qs(urlsplit(link).query) == {
        "target_link": [post.as_link],
        "until": [clock.as_text(cursor_of(action).timestamp)],
        "action": [str(action._id)],
    }
