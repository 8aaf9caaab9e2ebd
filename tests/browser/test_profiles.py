"""What a neighbour did, what happened to a notice, and a like that is taken back."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import NARROW, ON_ONE, WIDE, comment, do, expect_new

pytestmark = pytest.mark.browser


def profile(page, name):
    page.goto("/login")
    page.locator(".hint").get_by_role("link", name=name).click()
    page.wait_for_url("**/neighbour/*")
    return page


def lines(page):
    return page.locator(".history .activitystream-line")


def more(page):
    return page.locator(".history").get_by_role("link", name="Load more")


def test_a_profile_is_another_list_for_each(board):
    expect(lines(profile(board.visitor(), "Mei"))).to_have_count(0)
    expect(lines(profile(board.visitor("Ada"), "Mei"))).to_have_text([re.compile("posted")])
    page = board.visitor("Mei")
    page.get_by_role("link", name="Mei").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What you did")
    expect(lines(page)).to_have_count(4)


def test_a_profile_loads_more_into_the_page(board):
    do(25)
    page = profile(board.visitor("Ada"), "Bruno")
    expect(lines(page)).to_have_count(10)
    comment("Meanwhile")  # shifts nothing
    headings = page.locator(".history h2")
    page.evaluate("window.isTheSamePage = true")
    more(page).focus()
    page.keyboard.press("Enter")
    expect(lines(page)).to_have_count(20)
    focused = page.locator(".history li").nth(10).and_(page.locator(":focus-within"))
    expect(focused).to_have_count(1)
    more(page).click()
    expect(more(page)).to_have_count(0)
    numbers = re.findall(r"Bruno did no. (\d+)\.", " ".join(lines(page).all_inner_texts()))
    assert [int(each) for each in numbers] == [*range(24, -1, -1)]
    assert len(set(headings.all_inner_texts())) == headings.count()
    assert page.evaluate("window.isTheSamePage")
    assert page.title() == "Bruno · Linden House"


@ON_ONE
def test_a_profile_loads_more_without_scripts(board):
    do(25)
    page = profile(board.visitor("Ada", java_script_enabled=False), "Bruno")
    shown = []
    while True:
        shown += re.findall(r"did no. (\d+)\.", " ".join(lines(page).all_inner_texts()))
        if not more(page).count():
            break
        with page.expect_event("load"):
            more(page).click()
    assert [int(each) for each in shown] == [*range(24, -1, -1)]


def test_a_like_that_is_taken_back_takes_its_notification(board):
    mei = board.visitor("Mei")
    mei.get_by_role("button", name="Like “A ladder to lend”").click()
    bruno = board.visitor("Bruno")
    expect_new(bruno, 4)
    mei.get_by_role("button", name="Liked “A ladder to lend”").click()
    expect(mei.get_by_role("button", name="Like “A ladder to lend”", exact=True)).to_be_visible()
    expect_new(bruno, 3)  # at the next question of the bell
    bruno.reload()
    expect(bruno.locator(".news")).not_to_contain_text("Mei liked “A ladder to lend”")


def test_a_history_tells_what_happened_to_a_notice(board):
    for number in range(12):
        comment(f"Comment {number}")
    page = board.visitor("Ada")
    page.get_by_role("link", name="More apples than I can eat", exact=True).click()
    page.wait_for_url("**/notice/*")
    expect(lines(page)).to_have_count(10)
    more(page).click()
    expect(lines(page)).to_have_count(16)
    expect(lines(page).last).to_contain_text("Mei posted")
    expect(page.locator(".news li")).to_have_count(5)


@ON_ONE
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_visitors_profile_has_no_barrier(board, viewport):
    page = profile(board.visitor(viewport=viewport), "Mei")
    assert board.violations(page) == []
