"""Back to a page that the browser has kept as it was, in its back/forward cache."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import ON_ONE, bell, comment, expect_new, panel, patient
from tests.helpers import browser

pytestmark = [pytest.mark.browser, ON_ONE]


@pytest.fixture
def chromium(chromium):
    """Start a whole browser, which alone has the cache, and with it: Playwright turns it off."""
    turned_off = ["--disable-back-forward-cache"]
    with browser.started(chromium.browser_type, ignore_default_args=turned_off) as keeping:
        yield keeping


def test_a_kept_page_gets_the_number_and_the_lines_that_are_new(board):
    page = patient(board.visitor("Ada"), is_still=True)  # its timer does not help
    page.evaluate("addEventListener('pageshow', event => { window.wasKept = event.persisted; })")
    bell(page).click()
    expect_new(page, 0)
    panel(page).get_by_role("link", name="More apples than I can eat").first.click()
    expect(page.get_by_role("heading", name="More apples than I can eat")).to_be_visible()
    comment("Where are you?")
    page.evaluate("history.back()")  # Playwright's own way waits for a page that is loaded
    page.wait_for_function("window.wasKept")
    expect_new(page, 1)
    expect(panel(page).get_by_role("listitem").first).to_contain_text("Where are you?")
