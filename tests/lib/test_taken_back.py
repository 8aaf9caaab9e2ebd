"""Actions that are taken back or deleted."""

import pytest

from activitystream import am


@pytest.fixture
def liked(host, user, other, post):
    """Store likes, of which only some say the same."""
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
