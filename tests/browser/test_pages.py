"""The stream's page in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from activitystream import am
from tests.browser.steps import NARROW, ON_ONE, WIDE, at_work, bell, comment, do, expect_new, panel

pytestmark = pytest.mark.browser


def test_load_more_loads_everything_once_while_more_comes(board):
    do(500)
    page = board.visitor("Ada")
    page.goto("/activitystream/")
    items = page.locator(".activitystream-actions > li")
    more = page.get_by_role("link", name="Load more")
    for shown in range(25, 500, 25):
        expect(items).to_have_count(shown)
        comment(f"That was no. {shown}")
        more.focus()
        page.keyboard.press("Enter")
        focused = items.nth(shown).and_(page.locator(":focus-within"))
        expect(focused).to_have_count(1)
    more.click()
    expect(more).to_have_count(0)
    lines = page.locator(".activitystream-line").all_inner_texts()
    done = [int(re.search(r"Bruno did no. (\d+)\.", line).group(1)) for line in lines[:500]]
    assert done == [*range(499, -1, -1)]
    assert len(lines) == 500 + 5
    days = page.locator(".activitystream-day h2").all_inner_texts()
    assert sorted(days) == sorted(set(days))


def pages(board, **options):
    """Yield each kind of page in turn, by its name."""
    page = board.visitor(**options)
    yield "login", page
    page = board.visitor("Ada", **options)
    yield "board", page
    page.get_by_role("link", name="More apples than I can eat", exact=True).click()
    page.wait_for_url("**/notice/*")
    yield "notice", page
    page.locator(".notice").get_by_role("link", name="Mei").click()
    page.wait_for_url("**/neighbour/*")
    yield "neighbour", page
    page.goto("/activitystream/")
    yield "stream", page
    bell(page).click()
    expect_new(page, 0)
    yield "bell", page
    page.goto("/nothing")
    yield "error", page


def is_cut_off(page):
    """Return whether the page, or the panel of the bell, is wider than the screen."""
    return page.evaluate(
        """() => {
            const screen = document.documentElement;
            const panel = document.querySelector('.activitystream-panel');
            const {left, right, bottom} = panel ? panel.getBoundingClientRect() : {};
            return screen.scrollWidth > screen.clientWidth || left < 0
                || right > screen.clientWidth || bottom > screen.clientHeight;
        }"""
    )


@ON_ONE
def test_right_to_left_marks_in_a_name_do_not_turn_what_is_beside_it(board):
    with at_work() as (bruno, ada, apples):
        bruno.name = "\u202eBruno"
        apples.title = "Apples"  # on the same line
        am.create(bruno, "\u202edid", apples, recipients=[ada])
    page = board.visitor("Ada")
    page.goto("/activitystream/")
    line = page.locator(".activitystream-line").first
    name, verb, target = (line.locator(each).bounding_box() for each in ("b", "bdi", "cite"))
    assert name["x"] + name["width"] <= verb["x"]
    assert verb["x"] + verb["width"] <= target["x"]


@ON_ONE
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_no_barrier_and_nothing_is_cut_off(board, color_scheme, viewport):
    board.excuse("404")
    comment("W" * 500)
    found = {}
    for name, page in pages(board, color_scheme=color_scheme, viewport=viewport):
        assert not is_cut_off(page), name
        found[name] = board.violations(page)
    assert not any(found.values()), found


@ON_ONE
def test_an_empty_stream_has_no_barrier_either(board):
    from demo import model

    with model.orm.DBSession.get_bind().begin() as connection:
        for table in ("activity_stream_recipient", "activity_stream_action"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    page = board.visitor("Ada")
    bell(page).click()
    expect(panel(page)).to_contain_text("Nothing has happened yet.")
    assert board.violations(page) == []
    panel(page).get_by_role("link", name="See all").click()
    expect(page.locator("main")).to_contain_text("Nothing has happened yet.")
    assert board.violations(page) == []


@ON_ONE
def test_who_wants_it_dark_gets_it_dark(board):
    board.excuse("404")
    for name, page in pages(board, color_scheme="dark"):
        for element in page.locator("body, .bar, .card, .activitystream-panel:visible").all():
            background = element.evaluate("element => getComputedStyle(element).backgroundColor")
            assert max(map(int, re.findall(r"\d+", background)[:3])) < 64, (name, background)


@ON_ONE
def test_who_wants_no_motion_gets_none(board):
    board.excuse("404")
    moves = """() => [...document.querySelectorAll('*')].map(each => getComputedStyle(each)).filter(
        style => style.transitionDuration !== '0s' || style.animationName !== 'none'
            || style.scrollBehavior === 'smooth').length"""
    for name, page in pages(board, reduced_motion="reduce"):
        assert page.evaluate(moves) == 0, name
    assert board.visitor().evaluate(moves) > 0
