"""Marks where the database commits each statement by itself."""

import pytest
import transaction

from activitystream import am
from tests.helpers.databases.sql import SQLDatabase


@pytest.fixture
def host(host_on, database):
    """Return a host whose database commits each statement."""
    host = host_on(SQLDatabase(database.name, database.url))
    host.plug(blueprint={"sqlalchemy.isolation_level": "AUTOCOMMIT"})
    return host


@pytest.fixture
def user(host):
    user = host.user("ann")
    am.create_many({"actor": user, "verb": verb} for verb in "abc")
    host.save()
    return user


def state(host, user):
    user = host.database.reload(user)
    unread = [each.verb for each in am.get_by_recipient(user).unread()]
    return am.count_not_seen_by_recipient(user), unread


def test_they_are_stored(host, user):
    _, b, a = am.get_by_recipient(user)
    am.mark_read(user, b)
    assert state(host, user) == (2, ["c", "a"])
    am.mark_seen(user)
    am.mark_unread(user, b)
    assert state(host, user) == (0, ["c", "b", "a"])
    am.mark_all_read(user)
    am.mark_unread(user, [a])
    assert state(host, user) == (0, ["a"])


def test_they_outlast_a_rollback(host, user):
    c, *_ = am.get_by_recipient(user)
    am.mark_read(user, c)
    transaction.abort()
    assert state(host, user) == (2, ["b", "a"])


def test_our_urls_mark(host, user):
    c, *_ = am.get_by_recipient(user)
    browser = host.browser(user)
    browser.post("/activitystream/read", {"action": str(c._id)}, status=303)
    assert state(host, user) == (2, ["b", "a"])
    assert "ann c" in browser.post("/activitystream/newest").html.text
    assert state(host, user) == (0, ["b", "a"])
    browser.post("/activitystream/read", status=303)
    assert state(host, user) == (0, [])
