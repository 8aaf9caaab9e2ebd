"""The demo, as a newcomer sees it."""

import re
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest
import tg
from tg.configuration import milestones
from webtest import TestApp, Upload
from webtest.forms import Submit


def start(db_url):
    # Imported late: flush_all() in other tests meets every session there is, and one that was
    # never bound to a database is an error.
    from activitystream.demo.app import make_app

    milestones._reset_all()
    tg.hooks._clear()
    return make_app(db_url)


@contextmanager
def board(db_url):
    """The demo on a database that is empty before, and again after."""
    start(db_url)
    wipe()
    yield start(db_url)
    wipe()


def wipe():
    from activitystream.demo import model

    model.DBSession.close_all()
    db = model.DBSession.db
    db.client.drop_database(db.name)


@pytest.fixture
def app():
    with board("mim:///demo_tests") as app:
        yield app


def login(app, name):
    browser = TestApp(app)
    page = browser.post("/enter", {"name": name}).follow()
    assert page.status_int == 200
    return browser


def count(page):
    """What the header says is new."""
    badge = page.html.select_one(".bell .count")
    return int(badge.text.split()[0]) if badge else 0


def news(page):
    """The lines of the side column, and of them the new ones."""
    lines = page.html.select(".news li")
    texts = [" ".join(line.select_one("a > span:last-child > span").text.split()) for line in lines]
    return texts, [text for text, line in zip(texts, lines, strict=True) if "new" in line.text]


def fill_in(page, action, button=None, **fields):
    """Send the first form of the page that goes there, by this button or its first."""
    form = next(form for form in page.forms.values() if form.action == action)
    for name, value in fields.items():
        form[name] = value
    buttons = [name for name, field in form.field_order if isinstance(field, Submit)]
    return form.submit(button or buttons[0])


def test_a_newcomer_sees_something(app):
    browser = TestApp(app)
    page = browser.get("/").follow()
    assert page.request.path == "/login"
    doors = page.html.select(".door")
    assert [door["value"] for door in doors] == ["Ada", "Bruno", "Freya", "Kofi", "Mei"]
    assert all(re.search(r"[1-9] new", door.text) for door in doors)
    page = page.form.submit("name", 0).follow()
    assert count(page) == 3
    assert len(page.html.select(".notice")) == 4
    texts, new = news(page)
    assert texts == [
        "Freya announced “Supper in the yard, Saturday at six”",
        "Bruno commented on “More apples than I can eat”",
        "Mei posted “More apples than I can eat”",
        "Kofi posted “Who has a drill?”",
        "Bruno posted “A ladder to lend”",
    ]
    assert new == texts[:3]


def the_story(app):
    ada, bruno, kofi = (login(app, name) for name in ("Ada", "Bruno", "Kofi"))
    before = count(bruno.get("/"))

    page = fill_in(ada.get("/"), "/post", title="A <b>cat</b>", text="Whose is it?").follow()
    notice = page.html.select_one(".notice")
    assert notice.h2.text == "A <b>cat</b>"
    assert "Whose is it?" in notice.text

    page = bruno.get("/")
    assert count(page) == before + 1
    assert news(page)[1][0] == "Ada posted “A <b>cat</b>”"
    page = page.click(href="see.*target_link", index=0).follow()
    assert page.request.path == notice.h2.a["href"]
    assert [notice.h2.text for notice in page.html.select(".notice")] == ["A <b>cat</b>"]
    assert count(page) == 0

    mine = count(ada.get("/"))
    fill_in(page, "/comment", text="Mine & mine alone").follow()
    fill_in(bruno.get("/"), "/like").follow()
    page = ada.get("/")
    assert count(page) == mine + 2
    assert news(page)[1][:2] == ["Bruno liked “A <b>cat</b>”", "Bruno commented on “A <b>cat</b>”"]
    assert "Mine & mine alone" in page.html.select_one(".notice").text
    assert "by Bruno" in page.html.select_one(".likes").text

    kofis = count(kofi.get("/"))
    fill_in(bruno.get("/"), "/post", title="Fire drill", button="announce").follow()
    page = kofi.get("/")
    assert count(page) == kofis + 1
    assert news(page)[1][0] == "Bruno announced “Fire drill”"
    assert page.html.select_one(".notice .label").text == "Announcement"

    page = kofi.get("/activitystream/")
    assert count(page) == kofis + 1
    assert "Linden House" in page
    assert "Bruno announced “Fire drill”" in " ".join(page.html.text.split())
    fill_in(page, "/activitystream/see").follow()
    assert count(kofi.get("/")) == 0

    page = fill_in(kofi.get("/"), "/leave").follow()
    assert page.request.path == "/login"
    assert kofi.get("/").status_int == 302


def test_the_story_in_memory(app):
    the_story(app)


def test_the_story_on_a_server(mongodb):
    with board(re.sub(r"\w+$", "demo_tests", mongodb.url)) as app:
        the_story(app)


def test_only_an_empty_database_is_seeded():
    with board("mim:///demo_tests") as app:
        fill_in(login(app, "Ada").get("/"), "/post", title="Still here")
        page = login(start("mim:///demo_tests"), "Bruno").get("/")
        assert len(page.html.select(".notice")) == 5
        assert len(login(app, "Bruno").post("/leave").follow().html.select(".door")) == 5


def test_liking_twice_is_liking_once(app):
    ada, bruno = login(app, "Ada"), login(app, "Bruno")
    fill_in(ada.get("/"), "/post", title="A cat")
    key = ada.get("/").html.select_one(".notice")["id"].partition("-")[2]
    before = count(ada.get("/"))
    for _ in range(2):
        bruno.post("/like", {"notice": key})
    page = ada.get("/")
    assert count(page) == before + 1
    assert page.html.select_one(".likers").text == "by Bruno"


def test_nobody_is_told_of_what_they_did(app):
    freya = login(app, "Freya")
    fill_in(freya.get("/"), "/post", title="A cat")
    before = count(freya.get("/"))
    fill_in(freya.get("/"), "/comment", text="It went")
    fill_in(freya.get("/"), "/like")
    assert count(freya.get("/")) == before


NO_NOTICE = "0" * 24


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/enter", {}, 400),
        ("/enter", {"name": "Nobody"}, 400),
        ("/enter", [("name", "Ada"), ("name", "Mei")], 400),
        ("/post", {}, 400),
        ("/post", {"title": " "}, 400),
        ("/post", {"title": "x" * 101}, 400),
        ("/post", [("title", "one"), ("title", "two")], 400),
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
        ("/error", {}, 404),
    ],
)
def test_bad_forms_get_a_friendly_page(app, path, fields, status):
    browser = login(app, "Ada")
    key = browser.get("/").html.select_one(".notice")["id"].partition("-")[2]
    before = len(browser.get("/").html.select(".notice, .replies li, .likers"))
    items = fields.items() if isinstance(fields, dict) else fields
    fields = [(name, key if value == "KEY" else value) for name, value in items]
    page = browser.post(path, fields, status=status)
    assert page.html.select_one(".error-code").text == str(status)
    assert page.html.select_one("main a")["href"] == "/"
    assert len(browser.get("/").html.select(".notice, .replies li, .likers")) == before


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/notice", 404),
        ("/notice/x", 404),
        (f"/notice/{NO_NOTICE}", 404),
        ("/error", 404),
        ("/post?title=by+a+link", 405),
        ("/leave", 405),
        ("/activitystream/see?until=yesterday", 400),
        ("/login_handler?login=Ada&password=", 404),
        ("/logout_handler", 404),
        ("/login?__logins=x", 200),
    ],
)
def test_bad_addresses_get_a_friendly_page(app, path, status):
    browser = login(app, "Ada")
    page = browser.get(path, status=status)
    assert "Linden House" in page
    assert browser.get("/").status_int == 200


def test_who_is_not_logged_in_is_sent_to_the_login_page(app):
    browser = TestApp(app)
    for path in ("/", "/activitystream/"):
        assert browser.get(path).follow().request.path == "/login"
    for path in ("/post", "/comment", "/like"):
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
    for path in ("/enter", "/post", "/comment", "/like", "/leave"):
        browser.post(path, {"title": "A cat", "name": "Mei"}, headers=headers, status=403)
    page = browser.get("/")
    assert "A cat" not in page
    assert page.html.select_one(".me").text.split() == ["A", "Ada"]


def test_it_needs_no_javascript_and_no_internet(app):
    browser = login(app, "Ada")
    for path in ("/login", "/", "/activitystream/", "/css/demo.css", "/favicon.svg"):
        text = browser.get(path).text.replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"<script|\son\w+=|\sstyle=|<style|//\w", text)
    for link in browser.get("/activitystream/").html.select("link"):
        assert browser.get(link["href"]).status_int == 200


@contextmanager
def command_line(*arguments):
    command = [sys.executable, "-m", "activitystream.demo", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_one_command_starts_it():
    with command_line("--port", "0") as process:
        line = process.stdout.readline()
        address = re.fullmatch(r"The board is at (http://127\.0\.0\.1:\d+/)\n", line).group(1)
        with urllib.request.urlopen(address, timeout=30) as page:
            assert "Who are you?" in page.read().decode()
        port = address.rstrip("/").rpartition(":")[2]
        with command_line("--port", port) as second:
            errors = second.communicate(timeout=60)[1]
            assert second.returncode == 1
            assert errors.startswith(f"The demo cannot listen on 127.0.0.1, port {port}: ")
            assert errors.count("\n") == 1
        process.terminate()
        assert process.communicate(timeout=30)[1] == ""


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (["--db", "mongodb://127.0.0.1:1/"], 1, "The demo cannot use this database: "),
        (["--db", "mongodb://"], 1, "The demo cannot use this database: "),
        (["--db", "mongodb://u:p@h:x/"], 1, "The demo cannot use this database: "),
        (["--db", "sqlite:///x.db"], 2, "--db must be mongodb://… for a server, or mim:// for"),
        (["--port", "http"], 2, "argument --port: invalid int value"),
        (["--port", "99999"], 2, "--port must be "),
        (["--host", "no.such.host.invalid"], 1, "The demo cannot listen on no.such.host.invalid"),
    ],
)
def test_what_cannot_be_started_says_why_in_a_line(arguments, status, error):
    with command_line("--port", "0", *arguments) as process:
        errors = process.communicate(timeout=60)[1]
        assert process.returncode == status
        assert error in errors.splitlines()[-1]
        assert "Traceback" not in errors
        assert status == 2 or errors.count("\n") == 1


def test_without_its_requirements_it_says_what_to_install():
    code = "import sys; sys.modules['waitress'] = None; import activitystream.demo.__main__ as it"
    command = [sys.executable, "-c", f"{code}; sys.argv = ['demo']; it.main()"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert result.stderr == ("The demo needs waitress: pip install 'tgapp-activitystream[demo]'\n")
