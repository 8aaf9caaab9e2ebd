"""Actions that are taken back, deleted, or created once."""

import pytest

from activitystream import am
from tests.helpers.databases import SERVERS, on
from tests.helpers.threads import at_once


@pytest.fixture
def liked(host, user, other, post):
    """Likes, of which only some say the same."""
    for actor, verb, target, comment in (
        (user, "liked", post, None),
        (user, "liked", post, None),
        (user, "liked", post, other),
        (user, "liked", None, None),
        (user, "shared", post, None),
        (other, "liked", post, None),
        (user, "liked", other, None),
    ):
        am.create(actor, verb, target, comment, recipients=[other])
    host.save()


def test_withdraws_what_says_exactly_so(host, liked, user, other, post):
    assert am.withdraw(user, "liked", post) == 2
    assert am.withdraw(user, "liked", post) == 0
    assert am.get_by_recipient(other).count() == 5
    assert am.withdraw(user, "liked") == 1
    assert am.withdraw(user, "liked", post, other) == 1
    assert am.count_not_seen_by_recipient(other) == 3


@pytest.mark.parametrize("bad", [None, "ann"])
def test_rejects_an_actor_that_is_not_stored(host, liked, other, bad):
    with pytest.raises(TypeError, match="actor must be an object"):
        am.withdraw(bad, "liked")
    with pytest.raises(TypeError, match="verb must be a string"):
        am.withdraw(other, None)
    assert am.get_by_recipient(other).count() == 7


def test_deletes_one_action(host, liked, other):
    newest, *rest = am.get_by_recipient(other).all()
    assert am.delete(newest) == 1
    assert am.delete(newest) == 0
    host.save()
    assert [each._id for each in am.get_by_recipient(other)] == [each._id for each in rest]


def test_rejects_what_is_no_action(host, other):
    with pytest.raises(TypeError, match="action must be an action; got User"):
        am.delete(other)


def test_creates_once(host, user, other):
    first = am.create(user, "joined", recipients=[other], once="welcome:1")
    again = am.create(user, "joined again", recipients=[other], once="welcome:1")
    assert (again._id, again.verb) == (first._id, "joined")
    assert am.create(user, "joined", once="welcome:2")._id != first._id
    host.save()
    host.database.forget()
    assert am.create(user, "joined", once="welcome:1")._id == first._id
    assert am.get_by_recipient(host.database.reload(other)).count() == 2


@pytest.mark.parametrize("way", ["delete", "withdraw", "purge", "forget"])
def test_a_key_is_free_again_when_its_action_is_deleted(host, user, way):
    first = am.create(user, "joined", once="welcome")
    host.save()
    if way == "delete":
        am.delete(first)
    elif way == "withdraw":
        am.withdraw(user, "joined")
    elif way == "purge":
        from activitystream.model import clock

        am.purge(clock.now())
        am.delete(first)  # unless that was the very millisecond
    else:
        am.forget(user)
    host.save()
    second = am.create(user, "joined", once="welcome")
    assert second._id != first._id


def test_no_hook_is_called_for_one_that_was_there(host, user, monkeypatch):
    import tg

    told = []
    tg.hooks.register("activitystream.after_create", told.append)
    for _ in range(2):
        am.create(user, "joined", once="welcome")
    assert len(told) == 1


@pytest.mark.parametrize(("bad", "error"), [("", ValueError), (7, TypeError), (b"a", TypeError)])
def test_rejects_a_key_that_is_no_text(host, user, bad, error):
    with pytest.raises(error, match="once must"):
        am.create(user, "joined", once=bad)
    assert host.database.raw_actions() == []


def test_keys_are_told_apart(host, user):
    keys = ["a", "A", "a ", "ä", "a" * 5000, "a" * 5001, "\0", "👋"]
    for key in keys:
        am.create(user, "joined", once=key)
    host.save()
    assert len(host.database.raw_actions()) == len(keys)


def test_creates_many_once(host, user):
    actions = [
        {"actor": user, "verb": verb, "once": once}
        for verb, once in (("a", "1"), ("b", None), ("c", "1"), ("d", "2"), ("e", None))
    ]
    assert am.create_many(actions) == 4
    assert am.create_many(actions) == 2
    host.save()
    verbs = sorted(each["verb"] for each in host.database.raw_actions())
    assert verbs == ["a", "b", "b", "d", "e", "e"]


@on(*SERVERS)
def test_of_many_at_once_one_is_stored(host, user):
    key = user._id

    def create():
        actor = host.database.get(host.model.User, key)
        created.append(am.create(actor, "joined", once="welcome")._id)
        host.save()

    created = []
    at_once(host, *[create] * 6)
    assert len(set(created)) == 1
    assert len(host.database.raw_actions()) == 1
