"""Keys of any kind that a class may have, from MongoDB into actions and back."""

import re
import uuid
from datetime import datetime, timedelta, timezone

import bson
import pytest
from ming import schema as s
from ming.odm import FieldProperty

from activitystream import am

AJAX = "/activitystream/ajax_update_last_seen_of_a_recipient"

UUID = uuid.UUID("fcc792da-2c0e-4b5b-a2c2-6a1f9b0d4a11")

TWO_HOURS = timezone(timedelta(hours=2))


class LowerCase(s.FancySchemaItem):
    """A type that stores another text than it is given."""

    def _validate(self, value, **options):
        if not isinstance(value, str):
            raise s.Invalid("not a text", value)
        return value.lower()


class Hexadecimal(s.FancySchemaItem):
    """A UUID that is stored as a text, and accepts no text."""

    def _validate(self, value, **options):
        return value if isinstance(value, str) and len(value) == 32 else value.hex


KEYS = {
    "an ObjectId": (s.ObjectId, bson.ObjectId()),
    "a number": (s.Int, 5),
    "a number as a float": (s.Int, 5.0),
    "a text": (s.String, "ä b/\U0001f514"),
    "one of some": (s.OneOf("a", "b"), "a"),
    "a datetime": (s.DateTime, datetime(2020, 2, 29, 12, 30, 1, 123456)),
    "an aware datetime": (s.DateTime, datetime(2020, 2, 29, 12, 30, tzinfo=TWO_HOURS)),
    "bytes": (s.Binary, b"\0\xff"),
    "a float": (s.Float, 0.5),
    "a truth": (s.Bool, True),
    "a schema that changes it": (LowerCase, "ANN"),
    "a schema that wants its own": (Hexadecimal, UUID),
    "anything, a text": (s.Anything, "5x"),
    "anything, a text like a UUID": (s.Anything, str(UUID)),
    "anything, a datetime": (s.Anything, datetime(2020, 2, 29, 12, 30, 1, 123456)),
    "anything, a float": (s.Anything, 5.5),
}


@pytest.fixture(params=KEYS)
def entity(request, host, define):
    schema, key = KEYS[request.param]
    if host.database.name == "mongomock" and "datetime" in request.param and "any" in request.param:
        key = key.replace(microsecond=0)  # which mongomock stores, and cannot delete
    return host.save(define("Keyed", "keyed", _id=FieldProperty(schema))(_id=key))


def again(host, entity):
    host.database.forget()
    return type(entity).query.find().first()


def test_finds_the_entity_and_its_stream(host, user, entity):
    am.create(entity, "did", entity, entity, recipients=[entity, entity])
    am.create_many([{"actor": entity, "verb": "was imported", "recipients": [entity]}])
    entity = again(host, entity)
    newest, action = am.get_by_recipient(entity)
    assert newest.verb == "was imported"
    assert [action.actor, action.target, action.action_obj, *action.recipients] == [entity] * 4
    assert (action.actor_id, action._recipients) == (
        entity._id,
        [{"_type": "Keyed", "_id": entity._id}],
    )
    filters = {"actor_type": "Keyed", "actor_id": entity._id}
    assert am.get_actions(filters=filters)[0] == 2
    assert am.count_not_seen_by_recipient(entity) == 2
    am.mark_seen(entity)
    am.mark_read(entity, newest)
    entity = again(host, entity)
    assert am.count_not_seen_by_recipient(entity) == 0
    assert [each.verb for each in am.get_by_recipient(entity).unread()] == ["did"]
    assert tuple(am.forget(entity)) == (2, 0, 0, 0, 2)


def test_accepts_the_key_of_json_in_requests(host, user, entity):
    host.plug(may_update=lambda user, recipient: True)
    action = am.create(entity, "did", recipients=[])
    for text in (str(action.__json__()["actor_id"]), str(again(host, entity)._id)):
        if not text.startswith("b'"):
            host.browser(user).post(AJAX, {"_type": "Keyed", "_id": text}, status=200)
    assert again(host, entity).last_activity_seen is not None


@pytest.mark.parametrize(
    "schema", [s.ObjectId, s.Int, s.DateTime, s.Binary, s.Bool, s.OneOf("a"), Hexadecimal]
)
def test_rejects_impossible_keys_in_requests(host, user, define, schema):
    define("Keyed", "keyed", _id=FieldProperty(schema))
    host.plug(may_update=lambda user, recipient: True)
    browser = host.browser(user)
    texts = ["x", " ", "1.5", "9" * 4999, "\u0667", "1e3", "inf", "{}", "F" * 24, "AA"]
    texts += [str(2**63), str(-(2**63) - 1)]
    for text in [*texts, "2020-13-01", '{"$ne": null}']:
        answer = browser.post(AJAX, {"_type": "Keyed", "_id": text}, expect_errors=True)
        assert answer.status_int == 400, text


@pytest.mark.parametrize(
    "held",
    [{"a": 1}, {"$ne": None}, ["a"], re.compile(".*"), 5, "x", 1.5, b"x", datetime(2020, 1, 1)],
)
def test_shows_old_actions_with_impossible_keys(host, user, held):
    if host.database.name == "mongomock" and isinstance(held, re.Pattern):
        held = bson.Regex.from_native(held)
    host.database.insert_action(
        verb="did long ago",
        actor_type="User",
        actor_id=held,
        actor_name="an old one",
        _recipients=[{"_type": "User", "_id": user._id}, {"_type": "User", "_id": held}],
        timestamp=datetime(2020, 1, 1),
    )
    assert "an old one" in host.browser(user).get("/activitystream/")
    (action,) = am.get_by_recipient(host.model.user_named("ann"))
    assert action.actor is None
    assert [each.user_name for each in action.recipients] == ["ann"]
    assert tuple(am.forget(host.model.user_named("ann"), dry_run=True)) == (0, 0, 0, 1, 0)
