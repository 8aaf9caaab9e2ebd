"""The bell under other Content-Security-Policies than the demo's own, as the guide says."""

import contextlib
import re

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
OUR_SCRIPT = "activitystream.js' violates"


@pytest.fixture
def board_under(chromium, packages, database_named, tmp_path):
    """Return a function that serves the demo with another policy, and returns its board.

    It takes a part of the demo's policy, what replaces it, and a function that changes the HTML.
    """
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(empty_db_url("sqlite", database_named, tmp_path))

        def board_under(old, new, change=str):
            @wsgify.middleware
            def with_policy(request, app):
                answer = request.get_response(app)
                policy = answer.headers["Content-Security-Policy"]
                answer.headers["Content-Security-Policy"] = policy.replace(old, new)
                if answer.content_type == "text/html":
                    # The script that the page itself names is that of htmx.
                    page = answer.text.replace("<script cross", '<script nonce="abc" cross')
                    answer.text = change(page)
                return answer

            app = with_policy(start(url))
            return stack.enter_context(browser.board(app, chromium, packages))

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
    assert OUR_SCRIPT in complaint


def test_a_script_with_a_nonce_loads_ours_under_strict_dynamic(board_under):
    (loader,) = blocks("javascript", of=["docs/guides/security-policy.rst"])

    def with_loader(page):
        return page.replace("</head>", f'<script nonce="abc">{loader.text}</script></head>')

    board = board_under("script-src 'self'", f"script-src {NONCE} 'strict-dynamic'", with_loader)
    expect_to_open(board.visitor("Ada"))
    (complaint,) = board.complaints
    assert OUR_SCRIPT in complaint


def test_without_our_settings_htmx_adds_a_style_and_evaluates_nothing_of_ours(board_under):
    board = board_under("", "", lambda page: re.sub("<meta [^>]*htmx-config[^>]*>", "", page))
    expect_to_open(board.visitor("Ada"))
    (complaint,) = board.complaints
    assert "Applying inline style violates" in complaint


def test_the_bell_needs_a_page_without_trusted_types(board_under):
    board = board_under("base-uri", "require-trusted-types-for 'script'; base-uri")
    page = board.visitor("Ada")
    with page.expect_event("console", lambda message: "TrustedHTML" in message.text):
        bell(page).click()


@pytest.mark.parametrize("is_allowed", [True, False])
def test_pictures_of_another_site_need_their_site_in_the_policy(
    board_under, monkeypatch, is_allowed
):
    picture = "https://pictures.example.com/ann.png"
    monkeypatch.setattr(Neighbour, "as_image", picture, raising=False)
    sites = " https://pictures.example.com" if is_allowed else ""
    board = board_under("img-src 'self'", f"img-src 'self'{sites}")
    page = board.visitor("Ada")
    do(1)
    expect_to_open(page)
    expect(panel(page).locator(".activitystream-picture").first).to_have_text("")
    refused = [each for each in board.complaints if "violates" in each]
    asked = [each for each in board.complaints if each == f"{picture} was asked for"]
    assert (bool(asked), bool(refused)) == (is_allowed, not is_allowed)
