"""If several create an action at once, one stores it, and all get it."""

import json

import pytest

from activitystream import am
from tests.helpers.databases import SERVERS, on
from tests.helpers.stories import told_at_once
from tests.helpers.threads import at_once

pytestmark = pytest.mark.faults

NUMBER = 25


@on(*SERVERS)
@pytest.mark.parametrize("many", [False, True], ids=["create", "create_many"])
def test_many_threads_at_once_store_one_action(host, user, many):
    key = user._id

    def create():
        actor = host.database.get(host.model.User, key)
        if many:
            stored.append(am.create_many([{"actor": actor, "verb": "joined", "once": "welcome"}]))
        else:
            ids.add(am.create(actor, "joined", once="welcome")._id)
        host.save()

    ids, stored = set(), []
    at_once(host, *[create] * 6)
    (action,) = host.database.raw_actions()
    assert (ids, sum(stored)) == ((set(), 1) if many else ({action["_id"]}, 0))


@on("sqlite", *SERVERS)
def test_two_processes_at_once_store_one_action(host, user):
    host.database.forget()
    arguments = (host.database.name, host.database.url, "ann", str(NUMBER))
    told = told_at_once("tests.helpers.once_story", [arguments] * 2)
    ids = [json.loads(each) for each in told]
    assert ids[0] == ids[1]
    stored = [str(each["_id"]) for each in host.database.raw_actions()]
    assert sorted(stored) == sorted(ids[0])
    assert len(set(stored)) == NUMBER
    assert am.count_not_seen_by_recipient(host.model.user_named("ann")) == NUMBER
