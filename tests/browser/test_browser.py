"""What users get, in a real browser."""

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from activitystream import am
from tests.helpers import browser
from tests.helpers.demo import empty_db_url, start
from tests.helpers.workers import made_once

pytestmark = pytest.mark.browser

expect.set_options(timeout=30_000)

NARROW = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    return made_once(tmp_path_factory, "npm", browser.packages) / "node_modules"


#: Runs a test on one database only, as what it looks at is the same on all.
ON_ONE = pytest.mark.parametrize("board", ["sqlite"], indirect=True)


@pytest.fixture(params=["sqlite", "mongodb"])
def board(request, chromium, packages, database_named, tmp_path):
    with (
        empty_db_url(request.param, database_named, tmp_path) as db_url,
        browser.board(start(db_url), chromium, packages) as board,
    ):
        yield board
    assert board.complaints == []


def bell(page):
    return page.get_by_role("button", name="Your activity stream")


def panel(page):
    return page.get_by_role("region", name="Your activity stream")


def expect_new(page, number):
    """The bell tells this number, to who sees it and to who hears it."""
    sentence = f" {number} new notification{'s' if number > 1 else ''}" if number else ""
    expect(page.locator(".activitystream-bell-link")).to_have_accessible_name(
        f"Your activity stream{sentence}"
    )
    expect(page.locator(".activitystream-count [aria-hidden]:visible")).to_have_text(
        [str(number)] if number else []
    )


@contextmanager
def at_work():
    """What Bruno does without a browser: gives him, Ada, and a notice below which both wrote."""
    from demo import model

    with model.orm.unit_of_work():
        (apples,) = (each for each in model.orm.newest_notices(50) if "apples" in each.title)
        yield model.orm.neighbour_named("Bruno"), model.orm.neighbour_named("Ada"), apples


def comment(text):
    """Bruno writes what Ada is notified of."""
    with at_work() as (bruno, _, apples):
        bruno.comment_on(apples, text)


def do(times):
    """Bruno does something, and something else, for Ada: the first leads nowhere."""
    with at_work() as (bruno, ada, apples):
        for number in range(times):
            target = apples if number % 2 else None
            am.create(bruno, f"did no. {number}.", target, recipients=[ada])


def patient(page):
    """The page again, with a clock that goes on faster when it is told to."""
    page.clock.install()
    page.reload()
    return page


def ask(page):
    """The bell of a patient page asks once."""
    expect(page.locator("[class*=htmx]")).to_have_count(0)  # which has just put it there
    with page.expect_response("**/activitystream/bell"):
        page.clock.fast_forward("00:05")


def hold_back(page, url):
    """A list that will hold the next request of this kind, until it is continued."""
    held = []
    page.route(url, lambda route: held.append(route), times=1)
    return held


def boost(page, attributes=None):
    """What a host may write in its master template, with attributes that all its pages inherit."""
    page.evaluate(
        """attributes => {
            for (const each in attributes) document.body.setAttribute(each, attributes[each]);
            htmx.process(document.body);
            window.isTheSamePage = true;
        }""",
        {"hx-boost": "true", **(attributes or {})},
    )


def stop_the_clock(page):
    """The bell of a patient page asks when it is told to."""
    page.clock.pause_at(page.evaluate("Date.now() / 1000") + 1)


def asked(page):
    """The questions of the bell, from now on."""
    questions = []
    of_bell = re.compile("/activitystream/bell$")
    page.on("request", lambda request: of_bell.search(request.url) and questions.append(request))
    return questions


def test_what_one_does_another_is_told_without_a_reload(board):
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


def test_what_comes_while_the_bell_is_open_stays_new(board):
    page = patient(board.visitor("Ada"))

    def be_quicker(route):
        comment("Wait for me!")
        route.continue_()

    page.route("**/ajax_update_last_seen_of_a_recipient*", be_quicker, times=1)
    bell(page).click()
    expect_new(page, 1)
    expect(panel(page)).not_to_contain_text("Wait for me!")
    comment("And for me!")
    ask(page)
    expect_new(page, 2)
    page.keyboard.press("Escape")
    expect_new(page, 2)
    bell(page).click()
    new = panel(page).get_by_role("listitem").filter(has_text=re.compile(r"\bnew\b"))
    expect(new).to_contain_text(["And for me!", "Wait for me!"])
    expect_new(page, 0)


@pytest.mark.parametrize("comes", ["first", "last"])
def test_an_old_answer_does_not_outlast_what_was_seen_since(board, comes):
    board.excuse("^htmx:")
    page = patient(board.visitor("Ada"))
    on_the_way = []

    def hold_the_first(route):
        if on_the_way:
            route.continue_()
        else:
            on_the_way.append((route, route.fetch()))

    marks = []
    page.route("**/bell", hold_the_first)
    page.route("**/ajax_update_last_seen*", lambda route: marks.append(route))
    with page.expect_request("**/bell"):
        page.clock.fast_forward("00:05")
    with page.expect_request("**/ajax_update_last_seen*"):
        bell(page).click()
    stop_the_clock(page)
    ((route, answer),), (mark,) = on_the_way, marks
    if comes == "first":
        with page.expect_event("requestfinished"):
            route.fulfill(response=answer)
        mark.continue_()
    else:
        mark.continue_()
        expect_new(page, 0)
        route.fulfill(response=answer)
    expect_new(page, 0)


def test_closed_before_it_shows_anything_it_marks_nothing(board):
    page = board.visitor("Ada")
    on_the_way = hold_back(page, "**/activitystream/newest")
    with page.expect_request("**/activitystream/newest"):
        bell(page).click()
    page.keyboard.press("Escape")
    page.evaluate("document.addEventListener('htmx:afterRequest', () => document.title = 'There')")
    on_the_way[0].continue_()
    expect(page).to_have_title("There")
    expect(page.locator(".activitystream-panel")).to_be_empty()
    expect_new(page, 3)


def test_the_page_that_the_bell_leads_to_tells_as_new_what_the_bell_did(board):
    page = board.visitor("Ada")
    bell(page).click()
    expect_new(page, 0)
    panel(page).get_by_role("link", name="See all").click()
    expect(page.get_by_role("heading", name="Your activity stream")).to_be_visible()
    expect(page.locator(".activitystream-badge")).to_have_count(3)


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
    expect(page.get_by_role("button", name="Log out")).to_be_focused()
    expect(panel(page)).to_be_hidden()
    expect(bell(page)).to_have_attribute("aria-expanded", "false")


def test_whoever_tabs_before_it_shows_anything_gets_into_it(board):
    page = board.visitor("Ada")
    on_the_way = hold_back(page, "**/activitystream/newest")
    bell(page).focus()
    with page.expect_request("**/activitystream/newest"):
        page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    on_the_way[0].continue_()
    first = panel(page).get_by_role("link").first
    expect(first).to_be_visible()
    page.keyboard.press("Tab")
    expect(first).to_be_focused()


def test_a_click_elsewhere_or_on_it_closes_it(board):
    page = board.visitor("Ada")
    for elsewhere in (page.get_by_role("banner"), bell(page)):
        bell(page).click()
        expect(panel(page).get_by_role("link").first).to_be_visible()
        elsewhere.click()
        expect(panel(page)).to_be_hidden()
        expect(bell(page)).to_have_attribute("aria-expanded", "false")


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


def test_without_htmx_it_is_a_link(board):
    board.has_htmx = False
    board.excuse("ERR_FAILED")
    page = board.visitor("Ada")
    expect_new(page, 3)
    page.get_by_role("link", name="Your activity stream 3 new notifications").click()
    expect(page.get_by_role("heading", name="Your activity stream")).to_be_visible()


def test_when_the_login_ends_it_stops_asking_and_leads_to_the_login_page(board):
    board.excuse("401")
    page = patient(board.visitor("Ada"))
    stop_the_clock(page)
    expect_new(page, 3)
    questions = asked(page)
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


@pytest.mark.parametrize("what", [".activitystream-bell-link", ".activitystream-older a"])
def test_asked_after_the_login_ended_it_leads_to_the_login_page_at_once(board, what):
    board.excuse("401")
    do(30)
    page = board.visitor("Ada")
    page.goto("/activitystream/")
    page.context.clear_cookies()
    page.locator(what).click()
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()


def test_where_the_network_fails_it_can_be_tried_again(board):
    board.excuse("^htmx:|ERR_FAILED")
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
    page = patient(board.visitor("Ada"))
    stop_the_clock(page)
    expect_new(page, 3)
    page.route("**/bell", lambda route: route.fulfill(status=503, json={}), times=2)
    do(1)
    for _ in range(2):
        ask(page)
        expect_new(page, 3)
    ask(page)
    expect_new(page, 4)


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


@pytest.mark.parametrize("event", ["visibilitychange", "focus"])
def test_nobody_looking_it_does_not_ask_and_asks_at_once_on_return(board, event):
    page = board.visitor("Ada")
    page.add_init_script(
        """Object.defineProperty(
            document, 'visibilityState', {get: () => window.isAway ? 'hidden' : 'visible'})"""
    )
    patient(page)
    stop_the_clock(page)
    questions = asked(page)
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
    """Each kind of page in turn, by its name."""
    page = board.visitor(**options)
    yield "login", page
    page = board.visitor("Ada", **options)
    yield "board", page
    page.get_by_role("link", name="More apples than I can eat", exact=True).click()
    page.wait_for_url("**/notice/*")
    yield "notice", page
    page.goto("/activitystream/")
    yield "stream", page
    bell(page).click()
    expect_new(page, 0)
    yield "bell", page
    page.goto("/nothing")
    yield "error", page


def is_cut_off(page):
    """Whether the page, or the panel of the bell, is wider than the screen."""
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
