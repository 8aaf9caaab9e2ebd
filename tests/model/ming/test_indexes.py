"""The indexes: what makes them, and which."""

from datetime import datetime

import pytest

from activitystream import am, bootstrap
from tests.helpers.databases import MING, on
from tests.helpers.host.app import make_app

INDEXES = {
    "stream_of_recipient": [("_recipients._id", 1), ("timestamp", -1), ("_id", -1)],
    "stream_for_everyone": [("_recipients", 1), ("timestamp", -1), ("_id", -1)],
    "actions_by_time": [("timestamp", -1), ("_id", -1)],
    **{
        f"actions_{whose}of_{role}": [
            (f"{role}_id", 1),
            (f"{role}_type", 1),
            ("timestamp", -1),
            ("_id", -1),
        ]
        for role in ("actor", "target", "action_obj")
        for whose in ("", "for_everyone_")
    },
}


def indexes(database):
    made = database.db.activity_stream_action.index_information()
    return {name: index["key"] for name, index in made.items() if name != "_id_"}


def test_makes_the_indexes_when_the_app_starts(mongodb):
    database = mongodb
    make_app(database)
    database.db.activity_stream_action.drop()
    make_app(database)
    assert indexes(database) == INDEXES


def test_a_recipient_is_in_one_index_only(mongodb):
    database = mongodb
    make_app(database)
    database.db.activity_stream_action.delete_many({})
    crowd = [database.model.User(user_name=f"crowd{number}") for number in range(10)]
    database.save(*crowd)
    am.create(crowd[0], "invited", recipients=crowd)
    am.create(crowd[0], "announced")
    keys = database.db.command("validate", "activity_stream_action")["keysPerIndex"]
    assert keys == {
        "_id_": 2,
        "stream_of_recipient": 10 + 1,
        "stream_for_everyone": 1,
        "actions_by_time": 2,
        **{
            f"actions_{whose}of_{role}": number
            for role in ("actor", "target", "action_obj")
            for whose, number in (("", 2), ("for_everyone_", 1))
        },
    }


@on(*MING)
@pytest.mark.parametrize("removed", ["forgotten", "purged"])
def test_released_actions_restore_no_old_values(host, monkeypatch, removed):
    monkeypatch.setattr("activitystream.lib.streams._PAGE_SIZE", 5)
    ann, bob = host.user("ann"), host.user("bob")
    old = {"actor": bob, "verb": "met", "target": ann, "recipients": [ann, bob]}
    am.create_many([{**old, "timestamp": datetime(2020, 1, 1)}] * 12)
    host.database.forget()
    in_hand = list(am.get_by_recipient(host.model.user_named("bob")))
    if removed == "forgotten":
        am.forget(host.model.user_named("ann"))
    else:
        am.purge(datetime(2021, 1, 1))
    for action in in_hand:
        action.extra = "changed"
    host.save()
    stored = host.database.raw_actions()
    assert len(stored) == (12 if removed == "forgotten" else 0)
    for action in stored:
        assert (action["target_id"], action["extra"]) == (None, "changed")
        assert [each["_id"] for each in action["_recipients"]] == [bob._id]


def test_setup_app_makes_the_indexes_if_the_start_does_not(mongodb):
    make_app(mongodb)
    mongodb.db.activity_stream_action.drop()
    make_app(mongodb, blueprint={"ming.connection.auto_ensure_indexes": False})
    assert indexes(mongodb) == {}
    bootstrap.bootstrap(None, {}, {})
    bootstrap.bootstrap(None, {}, {})
    assert indexes(mongodb) == INDEXES


def test_makes_the_indexes_on_a_collection_of_0_1_1(mongodb):
    make_app(mongodb)
    actions = mongodb.db.activity_stream_action
    actions.drop()
    actions.insert_one({"verb": "waved", "_recipients": []})
    actions.create_index([("recipients", 1)], name="useless")
    for _ in range(2):
        make_app(mongodb)
        bootstrap.bootstrap(None, {}, {})
        assert indexes(mongodb) == {**INDEXES, "useless": [("recipients", 1)]}
    mongodb.db.activity_stream_action.drop()


@on(*MING)
def test_create_saves_no_unsaved_change_of_the_host(host, user):
    user.user_name = "changed"
    host.model.Post(title="new")
    am.create(user, "joined")
    host.database.forget()
    assert host.model.user_named("changed") is None
    assert host.model.Post.query.find().count() == 0
