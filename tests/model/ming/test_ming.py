"""What is special to Ming: indexes and query plans on a real server, the session, old documents."""

import logging
from collections import deque
from datetime import datetime, timedelta

import bson
import pymongo.errors
import pytest

from activitystream import am, bootstrap, model
from activitystream.model.values import Cursor
from tests.conftest import Host
from tests.helpers.databases import MING, on
from tests.helpers.databases.ming import MongoServer
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


def test_the_indexes_are_made_when_the_app_starts(mongodb):
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
def test_what_a_long_iteration_let_go_of_does_not_bring_back_what_is(host, monkeypatch, removed):
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


def test_a_host_without_automatic_indexes_makes_them_by_setup_app(mongodb):
    make_app(mongodb)
    mongodb.db.activity_stream_action.drop()
    make_app(mongodb, blueprint={"ming.connection.auto_ensure_indexes": False})
    assert indexes(mongodb) == {}
    bootstrap.bootstrap(None, {}, {})
    bootstrap.bootstrap(None, {}, {})
    assert indexes(mongodb) == INDEXES


def test_the_indexes_are_made_on_what_0_1_1_left(mongodb):
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


PLACE = Cursor(datetime(2020, 1, 2), bson.ObjectId())


@pytest.fixture
def crowded(host):
    """Enough actions that reading them all is the worse plan."""
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
    # The bounds of an index may be moments that Python doesn't have.
    codec = bson.CodecOptions(datetime_conversion=bson.DatetimeConversion.DATETIME_AUTO)
    plan = host.database.db.command(
        "explain", wanted, verbosity="executionStats", codec_options=codec
    )
    if "stages" in plan:  # of an aggregation
        plan = plan["stages"][0]["$cursor"]
    return plan["executionStats"], set(stages(plan["queryPlanner"]["winningPlan"]))


def of_actions(recorded):
    """But for those of what the reader has seen, which are found by their ``_id``."""
    collections = [event.command[event.command_name] for event in recorded]
    assert set(collections) <= {"activity_stream_action", "activity_stream_reader"}
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
def test_the_stream_is_read_by_its_indexes(crowded, read):
    user = crowded.crowd[7]
    with crowded.database.queries() as recorded:
        read(am.get_by_recipient(user))
    finds = [event.command for event in recorded if event.command_name == "find"]
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
def test_hundreds_of_audiences_are_read_by_the_indexes(crowded, ask):
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
def test_the_stream_of_a_recipient_with_old_names_is_read_by_its_indexes(crowded):
    topic = crowded.save(crowded.model.Topic())
    am.create(crowded.crowd[0], "opened", recipients=[topic])
    with crowded.database.queries() as recorded:
        assert len(am.get_by_recipient(topic).limit(10).all()) == 10
    _, names = explain(crowded, recorded[0].command)
    assert "SORT_MERGE" in names
    assert not {"COLLSCAN", "SORT"} & names


@on("mongodb")
@pytest.mark.parametrize("seen", [None, datetime(2020, 1, 4)], ids=["never", "lately"])
def test_the_count_is_made_by_the_indexes(crowded, seen):
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
def test_the_newest_and_the_oldest_of_all_are_found_by_an_index(crowded, call):
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
def test_no_stream_is_read_by_the_index_of_all_actions(crowded, first):
    """Whoever's plan it is that the server keeps for the others."""
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


@pytest.fixture
def aware(mongodb):
    """A host whose connection gives aware datetimes."""
    database = MongoServer(mongodb.url)
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


@on(*MING)
def test_the_model_is_the_one_of_ming(host):
    assert model.orm.__name__ == "activitystream.model.ming"
    assert model.Action is model.orm.Action


@on("mim", "mongomock")
def test_ming_may_be_enabled_by_its_other_name(database):
    assert make_app(database, blueprint={"use_ming": False, "ming.enabled": True})


@on("mim", "mongomock")
def test_an_index_that_cannot_be_made_is_logged_and_the_app_starts(database, monkeypatch, caplog):
    def fail(*arguments, **options):
        raise pymongo.errors.OperationFailure("no rights")

    monkeypatch.setattr("ming.session.Session.create_index", fail)
    with caplog.at_level(logging.ERROR):
        assert make_app(database)
    assert "indexes of activitystream could not be made" in caplog.text
    assert "no rights" in caplog.text


@on(*MING)
def test_what_is_not_saved_yet_by_the_host_is_not_saved_by_create(host, user):
    user.user_name = "changed"
    host.model.Post(title="new")
    am.create(user, "joined")
    host.database.forget()
    assert host.model.user_named("changed") is None
    assert host.model.Post.query.find().count() == 0


@on(*MING)
def test_a_write_that_fails_is_not_written_later(host, user, monkeypatch):
    def fail(self, *args, **kwargs):
        raise OSError("the server is gone")

    with monkeypatch.context() as patch:
        patch.setattr("ming.session.Session.insert", fail)
        with pytest.raises(OSError, match="the server is gone"):
            am.create(user, "liked")
    host.save()
    assert host.database.raw_actions() == []


@on(*MING)
@pytest.mark.parametrize("key", ["text", 7, bson.ObjectId()])
def test_keys_of_several_kinds_in_one_collection_are_found_again(host, user, key):
    entity = host.save(host.model.Unique(_id=key))
    am.create(entity, "did", recipients=[entity])
    (stored,) = host.database.raw_actions()
    assert (stored["actor_id"], stored["_recipients"][0]["_id"]) == (key, key)
    host.database.forget()
    entity = host.database.get(host.model.Unique, key)
    (action,) = am.get_by_recipient(entity)
    assert (action.actor, action.recipients) == (entity, [entity])


@on(*MING)
def test_the_same_key_in_another_collection_is_another_recipient(host, user):
    number = host.save(host.model.Numbered(_id=1))
    text = host.save(host.model.Coded(_id="1"))
    am.create(user, "to the number", recipients=[number])
    assert (host.verbs(number), host.verbs(text)) == (["to the number"], [])


@on(*MING)
def test_marking_seen_keeps_what_the_class_does_not_know(host, user):
    host.database.raw_update(user, unknown=1)
    am.mark_seen(user)
    host.save()
    assert host.database.raw_values(user)["unknown"] == 1


@on(*MING)
def test_marking_seen_does_not_flush_what_is_in_hand(host, user):
    user.user_name = "changed"
    am.mark_seen(user)
    assert host.database.raw_values(user)["user_name"] == "ann"


@on(*MING)
def test_a_stored_recipient_that_lacks_the_field_has_never_seen_anything(host, user, other):
    host.database.db.tg_user.update_one({"_id": other._id}, {"$unset": {"last_activity_seen": 1}})
    other = host.database.reload(other)
    am.create(user, "one")
    assert am.count_not_seen_by_recipient(other) == 1
    assert am.mark_seen(other) is None
    assert am.count_not_seen_by_recipient(other) == 0


@on(*MING)
def test_a_nul_character_comes_back_as_it_was_given(host, user):
    am.create(user, "\x00", description="a\x00b")
    host.database.forget()
    (action,) = am.get_by_recipient(user)
    assert (action.verb, action.description) == ("\x00", "a\x00b")


@on("mongodb")
@pytest.mark.parametrize("write", ["create", "create_many"])
def test_what_is_too_large_for_a_document_is_refused_with_the_way(host, user, write):
    names = host.save(*(host.model.Coded(_id=f"{n:0900}") for n in range(20_000)))
    host.database.forget()
    wrong = {"actor": user, "verb": "announced", "recipients": names}
    with pytest.raises(ValueError, match=r"16 MB.*20000 recipients.*audience"):
        am.create(**wrong) if write == "create" else am.create_many([wrong])
    with pytest.raises(ValueError, match=r"16 MB.*170000\d\d characters"):
        am.create(user, "wrote", description="x" * 17_000_000)
    assert am.get_actions()[0] == 0
    largest = {**wrong, "recipients": names[:17_000]}
    action = am.create(**largest)
    assert len(action.recipients) == 17_000


def thousands(user, number=2500):
    am.create_many({"actor": user, "verb": f"no. {n}"} for n in range(number))


@on(*MING)
def test_the_session_keeps_a_page_of_what_is_iterated_over(host, user):
    thousands(user)
    for number, _ in enumerate(am.get_by_recipient(user)):
        if number % 500 == 0:
            # Counted one by one, as the session keeps what somebody holds.
            assert 0 < sum(isinstance(each, model.Action) for each in model.DBSession.uow) <= 2000
    assert number == 2499


@on(*MING)
def test_an_action_that_is_kept_past_its_page_can_be_changed(host, user):
    thousands(user)
    first, *_ = am.get_by_recipient(user)
    first.extra = "changed"
    model.DBSession.flush_all()
    host.database.forget()
    assert am.get_by_recipient(user).first().extra == "changed"


@on(*MING)
def test_what_was_changed_before_the_session_lets_go_is_flushed(host, user):
    thousands(user)
    for number, action in enumerate(am.get_by_recipient(user)):
        if number == 0:
            action.extra = "changed"
    model.DBSession.flush_all()
    host.database.forget()
    assert am.get_by_recipient(user).first().extra == "changed"


@on(*MING)
@pytest.mark.parametrize(
    ("keep", "held"), [(list, ["new", "old"]), (deque(maxlen=0).extend, ["old"])]
)
def test_the_session_keeps_the_entities_that_somebody_holds(host, user, keep, held):
    old, new = host.post("old"), host.post("new")
    am.create_many({"actor": user, "verb": "liked", "target": new} for _ in range(1000))
    am.create_many(
        [{"actor": user, "verb": "liked", "target": old, "timestamp": datetime(2020, 1, 1)}]
    )
    host.database.forget()
    user = host.model.user_named("ann")
    kept = keep(action.entity("target") for action in am.get_by_recipient(user))
    posts = [each for each in model.DBSession.uow if isinstance(each, host.model.Post)]
    assert [each.title for each in posts] == held
    if kept:
        kept[0].title = "changed"
        model.DBSession.flush_all()
        host.database.forget()
        assert host.database.get(host.model.Post, new._id).title == "changed"


@on(*MING)
def test_finds_the_manager_and_the_class_where_0_1_1_had_them(host):
    from activitystream.lib.managers import am as manager
    from activitystream.model.ming_models import Action

    assert manager is am
    assert Action is model.Action
