"""What people see: the page at /activitystream/, the panel, and a page by the README's recipe."""

from datetime import datetime, timedelta

import pytest
from tg.i18n import lazy_ugettext as l_
from tgext.pluggable import replace_template

from activitystream import am, partials, speaking
from activitystream.model import clock
from tests.helpers.databases import EACH_ORM, on

HOSTILE = '<script>alert("x")</script> & ${1+1} \'"'


@pytest.fixture
def hostile_action(host, user):
    bad = host.user(HOSTILE)
    return am.create(bad, HOSTILE, host.post(HOSTILE), host.post(HOSTILE), recipients=[user])


def until_of(action):
    return action.timestamp.isoformat(timespec="milliseconds")


def test_shows_the_users_stream_in_the_hosts_master(host, user, other, post, app):
    am.create(other, "liked", post, recipients=[user])
    am.create(user, "for bob only", recipients=[other])
    page = app.get("/activitystream/")
    assert "The host's own header" in page
    assert page.html.title.text == "Your activity stream"
    (item,) = page.html.select(".activitystream-actions li")
    assert item.select_one(".activitystream-line").text == "bob liked A post"
    assert "for bob only" not in page


def test_shows_the_newest_first_and_what_is_new(host, user, other, app):
    am.create(other, "old", recipients=[user])
    am.mark_seen(user)
    new = am.create(other, "recent", recipients=[user])
    new.timestamp = user.last_activity_seen + timedelta(milliseconds=1)
    host.save(new)
    items = app.get("/activitystream/").html.select(".activitystream-actions li")
    badges = [item.select_one(".activitystream-badge") is not None for item in items]
    assert (["recent" in item.text for item in items], badges) == ([True, False], [True, False])


def test_viewing_the_page_marks_nothing(host, user, app):
    am.create(user, "joined")
    app.get("/activitystream/")
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 1


def test_the_button_marks_what_was_shown_and_returns(host, user, app):
    shown = am.create(user, "shown")
    page = app.get("/activitystream/")
    newer = am.create(user, "newer")
    newer.timestamp = shown.timestamp + timedelta(milliseconds=1)
    host.save(newer)
    answer = page.forms[0].submit()
    assert answer.location == "http://localhost/activitystream/"
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 1


def test_the_page_is_only_read(host, user, app):
    for method in (app.post, app.put, app.delete):
        assert method("/activitystream/", expect_errors=True).status_int == 405


def test_a_click_marks_what_was_shown_and_follows_the_link(host, user, post, app):
    am.create(user, "liked", post)
    action = am.create(user, "joined")
    action.timestamp += timedelta(milliseconds=1)
    host.save(action)
    answer = app.get("/activitystream/").click("A post")
    assert answer.location == f"http://localhost/post/{post._id}"
    assert host.database.reload(user).last_activity_seen == action.timestamp


def test_says_that_a_stream_is_empty(app):
    page = app.get("/activitystream/")
    assert "Nothing has happened yet." in page
    assert not page.html.select("form, li")


@on(*EACH_ORM)
def test_says_that_a_stream_is_empty_in_the_hosts_own_words(host, user):
    host.plug(empty_text=l_("Write the <first> post!"), site_url="https://example.org")
    for url in ("/activitystream/", "/activitystream/newest"):
        page = host.browser(user).get(url)
        assert page.html.select_one(".activitystream-empty").text == "Write the <first> post!"
    with speaking():
        assert "Nothing here" in partials.stream([], empty_text="Nothing here")
        assert "Write the &lt;first&gt; post!" in partials.stream([])


def buttons_of(page):
    return [button.text for button in page.html.select(".activitystream-marks button")]


def lines_of(page):
    return [line.text for line in page.html.select(".activitystream-line")]


@pytest.fixture
def thirty(host, user):
    for number in range(30):
        am.create(user, f"did no. {number}")


def test_load_more_continues_after_the_last_action(host, user, app, thirty):
    first = app.get("/activitystream/")
    am.create(user, "came meanwhile")
    second = first.click("Load more")
    assert lines_of(first) == [f"ann did no. {number}" for number in range(29, 4, -1)]
    assert lines_of(second) == [f"ann did no. {number}" for number in range(4, -1, -1)]
    assert "Load more" not in second
    assert buttons_of(first) == ["Mark all as seen", "Mark all as read"]
    assert not buttons_of(second), "they would leave new what is above"


def test_load_more_repeats_no_day_heading(host, user, app, thirty):
    first = app.get("/activitystream/")
    url = first.html.select_one(".activitystream-older a")["hx-get"]
    rest = app.get(url)
    assert "<html" not in rest
    assert "<!DOCTYPE" not in rest
    assert lines_of(rest) == lines_of(first.click("Load more"))
    assert [day.text for day in first.click("Load more").html.select("h2")] == ["Today"]
    assert not rest.html.select("h2")


@on(*EACH_ORM)
@pytest.mark.parametrize("url", ["", "more", "stream.json"])
@pytest.mark.parametrize(
    "before",
    ["x", "2026-01-31", "2026-01-31T12:00:00.000", "2026-01-31T12:00:00.000_", "_", "\0", "1_2_3"],
)
def test_rejects_an_invalid_before(app, url, before):
    answer = app.get(f"/activitystream/{url}", {"before": before}, status=400)
    assert "take it from the link to the next page" in answer
    twice = f"/activitystream/{url}?before={before}&before={before}"
    assert app.get(twice.replace("\0", "%00"), status=400)


@on(*EACH_ORM)
@pytest.mark.parametrize("odd", ["page=x", "before=", "self=1", "new_since=", "x=1&x=2"])
def test_ignores_unknown_parameters(app, odd):
    assert app.get(f"/activitystream/?{odd}").status_int == 200
    assert app.get(f"/activitystream/more?{odd}").status_int == 200


def test_days_have_headings(host, user, app):
    now = clock.now()
    ages = {"now": 0, "yesterday": 1, "long ago": 400}
    for verb, days in ages.items():
        action = am.create(user, verb)
        action.timestamp = now - timedelta(days=days)
        host.save(action)
    page = app.get("/activitystream/")
    long_ago = now - timedelta(days=400)
    headings = [heading.text for heading in page.html.select(".activitystream-day h2")]
    assert headings == ["Today", "Yesterday", f"{long_ago:%B} {long_ago.day}, {long_ago.year}"]
    times = [time.text for time in page.html.select("li time")]
    assert times[0] == "just now"
    assert times[2] == f"{long_ago:%-I:%M}\N{NARROW NO-BREAK SPACE}{long_ago:%p} UTC"
    days = [time["datetime"] for time in page.html.select("h2 time")]
    assert days[2] == long_ago.date().isoformat()


def test_since_shows_as_new_what_the_bell_marked(host, user, app):
    old, new = am.create(user, "old"), am.create(user, "recent")
    old.timestamp -= timedelta(minutes=2)
    new.timestamp -= timedelta(minutes=1)
    host.save(old, new)
    before = old.timestamp
    am.mark_seen(user, until=before)
    am.mark_seen(user, until=new.timestamp)
    page = app.get("/activitystream/", {"new_since": clock.as_text(before)})
    assert [line.select_one(".activitystream-line").text for line in badged(page)] == ["ann recent"]
    assert not badged(app.get("/activitystream/"))
    assert len(badged(app.get("/activitystream/?new_since="))) == 2
    app.get("/activitystream/?new_since=yesterday", status=400)


def badged(page):
    return [line for line in page.html.select("li") if line.select(".activitystream-badge")]


def test_asks_visitors_to_log_in(host, other):
    gone = host.browser(other)
    host.database.delete(other)
    for browser in (host.browser(), gone):
        assert browser.get("/activitystream/", expect_errors=True).status_int == 401


def test_works_without_a_master_template(host, user, post, tmp_path):
    am.create(user, "liked", post)
    host.plug(blueprint={"paths": {"templates": [str(tmp_path)]}})
    page = host.browser(user).get("/activitystream/")
    assert page.text.startswith("<!DOCTYPE html>")
    assert page.html.title.text == "Your activity stream"
    assert "ann liked A post" in page.html.text
    assert "host's own header" not in page


def test_a_master_template_that_kajiki_does_not_find_is_not_an_error(host, user, tmp_path, caplog):
    first, second = tmp_path / "first", tmp_path / "second"
    second.mkdir()
    (second / "master.xhtml").write_text("<html/>")
    host.plug(blueprint={"paths": {"templates": [str(first), str(second)]}})
    caplog.clear()
    assert host.browser(user).get("/activitystream/").text.startswith("<!DOCTYPE html>")
    assert caplog.text == ""


def test_uses_the_hosts_template_of_the_page(host, user):
    def replace(base_config):
        replace_template(
            base_config,
            "activitystream.templates.index",
            "tests.helpers.host.templates.own_index",
        )

    am.create(user, "joined")
    host.plug(configure=replace)
    page = host.browser(user).get("/activitystream/")
    assert "The host's own stream: joined" in page


def test_works_without_kajiki_in_the_host(host, user):
    am.create(user, "joined")
    host.plug(blueprint={"renderers": ["json"], "default_renderer": "json"})
    assert "joined" in host.browser(user).get("/activitystream/")


@pytest.mark.parametrize("url", ["/activitystream/", "/widget", "/notifications"])
def test_everything_is_escaped(host, user, app, hostile_action, url):
    page = app.get(url)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("url", ["/activitystream/", "/widget", "/notifications"])
def test_shows_actions_of_deleted_entities(host, user, other, app, url):
    post, note = host.post(), host.save(host.model.Note(secret="hunter2"))
    am.create(other, "liked", post, note, recipients=[user])
    for entity in (other, post, note):
        host.database.delete(entity)
    host.database.forget()
    page = app.get(url)
    assert "liked" in page
    if url != "/notifications":
        line = page.html.select_one(".activitystream-line")
        assert line.text == "bob liked deleted A post"
        assert not line.select("a")


@pytest.mark.parametrize("url", ["/activitystream/", "/widget"])
def test_never_shows_an_entitys_fields(host, user, app, url):
    note = host.save(host.model.Note(secret="hunter2"))
    am.create(user, "kept", note, note)
    page = app.get(url)
    assert "ann kept Note Note" in page.html.text
    assert "hunter2" not in page


def test_the_panel_shows_actions(host, user, post, app):
    action = am.create(user, "liked", post)
    action.timestamp = datetime(2026, 1, 31, 12, 30)
    newer = am.create(user, "joined")
    host.save(action, newer)
    panel = app.get("/widget").html.select_one(".activitystream-widget")
    assert panel.select_one(".card-header").text == "What <happened>"
    assert panel.select_one(".card-body")["style"] == "height: 9em"
    lines = [line.text for line in panel.select(".activitystream-line")]
    assert lines == ["ann joined", "ann liked A post"]
    time = panel.select("time")[1]
    assert time.text == "1/31/26"
    assert time["datetime"] == f"{until_of(action)}Z"
    assert f"until={until_of(newer)}".replace(":", "%3A") in panel.select_one("a")["href"]


def test_a_panel_without_a_style_keeps_strict_policies(host, user, app):
    am.create(user, "joined")
    assert app.get("/partials").html.select(".activitystream-widget")
    assert app.get("/partials").html.select("[style]") == []


def test_the_panels_links_mark_up_to_its_newest_action(host, user, post, app):
    am.create(user, "joined")
    newer = am.create(user, "liked", post)
    newer.timestamp += timedelta(seconds=1)
    host.save(newer)
    for order in ("newest first", "oldest first"):
        (link,) = app.get("/widget", {"order": order}).html.select(".activitystream-widget a")
        assert f"until={until_of(newer)}".replace(":", "%3A") in link["href"]


def test_the_panel_is_a_fragment(host, user, app):
    assert app.get("/widget").text.upper().count("<!DOCTYPE") == 1


def test_the_panel_can_show_how_long_ago(host, user, app):
    am.create(user, "joined")
    assert "less than 1 minute ago" in app.get("/widget?timestamp_since=1")


def test_the_panel_is_kept_under_its_key(host, user, app):
    am.create(user, "old")
    assert "old" in app.get("/widget?cache_key=mine")
    am.create(user, "recent")
    assert "recent" not in app.get("/widget?cache_key=mine")
    assert "recent" in app.get("/widget?cache_key=another")
    assert "recent" in app.get("/widget")


def test_the_panel_says_that_it_is_empty(app):
    panel = app.get("/widget").html.select_one(".activitystream-widget")
    assert panel.select_one(".card-header")
    assert "Nothing has happened yet." in panel.text


def test_has_no_button_without_new_actions(host, user, app):
    am.create(user, "joined")
    am.mark_seen(user)
    assert buttons_of(app.get("/activitystream/")) == ["Mark all as read"]
    am.mark_all_read(user)
    assert buttons_of(app.get("/activitystream/")) == []


def test_serves_the_stylesheets(app):
    page = app.get("/activitystream/")
    hrefs = [link["href"] for link in page.html.select("link[rel=stylesheet]")]
    assert [href.rpartition("/")[2] for href in hrefs] == ["activitystream.css", "page.css"]
    assert {app.get(href).content_type for href in hrefs} == {"text/css"}
