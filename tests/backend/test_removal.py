"""What was removed is gone: from what is stored, and from what is in hand."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from activitystream.model.action import ROLES
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
from tests.backend.oracle import Oracle, roles_of

#: Some of the ids that a function may be given, by their numbers: all, or few.
chosen = st.just(range(25)) | st.sets(st.integers(0, 24))

#: In which role which entity is forgotten, and in which of the actions.
clearings = st.lists(
    st.tuples(st.sampled_from(ROLES), strategies.entities, chosen), min_size=2, max_size=6
)

#: Which entity is forgotten as a recipient, and in which of the actions.
removals = st.lists(st.tuples(strategies.entities, chosen), min_size=2, max_size=6)


def start(host, orm, keys, drawn):
    """Store drawn actions, and return the oracle with what the session holds of them."""
    host.database.clean()
    oracle = Oracle(store(orm, [strategies.action_fields(each, keys) for each in drawn]))
    return oracle, read_all(orm)


def ids_of(oracle, numbers):
    return [each["_id"] for number, each in enumerate(oracle.actions) if number in numbers]


def check(host, orm, oracle, held):
    """Check what the session holds, and what is stored, against the oracle."""
    wanted = {each["_id"]: expected_fields(each) for each in oracle.actions}
    in_hand = {each._id: readable_fields(each) for each in held if each._id in wanted}
    assert in_hand == wanted
    host.database.forget()
    assert {each._id: readable_fields(each) for each in read_all(orm)} == wanted


@given(strategies.drawn_actions, st.sampled_from([*MOMENTS, LATER]), chosen)
def test_the_oldest_actions_are_found_and_deleted(host, orm, keys, drawn, before, numbers):
    oracle, held = start(host, orm, keys, drawn)
    older = [each["_id"] for each in oracle.older(before)]
    assert orm.count_before(before) == len(older)
    batches = list(orm.ids_before(before))
    assert list(chain.from_iterable(batches)) == older
    ids = ids_of(oracle, numbers)
    assert orm.delete_actions(ids) == oracle.delete(ids)
    assert orm.delete_actions(ids) == 0
    check(host, orm, oracle, held)


@given(strategies.drawn_actions, clearings)
def test_a_role_is_cleared_where_an_entity_is_in_it(host, orm, keys, drawn, clearings):
    oracle, held = start(host, orm, keys, drawn)
    found = list(chain.from_iterable(orm.read_references()))
    by_id = {each[0]: tuple(each[1:]) for each in found}
    assert by_id == {each["_id"]: roles_of(each) for each in oracle.actions}
    assert len(found) == len(by_id)
    for role, entity, numbers in clearings:
        references, ids = strategies.references_to(entity, keys), ids_of(oracle, numbers)
        cleared = orm.clear_role(role, ids, references)
        assert cleared == oracle.clear_role(role, ids, references)
    check(host, orm, oracle, held)


@given(strategies.drawn_actions, removals)
def test_an_entity_is_removed_from_the_recipients(host, orm, keys, drawn, removals):
    oracle, held = start(host, orm, keys, drawn)
    for action in held[::2]:  # of others they were not read
        action.recipient_references()
    for entity, numbers in removals:
        references, ids = strategies.references_to(entity, keys), ids_of(oracle, numbers)
        found = list(chain.from_iterable(orm.ids_addressed_to(references)))
        assert len(found) == len(set(found))
        assert set(found) == {each["_id"] for each in oracle.addressed_to(references)}
        removed = orm.remove_recipients(ids, references)
        assert removed == oracle.remove_recipients(ids, references)
    check(host, orm, oracle, held)


def test_yields_batches_of_the_configured_size(orm, keys):
    it = Reference("Numbered", keys[0])
    store(orm, [fields(_recipients=recipients_field(it)) for _ in range(25)])
    for batches in (orm.ids_before(LATER), orm.read_references(), orm.ids_addressed_to([it])):
        assert [len(batch) for batch in batches] == [10, 10, 5]


def test_batches_can_be_deleted_during_the_iteration(orm, keys):
    it = Reference("Numbered", keys[0])
    for ids in (lambda: orm.ids_before(LATER), lambda: orm.ids_addressed_to([it])):
        store(orm, [fields(_recipients=recipients_field(it)) for _ in range(25)])
        assert [orm.delete_actions(batch) for batch in ids()] == [10, 10, 5]
        assert read_all(orm) == []


def test_references_can_be_cleared_during_the_iteration(orm, keys):
    it = Reference("Numbered", keys[0])
    store(orm, [fields(actor=it) for _ in range(25)])
    for batch in orm.read_references():
        orm.clear_role("actor", [action for action, *_ in batch], [it])
    assert [readable_fields(action)["references"] for action in read_all(orm)] == [[]] * 25


def test_a_change_of_a_deleted_action_restores_nothing(host, orm):
    action, other = orm.insert_action(fields()), orm.insert_action(fields())
    action.verb = "changed before"
    orm.delete_actions([action._id, other._id])
    other.verb = "changed after"
    host.save()
    host.database.forget()
    assert read_all(orm) == []


def test_a_change_of_an_action_restores_no_removed_reference(host, orm, keys):
    it = Reference("Numbered", keys[0])
    action = orm.insert_action(fields(actor=it, actor_name="Ann", _recipients=recipients_field(it)))
    action.extra = "changed before"
    orm.clear_role("actor", [action._id], [it])
    orm.remove_recipients([action._id], [it])
    action.verb = "changed after"
    host.save()
    host.database.forget()
    (found,) = map(readable_fields, read_all(orm))
    names = ("references", "actor_name", "recipients", "extra", "verb")
    assert [found[name] for name in names] == [[], None, [], "changed before", "changed after"]


def test_what_was_removed_before_a_commit_stays_removed(host, orm):
    kept, deleted = store(orm, [fields(), fields()])
    orm.commit_batch()
    orm.delete_actions([deleted["_id"]])
    orm.commit_batch()
    host.database.close()
    assert [action._id for action in read_all(orm)] == [kept["_id"]]
