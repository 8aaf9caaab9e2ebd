"""am.forget removes what actions say of an entity."""

from datetime import datetime

import bson
import pytest

from activitystream import am, model
from activitystream.lib.removal import Forgotten
from tests.helpers.databases import LARGE, MING, on


@pytest.fixture
def people(host, user, other):
    """Return Ann, who is to be forgotten, Bob and Carl."""
    return user, other, host.user("carl")


@pytest.fixture
def actions(host, people):
    """Store actions with Ann in each role, and of others."""
    ann, bob, carl = people
    am.create(ann, "by ann", bob, recipients=[ann, bob])
    am.create(bob, "to ann", ann, recipients=[carl])
    am.create(bob, "with ann", carl, ann)
    am.create(bob, "to and with ann", ann, ann, recipients=[ann])
    am.create(carl, "for three", recipients=[bob, ann, carl])
    am.create(carl, "for ann", recipients=[ann])
    am.create(carl, "for everyone")
    am.create(carl, "for nobody", recipients=[])
    am.create(ann, "by ann to ann", ann, ann, recipients=[ann])
    host.save()


IN_ALL = Forgotten(as_actor=2, as_target=2, as_action_obj=2, as_recipient=3)


def stored(host):
    return {action["verb"]: action for action in host.database.raw_actions()}


def keys(action):
    """Return the keys of whom a stored action is for."""
    return action["_recipients"] and [each["_id"] for each in action["_recipients"]]


def test_removes_the_entity_from_every_role(host, actions, people):
    ann, bob, carl = people
    before = stored(host)
    assert am.forget(ann) == IN_ALL
    host.save()
    after = stored(host)
    key = host.database.stored_key
    assert list(after) == [verb for verb in before if not verb.startswith("by ann")]
    changed = {
        "to ann": {"target_type": None, "target_id": None, "target_name": None},
        "with ann": {"action_obj_type": None, "action_obj_id": None, "action_obj_name": None},
    }
    changed["to and with ann"] = {**changed["to ann"], **changed["with ann"], "_recipients": []}
    changed["for ann"] = {"_recipients": []}
    changed["for three"] = {"_recipients": [before["for three"]["_recipients"][n] for n in (0, 2)]}
    assert after == {verb: {**before[verb], **changed.get(verb, {})} for verb in after}
    assert keys(after["for three"]) == [key(bob._id), key(carl._id)]


def test_keeps_the_streams_of_others(host, actions, people):
    ann, bob, carl = people
    am.forget(ann)
    host.save()
    host.database.forget()
    ann, bob, carl = map(host.model.user_named, ("ann", "bob", "carl"))
    to_all = ["for everyone", "with ann"]
    assert host.verbs(ann) == to_all
    assert host.verbs(bob) == ["for everyone", "for three", "with ann"]
    assert host.verbs(carl) == ["for everyone", "for three", "with ann", "to ann"]
    assert am.count_not_seen_by_recipient(carl) == 4


def test_an_action_only_for_it_is_then_for_nobody(host, actions, people):
    am.forget(people[0])
    host.save()
    host.database.forget()
    (_, (action,)) = am.get_actions(filters={"verb": "for ann"})
    assert (action.number_of_recipients, action._recipients, action.recipients) == (0, [], [])
    for name in ("ann", "bob", "carl"):
        assert "for ann" not in host.verbs(host.model.user_named(name))


def test_a_second_run_finds_nothing(host, actions, people):
    am.forget(people[0])
    everything = host.database.raw_actions()
    assert am.forget(people[0]) == Forgotten(0, 0, 0, 0)
    assert host.database.raw_actions() == everything


def test_a_dry_run_counts_the_same_and_changes_nothing(host, actions, people):
    everything = host.database.raw_actions()
    assert am.forget(people[0], dry_run=True) == IN_ALL
    assert host.database.raw_actions() == everything


def test_finds_all_names_of_the_class(host, user):
    topic = host.save(host.model.Topic())
    am.create(topic, "new name", recipients=[])
    am.create(user, "old name", topic, topic, recipients=[topic, user])
    am.create(user, "another's", recipients=[user])
    host.save()
    host.database.rename_type("forum.Topic", "Thread")
    am.create(topic, "new name", topic)
    host.save()
    assert am.forget(topic) == Forgotten(2, 1, 1, 1)


def test_finds_a_subclass_in_the_same_table(host, user):
    admin = host.save(host.model.Admin(user_name="root"))
    am.create(user, "told", admin, recipients=[admin])
    host.save()
    host.database.rename_type("User", "Admin")
    assert am.forget(admin) == Forgotten(0, 1, 0, 1)


def test_keeps_another_class_with_the_same_key(host, user):
    numbered, counted = host.save(host.model.Numbered(_id=7), host.model.Counted(_id=7))
    for each in (numbered, counted):
        am.create(each, type(each).__name__, each, each, recipients=[each])
        am.create(user, f"to {type(each).__name__}", each, each, recipients=[each])
    assert am.forget(numbered) == Forgotten(1, 1, 1, 1)
    assert sorted(stored(host)) == ["Counted", "to Counted", "to Numbered"]
    assert am.forget(counted, dry_run=True) == Forgotten(1, 1, 1, 1)


def test_keeps_an_id_without_a_type(host, user):
    """0.1.1 stored such ids."""
    key = host.database.stored_key(user._id)
    host.database.insert_action(
        verb="old", actor_type=None, actor_id=key, target_type=None, target_id=key, _recipients=[]
    )
    assert am.forget(user) == Forgotten(0, 0, 0, 0)
    assert stored(host)["old"]["target_id"] == key


def test_forgets_a_deleted_entity(host, actions, people):
    ann = people[0]
    host.database.delete(ann)
    assert am.forget(ann) == IN_ALL


def test_loaded_actions_forget_it_too(host, people):
    ann, bob, _ = people
    deleted = am.create(ann, "by ann", recipients=[ann])
    told = am.create(bob, "to ann", ann, ann, recipients=[bob, ann])
    only = am.create(bob, "for ann", recipients=[ann])
    told.extra = deleted.extra = "changed"
    assert told.recipients == [bob, ann]
    am.forget(ann)
    assert (told.target, told.target_id, told.target_type, told.target_name) == (None,) * 4
    assert (told.action_obj, told.action_obj_type) == (None, None)
    assert (told.recipients, told.number_of_recipients) == ([bob], 1)
    assert (only.recipients, only.number_of_recipients, list(only._recipients)) == ([], 0, [])
    told.description = only.description = "changed too"
    host.save()
    host.database.forget()
    ann = host.model.user_named("ann")
    assert am.forget(ann) == Forgotten(0, 0, 0, 0)
    found = stored(host)
    assert sorted(found) == ["for ann", "to ann"]
    assert (found["to ann"]["extra"], found["to ann"]["description"]) == ("changed", "changed too")


def test_searches_no_texts(host, people):
    ann, bob, _ = people
    am.create(bob, "wrote of ann", description="ann", extra=str(ann._id))
    assert am.forget(ann) == Forgotten(0, 0, 0, 0)
    assert stored(host)["wrote of ann"]["description"] == "ann"


@pytest.mark.large
@on(*LARGE)
def test_finds_thousands(host, people):
    ann, bob, _ = people
    verbs = {
        "by": {"actor": ann},
        "to": {"actor": bob, "target": ann},
        "for": {"actor": bob, "recipients": [bob, ann]},
        "else": {"actor": bob, "recipients": [bob]},
    }
    am.create_many({**verbs[verb], "verb": verb} for _ in range(550) for verb in verbs)
    host.save()
    counts = Forgotten(550, 550, 0, 550)
    assert am.forget(ann, dry_run=True) == counts
    assert am.forget(ann) == counts
    assert len(host.database.raw_actions()) == 3 * 550
    assert am.get_by_recipient(bob).count() == 3 * 550


def test_finds_all_in_any_order_of_storage(host, user, small_batches):
    mine = {"actor_type": "User", "actor_id": host.database.stored_key(user._id)}
    ming = host.database.name in MING
    for number in range(25, 0, -1):
        key = bson.ObjectId(f"{number:024}") if ming else number
        fields = {"verb": f"no. {number}", "timestamp": datetime(2020, 1, 1), "_recipients": []}
        host.database.insert_action(_id=key, **mine, **fields)
    assert am.forget(user, dry_run=True) == Forgotten(as_actor=25)
    assert am.forget(user) == Forgotten(as_actor=25)
    assert stored(host) == {}


@pytest.mark.parametrize("bad", [None, "ann", 7, ["ann"]])
def test_rejects_what_is_not_an_entity(host, actions, bad):
    with pytest.raises(TypeError, match="entity must be an object of a class that the app stores"):
        am.forget(bad)


def test_rejects_an_unsaved_entity(host, actions):
    with pytest.raises(ValueError, match=f"not stored yet.*{model.orm.STORE_IT[:5]}"):
        am.forget(host.model.User(user_name="new"))


def test_removes_what_the_entity_has_seen_and_read(host, actions, people):
    ann, bob, _ = people
    for reader in (ann, bob):
        am.mark_read(reader, am.get_by_recipient(reader).limit(2))
    host.save()
    planned = am.forget(ann, dry_run=True)
    assert planned.as_reader == 3
    assert am.forget(ann) == planned
    assert am.forget(ann).as_reader == 0
    assert am.forget(bob, dry_run=True).as_reader > 0
