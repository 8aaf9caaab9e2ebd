"""What the demo answers to wrong requests, and what all its answers have."""

import pytest
from webtest import TestApp, Upload

from tests.helpers.demo import DATABASES, empty_db_url, login, start

NO_NOTICE = "0" * 24


@pytest.fixture(scope="module", params=DATABASES)
def app(request, database_named, tmp_path_factory):
    """Start the demo once on each database: no test here changes what it shows."""
    folder = tmp_path_factory.mktemp("demo")
    with empty_db_url(request.param, database_named, folder) as url:
        yield start(url)


@pytest.fixture(scope="module")
def ada(app):
    """Return the browser in which Ada is logged in: nothing here logs her out."""
    return login(app, "Ada")


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/enter", {}, 400),
        ("/enter", {"name": "Nobody"}, 400),
        ("/enter", {"name": "\0"}, 400),
        ("/enter", [("name", "Ada"), ("name", "Mei")], 400),
        ("/post", {}, 400),
        ("/post", {"title": " "}, 400),
        ("/post", {"title": "x" * 101}, 400),
        ("/post", [("title", "one"), ("title", "two")], 400),
        ("/post", {"title": "a\0b"}, 400),
        ("/post", {"title": "one", "text": Upload("a.txt", b"a file")}, 400),
        ("/post", {"title": "one", "text": "x" * 2001}, 400),
        ("/comment", {}, 404),
        ("/comment", {"notice": NO_NOTICE, "text": "x"}, 404),
        ("/comment", {"notice": "<b>", "text": "x"}, 404),
        ("/comment", {"notice": "KEY"}, 400),
        ("/comment", {"notice": "KEY", "text": ""}, 400),
        ("/like", {}, 404),
        ("/like", {"notice": NO_NOTICE}, 404),
        ("/like", {"self": "x", "args": "y", "kwargs": "z"}, 404),
        ("/like", [("notice", "KEY"), ("notice", "KEY")], 404),
        ("/unlike", {}, 404),
        ("/unlike", {"notice": NO_NOTICE}, 404),
        ("/error", {}, 404),
    ],
)
def test_bad_forms_get_a_friendly_page(ada, path, fields, status):
    board = ada.get("/").html
    key = board.select_one(".notice")["id"].partition("-")[2]
    before = len(board.select(".notice, .replies li, .likers"))
    items = fields.items() if isinstance(fields, dict) else fields
    fields = [(name, key if value == "KEY" else value) for name, value in items]
    page = ada.post(path, fields, status=status)
    assert page.html.select_one(".error-code").text == str(status)
    assert page.html.select_one("main a")["href"] == "/"
    assert len(ada.get("/").html.select(".notice, .replies li, .likers")) == before


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/notice", 404),
        ("/notice/x", 404),
        (f"/notice/{NO_NOTICE}", 404),
        ("/notice/0", 404),
        ("/notice/%00", 404),
        (f"/notice/{2**31}", 404),
        (f"/notice/{'9' * 5000}", 404),
        ("/neighbour", 404),
        (f"/neighbour/{NO_NOTICE}", 404),
        ("/neighbour/Ada", 404),
        ("/neighbour/MEI?before=x", 400),
        ("/neighbour/MEI?before=x&before=y", 400),
        ("/neighbour/MEI?before=", 200),
        ("/error", 404),
        ("/post?title=by+a+link", 405),
        ("/leave", 405),
        ("/activitystream/see?until=yesterday", 400),
        ("/login_handler?login=Ada&password=", 404),
        ("/logout_handler", 404),
        ("/login?__logins=x", 200),
    ],
)
def test_bad_addresses_get_a_friendly_page(app, ada, path, status):
    mei = TestApp(app).get("/login").html.select(".hint a")[-1]["href"]
    page = ada.get(path.replace("/neighbour/MEI", mei), status=status)
    assert "Linden House" in page
    assert ada.get("/").status_int == 200


def test_visitors_are_sent_to_the_login_page(app):
    browser = TestApp(app)
    for path in ("/", "/activitystream/"):
        assert browser.get(path).follow().request.path == "/login"
    for path in ("/post", "/comment", "/like", "/unlike"):
        assert browser.post(path, {"title": "x"}).follow().request.path == "/login"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_other_sites_cannot_send_the_forms(app, headers):
    browser = login(app, "Ada")
    for path in ("/enter", "/post", "/comment", "/like", "/unlike", "/leave"):
        browser.post(path, {"title": "A cat", "name": "Mei"}, headers=headers, status=403)
    page = browser.get("/")
    assert "A cat" not in page
    assert page.html.select_one(".me").text.split() == ["A", "Ada"]


@pytest.mark.parametrize("path", ["/login", "/", "/activitystream/", "/nothing"])
def test_no_page_has_inline_or_foreign_code_except_htmx(ada, path):
    page = ada.get(path, status="*").html
    assert not page.select("style, [style], script:not([src])")
    assert not [name for tag in page.find_all() for name in tag.attrs if name.startswith("on")]
    assert not [tag for tag in page.select("[href]") if not tag["href"].startswith(("/", "#"))]
    elsewhere = page.select("script[src]:not([src^='/'])")
    assert [(tag["src"], tag["crossorigin"]) for tag in elsewhere] == [
        ("https://unpkg.com/htmx.org@1.9.12/dist/htmx.min.js", "anonymous")
    ]
    assert elsewhere[0]["integrity"].startswith("sha384-")


@pytest.mark.parametrize(
    "path",
    ["/", "/login", "/nothing", "/leave", "/css/demo.css", "/activitystream/bell", "/%00"],
)
def test_every_answer_has_a_strict_policy(app, path):
    headers = TestApp(app).get(path, status="*").headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self' https://unpkg.com/htmx.org@1.9.12/"
    assert policy["form-action"] == policy["style-src"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
