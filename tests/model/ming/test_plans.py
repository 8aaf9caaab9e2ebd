"""Each query runs on an index of a real MongoDB."""

from datetime import datetime, timedelta

import bson
import pytest

from activitystream import am, model
from activitystream.model.values import Cursor, Window
from tests.helpers.databases import on

PLACE = Cursor(datetime(2020, 1, 2), bson.ObjectId())


@pytest.fixture
def crowded(host):
    """Store enough actions that reading all of them is the worse plan."""
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
    """Return the names of a plan's stages."""
    if isinstance(plan, dict):
        yield from [plan["stage"]] if isinstance(plan.get("stage"), str) else []
        for part in plan.values():
            yield from stages(part)
    elif isinstance(plan, list):
        for part in plan:
            yield from stages(part)


def explain(host, command):
    """Return what a recorded command does on the server, and the stages of its plan."""
    wanted = {
        key: value for key, value in command.items() if key not in ("lsid", "$db", "$clusterTime")
    }
    # The bounds of an index may be moments that Python doesn't have.
    codec = bson.CodecOptions(datetime_conversion=bson.DatetimeConversion.DATETIME_AUTO)
    plan = host.database.db.command(
        "explain", wanted, verbosity="executionStats", codec_options=codec
    )
    if "stages" in plan:  # of an aggregation
        plan = plan["stages"][0]["$cursor"]
    return plan["executionStats"], set(stages(plan["queryPlanner"]["winningPlan"]))


def of_actions(recorded):
    """Leave out the commands for what the reader has seen and muted."""
    collections = [event.command[event.command_name] for event in recorded]
    of_readers = {"activity_stream_reader", "activity_stream_mute"}
    assert set(collections) <= {"activity_stream_action", *of_readers}
    return [
        event
        for event, collection in zip(recorded, collections, strict=True)
        if collection == "activity_stream_action"
    ]


def examined(stats):
    return max(stats["totalKeysExamined"], stats["totalDocsExamined"])


@on("mongodb")
@pytest.mark.parametrize(
    "read",
    [
        lambda stream: stream.limit(10).all(),
        lambda stream: stream.skip(20).limit(10).all(),
        lambda stream: list(stream),
        lambda stream: stream.first(),
        lambda stream: stream.before(stream[20]).limit(10).all(),
        lambda stream: stream.after(stream[5]).limit(10).all(),
    ],
    ids=["newest ten", "the third page", "all", "the newest", "before", "after"],
)
def test_reads_a_stream_by_its_indexes(crowded, read):
    user = crowded.crowd[7]
    with crowded.database.queries() as recorded:
        read(am.get_by_recipient(user))
    finds = [each.command for each in of_actions(recorded) if each.command_name == "find"]
    assert finds
    for command in finds:
        stats, names = explain(crowded, command)
        assert "IXSCAN" in names
        assert "SORT_MERGE" in names
        assert not {"COLLSCAN", "SORT"} & names
        if "limit" in command:
            wanted = command["limit"] + command.get("skip", 0)
            assert examined(stats) <= wanted + 2


@on("mongodb")
@pytest.mark.parametrize(
    "ask",
    [
        lambda user, teams: am.get_by_recipient(user, also=teams).limit(10).all(),
        lambda user, teams: am.get_by_recipient(user, also=teams).before(PLACE).limit(10).all(),
        lambda user, teams: am.count_not_seen_by_recipient(user, also=teams, limit=10),
    ],
    ids=["newest ten", "before", "count"],
)
def test_reads_hundreds_of_audiences_by_the_indexes(crowded, ask):
    teams = crowded.save(*(crowded.model.Note(secret="x") for _ in range(330)))
    with crowded.database.queries() as recorded:
        ask(crowded.crowd[7], [*crowded.crowd, *teams])
    assert of_actions(recorded)
    for event in of_actions(recorded):
        stats, names = explain(crowded, event.command)
        assert "IXSCAN" in names
        assert not {"COLLSCAN", "SORT"} & names
        # One key of each range, and the ten.
        assert examined(stats) <= 400 + 20


@on("mongodb")
def test_reads_a_stream_under_old_names_by_its_indexes(crowded):
    topic = crowded.save(crowded.model.Topic())
    am.create(crowded.crowd[0], "opened", recipients=[topic])
    with crowded.database.queries() as recorded:
        assert len(am.get_by_recipient(topic).limit(10).all()) == 10
    _, names = explain(crowded, of_actions(recorded)[0].command)
    assert "SORT_MERGE" in names
    assert not {"COLLSCAN", "SORT"} & names


@on("mongodb")
@pytest.mark.parametrize("seen", [None, datetime(2020, 1, 4)], ids=["never", "lately"])
def test_counts_by_the_indexes(crowded, seen):
    user = crowded.crowd[7]
    user.last_activity_seen = seen
    with crowded.database.queries() as recorded:
        count = am.count_not_seen_by_recipient(user)
    assert count > 10
    (event,) = of_actions(recorded)
    stats, names = explain(crowded, event.command)
    assert "IXSCAN" in names
    assert not {"COLLSCAN", "SORT"} & names
    assert examined(stats) <= count + 4


@on("mongodb")
def test_a_count_stops_at_its_limit(crowded):
    with crowded.database.queries() as recorded:
        assert am.count_not_seen_by_recipient(crowded.crowd[7], limit=5) == 5
    (event,) = of_actions(recorded)
    stats, _ = explain(crowded, event.command)
    assert examined(stats) <= 5 + 2


def newest_of_all():
    return am.get_actions(limit=10)


@on("mongodb")
@pytest.mark.parametrize(
    "call",
    [
        newest_of_all,
        lambda: am.purge(datetime(2020, 1, 1, 0, 10), dry_run=True),
        lambda: am.purge(datetime(2020, 1, 1, 0, 10)),
    ],
    ids=["the newest", "a dry run", "a purge"],
)
def test_finds_the_newest_and_oldest_of_all_by_an_index(crowded, call):
    with crowded.database.queries() as recorded:
        call()
    reads = [event for event in recorded if crowded.database.kind_of(event) == "read"]
    if call is newest_of_all:
        reads = [event for event in reads if event.command_name == "find"]  # the total is of all
    assert reads
    for event in reads:
        stats, names = explain(crowded, event.command)
        assert not {"COLLSCAN", "SORT"} & names
        assert examined(stats) <= 11


@on("mongodb")
@pytest.mark.parametrize("first", ["busy", "quiet"])
def test_reads_no_stream_by_the_index_of_all_actions(crowded, first):
    """The server may keep anybody's plan for the others."""
    quiet = crowded.user("quiet")
    busy, *teams = crowded.crowd
    readers = [(busy, teams), (quiet, ())]
    place = Cursor(datetime(2020, 1, 2), bson.ObjectId())
    crowded.database.db.command("planCacheClear", "activity_stream_action")
    for user, also in readers if first == "busy" else readers[::-1]:
        user.last_activity_seen = datetime(2020, 1, 2)
        stream = am.get_by_recipient(user, also=also)
        with crowded.database.queries() as recorded:
            for _ in range(3):  # that it keeps a plan
                stream.limit(10).all()
                stream.before(place).limit(10).all()
                stream.after(place).limit(10).all()
                stream.before(place).count()
                am.count_not_seen_by_recipient(user, also=also)
                am.count_not_seen_by_recipient(user, also=also, limit=10)
        assert len(recorded) >= 18
        for event in recorded:
            stats, names = explain(crowded, event.command)
            assert not {"COLLSCAN", "SORT"} & names
            assert "actions_by_time" not in str(stats)


@on("mongodb")
def test_steps_over_what_is_muted_by_the_indexes(crowded):
    user = crowded.crowd[7]
    am.mute(user, actor=crowded.crowd[8])
    with crowded.database.queries() as recorded:
        am.get_by_recipient(user).limit(10).all()
    mutes, actions = (event.command for event in recorded)
    _, names = explain(crowded, mutes)
    assert "IXSCAN" in names
    stats, names = explain(crowded, actions)
    assert "SORT_MERGE" in names
    assert not {"COLLSCAN", "SORT"} & names
    assert examined(stats) <= 60


@on("mongodb")
def test_finds_addressees_by_indexes(crowded):
    since = datetime(2020, 1, 1) + timedelta(minutes=4899)
    with crowded.database.queries() as recorded:
        found = dict(model.orm.read_addressees(Window(None, Cursor(since, None))))
    assert len(found) == 51
    for event, most in zip(recorded, (1, 100), strict=True):
        stats, names = explain(crowded, event.command)
        assert "IXSCAN" in names
        assert not {"COLLSCAN", "SORT"} & names
        assert examined(stats) <= most
