"""Who sees which action."""

from activitystream import am
from activitystream.model.action import ActionMixin


def test_a_recipient_sees_their_actions_and_those_for_everyone(host, user, other):
    third = host.user("cec")
    am.create(user, "to bob", recipients=[other])
    am.create(user, "to both", recipients=[other, third])
    am.create(user, "to everyone")
    am.create(user, "to everyone, said", recipients=None)
    am.create(user, "to nobody", recipients=[])
    assert host.verbs(other) == ["to everyone, said", "to everyone", "to both", "to bob"]
    assert host.verbs(third) == ["to everyone, said", "to everyone", "to both"]
    assert host.verbs(user) == ["to everyone, said", "to everyone"]


def test_everyone_is_stored_as_null_and_nobody_as_an_empty_list(host, user):
    am.create(user, "to everyone")
    am.create(user, "to nobody", recipients=[])
    assert [stored["_recipients"] for stored in host.database.raw_actions()] == [None, []]
    host.database.forget()
    assert [action.recipients for action in am.get_actions()[1]] == [[], []]


def test_a_changed_action_for_nobody_stays_for_nobody(host, user):
    am.create(user, "to nobody", recipients=[]).extra = "changed"
    am.create(user, "to everyone").extra = "changed"
    host.save()
    assert [stored["_recipients"] for stored in host.database.raw_actions()] == [[], None]
    assert {stored["extra"] for stored in host.database.raw_actions()} == {"changed"}


def test_recipients_of_any_kind_see_their_stream(host, user, post):
    am.create(user, "edited", recipients=[post])
    assert host.verbs(post) == ["edited"]


def test_distinguishes_classes_with_the_same_key(host, user):
    number = host.save(host.model.Numbered(_id=1))
    counted = host.save(host.model.Counted(_id=1))
    am.create(user, "to the number", recipients=[number])
    assert host.verbs(number) == ["to the number"]
    assert host.verbs(counted) == []


def test_matches_type_and_key_of_the_same_recipient(host, user):
    one, two = host.save(host.model.Numbered(_id=1), host.model.Numbered(_id=2))
    counted = host.save(host.model.Counted(_id=2))
    am.create(user, "mixed", recipients=[one, counted])
    assert host.verbs(two) == []
    assert am.count_not_seen_by_recipient(two) == 0


def test_the_class_method_returns_the_same_stream(host, user):
    am.create(user, "joined")
    from activitystream.model import Action

    assert issubclass(Action, ActionMixin)
    assert [action.verb for action in Action.get_by_recipient(user)] == ["joined"]
    assert Action.count_not_seen_by_recipient(user) == 1
