"""The lines that are new on the page which the opened bell leads to: what was unseen till then."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitystream import am
from activitystream.lib.seen import Known
from activitystream.model import clock
from activitystream.web.shown import known_as_text, known_from_text


def create(host, user, verb, seconds):
    """Store an action that was stamped so many seconds ago."""
    action = am.create(user, verb)
    action.timestamp -= timedelta(seconds=seconds)
    host.save(action)
    return action


def new_on(app, address):
    """Return what is new on the page, and on those that follow."""
    new = set()
    while address:
        page = app.get(address).html
        for badge in page.select("li .activitystream-badge"):
            line = badge.parent.select_one(".activitystream-line")
            new.add(line.text.removeprefix("ann "))
        older = page.select_one(".activitystream-older a")
        address = older and older["href"]
    return new


def open_bell(app):
    """Open the bell; return the address that it leads to."""
    return app.post("/activitystream/newest").html.select_one(".activitystream-all a")["href"]


def unseen(host, user):
    host.database.end_request()
    user = host.database.reload(user)
    return {each.verb for each in am.get_by_recipient(user) if each.is_unseen_by(user)}


ages = st.lists(st.integers(1, 200), max_size=15)


@given(seen=ages, late=ages, read=st.sets(st.integers(0, 14), max_size=3), host_sets=st.booleans())
def test_they_are_what_was_unseen(host, seen, late, read, host_sets):
    host.database.clean()
    user = host.user("ann")
    for number, age in enumerate(seen):
        create(host, user, f"seen {number}", age)
    if seen:
        am.mark_seen(user)
    if host_sets:
        user.last_activity_seen = clock.now() - timedelta(seconds=100)
        host.save(user)
    actions = [create(host, user, f"late {number}", age) for number, age in enumerate(late)]
    for number in read:
        am.mark_read(user, actions[number : number + 1])
    wanted = unseen(host, user)
    app = host.browser(user)
    address = open_bell(app)
    assert unseen(host, user) == set()
    assert new_on(app, address) == wanted


@pytest.mark.parametrize("number", [20, 21, 30])
def test_of_more_than_twenty_seen_ones_the_newest_are_told_apart(host, user, app, number):
    for seconds in range(number):
        create(host, user, "seen", seconds + 2)
    am.mark_seen(user)
    create(host, user, "late", 10.5)
    create(host, user, "very late", 55)
    wanted = {"late", "very late"} if number == 20 else {"late"}
    assert new_on(app, open_bell(app)) == wanted


def test_what_comes_after_the_bell_was_opened_is_new_too(host, user, app):
    create(host, user, "seen", 10)
    am.mark_seen(user)
    create(host, user, "late", 11)
    address = open_bell(app)
    create(host, user, "later", 12)
    assert new_on(app, address) == {"late", "later"}
    assert new_on(app, "/activitystream/") == {"later"}


def test_a_bell_without_anything_new_leads_to_the_plain_page(host, user, app):
    create(host, user, "seen", 10)
    am.mark_seen(user)
    assert open_bell(app) == "/activitystream/"


@pytest.mark.parametrize("floor", [clock.EARLIEST, datetime(2026, 1, 31, 12, 30, 15, 999000)])
@pytest.mark.parametrize("number", [0, 1, 20])
def test_what_was_known_is_read_back(host, user, floor, number):
    ids = [am.create(user, "joined")._id for _ in range(number)]
    known = Known(floor, frozenset(ids))
    assert known_from_text(known_as_text(known)) == known
    assert len(known_as_text(known)) < 600


MALFORMED = ["yesterday", "_nonsense", "2026-01-31T12:00:00.000_.", "_" + ".".join("1" * 21)]


@pytest.mark.parametrize("text", MALFORMED)
def test_anything_else_is_refused(app, text):
    app.get("/activitystream/", {"new_since": text}, status=400)
    app.get("/activitystream/more", {"new_since": text}, status=400)
    app.get("/activitystream/?new_since=&new_since=", status=400)
