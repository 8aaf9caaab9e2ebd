"""What is left of an action when its request ends early, in TurboGears' transaction."""

import pytest

from tests.helpers.databases import on
from tests.helpers.documents import blocks

pytestmark = on("sqlite", "postgresql", "mariadb")


def stored_after(host, user, end):
    browser = host.browser(user)
    if end == "error":
        with pytest.raises(RuntimeError):
            browser.get("/do_and_end?end=error")
    else:
        browser.get(f"/do_and_end?end={end}", status=int(end) if end.isdigit() else "*")
    return [action["verb"] for action in host.database.raw_actions()] == ["tried"]


@pytest.mark.parametrize("end", ["404", "500", "redirect"])
def test_keeps_the_actions_of_a_request_that_aborts_or_redirects(host, user, end):
    assert stored_after(host, user, end)


@pytest.mark.parametrize("end", ["error", "doomed"])
def test_stores_nothing_of_a_request_that_fails_or_is_doomed(host, user, end):
    assert not stored_after(host, user, end)


@pytest.mark.parametrize(("end", "is_stored"), [("404", False), ("500", False), ("redirect", True)])
def test_stores_nothing_that_the_documented_commit_veto_refuses(host, user, end, is_stored):
    (block,) = [each.text for each in blocks("python") if "tm.commit_veto" in each.text]
    host.plug(configure=lambda base_config: exec(block, {"base_config": base_config}))
    assert stored_after(host, user, end) is is_stored
