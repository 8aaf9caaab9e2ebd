"""How the bell and the lists look, and that they are for everybody."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import NARROW, ON_ONE, WIDE, bell, comment, panel
from tests.helpers.documents import blocks

pytestmark = [pytest.mark.browser, ON_ONE]

OURS = ".activitystream:visible, .activitystream-panel:visible"


def style(locator, name):
    return locator.evaluate("(node, name) => getComputedStyle(node)[name]", name)


def test_the_hosts_properties_and_classes_win(board):
    page = board.visitor("Ada")
    (css,) = blocks("css", of=["docs/guides/styling.rst"])
    with page.expect_response("**/newest"):
        bell(page).click()
    page.evaluate(
        """css => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(css);
            document.adoptedStyleSheets = [sheet];
        }""",
        css.text,
    )
    line = panel(page).get_by_role("listitem").first
    assert style(line.locator(".activitystream-dot"), "backgroundColor") == "rgb(122, 31, 162)"
    assert style(panel(page), "borderTopLeftRadius") == "0px"
    assert style(line.locator(".activitystream-line"), "fontSize") == "14.4px"


def test_a_target_looks_like_a_link_and_stands_out(board):
    page = board.visitor("Ada")
    bell(page).click()
    line = panel(page).get_by_role("listitem").first
    assert "underline" in style(line.locator("cite"), "textDecorationLine")
    weights = [
        style(line.locator(f"{part} >> nth=0"), "fontWeight") for part in ("b", "bdi", "cite")
    ]
    assert weights == ["700", "500", "700"]


def test_the_whole_panel_is_in_sight_on_a_phone_with_long_texts(board):
    comment("long " * 300)
    page = board.visitor("Ada", viewport=NARROW)
    bell(page).click()
    expect(panel(page).get_by_role("listitem").first).to_be_visible()
    box = panel(page).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= NARROW["width"]
    assert box["y"] + box["height"] <= NARROW["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    see_all = panel(page).get_by_role("link", name="See all").bounding_box()
    assert see_all["y"] + see_all["height"] <= NARROW["height"]


@pytest.fixture(params=["demo", "Bootstrap 3"])
def pages(request, board, packages):
    """Return a function that yields our pages, and a page with an open bell, in a stylesheet."""
    board.excuse("glyphicons")  # which the demo's policy refuses

    def pages(**options):
        page = board.visitor("Ada", **options)
        if request.param == "Bootstrap 3":
            css = packages / "bootstrap-3/dist/css/bootstrap.min.css"
            page.route("**/css/demo.css", lambda route: route.fulfill(path=css))
        for url in ("/activitystream/", "/activitystream/settings", "/"):
            page.goto(url)
            if url == "/":
                bell(page).click()
                expect(panel(page).get_by_role("listitem").first).to_be_visible()
            yield page

    return pages


@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["narrow", "wide"])
@pytest.mark.parametrize("pages", ["Bootstrap 3"], indirect=True)
def test_bootstrap_3_brings_no_barrier(board, pages, viewport):
    comment("W" * 500)
    for page in pages(viewport=viewport):
        assert board.violations(page, ".activitystream, .activitystream-bell") == []
        ours = page.locator(OURS).bounding_box()
        assert ours["x"] >= 0
        assert ours["x"] + ours["width"] <= viewport["width"]
        for line in page.locator(OURS).locator("li:has(.activitystream-menu)").all():
            time, menu = line.locator("> time"), line.locator("summary")
            assert not overlap(time.bounding_box(), menu.bounding_box())


def overlap(one, other):
    return all(
        max(one[start], other[start]) < min(one[start] + one[size], other[start] + other[size])
        for start, size in (("x", "width"), ("y", "height"))
    )


def test_whatever_can_be_clicked_is_large_enough(pages):
    small = {}
    for page in pages(viewport=NARROW):
        ours = page.locator(OURS)
        for each in ours.locator("a:visible, button:visible, summary:visible, label:visible").all():
            box = each.bounding_box()
            if min(box["width"], box["height"]) < 24:
                small[each.evaluate("node => node.outerHTML")] = (box["width"], box["height"])
    # The whole line is clickable.
    assert [each for each in small if "activitystream-line" not in each] == []
