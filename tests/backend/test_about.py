"""Actions by the entity in a role: as the oracle has them, and as a viewer may see them."""

from hypothesis import given
from hypothesis import strategies as st

from activitystream.model.values import WHOLE_STREAM, About, Address, Reference, Viewer
from tests.backend import strategies
from tests.backend.actions import fields, read_all, recipients_field, store
from tests.backend.oracle import Oracle, cursor_of, reference_of


def about(role, mention, keys):
    (class_number, _), _ = mention
    names = strategies.NAMES[class_number]
    return About(role, Address((*names, "Former"), strategies.mentioned(mention, keys).key))


def has_it(action, its):
    reference = reference_of(action, its.role)
    return reference.type in its.entity.names and reference.key == its.entity.key


@given(
    strategies.drawn_actions,
    st.sampled_from(["actor", "target", "action_obj"]),
    strategies.mentions,
    strategies.mentions,
    st.tuples(strategies.cursors, strategies.cursors),
    st.integers(0, 3),
    strategies.limits,
)
def test_the_actions_with_an_entity_in_a_role(
    host, orm, keys, drawn, role, whose, viewer, window, skip, limit
):
    host.database.clean()
    oracle = Oracle(store(orm, [strategies.action_fields(each, keys) for each in drawn]))
    its = about(role, whose, keys)
    window = strategies.window(window, oracle.actions)
    before, after = window
    wanted = [
        each
        for each in sorted(oracle.actions, key=cursor_of, reverse=True)
        if has_it(each, its)
        and (before is None or cursor_of(each) < before)
        and (after is None or cursor_of(each) > after)
    ]
    end = None if limit is None else skip + limit
    for for_everyone in (False, True):
        part = [each for each in wanted if not for_everyone or each["_recipients"] is None]
        read = orm.read_about(its, window, skip, limit, for_everyone)
        assert [each._id for each in read] == [each["_id"] for each in part[skip:end]]
        assert orm.count_about(its, window, for_everyone) == len(part)

    myself = about("actor", viewer, keys).entity
    visible = {each["_id"] for each in oracle.stream([myself])}
    visible |= {each["_id"] for each in wanted if has_it(each, About("actor", myself))}
    tested = orm.cursors_about(its, window, 4, Viewer(myself, [myself]))
    assert tested == [(cursor_of(each), each["_id"] in visible) for each in wanted[:4]]


def test_the_actions_with_a_renamed_entity_are_read_and_counted(orm, keys):
    renamed = (2, 0)
    mentions = [strategies.mentioned((renamed, number), keys) for number in (0, -1)]
    store(orm, [fields(actor=each) for each in mentions])
    its = about("actor", (renamed, 0), keys)
    assert {each.actor_type for each in orm.read_about(its, WHOLE_STREAM, 0, None, False)} == {
        each.type for each in mentions
    }
    assert orm.count_about(its, WHOLE_STREAM, False) == 2


def test_actions_are_loaded_by_their_ids_newest_first(orm):
    stored = store(orm, [fields() for _ in range(4)])
    orm.delete_actions([stored[1]["_id"]])
    loaded = orm.load_actions([each["_id"] for each in stored])
    newest_first = sorted((stored[0], *stored[2:]), key=cursor_of, reverse=True)
    assert [each._id for each in loaded] == [each["_id"] for each in newest_first]


def test_finds_what_says_exactly_so(orm, keys):
    one, other = Reference("Numbered", keys[0]), Reference("Numbered", keys[1])
    stored = store(
        orm,
        [
            fields(actor=one, verb="liked", target=other),
            fields(actor=one, verb="liked"),
            fields(actor=one, verb="read", target=other),
            fields(actor=other, verb="liked", target=other),
            fields(actor=one, verb="liked", target=other, action_obj=one),
        ],
    )
    by, to_it = (Address(("Former", "Numbered"), key) for key in keys[:2])
    assert orm.ids_saying(by, "liked", to_it, None) == [stored[0]["_id"]]
    assert orm.ids_saying(by, "liked", None, None) == [stored[1]["_id"]]
    assert orm.ids_saying(by, "liked", to_it, by) == [stored[4]["_id"]]
    assert orm.ids_saying(by, "Liked", to_it, None) == []


def test_an_action_is_stored_once(host, orm, keys):
    reader = Reference("Numbered", keys[0])
    action, is_new = orm.insert_action_once(fields(_recipients=recipients_field(reader)), "x")
    assert is_new
    again, is_new = orm.insert_action_once(fields(), "x")
    assert (again._id, is_new) == (action._id, False)
    host.save()
    host.database.forget()
    assert len(read_all(orm)) == 1
    orm.delete_actions([action._id])
    later, is_new = orm.insert_action_once(fields(), "x")
    assert is_new
    assert later._id != action._id
