"""A reader of Russian with forty likes in three groups, two mutes, and an own announcement."""

import pytest
from playwright.sync_api import expect

from activitystream import am
from tests.browser.steps import NARROW, at_work, panel
from tests.browser.test_groups import lines, mei, words  # noqa: F401 (a fixture)
from tests.helpers import browser
from tests.helpers.demo import empty_db_url, start

pytestmark = pytest.mark.browser


@pytest.fixture
def board(chromium, packages, database_named, tmp_path, monkeypatch):
    """Return the board, in the languages that activitystream speaks."""
    from demo.config import app_cfg

    class InAnyLanguage(app_cfg.FullStackApplicationConfigurator):
        def update_blueprint(self, options):
            super().update_blueprint({**options, "i18n.enabled": True})

    monkeypatch.setattr(app_cfg, "FullStackApplicationConfigurator", InAnyLanguage)
    with (
        empty_db_url("sqlite", database_named, tmp_path) as db_url,
        browser.board(start(db_url), chromium, packages) as board,
    ):
        yield board
    assert board.complaints == []


NEW = "Ваша лента событий 2 новых уведомления"


@pytest.fixture
def reader(board, mei):  # noqa: F811 (the fixture)
    """Return the name of the reader, who has muted a neighbour and a notice."""
    from demo import model

    with at_work():
        reader = model.orm.neighbour_named(mei)
        am.mute(reader, actor=model.orm.neighbour_named("Kofi"))
        (second,) = (each for each in model.orm.newest_notices(50) if each.title == "A second")
        am.mute(reader, target=second)
    return mei


LIKED = [
    "Freya, Ada и ещё 1 человек liked “A third”",
    "Bruno, Freya и ещё 1 человек liked “A first”",
]


def test_reads_groups_without_what_is_muted_in_russian(board, reader):
    page = board.visitor(reader, locale="ru-RU", viewport=NARROW)
    link = page.locator(".activitystream-bell-link")
    expect(link).to_have_accessible_name(NEW)
    link.focus()
    page.keyboard.press("Enter")
    for number, sentence in enumerate(LIKED):
        expect(words(panel(page)).nth(number)).to_contain_text(sentence)
    expect(panel(page)).not_to_contain_text("A second")
    expect(link).to_have_accessible_name("Ваша лента событий")
    assert board.violations(page) == []
    first = lines(panel(page)).first
    first.get_by_role("button", name="Отметить как прочитанное").press("Enter")
    expect(first.get_by_role("button", name="Отметить как непрочитанное")).to_be_visible()
    page.goto("/activitystream/")
    first = lines(page.locator("main")).first
    first.get_by_text("Показать все (11)").focus()
    page.keyboard.press("Enter")
    expect(first.locator("li")).to_have_count(11)
    expect(page.locator("main")).not_to_contain_text("announced “A first”")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_goes_on_in_russian_without_scripts(board, reader):
    page = board.visitor(reader, locale="ru-RU", java_script_enabled=False)
    page.goto("/activitystream/settings")
    main = page.locator("main")
    expect(main).to_contain_text("Kofi")
    expect(main).to_contain_text("A second")
    main.get_by_role("button", name="Снова сообщать").first.click()
    expect(main.get_by_role("button", name="Снова сообщать")).to_have_count(1)
    page.goto("/activitystream/")
    first = lines(page.locator("main")).first
    expect(words(page.locator("main")).first).to_contain_text("liked “A third”")
    first.get_by_role("button", name="Отметить как прочитанное").click()
    expect(lines(page.locator("main")).first.locator(".activitystream-dot:visible")).to_have_count(
        0
    )
