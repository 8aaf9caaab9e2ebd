"""What is read and unread: what a person does in one browser shows in all of theirs."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    NARROW,
    ON_ONE,
    bell,
    boost,
    comment,
    do,
    expect_new,
    panel,
    patient,
)

pytestmark = pytest.mark.browser

READ, UNREAD = "Mark as read", "Mark as unread"


def lines(place):
    """Return the lines of the page, or of the bell's panel."""
    return place.locator(".activitystream-actions > li")


def expect_dots(place, dots):
    """Expect a "●" on each unread line, and the button and the weight to match."""
    expect(lines(place)).to_have_count(len(dots))
    for number, dot in enumerate(dots):
        line = lines(place).nth(number)
        expect(line.locator(".activitystream-dot:visible")).to_have_count(int(dot == "●"))
        expect(line.get_by_role("button")).to_have_text([READ if dot == "●" else UNREAD])
        weight = line.locator(".activitystream-line").evaluate(
            "e => getComputedStyle(e).fontWeight"
        )
        assert weight == ("600" if dot == "●" else "400")


def stream(page):
    """Return the stream's page, as it is now."""
    page.goto("/activitystream/")
    return page.locator("main")


def toggle(line):
    line.get_by_role("button").click()


def test_dots_numbers_and_pages_agree_in_all_browsers(board):
    """Ada has a desk and a phone. Mei's stream shares two actions with hers."""
    desk, phone = board.visitor("Ada"), board.visitor("Ada", viewport=NARROW)
    mei = board.visitor("Mei")
    for each in (desk, phone):
        expect_new(each, 3)
    unread_by_mei = lines(stream(mei)).get_by_role("button", name=READ).count()

    bell(desk).click()
    expect_dots(panel(desk), "●●●○○")
    expect_new(desk, 0)
    expect_dots(stream(phone), "●●●○○")
    expect_new(phone, 0)
    expect(phone.get_by_role("button", name="Mark all as seen")).to_have_count(0)

    toggle(lines(panel(desk)).nth(1))
    expect_dots(panel(desk), "●○●○○")
    expect_dots(stream(phone), "●○●○○")

    toggle(lines(phone.locator("main")).nth(1))
    expect_dots(phone.locator("main"), "●●●○○")
    desk.reload()
    bell(desk).click()
    expect_dots(panel(desk), "●●●○○")

    lines(panel(desk)).nth(2).get_by_role("link").click()
    expect(desk.get_by_role("heading", name="More apples than I can eat")).to_be_visible()
    expect_dots(stream(phone), "●●○○○")

    comment("Any left?")
    expect_dots(stream(phone), "●●●○○○")
    expect_new(phone, 1)
    phone.get_by_role("link", name="Unread", exact=True).click()
    expect_dots(phone.locator("main"), "●●●")
    phone.get_by_role("button", name="Mark all as read").click()
    expect(phone.locator("main")).to_contain_text("Nothing is unread.")
    expect_new(phone, 0)
    expect_dots(stream(desk), "○○○○○○")
    expect_new(desk, 0)

    expect(lines(stream(mei)).get_by_role("button", name=READ)).to_have_count(unread_by_mei + 1)


def test_reading_in_the_bell_updates_the_page_around_it(board):
    page = board.visitor("Ada")
    expect_dots(stream(page), "●●●○○")
    bell(page).click()
    toggle(lines(panel(page)).first)
    for place in (panel(page), page.locator("main")):
        expect_dots(place, "○●●○○")
    page.keyboard.press("Escape")
    toggle(lines(page.locator("main")).first)
    expect_dots(page.locator("main"), "●●●○○")


def test_the_page_does_not_offer_to_mark_what_the_bell_marked(board):
    page = board.visitor("Ada")
    stream(page)
    offer = page.get_by_role("button", name="Mark all as seen")
    expect(offer).to_be_visible()
    bell(page).click()
    expect_dots(panel(page), "●●●○○")
    expect(offer).to_have_count(0)
    expect(page.get_by_role("button", name="Mark all as read")).to_be_visible()


def test_reading_one_that_is_new_takes_it_off_the_number(board):
    page = board.visitor("Ada")
    toggle(lines(stream(page)).first)
    expect_new(page, 2)
    expect_dots(page.locator("main"), "○●●○○")
    expect(page.locator("main .activitystream-badge")).to_have_count(3)


def test_the_button_does_not_mark_what_arrived_after_the_page(board):
    page = patient(board.visitor("Ada"))
    stream(page)
    comment("Wait for me!")
    page.get_by_role("button", name="Mark all as read").click()
    expect_new(page, 1)
    expect_dots(page.locator("main"), "●○○○○○")


def test_lines_that_were_loaded_later_can_be_toggled(board):
    do(30)
    page = board.visitor("Ada")
    main = stream(page)
    page.get_by_role("link", name="Load more").click()
    expect(lines(main)).to_have_count(35)
    toggle(lines(main).nth(29))
    expect(lines(main).nth(29).get_by_role("button")).to_have_text(UNREAD)
    page.get_by_role("link", name="Unread", exact=True).click()
    expect(lines(main)).to_have_count(25)
    page.get_by_role("link", name="Load more").click()
    expect(lines(main)).to_have_count(32)


@ON_ONE
def test_by_keyboard_alone(board):
    page = board.visitor("Ada")
    bell(page).focus()
    page.keyboard.press("Enter")
    expect_dots(panel(page), "●●●○○")
    first = lines(panel(page)).first
    page.keyboard.press("Tab")
    expect(first.get_by_role("link")).to_be_focused()
    page.keyboard.press("Tab")
    for name in (READ, UNREAD, READ):
        button = first.get_by_role("button", name=name)
        expect(button).to_be_focused()
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert button.evaluate("e => getComputedStyle(e).outlineStyle") != "none"
        page.keyboard.press("Enter" if name == READ else "Space")
    expect_dots(panel(page), "○●●○○")
    page.keyboard.press("Escape")
    expect(bell(page)).to_be_focused()


@ON_ONE
def test_a_screen_reader_hears_what_is_unread(board):
    page = board.visitor("Ada")
    toggle(lines(stream(page)).nth(1))
    expect(lines(page.locator("main")).nth(1).get_by_role("button")).to_have_text(UNREAD)
    first, second = (lines(page.locator("main")).nth(number) for number in (0, 1))
    heard = first.aria_snapshot()
    assert heard.index("unread") < heard.index("link")
    assert f'button "{READ}"' in heard
    heard = second.aria_snapshot()
    assert f'button "{UNREAD}"' in heard
    assert heard.count("unread") == 1
    current = page.get_by_role("link", name="All", exact=True)
    expect(current).to_have_attribute("aria-current", "page")


@ON_ONE
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_read_lines_are_accessible(board, color_scheme):
    page = board.visitor("Ada", color_scheme=color_scheme, viewport=NARROW)
    main = stream(page)
    toggle(lines(main).nth(1))
    expect_dots(main, "●○●○○")
    assert board.violations(page) == []
    bell(page).click()
    expect_dots(panel(page), "●○●○○")
    assert board.violations(page) == []
    page.goto("/activitystream/?unread=1")
    expect_dots(main, "●●")
    assert board.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Mark all as read").click()
    expect(main).to_contain_text("Nothing is unread.")
    assert board.violations(page) == []


def test_without_javascript_it_all_works(board):
    do(30)
    page = board.visitor("Ada", java_script_enabled=False)
    main = stream(page)
    toggle(lines(main).nth(1))
    expect(lines(main).nth(1).get_by_role("button")).to_have_text(UNREAD)
    expect_new(page, 32)
    toggle(lines(main).nth(1))
    expect(lines(main).nth(1).get_by_role("button")).to_have_text(READ)
    page.get_by_role("link", name="Unread", exact=True).click()
    page.get_by_role("link", name="Load more").click()
    expect(lines(main)).to_have_count(8)
    toggle(lines(main).first)
    expect(lines(main)).to_have_count(7)
    assert "unread=1" in page.url
    assert "before=" in page.url
    lines(main).last.get_by_role("link").click()
    expect(page.get_by_role("heading", name="More apples than I can eat")).to_be_visible()
    page.goto("/activitystream/?unread=1")
    page.get_by_role("button", name="Mark all as read").click()
    expect(main).to_contain_text("Nothing is unread.")
    assert page.url.endswith("?unread=1")
    page.get_by_role("link", name="All", exact=True).click()
    expect(main.get_by_role("button", name=UNREAD)).to_have_count(25)


@ON_ONE
def test_where_it_fails_the_line_stays_as_it_was(board):
    board.excuse("503")
    page = board.visitor("Ada")
    main = stream(page)
    page.route("**/activitystream/read", lambda route: route.fulfill(status=503, json={}), times=1)
    with page.expect_response("**/activitystream/read"):
        toggle(lines(main).first)
    expect_dots(main, "●●●○○")
    toggle(lines(main).first)
    expect_dots(main, "○●●○○")


@ON_ONE
def test_after_the_login_ended_it_leads_to_the_login_page(board):
    board.excuse("401")
    page = board.visitor("Ada")
    main = stream(page)
    page.context.clear_cookies()
    toggle(lines(main).first)
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()


@ON_ONE
def test_the_bell_is_told_of_it_where_links_are_boosted(board):
    page = patient(board.visitor("Ada"))
    main = stream(page)
    boost(page)
    toggle(lines(main).first)
    expect_dots(main, "○●●○○")
    expect_new(page, 2)
    comment("Any left?")
    page.get_by_role("link", name="All", exact=True).click()
    expect_new(page, 3)
    expect_dots(main, "●○●●○○")
    toggle(lines(main).nth(1))
    expect_dots(main, "●●●●○○")
    assert page.evaluate("window.isTheSamePage")
