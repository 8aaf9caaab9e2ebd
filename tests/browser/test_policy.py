"""The bell under other Content-Security-Policies than the demo's own, as the guide says."""

import contextlib

import pytest
from playwright.sync_api import expect
from webob.dec import wsgify

from demo.model.board import Neighbour
from tests.browser.steps import bell, do, panel
from tests.helpers import browser
from tests.helpers.demo import empty_db_url, start
from tests.helpers.documents import blocks

pytestmark = pytest.mark.browser

NONCE = "'nonce-abc'"
OURS = "activitystream.js' violates"


@pytest.fixture
def board_under(chromium, packages, database_named, tmp_path):
    """Return a function that serves the demo under a policy, with nonces; it returns its board.

    ``script``: code that the head of each page has, with the nonce.
    """
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(empty_db_url("sqlite", database_named, tmp_path))

        def board_under(old, new, script=""):
            @wsgify.middleware
            def under_policy(request, app):
                answer = request.get_response(app)
                policy = answer.headers["Content-Security-Policy"]
                answer.headers["Content-Security-Policy"] = policy.replace(old, new)
                if answer.content_type == "text/html":
                    head = f'<script nonce="abc">{script}</script></head>'
                    page = answer.text.replace("<script cross", '<script nonce="abc" cross')
                    answer.text = page.replace("</head>", head)
                return answer

            return stack.enter_context(browser.board(under_policy(start(url)), chromium, packages))

        yield board_under


def expect_to_open(page):
    bell(page).click()
    expect(panel(page).get_by_role("listitem").first).to_be_visible()


def test_nonces_stand_beside_self(board_under):
    board = board_under("script-src 'self' https:", f"script-src 'self' {NONCE} https:")
    expect_to_open(board.visitor("Ada"))
    assert board.complaints == []


def test_with_nonces_alone_the_bell_is_a_link(board_under):
    board = board_under("script-src 'self'", f"script-src {NONCE}")
    page = board.visitor("Ada")
    expect(page.get_by_role("link", name="Your activity stream")).to_be_visible()
    (complaint,) = board.complaints
    assert OURS in complaint


def test_a_script_with_a_nonce_loads_ours_under_strict_dynamic(board_under):
    (loader,) = blocks("javascript", of=["docs/guides/security-policy.rst"])
    board = board_under("script-src 'self'", f"script-src {NONCE} 'strict-dynamic'", loader.text)
    expect_to_open(board.visitor("Ada"))
    (complaint,) = board.complaints
    assert OURS in complaint


@pytest.mark.parametrize("allowed", [True, False])
def test_pictures_of_another_site_are_asked_for_if_the_policy_says_so(
    board_under, monkeypatch, allowed
):
    picture = "https://pictures.example.com/ann.png"
    monkeypatch.setattr(Neighbour, "as_image", picture, raising=False)
    sites = " https://pictures.example.com" if allowed else ""
    board = board_under("img-src 'self'", f"img-src 'self'{sites}")
    page = board.visitor("Ada")
    do(1)
    expect_to_open(page)
    expect(panel(page).locator(".activitystream-picture").first).to_have_text("")
    refused = [each for each in board.complaints if "violates" in each]
    asked = [each for each in board.complaints if each == f"{picture} was asked for"]
    assert (bool(asked), bool(refused)) == (allowed, not allowed)
