"""A login, and a session, end after some idle time: a timer keeps neither alive."""

import time

import pytest
import tg

from activitystream import am
from tests.helpers.databases import on
from tests.helpers.host.app import AuthMetadata

#: In seconds.
TIMEOUT = 100
REISSUE_TIME = 10

#: What scripts ask for again and again.
POLLED = ["bell", "unseen.json", "stream.json"]

#: What somebody asks for.
WANTED = [
    "/activitystream/",
    "/activitystream/newest",
    "/activitystream/more",
    "/activitystream/settings",
    "/activitystream/see",
    "/activitystream/ajax_update_last_seen_of_a_recipient",
    "/with_bell",
]

pytestmark = on("mongodb", "sqlite")


@pytest.fixture
def after(monkeypatch):
    """Return a function that moves the clock so many seconds ahead."""
    began = time.time()

    def after(seconds):
        monkeypatch.setattr(time, "time", lambda: began + seconds)

    after(0)
    return after


@pytest.fixture(params=["memory", "cookie"])
def browser(request, host, after, user):
    """Return Ann's browser, where she just logged in by the host's form."""
    am.create(user, "joined")
    options = {
        "skip_authentication": False,
        "sa_auth.post_login_url": "/",
        "sa_auth.authtkt.timeout": TIMEOUT,
        "sa_auth.authtkt.reissue_time": REISSUE_TIME,
        "session.enabled": True,
        "session.type": request.param,
        "session.timeout": TIMEOUT,
        "session.validate_key": "for tests",
        "session.encrypt_key": None,
    }
    host.plug(blueprint=options)
    browser = host.browser()
    browser.post("/login_handler", {"login": "ann", "password": "x"})
    assert browser.get("/remember?word=kept").json == {"word": "kept"}
    return browser


@pytest.mark.parametrize("path", POLLED)
@pytest.mark.parametrize("method", ["get", "head"])
def test_polling_prolongs_no_login(browser, after, path, method):
    ask = getattr(browser, method)
    for seconds in range(REISSUE_TIME, TIMEOUT, 2 * REISSUE_TIME):
        after(seconds)
        answer = ask(f"/activitystream/{path}")
        assert (answer.status_int, "Set-Cookie" in answer.headers) == (200, False)
    after(TIMEOUT + 1)
    browser.get(f"/activitystream/{path}", status=401)
    assert browser.get("/remember").json == {"word": None}


def test_what_arrives_in_an_open_bell_prolongs_no_login(browser, after):
    for seconds in range(REISSUE_TIME, TIMEOUT, 2 * REISSUE_TIME):
        after(seconds)
        answer = browser.get("/activitystream/newest", headers={"HX-Request": "true"})
        assert (answer.status_int, "Set-Cookie" in answer.headers) == (200, False)
    after(TIMEOUT + 1)
    browser.get("/activitystream/newest", status=401)


@pytest.mark.parametrize("path", WANTED)
def test_an_active_user_stays_logged_in(browser, after, path):
    for seconds in range(60, 3 * TIMEOUT, 60):
        after(seconds)
        answer = browser.get(path)
        assert "authtkt" in answer.headers["Set-Cookie"]
        browser.get("/activitystream/bell", status=200)
        assert browser.get("/remember").json == {"word": "kept"}


def test_polling_keeps_changes_of_the_session(host, user, browser, after):
    class Noting(AuthMetadata):
        def get_user(self, identity, userid):
            if "note" in tg.request.params:
                tg.session["word"] = "noted"
                tg.session.save()
            return super().get_user(identity, userid)

    noting = {"sa_auth.authmetadata": Noting(host.model), "skip_authentication": True}
    options = {"session.enabled": True, "session.type": "memory", "session.timeout": TIMEOUT}
    host.plug(blueprint={**noting, **options})
    browser = host.browser(user)
    browser.get("/activitystream/bell?note=1")
    assert browser.get("/remember").json == {"word": "noted"}


def test_polling_prolongs_no_login_of_a_deleted_user(host, user, browser, after):
    host.database.delete(host.database.reload(user))
    after(2 * REISSUE_TIME)
    answer = browser.get("/activitystream/bell", status=401)
    assert "Set-Cookie" not in answer.headers
