"""The bell and the lists with htmx 2; the other tests have htmx 1.9, as the quickstart does."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    ON_ONE,
    ask,
    bell,
    boost,
    comment,
    do,
    expect_new,
    panel,
    patient,
)

pytestmark = [pytest.mark.browser, ON_ONE]


@pytest.fixture
def page(board):
    board.use_htmx_2()
    page = board.visitor("Ada")
    assert page.evaluate("htmx.version").startswith("2.")
    return page


def test_the_bell_counts_opens_and_puts_in_what_arrives(page):
    page = patient(page)
    expect_new(page, 3)
    comment("Any left?")
    ask(page)
    expect_new(page, 4)
    bell(page).click()
    lines = panel(page).get_by_role("listitem")
    expect(lines.first).to_contain_text("Any left?")
    expect_new(page, 0)
    comment("None?")
    ask(page)
    expect(lines.first).to_contain_text("None?")
    expect_new(page, 1)


def test_lines_are_read_muted_and_brought_back(page):
    page.goto("/activitystream/")
    line = page.locator(".activitystream-actions > li").first
    line.get_by_role("button", name="Mark as read").click()
    expect(line.get_by_role("button", name="Mark as unread")).to_be_visible()
    line.locator(".activitystream-menu > summary").click()
    line.locator(".activitystream-mute button").first.click()
    line.get_by_role("button", name="Undo").click()
    expect(line.get_by_role("button", name="Mark as unread")).to_be_visible()


@pytest.mark.parametrize("is_boosted", [False, True])
def test_more_is_loaded_with_one_heading_a_day(page, is_boosted):
    do(60)
    page.goto("/activitystream/")
    if is_boosted:
        boost(page)
    items = page.locator(".activitystream-actions > li")
    for shown in (25, 50):
        expect(items).to_have_count(shown)
        page.get_by_role("link", name="Load more").click()
    expect(page.get_by_role("link", name="Load more")).to_have_count(0)
    days = page.locator(".activitystream-day h2").all_inner_texts()
    assert len(days) == len(set(days))
