"""Streams, all actions, and for whom they are: as the oracle has them, in the same order."""

import weakref
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitystream.model.action import ROLES
from activitystream.model.values import WHOLE_STREAM, Address, Cursor, Reference, Window
from tests.backend import strategies
from tests.backend.actions import (
    MOMENTS,
    expected_fields,
    fields,
    read_all,
    readable_fields,
    recipients_field,
    store,
)
from tests.backend.oracle import Oracle, cursor_of, reference_of
from tests.helpers.databases import LARGE, on

questions = st.lists(
    st.fixed_dictionaries(
        {
            "to": strategies.some_entities,
            "window": st.tuples(strategies.cursors, strategies.cursors),
            "skip": st.integers(0, 12),
            "limit": strategies.limits,
        }
    ),
    min_size=3,
    max_size=8,
)


@given(strategies.drawn_actions, questions)
def test_a_stream_is_read_and_counted(host, orm, keys, drawn, questions):
    host.database.clean()
    oracle = Oracle(store(orm, [strategies.action_fields(each, keys) for each in drawn]))
    for question in questions:
        addresses = strategies.addresses(question["to"], keys)
        window = strategies.window(question["window"], oracle.actions)
        skip, limit = question["skip"], question["limit"]

        read = orm.read_stream(addresses, window, skip, limit)
        end = None if limit is None else skip + limit
        stream = oracle.stream(addresses, window)
        assert [readable_fields(action) for action in read] == [
            expected_fields(each) for each in stream[skip:end]
        ]

        outlines = orm.read_outlines(addresses, window, skip, 100 if limit is None else limit)
        assert [_comparable(*each) for each in outlines] == [
            _comparable(
                *(cursor_of(each), each["verb"]),
                *(part for role in ROLES for part in reference_of(each, role)),
            )
            for each in stream[skip:end]
        ]

        counted = orm.count_stream(addresses, window, limit)
        assert counted == len(stream[:limit])

        cursors = orm.read_cursors(addresses, window, end or 100)
        assert cursors == [cursor_of(each) for each in stream[: end or 100]]


def _comparable(cursor, verb, *references):
    """Return an outline with keys as text, whatever the database stores."""
    pairs = zip(references[::2], references[1::2], strict=True)
    return cursor, verb, *(type_name and (type_name, str(key)) for type_name, key in pairs)


@given(strategies.drawn_actions, strategies.some_entities, st.sets(st.integers(0, 9)))
def test_actions_are_found_in_a_stream_by_their_ids(host, orm, keys, drawn, entities, places):
    host.database.clean()
    oracle = Oracle(store(orm, [strategies.action_fields(each, keys) for each in drawn]))
    addresses = strategies.addresses(entities, keys)
    asked = [each["_id"] for place, each in enumerate(oracle.actions) if place in places]
    asked.append(orm.action_id_from_text(host.database.unknown_key))
    found = orm.find_in_stream(addresses, asked)
    wanted = [each for each in oracle.stream(addresses, WHOLE_STREAM) if each["_id"] in asked]
    assert sorted(each._id for each in found) == sorted(each["_id"] for each in wanted)
    assert {each._id: readable_fields(each) for each in found} == {
        each["_id"]: expected_fields(each) for each in wanted
    }


searches = st.lists(
    st.fixed_dictionaries(
        {
            "by": st.sets(st.sampled_from(["actor", "target", "verb", "timestamp"]), max_size=2),
            "actor": strategies.mentions,
            "verb": strategies.verbs,
            "timestamp": strategies.moments,
            "order_by": st.sampled_from(["timestamp", "verb", "_id"]),
            "desc": st.booleans(),
            "skip": st.integers(0, 4),
            "limit": strategies.limits,
        }
    ),
    min_size=3,
    max_size=8,
)


@given(strategies.drawn_actions, searches)
def test_actions_are_found(host, orm, keys, drawn, searches):
    host.database.clean()
    oracle = Oracle(store(orm, [strategies.action_fields(each, keys) for each in drawn]))
    for search in searches:
        filters = {name: search[name] for name in ("verb", "timestamp") if name in search["by"]}
        if "actor" in search["by"]:
            actor = strategies.mentioned(search["actor"], keys)
            filters |= {"actor_type": actor.type, "actor_id": actor.key}
        if "target" in search["by"]:
            filters["target_id"] = None
        order_by, desc, skip, limit = (
            search[name] for name in ("order_by", "desc", "skip", "limit")
        )
        found = orm.find_actions(filters, order_by, desc, skip, limit)
        total = orm.count_actions(filters)
        wanted = oracle.find(filters, order_by, desc)
        end = None if limit is None else skip + limit
        assert total == len(wanted)
        assert [readable_fields(action) for action in found] == [
            expected_fields(each) for each in wanted[skip:end]
        ]


def test_an_action_is_found_by_its_id(orm):
    one, *_ = store(orm, [fields(), fields()])
    found = orm.find_actions({"_id": one["_id"]}, "timestamp", True, 0, None)
    assert [readable_fields(action) for action in found] == [expected_fields(one)]


def test_a_filter_by_key_alone_finds_every_type(orm, keys):
    stored = [
        fields(actor=Reference("Numbered", keys[0])),
        fields(actor=Reference("Counted", keys[0])),
        fields(actor=Reference("Numbered", keys[1])),
    ]
    first, second, _ = store(orm, stored)
    found = orm.find_actions({"actor_id": keys[0]}, "_id", False, 0, None)
    assert {each._id for each in found} == {first["_id"], second["_id"]}
    assert orm.count_actions({"actor_id": keys[0]}) == 2


@pytest.fixture
def for_many(host, orm):
    """Return hundreds of addresses, and an action for each pair of them."""
    people = host.save(*(host.model.Numbered(_id=number) for number in range(300)))
    addresses = [Address(("Numbered",), orm.key_of(each)) for each in people]
    references = [Reference("Numbered", address.key) for address in addresses]
    pairs = pairwise(references)
    actions = [fields(_recipients=recipients_field(*pair), timestamp=MOMENTS[0]) for pair in pairs]
    return addresses, Oracle(store(orm, [*actions, fields()]))


@pytest.mark.large
@on(*LARGE)
@pytest.mark.parametrize("is_within", [False, True])
def test_reads_a_stream_of_hundreds_of_addresses(orm, for_many, is_within):
    addresses, oracle = for_many
    middle = oracle.actions[len(oracle.actions) // 2]["_id"]
    window = Window(Cursor(MOMENTS[0], middle), None) if is_within else WHOLE_STREAM
    wanted = [each["_id"] for each in oracle.stream(addresses, window)]
    assert [each._id for each in orm.read_stream(addresses, window, 0, None)] == wanted
    assert [each._id for each in orm.read_stream(addresses, window, 3, 20)] == wanted[3:23]
    assert orm.count_stream(addresses, window) == len(wanted)
    assert orm.count_stream(addresses, window, limit=20) == 20
    assert [each.id for each in orm.read_cursors(addresses, window, 20)] == wanted[:20]
    found = orm.find_in_stream(addresses, [wanted[0], wanted[-1]])
    assert {each._id for each in found} == {wanted[0], wanted[-1]}


def test_an_action_for_nobody_is_in_no_stream_but_is_found(orm, keys):
    store(orm, [fields(_recipients=[])])
    to = [Address(("Numbered",), keys[0])]
    assert list(orm.read_stream(to, WHOLE_STREAM, 0, None)) == []
    assert orm.count_stream(to, WHOLE_STREAM) == 0
    assert [readable_fields(each)["recipients"] for each in read_all(orm)] == [[]]


def test_recipients_are_read_with_those_of_a_page_that_are_for_few(host, orm, keys):
    one, other = Reference("Numbered", keys[0]), Reference("Numbered", keys[1])
    third, fourth = Reference("Counted", keys[1]), Reference("Counted", keys[0])
    recipients = [[other, one, third], [one, fourth], [third, one, other, fourth], None, []]
    store(
        orm,
        [
            fields(_recipients=None if each is None else recipients_field(*each))
            for each in recipients
        ],
    )
    host.database.forget()
    page = sorted(read_all(orm), key=lambda action: int(action.extra))
    together = orm.read_recipients(page[0], page, few=2)
    assert {each._id for each in together} == {page[number]._id for number in (0, 1, 3, 4)}
    assert [readable_fields(each)["recipients"] for each in page] == recipients


def test_an_action_is_found_by_the_text_of_its_id(orm):
    (stored,) = store(orm, [fields()])
    assert orm.action_id_from_text(str(stored["_id"])) == stored["_id"]


def test_an_invalid_text_gives_no_id(orm):
    for text in ("", " ", "nonsense", "9" * 50, "-", "\0", "ü"):
        assert orm.action_id_from_text(text) is None


def test_a_change_of_a_released_object_in_use_is_saved(host, orm):
    store(orm, [fields() for _ in range(3)])
    key = orm.key_of(host.user())
    host.database.forget()
    actions, loaded = read_all(orm), [orm.load_entities(host.model.User, [key])]
    (first, second, _), user = actions, loaded[0][key]
    first.verb = "changed before"
    orm.release(actions, loaded)
    assert (actions, loaded) == ([], [])
    second.verb = "changed after"
    user.user_name = "changed"
    host.save()
    host.database.forget()
    assert [each.verb for each in read_all(orm)] == ["changed before", "changed after", "liked"]
    assert orm.load_entities(host.model.User, [key])[key].user_name == "changed"


def test_released_objects_leave_the_memory(host, orm):
    store(orm, [fields() for _ in range(5)])
    host.database.forget()
    actions = read_all(orm)
    living = weakref.WeakSet(actions)
    orm.release(actions, [])
    assert list(living) == []


def test_an_action_is_restored_outside_of_any_session(host, orm, keys):
    (stored,) = store(orm, [fields(_recipients=recipients_field(Reference("Numbered", keys[0])))])
    (action,) = read_all(orm)
    assert readable_fields(action) == expected_fields(stored)
    in_hand = action._in_hand()
    host.database.forget()
    restored = orm.restore_action(in_hand)
    assert readable_fields(restored) == expected_fields(stored)
    restored.verb = "changed"
    host.save()
    host.database.forget()
    assert [readable_fields(each) for each in read_all(orm)] == [expected_fields(stored)]
