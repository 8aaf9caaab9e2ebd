"""What Ming's session holds, and what it writes."""

import logging
from collections import deque
from datetime import datetime, timedelta

import bson
import pymongo.errors
import pytest

from activitystream import am, model
from tests.conftest import Host
from tests.helpers.databases import MING, on
from tests.helpers.databases.ming import MongoServer
from tests.helpers.host.app import make_app


@pytest.fixture
def aware(mongodb):
    """Return a host whose connection returns aware datetimes."""
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
def test_the_model_is_mings(host):
    assert model.orm.__name__ == "activitystream.model.ming"
    assert model.Action is model.orm.Action


@on("mim", "mongomock")
def test_accepts_both_options_that_enable_ming(database):
    assert make_app(database, blueprint={"use_ming": False, "ming.enabled": True})


@on("mim", "mongomock")
def test_starts_and_logs_if_an_index_cannot_be_made(database, monkeypatch, caplog):
    def fail(*arguments, **options):
        raise pymongo.errors.OperationFailure("no rights")

    monkeypatch.setattr("ming.session.Session.create_index", fail)
    with caplog.at_level(logging.ERROR):
        assert make_app(database)
    assert "indexes of activitystream could not be made" in caplog.text
    assert "no rights" in caplog.text


@on(*MING)
def test_a_failed_write_is_not_repeated_later(host, user, monkeypatch):
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
def test_finds_keys_of_several_types_in_one_collection(host, user, key):
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
def test_a_mark_keeps_fields_that_the_class_lacks(host, user):
    host.database.raw_update(user, unknown=1)
    am.mark_seen(user)
    host.save()
    assert host.database.raw_values(user)["unknown"] == 1


@on(*MING)
def test_a_mark_flushes_no_change_of_the_host(host, user):
    user.user_name = "changed"
    am.mark_seen(user)
    assert host.database.raw_values(user)["user_name"] == "ann"


@on(*MING)
def test_a_stored_user_without_the_field_has_seen_nothing(host, user, other):
    host.database.db.tg_user.update_one({"_id": other._id}, {"$unset": {"last_activity_seen": 1}})
    other = host.database.reload(other)
    am.create(user, "one")
    assert am.count_not_seen_by_recipient(other) == 1
    assert am.mark_seen(other) is None
    assert am.count_not_seen_by_recipient(other) == 0


@on(*MING)
def test_returns_a_nul_character_unchanged(host, user):
    am.create(user, "\x00", description="a\x00b")
    host.database.forget()
    (action,) = am.get_by_recipient(user)
    assert (action.verb, action.description) == ("\x00", "a\x00b")


@on("mongodb")
@pytest.mark.parametrize("write", ["create", "create_many"])
def test_rejects_what_is_too_large_and_says_what_to_do(host, user, write):
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
def test_the_session_keeps_one_page_of_an_iteration(host, user):
    thousands(user)
    for number, _ in enumerate(am.get_by_recipient(user)):
        if number % 500 == 0:
            # Counted one by one, as the session keeps what somebody holds.
            assert 0 < sum(isinstance(each, model.Action) for each in model.DBSession.uow) <= 2000
    assert number == 2499


@on(*MING)
def test_an_action_kept_past_its_page_can_be_changed(host, user):
    thousands(user)
    first, *_ = am.get_by_recipient(user)
    first.extra = "changed"
    model.DBSession.flush_all()
    host.database.forget()
    assert am.get_by_recipient(user).first().extra == "changed"


@on(*MING)
def test_what_the_hosts_own_query_read_does_not_come_back(host, user):
    """Ming saves all of it, and would insert it again."""
    am.create(user, "joined")
    host.database.forget()
    action = model.Action.query.find().first()
    action.extra = "changed"
    assert am.delete(action) == 1
    model.DBSession.flush_all()
    assert am.get_actions(limit=0)[0] == 0


@on(*MING)
def test_a_change_is_flushed_before_the_session_releases_it(host, user):
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
def test_the_session_keeps_entities_in_use(host, user, keep, held):
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
def test_imports_the_manager_and_the_class_as_from_0_1_1(host):
    from activitystream.lib.managers import am as manager
    from activitystream.model.ming_models import Action

    assert manager is am
    assert Action is model.Action
