"""The demo, as a newcomer sees it."""

import ast
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from webtest import TestApp
from webtest.forms import Submit

from tests.helpers.demo import DATABASES, empty_db_url, login, start

ROOT = Path(__file__).parents[2]


def on(*names):
    """Run a test on these databases only."""
    return pytest.mark.parametrize("db_url", names, indirect=True)


@pytest.fixture(params=DATABASES)
def db_url(request, database_named, tmp_path):
    """Return the URL of an empty database, of each kind in turn."""
    with empty_db_url(request.param, database_named, tmp_path) as url:
        yield url


@pytest.fixture
def app(db_url):
    return start(db_url)


def count(page):
    """Return the number on the bell."""
    badge = page.html.select_one(".activitystream-count:not([hidden]) [aria-hidden]")
    return int(badge.text) if badge else 0


def news(page):
    """Return the lines of the side column, and the new ones among them."""
    lines = page.html.select(".news li")
    texts = [" ".join(line.select_one(".activitystream-line").text.split()) for line in lines]
    badges = [line.select_one(".activitystream-badge") for line in lines]
    return texts, [text for text, badge in zip(texts, badges, strict=True) if badge]


def fill_in(page, action, button=None, **fields):
    """Send the form of the page that goes there, by this button or its first."""
    form = next(form for form in page.forms.values() if form.action == action)
    for name, value in fields.items():
        form[name] = value
    buttons = [name for name, field in form.field_order if isinstance(field, Submit)]
    return form.submit(button or buttons[0])


def test_the_first_login_shows_actions(app):
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
        "Bruno commented on “More apples than I can eat” On my way down!",
        "Mei posted “More apples than I can eat”",
        "Kofi posted “Who has a drill?”",
        "Bruno posted “A ladder to lend”",
    ]
    assert new == texts[:3]
    page = page.click(href="see.*target_link", index=0).follow()
    assert page.html.select_one(".notice h2").text == "Supper in the yard, Saturday at six"
    assert (count(page), news(page)) == (0, (texts, []))


def test_two_neighbours_use_the_board(app):
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
    assert news(page)[1][:2] == [
        "Bruno liked “A <b>cat</b>”",
        "Bruno commented on “A <b>cat</b>” Mine & mine alone",
    ]
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


def test_a_restart_keeps_the_data(db_url):
    fill_in(login(start(db_url), "Ada").get("/"), "/post", title="Still here")
    browser = login(start(db_url), "Bruno")
    page = browser.get("/")
    assert len(page.html.select(".notice")) == 5
    assert news(page)[1][0] == "Ada posted “Still here”"
    assert len(browser.post("/leave").follow().html.select(".door")) == 5


def test_a_second_like_changes_nothing(app):
    ada, bruno = login(app, "Ada"), login(app, "Bruno")
    fill_in(ada.get("/"), "/post", title="A cat")
    key = ada.get("/").html.select_one(".notice")["id"].partition("-")[2]
    before = count(ada.get("/"))
    for _ in range(2):
        bruno.post("/like", {"notice": key})
    page = ada.get("/")
    assert count(page) == before + 1
    assert page.html.select_one(".likers").text == "by Bruno"


def did(browser, name):
    """Return what a neighbour did, as the browser shows it, by the links between its pages."""
    doors = TestApp(browser.app).get("/login").html.select(".hint a")
    (path,) = (door["href"] for door in doors if door.text == name)
    page = browser.get(path)
    found = []
    while True:
        lines = page.html.select(".history .activitystream-line")
        found.append([" ".join(line.text.split()) for line in lines])
        more = page.html.select_one(".history .activitystream-older a")
        if more is None:
            return found
        page = browser.get(more["href"])


def test_a_profile_shows_each_what_they_may_see(app):
    assert did(TestApp(app), "Mei") == [[]]
    assert did(TestApp(app), "Freya") == [["Freya announced “Supper in the yard, Saturday at six”"]]
    assert did(login(app, "Ada"), "Mei") == [
        [
            "Mei posted “More apples than I can eat”",
        ]
    ]
    assert did(login(app, "Mei"), "Mei") == [
        [
            "Mei liked “Supper in the yard, Saturday at six”",
            "Mei posted “More apples than I can eat”",
            "Mei liked “Who has a drill?”",
            "Mei commented on “A ladder to lend” Taken for the afternoon. Back by five!",
        ]
    ]


def test_a_profile_and_a_history_go_on_without_scripts(app):
    ada, mei = login(app, "Ada"), login(app, "Mei")
    for number in range(12):
        fill_in(ada.get("/"), "/post", title=f"No. {number}")
    assert [len(page) for page in did(ada, "Ada")] == [10, 5]
    assert did(mei, "Ada")[0] == [f"Ada posted “No. {number}”" for number in range(11, 1, -1)]
    assert did(TestApp(app), "Ada") == [[]]

    notice = ada.get("/").html.select_one(".notice h2 a")["href"]
    for number in range(11):
        fill_in(mei.get(notice), "/comment", text=f"Comment {number}")
    page = ada.get(notice)
    assert len(page.html.select(".history li")) == 10
    page = ada.get(page.html.select_one(".history .activitystream-older a")["href"])
    lines = [" ".join(each.text.split()) for each in page.html.select(".history li")]
    assert lines[0].startswith("Mei commented on “No. 11” Comment 0")
    assert lines[1].startswith("Ada posted “No. 11”")
    assert page.html.select_one(".history .activitystream-older") is None


def test_a_like_that_is_taken_back_is_no_news(app):
    ada, mei = login(app, "Ada"), login(app, "Mei")
    fill_in(ada.get("/"), "/post", title="A cat")
    before, news_before = count(ada.get("/")), news(ada.get("/"))
    page = fill_in(mei.get("/"), "/like").follow()
    assert page.html.select_one(".likers").text == "by you"
    assert count(ada.get("/")) == before + 1
    assert "Mei liked “A cat”" in did(mei, "Mei")[0]
    page = fill_in(page, "/unlike").follow()
    assert page.html.select_one(".notice").select_one(".likers") is None
    assert (count(ada.get("/")), news(ada.get("/"))) == (before, news_before)
    assert "Mei liked “A cat”" not in did(mei, "Mei")[0]
    key = ada.get("/").html.select_one(".notice")["id"].partition("-")[2]
    mei.post("/unlike", {"notice": key}, status=302)
    fill_in(mei.get("/"), "/like")
    assert count(ada.get("/")) == before + 1


@on("sqlite", "postgresql", "mongodb")
def test_concurrent_neighbours_lose_nothing(app):
    ada = login(app, "Ada")
    fill_in(ada.get("/"), "/post", title="A cat")
    key = ada.get("/").html.select_one(".notice")["id"].partition("-")[2]
    before = count(ada.get("/"))
    browsers = [login(app, name) for name in ("Bruno", "Freya") for _ in range(4)]

    def talk(number):
        browsers[number].post("/like", {"notice": key}, status=302)
        browsers[number].post("/comment", {"notice": key, "text": f"No. {number}"}, status=302)
        browsers[number].get("/", status=200)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(talk, range(8)))
    page = ada.get("/")
    likes_in_one_line = 1
    assert count(page) == before + likes_in_one_line + 8
    assert len(page.html.select_one(".notice").select(".replies li")) == 8
    likers = page.html.select_one(".likers").text
    assert sorted(likers.removeprefix("by ").split(", ")) == ["Bruno", "Freya"]


def test_nobody_is_notified_of_their_own_actions(app):
    freya = login(app, "Freya")
    fill_in(freya.get("/"), "/post", title="A cat")
    before = count(freya.get("/"))
    fill_in(freya.get("/"), "/comment", text="It went")
    fill_in(freya.get("/"), "/like")
    fill_in(freya.get("/"), "/post", button="announce", title="Supper")
    page = freya.get("/")
    assert count(page) == before
    assert not any("announced “Supper”" in line for line in news(page)[0])


def test_likes_of_a_notice_are_one_line(app):
    texts, _ = news(login(app, "Freya").get("/"))
    assert texts[0] == "Mei, Ada and 1 other liked “Supper in the yard, Saturday at six”"


def test_imports_only_public_names():
    """The README lists what a host may import."""
    imported = set()
    for path in ROOT.joinpath("demo").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported.update(each.name for each in node.names)
            elif isinstance(node, ast.ImportFrom):
                imported.update(f"{node.module}.{each.name}" for each in node.names)
    public = {"activitystream.ActionManager", "activitystream.am", "activitystream.model.Action"}
    ours = {name for name in imported if name.partition(".")[0] == "activitystream"}
    assert "activitystream.am" in ours
    assert ours <= public


@on("sqlite", "postgresql")
def test_upgrades_the_database_of_an_older_release(db_url):
    def indexes():
        return [each["name"] for each in sa.inspect(engine).get_indexes("activity_stream_action")]

    start(db_url)
    engine = sa.create_engine(db_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX actions_by_time")
        connection.exec_driver_sql("UPDATE activitystream_migrate SET version_num = '0001'")
    assert "actions_by_time" not in indexes()
    start(db_url)
    assert "actions_by_time" in indexes()
