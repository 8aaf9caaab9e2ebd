"""What an action's properties show of the host's entities, deleted ones included."""

from datetime import datetime

import pytest

from activitystream import am
from activitystream.model import clock


@pytest.fixture
def note(host):
    return host.save(host.model.Note(secret="hunter2"))


@pytest.fixture
def action(host, user, other, post, note):
    """Return the action as another request reads it."""
    am.create(user, "commented", post, note, recipients=[other, user])
    host.database.forget()
    return am.get_by_recipient(host.model.user_named("bob")).first()


def test_actor_and_target_are_texts_and_the_object_an_entity(host, action, note):
    assert action.actor == "ann"
    assert action.target == "A post"
    assert action.action_obj._id == note._id
    assert action.target_link == f"/post/{action.target_id}"


def test_returns_an_entity_without_as_str_itself(host, user, note):
    am.create(user, "kept", note)
    action = am.get_by_recipient(user).first()
    assert action.target is note
    assert action.target_link is None


def test_returns_recipients_in_order(action):
    assert [recipient.user_name for recipient in action.recipients] == ["bob", "ann"]


def test_deleted_entities_are_none_and_keep_their_names(host, action, user, post, note, other):
    for entity in (user, post, note):
        host.database.raw_delete(entity)
    host.database.forget()
    action = am.get_by_recipient(host.model.user_named("bob")).first()
    assert (action.actor, action.target, action.action_obj, action.target_link) == (None,) * 4
    assert [recipient.user_name for recipient in action.recipients] == ["bob"]
    assert action.name_of("actor") == "ann"
    assert action.name_of("target") == "A post"
    assert action.name_of("action_obj") == "deleted"


def test_names_no_entity_by_its_fields(host, action):
    assert action.name_of("action_obj") == "Note"


def test_names_an_entity_by_its_str(host, action, monkeypatch):
    monkeypatch.setattr(host.model.Note, "__str__", lambda self: "a note")
    assert action.name_of("action_obj") == "a note"


def test_rejects_an_unknown_role(host, action):
    for ask in (action.entity, action.name_of):
        with pytest.raises(ValueError, match="no role 'object'; use actor, target or action_obj"):
            ask("object")


def test_nobody_is_called_nothing(host, user):
    action = am.create(user, "joined")
    assert (action.target, action.action_obj, action.name_of("target")) == (None, None, "")


def test_names_an_entity_without_text_by_its_class(host, user, post, monkeypatch):
    monkeypatch.setattr(host.model.Post, "as_str", None)
    action = am.create(user, "liked", post)
    assert action.target_name is None
    assert action.name_of("target") == "Post"


def test_reading_keeps_the_hosts_unsaved_changes(host, user, post):
    am.create(user, "liked", post)
    post.title = "changed"
    assert am.get_by_recipient(user).first().target == "changed"
    host.save(post)
    assert host.database.reload(post).title == "changed"


def test_an_action_is_rendered_as_text(host, action, user, post):
    from activitystream.model import Action

    joined = am.create(user, "joined")
    action.timestamp = joined.timestamp = datetime(2026, 1, 31, 12, 30)
    assert Action.render_str(action) == "ann commented Note A post 01/31/26"
    assert Action.render_str(joined) == "ann joined 01/31/26"
    action.timestamp = clock.now()
    assert (
        Action.render_str(action, timestamp_since=True)
        == "ann commented Note A post less than 1 minute ago"
    )
    assert Action.render_str(action, lambda timestamp: "then") == "ann commented Note A post then"
