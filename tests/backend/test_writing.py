"""Actions are stored as they are given, or are refused before."""

import re

import pytest
from hypothesis import given

from activitystream.model.values import Reference
from tests.backend import strategies
from tests.backend.actions import (
    LATER,
    MOMENTS,
    expected_fields,
    fields,
    read_all,
    readable_fields,
    recipients_field,
    store,
)


@pytest.fixture
def every_field(keys):
    """Return an action whose fields all have a value of their own."""
    return fields(
        actor=Reference("Numbered", keys[0]),
        actor_name="Ann",
        verb="wrote",
        description="‹ü\U0001f600›",
        extra="x" * 70_000,
        target=Reference("Counted", keys[1]),
        target_name="a target",
        action_obj=Reference("forum.Topic", keys[1]),
        action_obj_name="an object",
        timestamp=MOMENTS[1],
        _recipients=recipients_field(Reference("Numbered", keys[1]), Reference("Counted", keys[0])),
    )


def test_an_action_is_stored_with_all_its_fields(host, orm, every_field):
    action = orm.insert_action(every_field)
    stored = {**every_field, "_id": action._id}
    assert isinstance(action, orm.Action)
    assert readable_fields(action) == expected_fields(stored)
    host.database.forget()
    assert [readable_fields(each) for each in read_all(orm)] == [expected_fields(stored)]


@pytest.mark.parametrize("number", [0, 1, 3, 200])
def test_an_action_has_each_recipient_it_names(host, orm, number):
    recipients = [Reference("Numbered", orm.key_of(each)) for each in _people(host, number)]
    action = orm.insert_action(fields(_recipients=recipients_field(*recipients)))
    assert readable_fields(action)["recipients"] == recipients
    host.database.forget()
    assert [readable_fields(each)["recipients"] for each in read_all(orm)] == [recipients]


def _people(host, number):
    return [host.save(host.model.Numbered(_id=each)) for each in range(number)]


@given(strategies.drawn_actions)
def test_several_actions_are_stored_with_all_their_fields(host, orm, keys, drawn):
    host.database.clean()
    stored = store(orm, [strategies.action_fields(each, keys) for each in drawn])
    host.database.forget()
    found = {action._id: readable_fields(action) for action in read_all(orm)}
    assert found == {each["_id"]: expected_fields(each) for each in stored}


def test_storing_changes_no_argument(orm, every_field):
    given = {**every_field, "_recipients": list(every_field["_recipients"])}
    orm.insert_action(given)
    orm.insert_actions([given])
    assert given == every_field


def test_a_change_of_a_new_action_is_saved(host, orm):
    orm.insert_action(fields()).verb = "changed"
    host.save()
    host.database.forget()
    assert [action.verb for action in read_all(orm)] == ["changed"]


@pytest.mark.parametrize(
    "description", ["\0", "x" * 17_000_000], ids=["a NUL", "17 million characters"]
)
def test_an_action_is_stored_if_it_passes_the_check(host, orm, description):
    given = fields(description=description)
    try:
        orm.check_fields(given)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            orm.insert_action(given)
        assert read_all(orm) == []
        # Nor is the transaction lost.
        given = fields(description="shorter")
    orm.insert_action(given)
    orm.insert_actions([given])
    host.database.forget()
    found = [action.description for action in read_all(orm)]
    assert found == [given["description"]] * 2


@pytest.mark.parametrize(
    "filters",
    [{"_id": 2**70}, {"_id": -(2**70)}, {"verb": "\0"}, {"verb": "x" * 70_000}],
    ids=lambda filters: str(filters)[:20],
)
def test_an_impossible_filter_is_refused_or_finds_none(orm, filters):
    store(orm, [fields()])
    try:
        orm.check_filters(filters)
    except ValueError:
        return
    assert orm.find_actions(filters, "timestamp", True, 0, None) == []
    assert orm.count_actions(filters) == 0


def test_accepts_the_values_of_an_action_as_filters(orm, every_field):
    action = orm.insert_action(every_field)
    filters = {**every_field, "_id": action._id}
    del filters["_recipients"], filters["notify_actor"]
    orm.check_filters(filters)
    assert orm.find_actions(filters, "timestamp", True, 0, None) == [action]
    assert orm.count_actions(filters) == 1


def test_a_later_action_is_newer_at_the_same_moment(orm):
    first, second = (orm.insert_action(fields(timestamp=LATER))._id for _ in range(2))
    assert first < second
