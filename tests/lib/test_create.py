"""am.create: what is recorded, and what is refused before anything is stored."""

from datetime import datetime, timedelta, timezone

import pytest

from activitystream import ActionManager, am
from activitystream.model.action import FIELDS
from tests.helpers.databases import LARGE, on


def test_stores_all_arguments(host, user, other, post):
    comment = host.save(host.model.Note(secret="x"))
    action = am.create(
        user,
        "commented",
        target=post,
        action_obj=comment,
        description="a <b>description</b>",
        extra='{"a": 1}',
        recipients=[other],
    )
    (stored,) = host.database.raw_actions()
    timestamp = stored.pop("timestamp")
    assert stored == {
        "_id": action._id,
        "actor_type": "User",
        "actor_id": host.database.stored_key(user._id),
        "actor_name": "ann",
        "verb": "commented",
        "target_type": "Post",
        "target_id": host.database.stored_key(post._id),
        "target_name": "A post",
        "action_obj_type": "Note",
        "action_obj_id": host.database.stored_key(comment._id),
        "action_obj_name": None,
        "description": "a <b>description</b>",
        "extra": '{"a": 1}',
        "_recipients": [{"_type": "User", "_id": host.database.stored_key(other._id)}],
    }
    assert abs(timestamp - datetime.now(timezone.utc).replace(tzinfo=None)) < timedelta(minutes=1)


def test_any_action_manager_works_like_am(host, user):
    ActionManager().create(user, "joined")
    assert host.verbs(user) == ["joined"]


def test_returns_the_stored_action(host, user, other, post):
    action = am.create(user, "liked", post, recipients=[other])
    assert (action.actor, action.target, action.action_obj) == ("ann", "A post", None)
    assert action.target_link == f"/post/{post._id}"
    assert action.recipients == [other]
    in_hand = {name: getattr(action, name) for name in FIELDS}
    host.database.forget()
    (read,) = am.get_by_recipient(other)
    assert {name: getattr(read, name) for name in FIELDS} == in_hand


def test_stores_null_for_a_missing_target_and_object(host, user):
    am.create(user, "joined")
    (stored,) = host.database.raw_actions()
    absent = ("target_type", "target_id", "action_obj_type", "action_obj_id")
    assert [stored[name] for name in absent] == [None] * 4


def test_the_timestamp_is_naive_utc_to_the_millisecond(host, user):
    before = datetime.now(timezone.utc).replace(tzinfo=None)
    timestamp = am.create(user, "joined").timestamp
    assert timestamp.tzinfo is None
    assert timestamp.microsecond % 1000 == 0
    assert -1 < (timestamp - before).total_seconds() < 60


def test_accepts_any_iterable_of_recipients_without_repeats(host, user, other):
    for recipients in ([other, other], (other,), {other}, iter([other]), (r for r in [other])):
        am.create(user, "said", recipients=recipients)
    to_other = [{"_type": "User", "_id": host.database.stored_key(other._id)}]
    assert [stored["_recipients"] for stored in host.database.raw_actions()] == [to_other] * 5
    assert am.get_by_recipient(other).count() == 5


@pytest.mark.large
@on(*LARGE)
def test_reaches_every_recipient_of_a_crowd(host, user, other):
    crowd = [host.model.Numbered(_id=number) for number in range(2000)]
    host.save(*crowd)
    am.create(user, "announced", recipients=[*crowd, other])
    assert host.verbs(crowd[-1]) == ["announced"]
    assert host.verbs(other) == ["announced"]


def test_stores_the_hosts_other_changes(host, user, other, post):
    user.user_name = "changed before"
    am.create(user, "liked", post, recipients=[other])
    post.title = "changed after"
    host.save(user, post)
    assert host.database.reload(user).user_name == "changed before"
    assert host.database.reload(post).title == "changed after"


BAD = {
    "no actor": lambda host, user: dict(actor=None, verb="x"),
    "an actor that is not an entity": lambda host, user: dict(actor="ann", verb="x"),
    "an actor that is a class": lambda host, user: dict(actor=host.model.User, verb="x"),
    "an actor that is injected": lambda host, user: dict(actor={"$ne": None}, verb="x"),
    "an id as target": lambda host, user: dict(actor=user, verb="x", target=user._id),
    "an unsaved actor": lambda host, user: dict(actor=host.model.User(), verb="x"),
    "an unsaved target": lambda host, user: dict(actor=user, verb="x", target=host.model.Post()),
    "an unsaved recipient": lambda host, user: dict(
        actor=user, verb="x", recipients=[host.model.User()]
    ),
    "no verb": lambda host, user: dict(actor=user, verb=None),
    "an empty verb": lambda host, user: dict(actor=user, verb=""),
    "a dict as verb": lambda host, user: dict(actor=user, verb={"$ne": None}),
    "a number as description": lambda host, user: dict(actor=user, verb="x", description=1),
    "a dict as extra": lambda host, user: dict(actor=user, verb="x", extra={"a": 1}),
    "text that is not Unicode": lambda host, user: dict(actor=user, verb="x", extra="\ud800"),
    "one recipient without a list": lambda host, user: dict(actor=user, verb="x", recipients=user),
    "a text of recipients": lambda host, user: dict(actor=user, verb="x", recipients="ann"),
    "a dict of recipients": lambda host, user: dict(actor=user, verb="x", recipients={"$ne": 1}),
    "a class of recipients": lambda host, user: dict(
        actor=user, verb="x", recipients=host.model.User
    ),
    "a number of recipients": lambda host, user: dict(actor=user, verb="x", recipients=5),
    "no entity among recipients": lambda host, user: dict(
        actor=user, verb="x", recipients=[user, None]
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_rejects_invalid_arguments_and_stores_nothing(host, user, what):
    arguments = BAD[what](host, user)
    with pytest.raises((TypeError, ValueError)):
        am.create(**arguments)
    host.save()
    assert host.database.raw_actions() == []


def test_errors_say_what_is_wrong_and_what_to_do(host, user):
    with pytest.raises(ValueError, match="target is a Post that is not stored yet.*first"):
        am.create(user, "liked", host.model.Post())
    with pytest.raises(TypeError, match="actor must be an object .* the app stores, not a str"):
        am.create("ann", "liked")
    with pytest.raises(TypeError, match="recipients must be a list, .*got one User"):
        am.create(user, "liked", recipients=user)


def test_errors_never_show_an_entitys_fields(host, user):
    user.password = "hunter2"
    for bad in (dict(recipients=user), dict(recipients=[user, 5]), dict(extra=user)):
        with pytest.raises(TypeError) as caught:
            am.create(user, "liked", **bad)
        assert "hunter2" not in str(caught.value)
    with pytest.raises(ValueError, match="got list") as caught:
        am.count_not_seen_by_recipient(user, [user])
    assert "hunter2" not in str(caught.value)


def test_returns_any_text_unchanged(host, user):
    text = "\x01 \u202e \U0001f514 ' \" <script> {{x}} ${x}" + "x" * 100_000
    am.create(user, text, description=text, extra=text)
    host.database.forget()
    (action,) = am.get_by_recipient(user)
    assert (action.verb, action.description, action.extra) == (text,) * 3
