"""What is special to Ming: indexes and query plans on a real server, and aware datetimes."""

from datetime import datetime, timedelta

import pytest

from activitystream import am, bootstrap, model
from tests import databases
from tests.conftest import Host
from tests.host.app import make_app

INDEXES = {
    "stream_of_recipient": [("_recipients._id", 1), ("timestamp", -1), ("_id", -1)],
    "stream_of_everyone": [("_recipients", 1), ("timestamp", -1), ("_id", -1)],
}


def indexes(database):
    made = database.db.activity_stream_action.index_information()
    return {name: index["key"] for name, index in made.items() if name != "_id_"}


def test_the_indexes_are_made_when_the_app_starts(mongodb):
    database = mongodb
    make_app(database)
    database.db.activity_stream_action.drop()
    make_app(database)
    assert indexes(database) == INDEXES


def test_a_host_without_automatic_indexes_makes_them_by_setup_app(mongodb):
    make_app(mongodb)
    mongodb.db.activity_stream_action.drop()
    make_app(mongodb, blueprint={"ming.connection.auto_ensure_indexes": False})
    assert indexes(mongodb) == {}
    bootstrap.bootstrap(None, {}, {})
    bootstrap.bootstrap(None, {}, {})
    assert indexes(mongodb) == INDEXES


@pytest.fixture
def crowded(mongodb_host):
    """Enough actions that reading them all is the worse plan."""
    host = mongodb_host
    users = [host.model.User(user_name=f"user{number}") for number in range(50)]
    host.save(*users)
    to_each = [{"_type": "User", "_id": user._id} for user in users]
    start = datetime(2020, 1, 1)
    host.database.db.activity_stream_action.insert_many(
        {
            "verb": "did",
            "timestamp": start + timedelta(minutes=number),
            "actor_type": "User",
            "actor_id": users[number % 50]._id,
            "_recipients": None
            if number % 100 == 0
            else [to_each[number % 50], to_each[(number * 7 + 3) % 50]],
        }
        for number in range(5000)
    )
    host.crowd = users
    return host


def stages(plan):
    """The names of a plan's stages."""
    if isinstance(plan, dict):
        yield from [plan["stage"]] if isinstance(plan.get("stage"), str) else []
        for part in plan.values():
            yield from stages(part)
    elif isinstance(plan, list):
        for part in plan:
            yield from stages(part)


def explain(host, command):
    """What a recorded command does on the server, and the stages of its plan."""
    wanted = {
        key: value for key, value in command.items() if key not in ("lsid", "$db", "$clusterTime")
    }
    plan = host.database.db.command("explain", wanted, verbosity="executionStats")
    if "stages" in plan:  # of an aggregation
        plan = plan["stages"][0]["$cursor"]
    return plan["executionStats"], set(stages(plan["queryPlanner"]["winningPlan"]))


def examined(stats):
    return max(stats["totalKeysExamined"], stats["totalDocsExamined"])


@pytest.mark.parametrize(
    "read",
    [
        lambda stream: stream.limit(10).all(),
        lambda stream: stream.skip(20).limit(10).all(),
        lambda stream: list(stream),
        lambda stream: stream.first(),
    ],
    ids=["newest ten", "the third page", "all", "the newest"],
)
def test_the_stream_is_read_by_its_indexes(crowded, read):
    user = crowded.crowd[7]
    with crowded.database.queries() as recorded:
        read(am.get_by_recipient(user))
    finds = [event.command for event in recorded if event.command_name == "find"]
    (command,) = finds
    stats, names = explain(crowded, command)
    assert "IXSCAN" in names
    assert "SORT_MERGE" in names
    assert not {"COLLSCAN", "SORT"} & names
    if "limit" in command:
        wanted = command["limit"] + command.get("skip", 0)
        assert examined(stats) <= wanted + 2


def test_the_stream_of_a_recipient_with_old_names_is_read_by_its_indexes(crowded):
    topic = crowded.save(crowded.model.Topic())
    am.create(crowded.crowd[0], "opened", recipients=[topic])
    with crowded.database.queries() as recorded:
        assert len(am.get_by_recipient(topic).limit(10).all()) == 10
    _, names = explain(crowded, recorded[0].command)
    assert "SORT_MERGE" in names
    assert not {"COLLSCAN", "SORT"} & names


@pytest.mark.parametrize("seen", [None, datetime(2020, 1, 4)], ids=["never", "lately"])
def test_the_count_is_made_by_the_indexes(crowded, seen):
    user = crowded.crowd[7]
    user.last_activity_seen = seen
    with crowded.database.queries() as recorded:
        count = am.count_not_seen_by_recipient(user)
    assert count > 10
    (event,) = recorded
    stats, names = explain(crowded, event.command)
    assert "IXSCAN" in names
    assert not {"COLLSCAN", "SORT"} & names
    assert examined(stats) <= count + 4


@pytest.fixture
def aware(mongodb):
    """A host whose connection gives aware datetimes."""
    database = databases.MongoServer(mongodb.url)
    database.connection["tz_aware"] = True
    host = Host(database)
    yield host
    database.forget()


def test_a_host_with_aware_datetimes_gets_right_answers(aware):
    user = aware.user("ann")
    am.create(user, "one")
    am.mark_seen(user)
    newer = am.create(user, "two")
    newer.timestamp = user.last_activity_seen + timedelta(milliseconds=1)
    aware.save(newer)
    user = aware.database.reload(user)
    assert am.count_not_seen_by_recipient(user) == 1
    newest, older = am.get_by_recipient(user)
    assert (newest.is_unseen_by(user), older.is_unseen_by(user)) == (True, False)
    assert newest.timestamp_since == "less than 1 minute ago"
    assert am.mark_seen(user, until=newest.timestamp) < newest.timestamp
    assert am.count_not_seen_by_recipient(user) == 0
    assert aware.browser(user).get("/activitystream/").status_int == 200


def test_the_model_is_the_one_of_ming(mongodb_host):
    assert model.orm.__name__ == "activitystream.model.ming"
    assert model.Action is model.orm.Action
