"""What no page of the demo may do in any of these tests."""

import pytest

from tests.browser.steps import ON_ONE, hold_back, wait_for
from tests.helpers.processes import wait_until

pytestmark = pytest.mark.browser

ASK = "htmx.trigger('.activitystream-count', 'activitystream:ask')"


@ON_ONE
def test_a_request_that_is_replaced_is_no_complaint(board):
    page = board.visitor("Ada")
    first = hold_back(page, "**/bell")
    page.evaluate(ASK)
    wait_for(page, first)
    with page.expect_event("requestfailed"):
        page.evaluate(ASK)


@ON_ONE
@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.error('no such part')", "no such part"),
        ("console.warn('soon no more')", "soon no more"),
        ("setTimeout(() => nothing.at.all)", "nothing is not defined"),
        (ASK, "htmx:sendError"),
    ],
)
def test_an_error_of_a_page_is_a_complaint(board, script, complaint):
    board.excuse("")
    page = board.visitor("Ada")
    page.route("**/bell", lambda route: route.abort())
    page.evaluate(script)
    wait_until(lambda: page.wait_for_timeout(10) or complaint in str(board.complaints))


@ON_ONE
def test_an_answer_of_an_error_is_a_complaint(board):
    board.excuse("")
    page = board.visitor("Ada")
    page.route("**/bell", lambda route: route.fulfill(status=503))
    page.evaluate(ASK)
    wait_until(lambda: page.wait_for_timeout(10) or "Error Code 503" in str(board.complaints))
