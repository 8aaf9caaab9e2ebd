"""Muting from a line, its undo, and the settings."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import NARROW, ON_ONE, bell, boost, comment, do, expect_new, panel
from tests.browser.test_read import lines, stream

pytestmark = pytest.mark.browser

APPLES = "Mute what happens to “More apples than I can eat”"


def menu(line):
    return line.locator(".activitystream-menu > summary")


def items(line):
    """Return what the open menu of a line offers."""
    return line.locator(".activitystream-mute").get_by_role("button")


def mute(line, name):
    """Mute by the menu of a line; return what takes its place."""
    menu(line).click()
    line.get_by_role("button", name=name, exact=True).click()
    muted = line.get_by_role("group", name="Muted:")
    expect(muted).to_be_visible()
    return muted


def words(place):
    return place.locator(".activitystream-line").all_inner_texts()


def settings(page):
    page.goto("/activitystream/settings")
    return page.locator("main")


def test_a_line_is_muted_and_brought_back_in_its_place(board):
    comment("Any left?")
    page = board.visitor("Ada")
    expect_new(page, 4)
    main = stream(page)
    first = lines(main).first
    told = first.inner_text()
    muted = mute(first, "Mute Comments")
    expect(muted).to_contain_text("Muted: Comments")
    expect(first.locator(".activitystream-line")).to_have_count(0)
    expect_new(page, 2)
    muted.get_by_role("button", name="Undo").click()
    expect(first).to_have_text(told, use_inner_text=True)
    expect_new(page, 4)
    # All of it works again.
    first.get_by_role("button", name="Mark as read").click()
    expect(first.get_by_role("button", name="Mark as unread")).to_be_visible()
    mute(first, "Mute Bruno")
    page.reload()
    assert not [each for each in words(main) if each.startswith("Bruno")]
    expect(settings(page).locator("li > span")).to_have_text(["What Bruno does"])
    page.get_by_role("button", name="Unmute: What Bruno does").click()
    expect(page.locator("main")).to_contain_text("Nothing is muted.")
    assert [each for each in words(stream(page)) if each.startswith("Bruno")]


def test_it_works_in_the_bell_beside_the_page(board):
    page = board.visitor("Ada")
    main = stream(page)
    number = lines(main).count()
    bell(page).click()
    expect(lines(panel(page))).to_have_count(number)
    line = lines(panel(page)).nth(2)
    muted = mute(line, APPLES)
    expect(panel(page)).to_be_visible()
    expect(main.get_by_role("group", name="Muted:")).to_have_count(0)
    muted.get_by_role("button", name="Undo").click()
    expect(line.locator(".activitystream-line")).to_be_visible()
    mute(line, APPLES)
    page.keyboard.press("Escape")
    bell(page).click()
    expect(panel(page)).not_to_contain_text("apples")


def test_without_javascript_it_all_works(board):
    do(30)
    page = board.visitor("Ada", java_script_enabled=False)
    main = stream(page)
    page.get_by_role("link", name="Load more").click()
    where = page.url
    line = lines(main).first
    menu(line).click()
    expect(items(line).first).to_have_text("Mute this kind")
    line.get_by_role("button", name="Mute Bruno").click()
    assert page.url.startswith(f"{where}&muted=")
    expect(main.get_by_role("status")).to_have_text("Muted: What Bruno does Undo")
    main.get_by_role("link", name="Undo").click()
    target = main.locator("li:target")
    expect(target).to_contain_text("What Bruno does")
    target.get_by_role("button", name="Unmute").click()
    expect(main).to_contain_text("Nothing is muted.")
    page.get_by_role("switch", name="Comments").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(main.get_by_role("status")).to_have_text("Saved.")
    expect(page.get_by_role("switch", name="Comments")).not_to_be_checked()
    page.get_by_role("link", name="Your activity stream").last.click()
    assert not [each for each in words(main) if "commented on" in each]
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("switch", name="Comments").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("switch", name="Comments")).to_be_checked()
    expect(main).to_contain_text("Nothing is muted.")


@ON_ONE
def test_by_keyboard_alone(board):
    page = board.visitor("Ada")
    bell(page).focus()
    page.keyboard.press("Enter")
    first = lines(panel(page)).first
    expect(first).to_be_visible()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(menu(first)).to_be_focused()
    expect(menu(first)).to_have_accessible_name("Mute…")
    box = menu(first).bounding_box()
    assert min(box["width"], box["height"]) >= 24
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(items(first).first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu(first)).to_be_focused()
    expect(items(first)).to_have_count(0)
    expect(panel(page)).to_be_visible()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    undo = first.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    assert "Muted: " in first.aria_snapshot()
    page.keyboard.press("Space")
    expect(menu(first)).to_be_focused()
    expect(first.locator(".activitystream-line")).to_be_visible()
    page.keyboard.press("Escape")
    expect(bell(page)).to_be_focused()


@ON_ONE
def test_one_menu_is_open_at_a_time(board):
    page = board.visitor("Ada")
    main = stream(page)
    menu(lines(main).nth(0)).click()
    menu(lines(main).nth(1)).click()
    expect(main.locator(".activitystream-menu[open]")).to_have_count(1)
    page.get_by_role("heading", name="Your activity stream").click()
    expect(main.locator(".activitystream-menu[open]")).to_have_count(0)


@ON_ONE
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_it_is_accessible_and_fits_a_phone(board, color_scheme):
    page = board.visitor("Ada", color_scheme=color_scheme, viewport=NARROW)
    main = stream(page)
    mute(lines(main).nth(1), APPLES)
    menu(lines(main).nth(2)).click()
    for place in ("page", "bell", "settings"):
        if place == "bell":
            bell(page).click()
            menu(lines(panel(page)).first).click()
        if place == "settings":
            settings(page)
        assert board.violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@ON_ONE
def test_where_it_fails_the_line_stays_as_it_was(board):
    board.excuse("503|^htmx:")
    page = board.visitor("Ada")
    first = lines(stream(page)).first
    for url, name in (("mute", "Mute Freya"), ("unmute", "Undo")):
        page.route(f"**/activitystream/{url}", lambda route: route.fulfill(status=503), times=1)
        with page.expect_response(f"**/activitystream/{url}"):
            if url == "mute":
                menu(first).click()
            first.get_by_role("button").filter(has_text=name).click()
        expect(first.get_by_role("button").filter(has_text=name)).to_be_visible()
        first.get_by_role("button").filter(has_text=name).click()
    expect(first.locator(".activitystream-line")).to_be_visible()


@ON_ONE
def test_after_the_login_ended_it_leads_to_the_login_page(board):
    board.excuse("401|^htmx:")
    page = board.visitor("Ada")
    first = lines(stream(page)).first
    menu(first).click()
    page.context.clear_cookies()
    items(first).first.click()
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()


@ON_ONE
def test_it_works_where_links_are_boosted(board):
    page = board.visitor("Ada")
    main = stream(page)
    boost(page)
    muted = mute(lines(main).nth(1), APPLES)
    muted.get_by_role("button", name="Undo").click()
    expect(lines(main).nth(1).locator(".activitystream-line")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("switch", name="Likes").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    assert page.evaluate("window.isTheSamePage")
    page.get_by_role("button", name="Unmute: Likes").click()
    expect(page.locator("main")).to_contain_text("Nothing is muted.")
