"""Documents that 0.1.1 wrote (on the stack of 2019) mean what they meant."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import bson.json_util
import pytest

from activitystream import am, bootstrap

WRITTEN_BY_0_1_1 = Path(__file__).with_name("actions-written-by-0.1.1.json")


@pytest.fixture
def users(host):
    options = bson.json_util.JSONOptions(tz_aware=False)
    for name, documents in bson.json_util.loads(
        WRITTEN_BY_0_1_1.read_text(), json_options=options
    ).items():
        host.database.db[name].insert_many(documents)
    return [host.model.user_named(f"user{number}") for number in range(5)]


def stored(host):
    """Return every document, by collection."""
    db = host.database.db
    return {
        name: sorted(db[name].find(), key=lambda each: each["_id"])
        for name in db.list_collection_names()
    }


def test_users_see_the_same_streams(host, users):
    assert [host.verbs(user) for user in users] == [
        ["deleted", "commented"],
        ["created"],
        ["commented", "created"],
        [],
        [],
    ]
    assert [am.count_not_seen_by_recipient(user) for user in users] == [2, 1, 2, 0, 0]


def test_seen_actions_stay_seen(host, users):
    older = am.get_by_recipient(users[0]).skip(1).first()
    host.database.raw_update(users[0], last_activity_seen=older.timestamp)
    user = host.database.reload(users[0])
    assert am.count_not_seen_by_recipient(user) == 1
    page = host.browser(user).get("/activitystream/")
    (new,) = page.html.select(".activitystream-new")
    assert "deleted" in new.text


def test_a_digest_finds_its_readers(host, users):
    collection = host.database.db["activity_stream_action"]
    collection.insert_one({"timestamp": datetime(2020, 1, 1), "_recipients": [{"_id": 5}]})
    found = am.readers_with_unseen(datetime(2000, 1, 1), of=host.model.User)
    assert sorted(each.user_name for each in found) == ["user0", "user1", "user2"]


@pytest.mark.parametrize("field", ["missing", None, "older", "between", "at the newest", "newer"])
def test_nothing_turns_new_or_unread(host, users, field):
    newest, oldest = am.get_by_recipient(users[0])
    day = timedelta(days=1)
    moment = {
        "older": oldest.timestamp - day,
        "between": newest.timestamp - timedelta(milliseconds=1),
        "at the newest": newest.timestamp,
        "newer": newest.timestamp + day,
    }.get(field)
    host.database.raw_update(users[0], last_activity_seen=moment)
    if field == "missing":
        host.database.db.tg_user.update_many({}, {"$unset": {"last_activity_seen": ""}})
    host.plug()
    bootstrap.bootstrap(None, {}, {})
    user = host.database.reload(users[0])
    stream = am.get_by_recipient(user).all()
    new = [each.verb for each in stream if moment is None or each.timestamp > moment]
    assert am.count_not_seen_by_recipient(user) == len(new)
    for _ in range(2):
        assert [each.verb for each in am.get_by_recipient(user).unread()] == new
        assert [each.verb for each in stream if not each.is_read_by(user)] == new
        assert am.count_unread_by_recipient(user) == len(new)
        am.mark_seen(user)
    assert am.count_not_seen_by_recipient(user) == 0
    assert not any(each.is_unseen_by(user) for each in stream)


def test_streams_hold_old_and_new_actions_once(host, users):
    am.create(users[1], "liked", host.post(), recipients=[users[0], users[0]])
    am.create(users[1], "moved in")
    shown, rest = [], am.get_by_recipient(users[0])
    while action := rest.first():
        shown.append(action.verb)
        rest = rest.before(action)
    assert sorted(shown) == ["commented", "deleted", "liked", "moved in"]
    assert am.count_not_seen_by_recipient(users[0]) == 4
    assert am.get_by_recipient(users[4]).one().verb == "moved in"


def test_the_start_and_setup_change_no_document(host, users):
    before = stored(host)
    for _ in range(2):
        host.plug()
        bootstrap.bootstrap(None, {}, {})
    assert stored(host) == before


def test_an_empty_list_of_recipients_means_nobody(host, users):
    host.user("newcomer")
    for user in (*users, host.model.user_named("newcomer")):
        assert not {"joined", "announced"} & set(host.verbs(user))


def test_ignores_a_random_id_without_a_type(host, users):
    (_, actions) = am.get_actions(filters={"verb": "joined"})
    assert actions[0].target_id is not None
    assert (actions[0].target, actions[0].action_obj, actions[0].target_link) == (None,) * 3
    assert actions[0].actor.startswith("user")


def test_reads_entities_and_knows_no_stored_names(host, users):
    action = am.get_by_recipient(users[0]).skip(1).first()
    assert action.target == "Post <1> & co"
    assert action.actor == "user1"
    assert action.actor_name is None
    assert [type(recipient).__name__ for recipient in action.recipients] == ["User", "User", "Post"]
    assert (action.description, action.extra) == ("a <b>desc</b>", '{"a": 1}')


def test_marks_as_seen(host, users):
    am.mark_seen(users[0])
    assert am.count_not_seen_by_recipient(users[0]) == 0


def test_reading_changes_no_document(host, users):
    before = host.database.raw_actions()
    for user in users:
        for action in am.get_by_recipient(user):
            action.actor, action.recipients, action.target_link, action.timestamp_since
    host.save()
    assert host.database.raw_actions() == before


def test_forgets_a_user(host, users):
    planned = am.forget(users[0], dry_run=True)
    assert planned.as_recipient == 2
    assert am.forget(users[0]) == planned
    assert set(am.forget(users[0])) == {0}
    assert [host.verbs(user) for user in users[3:]] == [[], []]
    assert host.verbs(users[0]) == []
    assert str(users[0]._id) not in str(host.database.raw_actions())


def test_purges(host, users):
    total = len(host.database.raw_actions())
    assert am.purge(datetime.now(timezone.utc)) == total > 0
    assert host.database.raw_actions() == []
