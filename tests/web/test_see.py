"""/activitystream/see, as browsers and attackers call it."""

import threading
from contextlib import closing, contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from activitystream import am
from tests.helpers.databases import EACH_ORM, on
from tests.web.test_links import EVIL

SEE = "/activitystream/see"


@pytest.fixture
def action(host, user, post):
    return am.create(user, "liked", post)


def unseen(host, user):
    return am.count_not_seen_by_recipient(host.database.reload(user))


def see(app, **parameters):
    headers = parameters.pop("headers", {})
    return app.get(f"{SEE}?{urlencode(parameters)}", headers=headers, expect_errors=True)


def test_marks_the_users_stream_and_redirects_to_the_link(host, user, app, action):
    answer = see(app, target_link=action.target_link)
    assert (answer.status_int, answer.location) == (302, f"http://localhost{action.target_link}")
    assert unseen(host, user) == 0


def test_accepts_post(host, user, app, action):
    answer = app.post(SEE, {"target_link": "/x"})
    assert (answer.status_int, answer.location) == (302, "http://localhost/x")
    assert unseen(host, user) == 0


def test_rejects_other_methods(host, user, app, action):
    for method in (app.put, app.delete, app.patch, app.options):
        assert method(SEE, expect_errors=True).status_int == 405
    assert unseen(host, user) == 1


def test_head_redirects_and_marks_nothing(host, user, app, action):
    assert app.head(f"{SEE}?target_link=/x").location == "http://localhost/x"
    assert unseen(host, user) == 1


@pytest.mark.parametrize("parameters", [{}, {"target_link": ""}])
def test_redirects_to_the_streams_page_without_a_link(host, user, app, action, parameters):
    assert see(app, **parameters).location == "http://localhost/activitystream/"
    assert unseen(host, user) == 0


def test_until_leaves_newer_actions_new(host, user, app, action):
    newer = am.create(user, "newer")
    newer.timestamp = action.timestamp + timedelta(milliseconds=1)
    host.save(newer)
    until = action.timestamp.isoformat(timespec="milliseconds")
    assert see(app, until=until).status_int == 302
    assert unseen(host, user) == 1


@on(*EACH_ORM)
@pytest.mark.parametrize("bad", ["yesterday", "2026", '{"$gt": ""}', "\x00"])
def test_rejects_a_malformed_until(host, user, app, action, bad):
    assert see(app, target_link="/x", until=bad).status_int == 400
    assert unseen(host, user) == 1


@on(*EACH_ORM)
@pytest.mark.parametrize("link", EVIL, ids=ascii)
def test_never_redirects_to_another_site(host, user, app, action, link):
    query = urlencode({"target_link": link.encode("utf-8", "surrogatepass")})
    answer = app.get(f"{SEE}?{query}", expect_errors=True)
    assert answer.status_int == 400
    assert "Location" not in answer.headers
    assert unseen(host, user) == 1


@on(*EACH_ORM)
@pytest.mark.parametrize("link", ["//{}", "//{}\u2100", "//[{}]", "//localhost:{}", "http://{}@x"])
def test_errors_repeat_nothing_of_the_link(app, action, link):
    """The error page of TurboGears' quickstart does not escape it."""
    query = urlencode({"target_link": link.format("<img src=x onerror=alert(1)>")})
    answer = app.get(f"{SEE}?{query}", headers={"Accept": "text/html"}, status=400)
    assert "alert(1)" not in answer


@on(*EACH_ORM)
@pytest.mark.parametrize(
    "path",
    ["/%2f/evil", "/%5cevil", "/%0d%0aX:y", "/..//evil", "..//evil", "/.//evil", "./\u2044evil"],
)
def test_any_redirect_stays_on_the_site(host, app, action, path):
    answer = see(app, target_link=path)
    assert answer.status_int == 302
    assert urlsplit(answer.location)[:2] == ("http", "localhost")


@on(*EACH_ORM)
@pytest.mark.parametrize(
    "query",
    [
        "target_link=%ff",
        "target_link=/a&target_link=//evil.example",
        "until=2026-01-31T12:00:00&until=x",
        "target_link=%00",
        "target_link[$ne]=1&until[$gt]=",
        "self=1&user=2&_=3",
        "%",
        "&&&=&",
        "target_link=/" + "a" * 2_000_000,
        "=".join("x" * 50),
    ],
)
def test_no_query_causes_a_server_error(app, action, query):
    assert app.get(f"{SEE}?{query}", expect_errors=True).status_int in (302, 400)


def test_rejects_an_uploaded_file_as_link(host, user, app, action):
    answer = app.post(SEE, upload_files=[("target_link", "x", b"//evil")], expect_errors=True)
    assert answer.status_int == 400
    assert unseen(host, user) == 1


def test_prefixes_links_once_in_an_app_below_a_prefix(host, user, action):
    app = host.browser(user, SCRIPT_NAME="/app")
    for link, where in [
        ("/x", "/app/x"),
        ("/app/x", "/app/x"),
        ("x", "/app/x"),
        ("", "/app/activitystream/"),
    ]:
        assert see(app, target_link=link).location == f"http://localhost{where}"


def test_redirects_to_allowed_hosts(host, user, action):
    host.plug(allowed_hosts=["www.example"])
    answer = see(host.browser(user), target_link="https://www.example/x")
    assert answer.location == "https://www.example/x"
    answer = see(host.browser(user), target_link="//www.example/x")
    assert answer.headers["Location"] == "http://www.example/x"
    assert see(host.browser(user), target_link="https://evil.example/x").status_int == 400


def test_never_downgrades_https_to_http(host, user, action):
    app = host.browser(user, **{"wsgi.url_scheme": "https", "HTTP_HOST": "site.example"})
    for link, where in [
        ("http://site.example/x", "https://site.example/x"),
        ("http://site.example:80/x", "https://site.example/x"),
        ("//site.example/x", "https://site.example/x"),
        ("/x", "https://site.example/x"),
        ("", "https://site.example/activitystream/"),
    ]:
        assert see(app, target_link=link).headers["Location"] == where


@contextmanager
def serving(host, user):
    """Yield a function that requests the app from a real server, as this user."""

    def app(environ, start_response):
        return host.app({**environ, "REMOTE_USER": user.user_name}, start_response)

    class Quiet(WSGIRequestHandler):
        def log_message(self, *arguments):
            pass

    host.database.end_request()
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        def location_sent(link, at):
            connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
            with closing(connection):
                connection.request("GET", f"{SEE}?{urlencode({'target_link': link})}", None, at)
                answer = connection.getresponse()
                return answer.status, answer.headers.get_all("Location")

        try:
            yield location_sent
        finally:
            server.shutdown()
            thread.join()


@on("mim", "sqlite")
def test_a_real_server_redirects_to_the_link(host, user, action):
    host.plug(allowed_hosts=["www.example", "b.example:8443"])
    with serving(host, user) as location_sent:
        for link, where in [
            ("/x", "http://site.example:81/x"),
            ("//site.example:81/x", "http://site.example:81/x"),
            ("//www.example/x?a=b#c", "http://www.example/x?a=b#c"),
            ("//b.example:8443/x", "http://b.example:8443/x"),
            ("https://www.example/x", "https://www.example/x"),
            ("/%2f/evil.example", "http://site.example:81/%2f/evil.example"),
            ("/%2fevil.example", "http://site.example:81/%2fevil.example"),
            ("/..//evil.example", "http://site.example:81//evil.example"),
            ("/.//evil.example", "http://site.example:81//evil.example"),
            ("..//evil.example", "http://site.example:81//evil.example"),
            ("/x/../..//evil.example", "http://site.example:81//evil.example"),
            ("/x//evil.example", "http://site.example:81/x//evil.example"),
            ("/;//evil.example", "http://site.example:81/;//evil.example"),
            ("/?//evil.example", "http://site.example:81/?//evil.example"),
        ]:
            assert location_sent(link, {"Host": "site.example:81"}) == (302, [where]), link
        assert location_sent("//[::1]:81/x", {"Host": "[::1]:81"}) == (302, ["http://[::1]:81/x"])
        for link in ("http://evil.example[::1]:81/", "//evil.example[::1]:81/"):
            assert location_sent(link, {"Host": "[::1]:81"}) == (400, None)
        for link in EVIL:
            if link.isascii():
                assert location_sent(link, {"Host": "site.example"}) == (400, None), link


def test_asks_to_log_in_without_a_stored_user(host, user, other, action):
    gone = host.browser(other)
    host.database.delete(other)
    for browser in (host.browser(), gone):
        assert see(browser, target_link="/x").status_int == 401
    assert unseen(host, user) == 1


def test_asks_to_log_in_who_is_deleted_meanwhile(host, user, app, action, monkeypatch):
    found = host.database.reload(user)
    host.database.delete(host.database.reload(user))
    monkeypatch.setattr(f"{host.model.__name__}.user_named", lambda name: found)
    assert see(app, target_link="/x").status_int == 401
    ajax = app.get("/activitystream/ajax_update_last_seen_of_a_recipient", expect_errors=True)
    assert (ajax.status_int, ajax.json["detail"]) == (401, "this User is not stored any more")


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "nonsense"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "http://evil.example"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost:81"},
    {"Origin": "null"},
    {"Origin": ""},
]

OWN = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Origin": "http://localhost"},
]


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", FOREIGN)
def test_links_on_other_sites_redirect_and_mark_nothing(host, user, app, action, headers):
    assert see(app, target_link="/x", headers=headers).location == "http://localhost/x"
    assert unseen(host, user) == 1


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", OWN)
def test_links_on_the_sites_own_pages_mark(host, user, app, action, headers):
    assert see(app, target_link="/x", headers=headers).location == "http://localhost/x"
    assert unseen(host, user) == 0


FOR_NOBODY = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Sec-Purpose": "prefetch;anonymous-client-ip"},
    {"Sec-Purpose": "prefetch", "Purpose": "prefetch", "Sec-Fetch-Site": "none"},
    {"Sec-Purpose": "prefetch", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"},
    {"Purpose": "prefetch"},
    {"X-Purpose": "preview"},
    {"X-Moz": "prefetch"},
    {"X-Sec-Purpose": "prefetch", "Sec-Fetch-Dest": "empty"},
    {"HX-Preloaded": "true", "HX-Request": "true", "Sec-Fetch-Dest": "empty"},
]


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", FOR_NOBODY)
@pytest.mark.parametrize("method", ["get", "post", "head"])
def test_prefetching_marks_nothing_and_is_not_cached(host, user, app, action, headers, method):
    headers = {"Sec-Fetch-Site": "same-origin", **headers}
    answer = getattr(app, method)(f"{SEE}?target_link=/x", headers=headers, expect_errors=True)
    assert answer.status_int == 503  # a browser keeps no error, and asks again at the click
    assert "Location" not in answer.headers
    assert "no-store" in answer.headers["Cache-Control"]
    assert unseen(host, user) == 1
    assert "no-store" in see(app, target_link="/x").headers["Cache-Control"]
    assert unseen(host, user) == 0


NO_NAVIGATION = [
    *(
        {"Sec-Fetch-Dest": kind, "Sec-Fetch-Mode": "no-cors"}
        for kind in ("image", "script", "style", "audio", "video", "font", "object", "embed")
    ),
    {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Dest": "frame", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?0"},
    {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"},
    {"Sec-Fetch-Dest": "nonsense"},
    {"Sec-Fetch-Dest": ""},
]


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", NO_NAVIGATION)
def test_marks_nothing_unless_a_user_navigates(host, user, app, action, headers):
    answer = see(app, target_link="/x", headers={"Sec-Fetch-Site": "same-origin", **headers})
    assert answer.location == "http://localhost/x"
    assert "no-store" in answer.headers["Cache-Control"]
    assert unseen(host, user) == 1


@on(*EACH_ORM)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"},
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"},
        {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "HX-Request": "true"},
        {"Sec-Fetch-Dest": "empty", "HX-Request": "true", "HX-Boosted": "true"},
    ],
)
def test_following_a_link_marks(host, user, app, action, headers):
    see(app, target_link="/x", headers={"Sec-Fetch-Site": "same-origin", **headers})
    assert unseen(host, user) == 0


def test_a_ping_of_a_click_marks_nothing(host, user, app, action):
    """A user may write <a href="…" ping="/activitystream/see">."""
    ping = {"Ping-From": "http://localhost/", "Ping-To": "http://elsewhere.example/"}
    headers = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty", **ping}
    app.post(SEE, headers=headers, status=503)
    assert unseen(host, user) == 1


def test_uses_the_urls_of_the_appid(host, user, action):
    host.plug(appid="news")
    app = host.browser(user)
    assert app.get("/news/see").location == "http://localhost/news/"
    assert action.verb in app.get("/news/")
    assert "/news/see?target_link" in app.get("/news/")
