"""The host's classes, and their keys: from an entity to an action or a URL, and back."""

import json

import pytest

from activitystream.model.names import names_of
from activitystream.model.values import Reference
from tests.backend.actions import fields, read_all
from tests.helpers.databases import SQL, on


def test_every_class_of_the_hosts_is_there(host, orm):
    names = ("User", "Admin", "Post", "Note", "Numbered", "Counted", "Coded", "Topic")
    assert {getattr(host.model, name) for name in names} <= set(orm.entity_classes())


def test_a_class_that_is_defined_later_is_there_too(host, orm, define):
    before = orm.entity_classes()
    forum = define("Forum", stored_in="forum")
    assert set(orm.entity_classes()) == {*before, forum}
    assert orm.root_of(forum) is forum


def test_no_class_is_both_in_a_model_and_outside(orm):
    others = set(orm.other_classes())
    assert not others & {*orm.entity_classes(), *orm.MODELS}


def test_an_object_of_the_hosts_is_an_entity_stored_or_not(host, orm):
    assert orm.is_entity(host.user())
    assert orm.is_entity(host.model.Post(title="new"))


def test_anything_else_is_no_entity(host, orm):
    for candidate in (None, 1, "User", b"", [], {}, object(), Reference("a", 1), host.model.User):
        assert not orm.is_entity(candidate)


def test_the_root_of_a_class_is_that_which_it_is_stored_with(host, orm):
    model = host.model
    for cls, root in (
        (model.User, model.User),
        (model.Admin, model.User),
        (model.Post, model.Post),
    ):
        assert orm.root_of(cls) is root


def test_a_new_entity_has_no_key(host, orm):
    assert orm.key_of(host.model.User(user_name="new")) is None


def test_an_entity_is_held_while_loading_it_would_give_the_same_object(host, orm):
    user, post = host.user("ann"), host.post()
    for entity in (user, post):
        host.database.forget()
        assert not orm.is_held(entity)
        entity = host.database.reload(entity)
        cls, key = orm.root_of(type(entity)), orm.key_of(entity)
        assert orm.is_held(entity)
        assert orm.load_entities(cls, [key])[key] is entity
        host.database.delete(entity)
        assert not orm.is_held(entity)


@on(*SQL)
def test_an_expired_entity_is_not_held(host, orm):
    user = host.user("ann")
    user = host.database.reload(user)
    host.database.session.expire(user)
    assert not orm.is_held(user)


#: Classes, and what their entities may have as ``_id``.
KEYS = [
    *(("Numbered", number) for number in (0, 1, -1, 2**31, 2**63 - 1, -(2**63))),
    *(("Coded", text) for text in ("a", "A", "1", "a/b c?d&é", "ü" * 200, "None", "0x1", "1.0")),
    ("User", None),
    ("Admin", None),
    ("Topic", None),
]


@pytest.fixture
def entities(host):
    return host.save(
        *(getattr(host.model, name)(**({} if key is None else {"_id": key})) for name, key in KEYS)
    )


def test_a_stored_entity_is_found_by_its_key(host, orm, entities):
    known = [(type(entity), orm.key_of(entity), entity._id) for entity in entities]
    host.database.forget()
    for cls, key, own in known:
        found = orm.load_entities(orm.root_of(cls), [key])
        assert set(found) == {key}
        assert (type(found[key]), found[key]._id) == (cls, own)


def test_a_key_is_what_an_action_gives_back(host, orm, entities):
    references = [Reference(names_of(type(each))[0], orm.key_of(each)) for each in entities]
    for it in references:
        orm.insert_action(fields(actor=it))
    host.database.forget()
    actions = read_all(orm)
    given_back = [next(action.references()) for action in actions]
    assert given_back == references
    assert list(map(hash, given_back)) == list(map(hash, references))
    assert [action.actor_id for action in actions] == [entity._id for entity in entities]


def test_a_key_is_found_by_its_text(orm, entities):
    for entity in entities:
        cls, key = type(entity), orm.key_of(entity)
        shown = orm.key_as_text(names_of(cls)[0], key)
        assert type(shown) in (int, str)
        assert json.loads(json.dumps(shown)) == shown
        assert orm.keys_from_text(cls, str(shown)) == [key]
        assert key in orm.keys_from_text(cls, str(entity._id))


def test_keys_of_several_entities_have_several_texts(host, orm):
    for cls in (host.model.Coded, host.model.Numbered):
        texts = ["1", "2"] if cls is host.model.Coded else [1, 2]
        keys = [orm.key_of(host.save(cls(_id=text))) for text in texts]
        assert [orm.key_as_text(cls.__name__, key) for key in keys] == texts


def test_an_invalid_text_gives_no_key(host, orm):
    texts = ("", " ", "one", " 1", "1 ", "01", "+1", "1_0", "1.0", "٣", "\0", "9" * 50, "9" * 5000)
    assert [orm.keys_from_text(host.model.Numbered, text) for text in texts] == [[]] * len(texts)


def test_a_malformed_key_is_that_of_no_user(host, orm):
    assert orm.keys_from_text(host.model.User, host.database.malformed_key) == []
    assert len(orm.keys_from_text(host.model.User, host.database.unknown_key)) == 1


def test_a_key_is_shown_though_its_class_is_gone(orm, keys):
    assert str(orm.key_as_text("NoSuchClass", keys[0])) == "1"


def test_entities_are_loaded_without_those_that_are_gone(host, orm):
    users = [host.user(f"user {number}") for number in range(25)]
    users.append(host.save(host.model.Admin(user_name="admin")))
    keys = [orm.key_of(each) for each in users]
    host.database.delete(users[3])
    host.database.forget()
    found = orm.load_entities(host.model.User, keys)
    left = [key for key in keys if key != keys[3]]
    assert set(found) == set(left)
    names = [found[key].user_name for key in left]
    assert names == [*(f"user {number}" for number in range(25) if number != 3), "admin"]


def test_no_entities_are_loaded_for_no_keys(host, orm):
    host.user()
    assert not orm.load_entities(host.model.User, [])


def test_entities_of_another_class_are_not_loaded(host, orm):
    key = orm.key_of(host.save(host.model.Numbered(_id=1)))
    assert not orm.load_entities(host.model.Counted, [key])


def test_a_loaded_entity_is_the_one_that_the_session_holds(host, orm):
    user = host.user()
    assert orm.load_entities(host.model.User, [orm.key_of(user)])[orm.key_of(user)] is user


def test_an_entity_of_the_hosts_session_may_be_referred_to(host, orm):
    orm.check_session(host.user())


def test_quoted_hints_exist(orm):
    assert "last_activity_seen" in orm.SEEN_FIELD
    assert orm.STORE_IT
