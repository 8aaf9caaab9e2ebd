"""am.get_actions: all actions, for administrators."""

import re

import pytest

from activitystream import am


@pytest.fixture
def actions(host, user, other, post):
    am.create(user, "b", post, recipients=[other])
    am.create(other, "a", recipients=[])
    am.create(user, "c", extra="x")


def verbs(answer):
    return answer[0], [action.verb for action in answer[1]]


def test_returns_all_newest_first_with_their_total(actions):
    assert verbs(am.get_actions()) == (3, ["c", "a", "b"])
    assert verbs(am.get_actions(desc=False)) == (3, ["b", "a", "c"])
    assert len(am.get_actions()) == 2


def test_the_total_ignores_limit_and_offset(actions):
    assert verbs(am.get_actions(limit=2)) == (3, ["c", "a"])
    assert verbs(am.get_actions(limit=2, offset=2)) == (3, ["b"])
    assert verbs(am.get_actions(limit=0)) == (3, [])
    assert verbs(am.get_actions(offset=9)) == (3, [])


def test_orders_by_any_field(actions):
    assert verbs(am.get_actions(order_by="verb", desc=False)) == (3, ["a", "b", "c"])
    assert verbs(am.get_actions(order_by="verb", limit=1)) == (3, ["c"])


def test_filters_by_values_of_fields(actions, user, post):
    assert verbs(am.get_actions(filters={"actor_id": user._id})) == (2, ["c", "b"])
    assert verbs(am.get_actions(filters={"actor_id": user._id, "verb": "b"})) == (1, ["b"])
    assert verbs(am.get_actions(filters={"target_id": None})) == (2, ["c", "a"])
    assert verbs(am.get_actions(filters={"verb": "nothing"})) == (0, [])
    assert verbs(am.get_actions(filters={})) == (3, ["c", "a", "b"])


def test_loads_the_entities(actions, user):
    _, found = am.get_actions(filters={"verb": "b"})
    assert (found[0].actor, found[0].target) == ("ann", "A post")


def test_rejects_an_entity_as_value_without_showing_its_fields(actions, user):
    user.password = "hunter2"
    with pytest.raises(ValueError, match="got User") as caught:
        am.get_actions(filters={"actor_id": user})
    assert "hunter2" not in str(caught.value)


def test_rejects_a_pattern(actions):
    with pytest.raises(ValueError, match="one string or None; got Pattern"):
        am.get_actions(filters={"verb": re.compile("a|b")})


@pytest.mark.parametrize(
    "bad",
    [
        {"filters": {"nonsense": 1}},
        {"filters": {"$where": "1"}},
        {"filters": {"_recipients": None}},
        {"filters": {"verb": {"$ne": None}}},
        {"filters": {"verb": ["a"]}},
        {"filters": {"verb": ("a",)}},
        {"limit": 10**30},
        {"order_by": "nonsense"},
        {"order_by": "$natural"},
        {"limit": -1},
        {"limit": "3"},
        {"offset": -1},
        {"offset": {"$gt": 0}},
    ],
)
def test_rejects_invalid_arguments(actions, bad):
    with pytest.raises(ValueError, match=r"no field|must be one|whole number"):
        am.get_actions(**bad)
