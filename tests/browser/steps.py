"""What users do, and what they see."""

import re
import time
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from activitystream import am
from tests.helpers.processes import wait_until

expect.set_options(timeout=30_000)

NARROW = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 800}


#: Runs a test on one database only, as what it looks at is the same on all: keys, focus, layout,
#: what htmx does, and what a server answers that asks no database.
ON_ONE = pytest.mark.parametrize("board", ["sqlite"], indirect=True)


def bell(page):
    return page.get_by_role("button", name="Your activity stream")


def panel(page):
    return page.get_by_role("region", name="Your activity stream")


def expect_new(page, number):
    """Expect this number on the bell, for who sees it and for who hears it."""
    sentence = f" {number} new notification{'s' if number > 1 else ''}" if number else ""
    expect(page.locator(".activitystream-bell-link")).to_have_accessible_name(
        f"Your activity stream{sentence}"
    )
    expect(page.locator(".activitystream-count [aria-hidden]:visible")).to_have_text(
        [str(number)] if number else []
    )


@contextmanager
def at_work():
    """Return Bruno, who works without a browser, Ada, and a notice that both wrote below."""
    from demo import model

    with model.orm.unit_of_work():
        (apples,) = (each for each in model.orm.newest_notices(50) if "apples" in each.title)
        yield model.orm.neighbour_named("Bruno"), model.orm.neighbour_named("Ada"), apples


def comment(text):
    """Have Bruno write what Ada is notified of."""
    with at_work() as (bruno, _, apples):
        bruno.comment_on(apples, text)


def do(times):
    """Have Bruno do this many things for Ada. The first, the third and so on have no link."""
    with at_work() as (bruno, ada, apples):
        for number in range(times):
            target = apples if number % 2 else None
            am.create(bruno, f"did no. {number}.", target, recipients=[ada])


def patient(page, is_still=False):
    """Reload the page with a clock that goes faster on demand, or only on demand."""
    page.clock.install()
    if is_still:
        page.clock.pause_at(time.time() + 60)  # in the past it would raise
    page.reload()
    return page


def ask(page, interval="00:05"):
    """Have the bell of a patient page ask once: the demo's asks every five seconds."""
    expect(page.locator("[class*=htmx]")).to_have_count(0)  # which has just put it there
    with page.expect_response("**/activitystream/bell"):
        page.clock.fast_forward(interval)


def hold_back(page, url):
    """Return a list that will hold the next request of this kind, until it is continued."""
    held = []
    page.route(url, lambda route: held.append(route), times=1)
    return held


def wait_for(page, held):
    """Return the only item of a list that a route or an event of the page fills."""
    wait_until(lambda: page.wait_for_timeout(10) or held)
    (only,) = held
    return only


def boost(page, attributes=None):
    """Give the page attributes that a host may set in its master template, for all to inherit."""
    page.evaluate(
        """attributes => {
            for (const each in attributes) document.body.setAttribute(each, attributes[each]);
            htmx.process(document.body);
            window.isTheSamePage = true;
        }""",
        {"hx-boost": "true", **(attributes or {})},
    )


def bell_requests(page):
    """Return a list that will hold the bell's requests from now on."""
    questions = []
    of_bell = re.compile("/activitystream/bell$")
    page.on("request", lambda request: of_bell.search(request.url) and questions.append(request))
    return questions
