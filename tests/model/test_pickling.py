"""What is kept of an action outside the database holds no more than its fields."""

import copy
import pickle

import pytest

from activitystream import am

COPIES = {
    "pickle": lambda each: pickle.loads(pickle.dumps(each)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.fixture
def reader(host):
    return host.user("ann", password="hunter2")


@pytest.fixture(params=["created", "read"])
def action(request, host, reader, post):
    """Return an action whose entities are in hand."""
    created = am.create(reader, "liked", post, post, "why", "{}", recipients=[reader])
    if request.param == "created":
        return created
    host.database.forget()
    action = am.get_by_recipient(host.model.user_named("ann")).first()
    assert (action.actor, len(action.recipients)) == ("ann", 1)
    return action


def test_a_pickled_action_carries_nobody_along(host, action):
    for carrier in (action, [action], {"page": action}, dict(vars(action)).get("_read_with")):
        assert b"hunter2" not in pickle.dumps(carrier)
        assert b"tests.helpers.host" not in pickle.dumps(carrier)


def test_a_pickled_stream_carries_nobody_along(host, reader, action):
    stream = am.get_by_recipient(reader, also=[reader]).before(action).limit(3)
    stream.all()
    pickled = pickle.dumps(stream)
    assert b"hunter2" not in pickled
    assert pickle.loads(pickled).all() == []
    assert pickle.loads(pickle.dumps(am.get_by_recipient(reader))).first().verb == "liked"


def test_a_pickled_stream_of_an_entity_carries_it_not_along(host, reader, action):
    stream = am.get_by_actor(reader, visible_to=reader)
    stream.all()
    pickled = pickle.dumps(stream)
    assert b"hunter2" not in pickled
    assert pickle.loads(pickled).first().actor == "ann"


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_has_the_fields_and_finds_the_entities(host, action, copied):
    fields, recipients = action.__json__(), list(action._recipients)
    again = COPIES[copied](action)
    assert again is not action
    assert again._read_with is None
    host.database.forget()
    assert (again.__json__(), list(again._recipients)) == (fields, recipients)
    assert (again.actor, again.target, again.target_link) == ("ann", "A post", action.target_link)
    assert [each.user_name for each in again.recipients] == ["ann"]
    assert again.sentence == action.sentence


def test_a_copy_of_one_for_everyone_is_for_everyone(host, user):
    again = pickle.loads(pickle.dumps(am.create(user, "told all")))
    assert (again._recipients, again.number_of_recipients, again.recipients) == (None, None, [])


def test_a_changed_copy_changes_nothing_stored(host, action):
    again = pickle.loads(pickle.dumps(action))
    again.verb = "changed"
    host.save()
    assert host.database.raw_actions()[0]["verb"] == "liked"


def test_shows_an_action_unpickled_in_a_new_app(host, action):
    """Another process may not have made an action yet."""
    pickled = pickle.dumps(action)
    host.database.forget()
    host.plug()
    again = pickle.loads(pickled)
    assert (again.verb, again.actor) == ("liked", "ann")


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_of_one_whose_recipients_were_not_read_finds_them(host, reader, copied):
    am.create(reader, "joined", recipients=[reader])
    host.database.forget()
    again = COPIES[copied](am.get_by_recipient(host.model.user_named("ann")).first())
    assert [each.user_name for each in again.recipients] == ["ann"]
