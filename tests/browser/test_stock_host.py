"""A stock quickstart's app on each ORM, made by the tutorial's own code, in a real browser."""

import uuid

import pymongo
import pytest
from playwright.sync_api import expect

from tests.browser.steps import NARROW, WIDE, ask, bell, expect_new, panel
from tests.helpers.browser import Board
from tests.helpers.browser.tutorial import PASSWORDS, serving
from tests.helpers.stock_host.tutorial import OnMing, OnSQLAlchemy

pytestmark = [pytest.mark.browser, pytest.mark.hosts]

#: The rest is the quickstart's.
OURS = ".activitystream-bell, .activitystream"


@pytest.fixture
def sqlite_host(tmp_path, wheel_path):
    return OnSQLAlchemy(tmp_path, wheel_path)


@pytest.fixture
def mongodb_host(tmp_path, wheel_path, mongodb):
    host = OnMing(tmp_path, wheel_path)
    server, name = mongodb.url.rpartition("/")[0], f"myproject_{uuid.uuid4().hex}"
    host.edit("development.ini", r"^ming\.url = .*$", f"ming.url = {server}/")
    host.edit("development.ini", r"^ming\.db = .*$", f"ming.db = {name}")
    yield host
    with pymongo.MongoClient(server) as client:
        client.drop_database(name)


@pytest.fixture(params=["sqlite_host", "mongodb_host"])
def board(request, chromium, packages):
    host = request.getfixturevalue(request.param)
    host.gearbox("setup-app")
    with serving(host) as url:
        board = Board(url, chromium, packages)
        yield board
        board.close()
    assert board.complaints == []


def log_in(page, name):
    page.goto("/login?came_from=/demo")
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(PASSWORDS[name])
    page.get_by_role("button", name="Login").click()
    expect(page.get_by_role("link", name="Logout")).to_be_attached()


def add_todo(title, board):
    """Have the manager add a todo, without a browser's page."""
    manager = board.visitor().context.request
    manager.post("/login_handler", form={"login": "manager", "password": PASSWORDS["manager"]})
    assert title in manager.post("/demo/add", form={"title": title}).text()


def set_theme(page, theme):
    """Turn Bootstrap's dark mode on or off."""
    page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme; }", theme)


def assert_is_for_everybody(board, page, part):
    """Expect no barrier in light and dark colours, which the part of the page has taken over."""
    shades = []
    for theme in ("dark", "light"):
        set_theme(page, theme)
        assert board.violations(page, OURS) == [], theme
        colour = part.evaluate("part => getComputedStyle(part).color")
        shades.append(sum(map(int, colour[4:-1].split(", "))))
    dark, light = shades
    assert dark > 500 > 250 > light


def assert_fits(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_a_user_of_a_stock_app_is_told_what_another_one_does(board):
    page = board.visitor(viewport=WIDE)
    page.clock.install()
    log_in(page, "editor")
    expect_new(page, 0)
    add_todo("Water the plants", board)
    ask(page, "00:30")
    expect_new(page, 1)
    bell(page).click()
    line = panel(page).get_by_role("listitem")
    expect(line).to_contain_text("Example manager added Water the plants")
    expect_new(page, 0)
    assert_is_for_everybody(board, page, panel(page))
    page.set_viewport_size(NARROW)
    expect(page.get_by_role("button", name="Toggle navigation")).to_be_visible()
    expect(bell(page)).to_be_in_viewport(ratio=1)
    expect(panel(page)).to_be_in_viewport(ratio=1)
    assert_fits(page)
    line.get_by_role("link").click()
    page.wait_for_url("**/demo")
    page.goto("/activitystream/")
    assert_fits(page)
    line = page.locator(".activitystream").get_by_role("listitem")
    expect(line).to_contain_text("Water the plants")
    expect(line.get_by_role("button", name="Mark as unread")).to_be_visible()
    page.set_viewport_size(WIDE)
    assert_is_for_everybody(board, page, page.locator(".activitystream"))
    page.get_by_role("link", name="Unread").click()
    expect(page.get_by_text("Nothing is unread.")).to_be_visible()
