"""No parameter, cookie or cache shows the stream or count of somebody else."""

import re
from datetime import timedelta

import pytest
from webtest import TestApp

from activitystream import am
from activitystream.lib.cursors import cursor_as_text
from activitystream.model import clock
from activitystream.model.cursors import cursor_of
from tests.helpers.databases import EACH_ORM, on

#: The URLs that only read.
READ = ("", "mine", "more", "bell", "newest", "settings", "stream.json", "unseen.json")

SEE = "see"
AJAX = "ajax_update_last_seen_of_a_recipient"

MARK_READ = "read"

SECRET = "nobody else knows"


@pytest.fixture
def streams(host, user, other):
    """Store one action for Ann, and then two for Bob; return his."""
    joined = am.create(user, "joined", recipients=[user])
    actions = [am.create(other, SECRET, host.post(SECRET), recipients=[other]) for _ in range(2)]
    # Make them so old that the text of a page does not depend on the time.
    for minutes, action in enumerate((*reversed(actions), joined), 2):
        action.timestamp -= timedelta(minutes=minutes)
    host.save(joined, *actions)
    am.mute(other, verb=SECRET, actor=user)
    return actions


def naming(person):
    """Yield parameters that might ask for a person's stream."""
    names = ("_id", "id", "user", "user_id", "user_name", "recipient", "recipients", "actor", "who")
    for name in names:
        for value in (str(person._id), person.user_name):
            yield {name: value}
    yield {"_type": "User", "_id": str(person._id)}
    yield {"_type": "User", "_id": str(person._id), "format": "json", "callback": "f"}
    yield {"identity": person.user_name, "REMOTE_USER": person.user_name, "login": person.user_name}
    yield {"also": f"User:{person._id}", "audiences": str(person._id)}


@pytest.mark.parametrize("path", READ)
def test_no_parameter_shows_another_stream(host, streams, other, app, path):
    url = f"/activitystream/{path}"
    own = app.get(url)
    for parameters in naming(other):
        assert app.get(url, parameters).body == own.body
    for positional in (other.user_name, f"User/{other._id}"):
        answer = app.get(f"{url.rstrip('/')}/{positional}", expect_errors=True)
        assert SECRET not in answer
        assert answer.status_int in (400, 404) or answer.body == own.body


@on(*EACH_ORM)
@pytest.mark.parametrize("path", READ)
def test_no_header_shows_another_stream(host, streams, other, app, path):
    url = f"/activitystream/{path}"
    own = app.get(url)
    for name in ("Remote-User", "X-Remote-User", "X-Forwarded-User", "X-User", "From", "User"):
        assert app.get(url, headers={name: other.user_name}).body == own.body


def test_marking_concerns_only_the_users_own_stream(host, streams, user, other, app):
    am.mark_seen(other, until=streams[0].timestamp)
    seen = host.database.reload(other).last_activity_seen
    for path in (SEE, AJAX):
        for parameters in naming(other):
            answer = app.post(f"/activitystream/{path}", parameters, expect_errors=True)
            assert str(seen) not in answer
            assert SECRET not in answer
    assert host.database.reload(other).last_activity_seen == seen
    assert am.count_not_seen_by_recipient(host.database.reload(other)) == 1


@pytest.mark.parametrize("unread", ["", "1"])
def test_nobody_marks_or_learns_of_an_action_of_another_stream(
    host, streams, user, other, app, unread
):
    am.mark_seen(other)
    am.mark_read(other, streams[0])
    json = {"Accept": "application/json"}
    ids = [str(streams[0]._id), str(streams[1]._id), host.database.unknown_key]
    url = f"/activitystream/{MARK_READ}"
    answers = [app.post(url, {"action": each, "unread": unread}) for each in ids]
    answers += [app.post(url, {"action": each, "unread": unread}, headers=json) for each in ids]
    answers += [app.get("/activitystream/see", {"action": each}) for each in ids]
    for one, another, unknown in (answers[:3], answers[3:6], answers[6:]):
        told = [(each.status_int, each.headerlist, each.body) for each in (one, another, unknown)]
        assert told[0] == told[1] == told[2]
        assert SECRET not in one
    other = host.database.reload(other)
    assert am.count_unread_by_recipient(other) == 1
    own = am.count_unread_by_recipient(host.database.reload(user))
    assert own == 1


@pytest.mark.parametrize("path", ["", "mine", "more", "stream.json"])
def test_a_cursor_reveals_nothing_of_another_stream(host, streams, app, path):
    for action in streams:
        answer = app.get(f"/activitystream/{path}", {"before": cursor_as_text(cursor_of(action))})
        assert "joined" in answer
        assert SECRET not in answer


def test_a_time_reveals_nothing_of_another_stream(host, streams, user, app):
    times = [clock.as_text(action.timestamp) for action in streams]
    pages = [app.get("/activitystream/", {"new_since": time}) for time in times]
    assert pages[0].body == pages[1].body
    until = {"until": times[0]}
    assert app.post(f"/activitystream/{AJAX}", until).json == {"last_activity_seen": None}


@on(*EACH_ORM)
@pytest.mark.parametrize("path", [*READ, SEE])
def test_head_and_options_reveal_nothing(host, streams, app, path):
    url = f"/activitystream/{path}"
    assert app.head(url).body == b""
    answer = app.options(url, expect_errors=True)
    assert answer.status_int == 405
    assert SECRET not in answer


# Cookies


@pytest.fixture
def log_in(host, streams):
    """Return a function that returns a browser which has logged in by the host's form."""
    here = {"sa_auth.post_login_url": "/", "sa_auth.post_logout_url": "/"}
    host.plug(blueprint={"skip_authentication": False, **here})

    def log_in(name):
        browser = host.browser()
        browser.post("/login_handler", {"login": name, "password": "x"})
        return browser

    return log_in


def cookie_of(browser):
    return "; ".join(f"{each.name}={each.value}" for each in browser.cookiejar)


def asked_with(host, cookie, path):
    """Return the answer to a cookie, as it is."""
    host.database.end_request()
    browser = TestApp(host.app)
    return browser.get(f"/activitystream/{path}", headers={"Cookie": cookie}, expect_errors=True)


@on("mongodb", "sqlite")
def test_each_cookie_shows_its_own_stream(host, log_in):
    for name, verb, count in (("ann", "joined", 1), ("bob", SECRET, 2)):
        browser = log_in(name)
        assert browser.get("/activitystream/unseen.json").json == {"unseen": count, "more": False}
        assert verb in browser.get("/activitystream/")
        assert (SECRET in browser.get("/activitystream/newest")) == (name == "bob")


@on("mongodb", "sqlite")
@pytest.mark.parametrize("path", [*READ, SEE, AJAX])
def test_shows_nothing_after_logout_or_deletion(host, log_in, path):
    browser = log_in("bob")
    cookie = cookie_of(browser)
    browser.get("/logout_handler")
    is_refused(browser.get(f"/activitystream/{path}", expect_errors=True))
    host.database.delete(host.model.user_named("bob"))
    is_refused(asked_with(host, cookie, path))


def is_refused(answer):
    assert answer.status_int in (302, 401)
    assert "/login" in answer.headers.get("Location", "/login")
    assert SECRET not in answer


@on("mongodb", "sqlite")
@pytest.mark.parametrize("path", READ)
def test_ignores_a_forged_cookie(host, log_in, path):
    cookie = cookie_of(log_in("ann"))
    assert "ann" in cookie
    forged = [cookie.replace("ann", "bob"), "authtkt=bob", "user=bob", "authtkt=; user=bob"]
    forged.append(re.sub(r'authtkt="?[0-9a-f]{32}', "authtkt=" + "0" * 32, cookie))
    for each in forged:
        is_refused(asked_with(host, each, path))


# Caches


def answers(app, user):
    """Yield all kinds of answers to somebody who is logged in."""
    for path in READ:
        yield app.get(f"/activitystream/{path}")
        yield app.head(f"/activitystream/{path}")
    count = app.get("/activitystream/unseen.json")
    yield app.get(
        "/activitystream/unseen.json", headers={"If-None-Match": count.headers["ETag"]}, status=304
    )
    for path in ("", "more", "stream.json"):
        yield app.get(f"/activitystream/{path}?before=x", status=400)
    yield app.get(f"/activitystream/{SEE}", status=302)
    yield app.get(f"/activitystream/{SEE}?target_link=//evil.example", status=400)
    for query, status in (
        ("", 200),
        ("?until=x", 400),
        ("?_type=Nonsense&_id=x", 404),
        (f"?_type=User&_id={user._id}", 404),
    ):
        yield app.get(f"/activitystream/{AJAX}{query}", status=status)


def test_no_cache_keeps_an_answer_for_another_user(streams, other, app):
    for answer in answers(app, other):
        assert "private" in answer.headers["Cache-Control"]
        assert "public" not in answer.headers["Cache-Control"]
        assert {"Cookie", "Authorization"} <= set(re.split(", *", answer.headers["Vary"]))


def test_other_sites_scripts_read_nothing(streams, other, app):
    for answer in answers(app, other):
        allowed = [name for name in answer.headers if name.lower().startswith("access-control-")]
        assert not allowed
    for path in ("stream.json", "unseen.json"):
        answer = app.get(f"/activitystream/{path}", {"callback": "f", "jsonp": "f"})
        assert "json" in answer.content_type
        assert answer.text.startswith("{")
        assert "f(" not in answer


def test_an_etag_of_another_user_does_not_match(host, streams, user, other, app):
    others = host.browser(other).get("/activitystream/unseen.json").headers["ETag"]
    answer = app.get("/activitystream/unseen.json", headers={"If-None-Match": others})
    assert answer.json == {"unseen": 1, "more": False}


@pytest.mark.parametrize("path", ["/with_bell", "/widget", "/listed", "/activitystream/"])
@pytest.mark.parametrize("reload", [True, False])
def test_templates_keep_nothing_of_another_reader(host, streams, user, other, path, reload):
    host.plug(blueprint={"auto_reload_templates": reload, "cache.enabled": True})
    pages = {name: host.browser(each) for name, each in (("ann", user), ("bob", other))}
    first = {name: pages[name].get(path).text for name in ("ann", "bob")}
    again = {name: pages[name].get(path).text for name in ("bob", "ann")}
    assert first == again
    assert first["ann"] != first["bob"]
    assert SECRET not in first["ann"]
