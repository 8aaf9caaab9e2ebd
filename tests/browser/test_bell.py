"""The bell in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    ON_ONE,
    ask,
    bell,
    bell_requests,
    boost,
    comment,
    do,
    expect_new,
    hold_back,
    panel,
    patient,
    wait_for,
)

pytestmark = pytest.mark.browser


def test_an_action_reaches_its_recipient_without_a_reload(board):
    ada, bruno = board.visitor("Ada"), board.visitor("Bruno")
    expect_new(ada, 3)
    ada.evaluate("window.isTheSamePage = true")
    bruno.get_by_label("Your comment on “More apples than I can eat”").fill("Any left?")
    bruno.keyboard.press("Enter")
    expect_new(ada, 4)
    bell(ada).click()
    first = panel(ada).get_by_role("listitem").first
    expect(first).to_contain_text("Bruno commented on “More apples than I can eat” Any left?")
    expect(first).to_contain_text("new")
    expect_new(ada, 0)
    assert ada.evaluate("window.isTheSamePage")
    first.get_by_role("link").click()
    expect(ada.get_by_role("heading", name="More apples than I can eat")).to_be_visible()
    assert "/notice/" in ada.url


def test_an_action_that_arrives_while_the_bell_is_open_stays_new(board):
    page = patient(board.visitor("Ada"))

    def be_quicker(route):
        answer = route.fetch()
        comment("Wait for me!")
        route.fulfill(response=answer)

    page.route("**/newest", be_quicker, times=1)
    bell(page).click()
    expect_new(page, 1)
    lines = panel(page).get_by_role("listitem")
    expect(lines.nth(0)).to_contain_text("Wait for me!")
    read = lines.nth(1).get_by_role("link").element_handle()
    place = read.bounding_box()["y"]
    comment("And for me!")
    ask(page)
    expect_new(page, 2)
    # It is put in above what is being read, which does not move.
    expect(lines.nth(0)).to_contain_text("And for me!")
    assert abs(read.bounding_box()["y"] - place) < 2
    expect_new(page, 2)
    page.keyboard.press("Escape")
    expect_new(page, 2)
    bell(page).click()
    new = panel(page).get_by_role("listitem").filter(has_text=re.compile(r"\bnew\b"))
    expect(new).to_contain_text(["And for me!", "Wait for me!"])
    expect_new(page, 0)


@pytest.mark.parametrize("comes", ["first", "last"])
def test_a_late_answer_restores_no_old_number(board, comes):
    page = patient(board.visitor("Ada"), is_still=True)
    on_the_way = []

    def hold_the_first(route):
        if on_the_way:
            route.continue_()
        else:
            on_the_way.append((route, route.fetch()))

    page.route("**/bell", hold_the_first)
    marks = hold_back(page, "**/newest")
    page.clock.fast_forward("00:05")
    route, answer = wait_for(page, on_the_way)
    bell(page).click()
    mark = wait_for(page, marks)
    if comes == "first":
        with page.expect_event("requestfinished"):
            route.fulfill(response=answer)
        mark.continue_()
    else:
        mark.continue_()
        expect_new(page, 0)
        route.fulfill(response=answer)
    expect_new(page, 0)


def test_a_bell_closed_before_it_loads_marks_nothing(board):
    page = board.visitor("Ada")
    hold_back(page, "**/activitystream/newest")
    with page.expect_event("requestfailed"):
        bell(page).click()
        page.keyboard.press("Escape")
    expect(page.locator(".activitystream-panel")).to_be_empty()
    expect_new(page, 3)
    bell(page).click()
    expect(panel(page).get_by_role("listitem")).to_have_count(5)
    expect_new(page, 0)


def test_see_all_shows_as_new_what_the_bell_did(board):
    page = board.visitor("Ada")
    bell(page).click()
    expect_new(page, 0)
    panel(page).get_by_role("link", name="See all").click()
    expect(page.get_by_role("heading", name="Your activity stream")).to_be_visible()
    expect(page.locator(".activitystream-badge")).to_have_count(3)


@ON_ONE
def test_it_opens_and_closes_by_keyboard_alone(board):
    page = board.visitor("Ada")
    for _ in ("Skip to the content", "Linden House", "the bell"):
        page.keyboard.press("Tab")
    expect(bell(page)).to_be_focused()
    first, last = (panel(page).get_by_role("link").nth(number) for number in (0, -1))
    for key in ("Enter", "Space"):
        expect(bell(page)).to_have_attribute("aria-expanded", "false")
        page.keyboard.press(key)
        expect(bell(page)).to_have_attribute("aria-expanded", "true")
        expect(first).to_be_visible()
        page.keyboard.press("Tab")
        expect(first).to_be_focused()
        page.keyboard.press("Escape")
        expect(bell(page)).to_be_focused()
        expect(panel(page)).to_be_hidden()
    page.keyboard.press("Enter")
    expect(last).to_have_text("See all")
    last.focus()
    page.keyboard.press("Tab")
    expect(page.locator("a.me")).to_be_focused()
    expect(panel(page)).to_be_hidden()
    expect(bell(page)).to_have_attribute("aria-expanded", "false")


@ON_ONE
def test_tab_enters_the_loading_panel(board):
    page = board.visitor("Ada")
    on_the_way = hold_back(page, "**/activitystream/newest")
    bell(page).focus()
    page.keyboard.press("Enter")
    newest = wait_for(page, on_the_way)
    page.keyboard.press("Tab")
    newest.continue_()
    first = panel(page).get_by_role("link").first
    expect(first).to_be_visible()
    page.keyboard.press("Tab")
    expect(first).to_be_focused()


@ON_ONE
def test_a_click_elsewhere_or_on_it_closes_it(board):
    page = board.visitor("Ada")
    for elsewhere in (page.get_by_role("banner"), bell(page)):
        bell(page).click()
        expect(panel(page).get_by_role("link").first).to_be_visible()
        elsewhere.click()
        expect(panel(page)).to_be_hidden()
        expect(bell(page)).to_have_attribute("aria-expanded", "false")


@ON_ONE
def test_a_screen_reader_is_told_a_new_number_once(board):
    page = patient(board.visitor("Ada"))
    status = page.get_by_role("status")
    expect(status).to_have_text("")
    status.evaluate(
        """status => {
            window.told = [];
            const tell = () => told.push(status.textContent);
            new MutationObserver(tell).observe(status, {childList: true, characterData: true});
        }"""
    )
    comment("Any left?")
    for _ in range(3):
        ask(page)
        expect_new(page, 4)
    assert page.evaluate("told") == ["4 new notifications"]


def test_without_javascript_it_all_works(board):
    do(30)
    page = board.visitor("Ada", java_script_enabled=False)
    expect_new(page, 33)
    page.get_by_role("link", name="Your activity stream 33 new notifications").click()
    expect(page.get_by_role("heading", name="Your activity stream")).to_be_visible()
    lines = page.locator(".activitystream-line")
    expect(lines).to_contain_text([f"Bruno did no. {number}." for number in range(29, 4, -1)])
    page.get_by_role("link", name="Load more").click()
    expect(lines.first).to_contain_text("Bruno did no. 4.")
    expect(lines).to_have_count(5 + 5)
    page.go_back()
    page.get_by_role("button", name="Mark all as seen").click()
    expect_new(page, 0)
    expect(page.locator(".activitystream-badge")).to_have_count(0)


@ON_ONE
def test_without_htmx_it_is_a_link(board):
    board.has_htmx = False
    board.excuse("ERR_FAILED")
    page = board.visitor("Ada")
    expect_new(page, 3)
    page.get_by_role("link", name="Your activity stream 3 new notifications").click()
    expect(page.get_by_role("heading", name="Your activity stream")).to_be_visible()


@ON_ONE
def test_when_the_login_ends_it_stops_asking_and_leads_to_the_login_page(board):
    board.excuse("401")
    page = patient(board.visitor("Ada"), is_still=True)
    expect_new(page, 3)
    questions = bell_requests(page)
    other_tab = page.context.new_page()
    other_tab.goto("/")
    other_tab.get_by_role("button", name="Log out").click()
    expect(other_tab.get_by_role("heading", name="Who are you?")).to_be_visible()
    page.clock.fast_forward("00:05")
    expect_new(page, 0)
    for _ in range(10):
        page.clock.fast_forward("00:05")
    page.get_by_role("link", name="Your activity stream").click()
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()
    assert len(questions) == 1


@ON_ONE
@pytest.mark.parametrize("what", [".activitystream-bell-link", ".activitystream-older a"])
def test_opening_after_logout_goes_to_login(board, what):
    board.excuse("401")
    do(30)
    page = board.visitor("Ada")
    page.goto("/activitystream/")
    page.context.clear_cookies()
    page.locator(what).click()
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()


@ON_ONE
def test_where_the_network_fails_it_can_be_tried_again(board):
    board.excuse("htmx:sendError|ERR_FAILED")
    do(30)
    page = board.visitor("Ada")
    page.goto("/activitystream/")
    for each in ("**/newest", "**/more?*"):
        page.route(each, lambda route: route.abort(), times=1)
    with page.expect_event("requestfailed"):
        bell(page).click()
    expect(page.locator(".activitystream-panel")).to_be_hidden()
    bell(page).click()
    expect(panel(page).get_by_role("listitem")).to_have_count(10)
    more = page.get_by_role("link", name="Load more")
    with page.expect_event("requestfailed"):
        more.click()
    more.click()
    expect(page.locator("main .activitystream-line")).to_have_count(30 + 5)


@ON_ONE
def test_while_the_database_is_away_it_keeps_its_number_and_goes_on_asking(board):
    board.excuse("503")
    page = patient(board.visitor("Ada"), is_still=True)
    expect_new(page, 3)
    page.route("**/bell", lambda route: route.fulfill(status=503, json={}), times=2)
    do(1)
    for _ in range(2):
        ask(page)
        expect_new(page, 3)
    ask(page)
    expect_new(page, 4)


@ON_ONE
def test_after_another_login_it_asks_again_even_where_links_are_boosted(board):
    board.excuse("401")
    page = patient(board.visitor("Ada"))
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.clock.fast_forward("00:05")
    expect_new(page, 0)
    page.context.add_cookies(cookies)
    boost(page)
    page.get_by_role("link", name="Linden House").click()
    expect_new(page, 3)
    comment("Any left?")
    ask(page)
    expect_new(page, 4)
    bell(page).click()
    expect_new(page, 0)


@ON_ONE
@pytest.mark.parametrize("event", ["visibilitychange", "focus"])
def test_a_hidden_page_stops_polling_and_polls_at_once_on_return(board, event):
    page = board.visitor("Ada")
    page.add_init_script(
        """Object.defineProperty(
            document, 'visibilityState', {get: () => window.isAway ? 'hidden' : 'visible'})"""
    )
    patient(page, is_still=True)
    questions = bell_requests(page)
    look = """([isAway, event]) => {
        window.isAway = isAway;
        document.dispatchEvent(new Event(event, {bubbles: true}));
    }"""
    page.evaluate(look, [True, event])
    for _ in range(10):
        page.clock.fast_forward("00:05")
    comment("Any left?")
    page.evaluate(look, [False, event])
    expect_new(page, 4)
    assert len(questions) == 1


@ON_ONE
@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"hx-target": "#main", "hx-select": "#main", "hx-swap": "outerHTML"},
        {"hx-push-url": "true"},
    ],
)
def test_a_host_may_boost_its_links(board, attributes):
    page = patient(board.visitor("Ada"))
    boost(page, attributes)
    address = page.url
    bell(page).click()
    expect(panel(page).get_by_role("listitem")).to_have_count(5)
    expect_new(page, 0)
    assert page.url == address
    comment("Any left?")
    page.get_by_role("link", name="Your whole stream").click()
    expect(page.get_by_role("heading", name="Your activity stream")).to_be_visible()
    ask(page)
    expect_new(page, 1)
    expect(panel(page)).to_be_hidden()
    bell(page).click()
    first = panel(page).get_by_role("listitem").first
    expect(first).to_contain_text("Any left?")
    expect_new(page, 0)
    first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="More apples than I can eat")).to_be_visible()
    expect(panel(page)).to_be_hidden()
    do(30)
    page.get_by_role("link", name="Your whole stream").click()
    items = page.locator(".activitystream-actions > li")
    expect(items).to_have_count(25)
    page.get_by_role("link", name="Load more").click()
    expect(items).to_have_count(30 + 6)
    assert page.evaluate("window.isTheSamePage")
