"""Purge and forget while others create, read, count, mark, purge and forget."""

from datetime import datetime, timedelta

import pytest

from activitystream import am, model
from activitystream.lib import removal
from tests.helpers.databases import SERVERS, on
from tests.helpers.threads import at_once, purge

pytestmark = on(*SERVERS)

OLD = datetime(2020, 1, 31)


@pytest.fixture
def names(host, small_batches):
    """Return Ann, Bob, Carl and Dora by name, with 200 old actions for each pair of them."""
    names = ["ann", "bob", "carl", "dora"]
    people = [host.user(name) for name in names]
    am.create_many(
        {
            "actor": people[number % 4],
            "verb": "old",
            "target": people[(number + 1) % 4],
            "recipients": [people[(number + 2) % 4], people[(number + 3) % 4]],
            "timestamp": OLD + timedelta(milliseconds=number),
        }
        for number in range(400)
    )
    host.save()
    host.database.forget()
    return names


def live(host, names, number=20):
    """Return the requests of an app that goes on."""

    def requests():
        for each in range(number):
            people = [host.model.user_named(name) for name in names]
            am.create(people[0], f"new {each}", people[1], recipients=people[each % 2 :])
            am.mark_seen(people[0])
            am.count_not_seen_by_recipient(people[1])
            am.get_by_recipient(people[-1]).limit(10).all()
            host.database.forget()

    return requests


def test_two_purges_and_a_live_app_do_not_disturb_each_other(host, names):
    deleted = []
    purges = [purge(datetime(2021, 1, 1), deleted)] * 2
    at_once(host, *purges, live(host, names), live(host, names[::-1]))
    assert sum(deleted) == 400
    assert [
        action["verb"] for action in host.database.raw_actions() if action["verb"] == "old"
    ] == []
    for name in names:
        user = host.model.user_named(name)
        assert am.get_by_recipient(user).count() == len(list(am.get_by_recipient(user)))
    assert am.get_by_recipient(host.model.user_named("bob")).count() == 40
    host.database.forget()


def forget(host, name, found):
    references = removal.references_of(host.model.user_named(name))
    host.database.forget()

    def batches():
        model.orm.commit_batch()
        for _, part in removal.forget(references, dry_run=False):
            model.orm.commit_batch()
            found.append(part)

    return batches


def test_concurrent_forgets_and_a_purge_succeed_in_a_live_app(host, names):
    ann, bob, deleted = [], [], []
    at_once(
        host,
        *(forget(host, "ann", ann) for _ in range(2)),
        *(forget(host, "bob", bob) for _ in range(2)),
        purge(datetime(2021, 1, 1), deleted),
        live(host, ["carl", "dora"]),
    )
    assert sum(deleted) <= 400
    for action in host.database.raw_actions():
        assert action["verb"].startswith("new")
    assert len(host.database.raw_actions()) == 20


def test_concurrent_forgets_of_one_entity_count_each_action_once(host, names):
    found = []
    at_once(host, *(forget(host, "ann", found) for _ in range(3)))
    assert removal.Forgotten.sum(found) == removal.Forgotten(100, 100, 0, 200)
    for action in host.database.raw_actions():
        assert len(action["_recipients"]) == (2 if action["target_id"] is None else 1)
    host.database.forget()
    _, actions = am.get_actions()
    assert all(action.number_of_recipients == len(action._recipients) for action in actions)
    host.database.forget()
