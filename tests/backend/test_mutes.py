"""What a reader has muted: as it was stored, and as streams are read and counted by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitystream.model.names import addresses_of, reader_of, reference_to
from activitystream.model.values import WHOLE_STREAM, Hidden, Muted
from tests.backend import strategies
from tests.backend.actions import fields, recipients_field, store

VERBS = ("liked", "sang")
PLACES = st.sampled_from([None, 0, 1])

drawn_actions = st.lists(
    st.fixed_dictionaries(
        {
            "verb": st.sampled_from(VERBS),
            "actor": st.sampled_from([0, 1]),
            "target": PLACES,
            "notify_actor": st.booleans(),
            "is_for_all": st.booleans(),
            "timestamp": strategies.moments,
        }
    ),
    max_size=8,
)
drawn_mutes = st.lists(
    st.tuples(st.none() | st.sampled_from(VERBS), PLACES, PLACES).filter(
        lambda mute: mute != (None, None, None)
    ),
    max_size=3,
)


@pytest.fixture
def user(host):
    return host.user("ann")


def muted(mute, references):
    verb, actor, target = mute
    return Muted(
        verb,
        None if actor is None else references[actor],
        None if target is None else references[target],
    )


@given(drawn_actions, drawn_mutes, st.booleans(), strategies.limits)
def test_leaves_out_what_a_reader_is_not_told(host, orm, drawn, mutes, with_mutes, limit):
    host.database.clean()
    user, other = host.user("ann"), host.user("bob")
    references = [reference_to(each, "recipient") for each in (user, other)]
    stored = store(
        orm,
        [
            fields(
                verb=each["verb"],
                actor=references[each["actor"]],
                timestamp=each["timestamp"],
                notify_actor=each["notify_actor"],
                _recipients=None if each["is_for_all"] else recipients_field(references[0]),
                **({} if each["target"] is None else {"target": references[each["target"]]}),
            )
            for each in drawn
        ],
    )
    for mute in mutes:
        orm.mute(reader_of(user), muted(mute, references))
        orm.mute(reader_of(user), muted(mute, references))

    def is_told(one):
        if one["actor"] == 0 and not one["notify_actor"]:
            return False
        values = (one["verb"], one["actor"], one["target"])
        return not with_mutes or not any(
            all(wanted in (None, value) for wanted, value in zip(mute, values, strict=True))
            for mute in mutes
        )

    told = [
        (fields["timestamp"], fields["_id"])
        for fields, one in zip(stored, drawn, strict=True)
        if is_told(one)
    ]
    told = [action_id for _, action_id in sorted(told, reverse=True)]
    mine, hidden = addresses_of(user), Hidden(reader_of(user), with_mutes)
    found = orm.read_stream(mine, WHOLE_STREAM, 0, limit, None, hidden)
    assert [each._id for each in found] == told[:limit]
    found = orm.read_stream(mine, WHOLE_STREAM, 1, None, None, hidden)
    assert [each._id for each in found] == told[1:]
    assert orm.count_stream(mine, WHOLE_STREAM, limit, None, hidden) == len(told[:limit])
    teams = addresses_of(user, [other])
    assert orm.count_stream(teams, WHOLE_STREAM, None, None, hidden) == len(told)
    assert [
        each._id for each in orm.read_stream(teams, WHOLE_STREAM, 0, None, None, hidden)
    ] == told


def test_returns_what_was_muted_and_not_taken_back(host, orm, user, other):
    reader, references = reader_of(user), [reader_of(user), reader_of(other)]
    mutes = [Muted("liked"), Muted("sang", references[1]), Muted(None, None, references[0])]
    for each in mutes:
        orm.mute(reader, each)
    orm.unmute(reader, mutes[0])
    orm.unmute(reader, Muted("danced"))
    assert sorted(orm.read_mutes(reader), key=repr) == sorted(mutes[1:], key=repr)
    assert orm.read_mutes(references[1]) == []


def test_deletes_the_mutes_of_an_entity_and_those_about_it(host, orm, user, other, post):
    ann, bob, carl = reader_of(user), reader_of(other), reader_of(host.user("carl"))
    orm.mute(ann, Muted("liked"))
    orm.mute(bob, Muted("liked", ann))
    orm.mute(bob, Muted(None, None, ann))
    orm.mute(bob, Muted("sang"))
    orm.mute(carl, Muted("sang"))
    assert orm.delete_mutes([ann], dry_run=True) == 3
    assert orm.delete_mutes([ann], dry_run=False) == 3
    assert orm.read_mutes(ann) == []
    assert orm.read_mutes(bob) == [Muted("sang")]
    assert orm.read_mutes(carl) == [Muted("sang")]
