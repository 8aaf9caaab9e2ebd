"""How actions name the host's entities, and find them again."""

import sys
import uuid

import pytest

from activitystream import am
from tests.helpers.databases import MING, UUIDS, on


def stored(host):
    return host.database.raw_actions()[-1]


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("Numbered", 0),
        ("Numbered", -5),
        ("Numbered", 2**40),
        ("Coded", "a b/ü"),
        ("Coded", ""),
    ],
)
def test_finds_entities_of_any_key(host, user, kind, key):
    entity = host.save(getattr(host.model, kind)(_id=key))
    am.create(entity, "did", entity, entity, recipients=[entity])
    as_stored = host.database.stored_key(key)
    assert stored(host)["actor_id"] == stored(host)["_recipients"][0]["_id"] == as_stored
    host.database.forget()
    entity = host.database.get(getattr(host.model, kind), key)
    (action,) = am.get_by_recipient(entity)
    assert (action.actor_id, action._recipients) == (key, [{"_type": kind, "_id": key}])
    assert [action.actor, action.target, action.action_obj, *action.recipients] == [entity] * 4


@on(*UUIDS)
def test_finds_entities_of_uuid_keys(host):
    key = uuid.uuid4()
    entity = host.save(host.model.Unique(_id=key))
    am.create(entity, "did", recipients=[entity])
    host.database.forget()
    entity = host.database.get(host.model.Unique, key)
    (action,) = am.get_by_recipient(entity)
    assert (action.actor_id, action.actor, action.recipients) == (key, entity, [entity])


def test_a_subclass_in_the_same_collection_is_named_by_its_root(host, user):
    admin = host.save(host.model.Admin(user_name="root"))
    am.create(admin, "banned", user, recipients=[admin])
    assert stored(host)["actor_type"] == stored(host)["_recipients"][0]["_type"] == "User"
    host.database.forget()
    loaded = host.database.get(host.model.User, admin._id)
    (action,) = am.get_by_recipient(loaded)
    assert (action.actor, action.target) == ("root", "ann")


def test_an_old_action_that_names_the_subclass_is_found(host):
    admin = host.save(host.model.Admin(user_name="root"))
    key = host.database.stored_key(admin._id)
    to_admin = [{"_type": "Admin", "_id": key}]
    host.database.insert_action(verb="did", actor_type="Admin", actor_id=key, _recipients=to_admin)
    (action,) = am.get_by_recipient(admin)
    assert (action.actor, [each._id for each in action.recipients]) == ("root", [admin._id])


def test_a_class_may_name_itself_and_be_read_by_its_old_name(host, user):
    topic = host.save(host.model.Topic())
    am.create(user, "opened", topic, recipients=[topic])
    assert stored(host)["target_type"] == stored(host)["_recipients"][0]["_type"] == "forum.Topic"
    host.database.rename_type("forum.Topic", "Thread")
    assert stored(host)["target_type"] == stored(host)["_recipients"][0]["_type"] == "Thread"
    topic = host.database.reload(topic)
    (action,) = am.get_by_recipient(topic)
    assert (action.target, action.recipients) == (topic, [topic])


def test_rejects_two_classes_of_one_name(host, user, post, define):
    other_post = host.save(define("Post", "forum_post")())
    for target in (post, other_post):
        with pytest.raises(ValueError, match="'Post'") as caught:
            am.create(user, "liked", target)
        assert f"{host.model.__name__}.Post" in str(caught.value)
        assert "tests.helpers.host.forum.Post" in str(caught.value)
        assert "activity_type = 'forum.Post'" in str(caught.value)
    assert host.database.raw_actions() == []


def test_two_classes_of_one_name_live_together_when_one_names_itself(host, user, post, define):
    other_post = host.save(define("Post", "forum_post", activity_type="forum.Post")())
    am.create(user, "liked", post)
    am.create(user, "liked", other_post)
    host.database.forget()
    newest, older = am.get_by_recipient(user)
    assert newest.entity("target")._id == other_post._id
    assert older.target == "A post"


def test_rejects_two_subclasses_of_one_name(host, user, define):
    staff = define("Staff", "staff")
    define("Admin", "staff", base=staff)
    for entity in (user, host.save(staff())):
        with pytest.raises(ValueError, match="'Admin'") as caught:
            am.create(user, "liked", entity)
        assert f"{host.model.__name__}.User" in str(caught.value)
        assert "tests.helpers.host.forum.Staff" in str(caught.value)


def test_two_subclasses_of_one_name_live_together_when_one_names_itself(host, user, define):
    staff = define("Staff", "staff")
    admin = define("Admin", "staff", base=staff, activity_type="staff.Admin")
    am.create(user, "liked", host.save(admin()))
    assert stored(host)["target_type"] == "Staff"


def test_a_page_of_actions_about_two_classes_of_one_name_is_shown(
    host, user, post, define, app, caplog
):
    am.create(user, "liked", post)
    define("Post", "forum_post")
    assert "ann liked A post" in app.get("/activitystream/").html.text
    assert "tests.helpers.host.forum.Post" in caplog.text
    ajax = "/activitystream/ajax_update_last_seen_of_a_recipient"
    answer = app.post(ajax, {"_type": "Post", "_id": str(post._id)}, expect_errors=True)
    assert answer.status_int == 404
    assert "forum" not in answer


@on(*MING)
def test_an_object_of_the_class_as_it_was_before_has_its_name(host, user, define):
    before = host.save(define("Reloaded", "reloaded")())
    define("Reloaded", "reloaded")
    am.create(user, "liked", before)
    assert stored(host)["target_type"] == "Reloaded"


def test_rejects_an_old_name_of_another_class(host, user, post, define):
    define("Article", "article", activity_type=("forum.Article", "Post"))
    with pytest.raises(ValueError, match=r"tests\.helpers\.host\.forum\.Article"):
        am.create(user, "liked", post)


def test_a_subclass_with_its_own_collection_has_its_own_name(host, user, define):
    base = define("Base", "base", activity_type="the.Base")
    derived = host.save(define("Derived", "derived", base=base)())
    am.create(user, "liked", derived)
    assert stored(host)["target_type"] == "Derived"
    host.database.forget()
    assert am.get_by_recipient(user)[0].entity("target")._id == derived._id


@on(*MING)
def test_a_redefined_class_does_not_conflict_with_itself(host, user, define):
    define("Reloaded", "reloaded")
    again = host.save(define("Reloaded", "reloaded")())
    am.create(user, "liked", again)
    assert am.get_by_recipient(user)[0].entity("target") is again


@pytest.mark.parametrize("bad", [5, "", (), ("",), (None,), None])
def test_rejects_an_invalid_activity_type(host, user, define, bad):
    entity = host.save(define("Misnamed", "misnamed", activity_type=bad)())
    with pytest.raises(TypeError, match=r"forum\.Misnamed\.activity_type must be a name"):
        am.create(user, "liked", entity)


def test_treats_a_removed_class_as_deleted(host, user):
    key = host.database.stored_key(1)
    host.database.insert_action(
        verb="did", actor_type="Gone", actor_id=key, actor_name="X", _recipients=None
    )
    (action,) = am.get_by_recipient(user)
    assert (action.actor, action.name_of("actor")) == (None, "X")


def test_the_library_does_not_need_sprox_or_toscawidgets():
    assert not {"sprox", "tw2", "tw2.core", "tw2.forms"} & sys.modules.keys()
