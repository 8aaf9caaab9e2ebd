"""A reader with forty likes in three groups, and an announcement of their own."""

import pytest
from playwright.sync_api import expect

from activitystream import am
from tests.browser.steps import (
    NARROW,
    ON_ONE,
    WIDE,
    ask,
    at_work,
    bell,
    expect_new,
    panel,
    patient,
)

pytestmark = pytest.mark.browser

LIKED = [
    "Freya, Ada and 2 others liked “A third”",
    "Kofi, Bruno and 2 others liked “A second”",
    "Kofi, Bruno and 2 others liked “A first”",
]


@pytest.fixture
def mei(board):
    """Have Mei be told of 40 likes, and announce something herself."""
    from demo import model

    with at_work():
        mei = model.orm.neighbour_named("Mei")
        am.mark_all_read(mei)
        others = [each for each in model.orm.neighbours() if each.name != "Mei"]
        others.sort(key=lambda each: ["Ada", "Freya", "Bruno", "Kofi"].index(each.name))
        for title, times in (("A first", 16), ("A second", 12), ("A third", 14)):
            notice = mei.announce(title, "")
            for number in range(times):
                am.create(others[number % 4], "liked", notice, recipients=[mei])
    return "Mei"


def lines(place):
    """Return the lines of the page, or of the bell's panel, without those of unfolded groups."""
    return place.locator(".activitystream-actions > li:not(li li)")


def words(place):
    return lines(place).locator("> .activitystream-line")


def dots(line):
    return line.locator(".activitystream-dot:visible")


def test_groups_are_lines(board, mei):
    page = board.visitor(mei)
    expect_new(page, 3)
    for number, sentence in enumerate(LIKED):
        expect(words(page.locator(".news")).nth(number)).to_have_text(sentence)
    bell(page).click()
    expect(words(panel(page)).nth(2)).to_have_text(LIKED[2])
    expect(panel(page)).not_to_contain_text("announced “A first”")
    expect_new(page, 0)
    expect(dots(lines(panel(page)).first)).to_have_count(1)


def test_a_group_is_unfolded_in_place(board, mei):
    page = board.visitor(mei)
    page.goto("/activitystream/")
    first = lines(page.locator("main")).first
    first.get_by_text("Show all 14").click()
    inner = first.locator("li")
    expect(inner).to_have_count(14)
    expect(inner.first).to_contain_text("Freya liked “A third”")
    first.get_by_role("button", name="Mark as read").first.click()
    expect(dots(first)).to_have_count(0)
    inner.nth(2).get_by_role("button", name="Mark as unread").click()
    expect(dots(first)).to_have_count(1)
    page.reload()
    expect(words(page.locator("main")).nth(0)).to_have_text(
        "Freya, Ada and 2 others liked “A third”"
    )
    expect(lines(page.locator("main")).filter(has_text="A third")).to_have_count(2)


def test_following_a_group_reads_it(board, mei):
    page = board.visitor(mei)
    bell(page).click()
    words(panel(page)).nth(1).click()
    expect(page.get_by_role("heading", name="A second")).to_be_visible()
    page.goto("/activitystream/")
    third, second, first = (lines(page.locator("main")).nth(number) for number in range(3))
    for line, number in ((third, 1), (second, 0), (first, 1)):
        expect(dots(line)).to_have_count(number)


@pytest.fixture
def like():
    """Return a function that has Bruno like a notice of Mei's."""
    from demo import model

    def like(title):
        with at_work() as (bruno, _, _):
            (notice,) = (each for each in model.orm.newest_notices(50) if each.title == title)
            am.create(bruno, "liked", notice, recipients=[model.orm.neighbour_named("Mei")])

    return like


def test_a_like_that_joins_a_group_in_the_open_bell_becomes_its_line(board, mei, like):
    page = patient(board.visitor(mei))
    bell(page).click()
    expect_new(page, 0)
    third, second = (words(panel(page)).nth(number) for number in (0, 1))
    place, number = second.bounding_box(), lines(panel(page)).count()
    like("A third")
    ask(page)
    expect(third).to_have_text("Bruno, Freya and 2 others liked “A third”")
    expect_new(page, 1)
    assert lines(panel(page)).count() == number
    assert second.bounding_box() == place
    lines(panel(page)).first.get_by_text("Show all 15").click()
    expect(lines(panel(page)).first.locator("li")).to_have_count(15)
    # While the line is in use it stays as it is, and there is no other.
    like("A third")
    like("A first")
    ask(page)
    expect(words(panel(page)).nth(2)).to_have_text("Bruno, Kofi and 2 others liked “A first”")
    expect(third).to_have_text("Bruno, Freya and 2 others liked “A third”")
    assert lines(panel(page)).count() == number


@ON_ONE
def test_a_like_of_a_read_group_gets_a_line_of_its_own(board, mei, like):
    page = patient(board.visitor(mei))
    bell(page).click()
    line = lines(panel(page)).filter(has_text="A second")
    line.get_by_role("button", name="Mark as read").click()
    expect(dots(line)).to_have_count(0)
    like("A second")
    ask(page)
    expect(words(panel(page)).first).to_have_text("Bruno liked “A second”")
    expect(line).to_have_count(2)
    like("A second")
    like("A first")
    ask(page)
    expect(words(panel(page)).nth(3)).to_have_text("Bruno, Kofi and 2 others liked “A first”")
    expect(words(panel(page)).first).to_have_text("Bruno liked “A second” (2 times)")
    expect(line).to_have_count(2)


@ON_ONE
def test_a_like_taken_back_leaves_its_group(board, mei):
    page = board.visitor(mei)
    with at_work() as (bruno, _, _):
        for action in am.get_by_actor(bruno, visible_to=bruno).limit(3).all():
            if action.name_of("target") == "“A third”":
                am.withdraw(bruno, "liked", action.entity("target"))
                break
    page.goto("/activitystream/")
    expect(words(page.locator("main")).first).to_have_text("Freya, Ada and 1 other liked “A third”")


@ON_ONE
def test_groups_by_keyboard_alone(board, mei):
    page = board.visitor(mei)
    page.goto("/activitystream/")
    first = lines(page.locator("main")).first
    words(page.locator("main")).first.focus()
    for _ in range(4):
        page.keyboard.press("Tab")
        if first.get_by_text("Show all 14").evaluate("e => e === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(first.locator("li")).to_have_count(14)
    page.keyboard.press("Enter")
    expect(first.locator("li").first).not_to_be_visible()


@ON_ONE
def test_groups_without_scripts(board, mei):
    page = board.visitor(mei, java_script_enabled=False)
    page.goto("/activitystream/")
    first = lines(page.locator("main")).first
    first.get_by_text("Show all 14").click()
    first.get_by_role("link", name="Open the list").click()
    expect(lines(page.locator("main"))).to_have_count(14)
    page.go_back()
    first.get_by_role("button", name="Mark as read").click()
    expect(dots(lines(page.locator("main")).first)).to_have_count(0)


@ON_ONE
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [NARROW, WIDE])
def test_groups_are_accessible(board, mei, color_scheme, viewport):
    page = board.visitor(mei, color_scheme=color_scheme, viewport=viewport)
    page.goto("/activitystream/")
    first = lines(page.locator("main")).first
    first.get_by_text("Show all 14").click()
    expect(first.locator("li")).to_have_count(14)
    assert board.violations(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= viewport["width"]
