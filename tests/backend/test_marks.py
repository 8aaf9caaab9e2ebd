"""What a reader has seen and read: as it was stored, and as streams are read and counted by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitystream.model.clock import EARLIEST
from activitystream.model.cursors import cursor_of as of_stored
from activitystream.model.names import addresses_of, reader_of, reference_to
from activitystream.model.values import WHOLE_STREAM, Cursor, Marking, Marks, Only, Window
from tests.backend import strategies
from tests.backend.actions import MOMENTS, fields, recipients_field, store
from tests.backend.oracle import Oracle, cursor_of

FIELD = max(MOMENTS)


def mark(orm, user, marks, read=None, moment=FIELD):
    orm.mark(user, reader_of(user), moment, lambda last_seen, before: Marking(marks, read))


@pytest.fixture
def user(host):
    return host.user("ann")


drawn_marks = st.fixed_dictionaries(
    {
        "seen_floor": strategies.moments,
        "read_floor": strategies.moments,
        "seen": st.sets(st.integers(0, 9)),
        "read": st.dictionaries(st.integers(0, 9), st.booleans()),
    }
)


@given(
    st.lists(st.tuples(strategies.moments, st.booleans()), max_size=10),
    drawn_marks,
    st.booleans(),
    st.tuples(strategies.cursors, strategies.cursors),
    strategies.limits,
)
def test_lists_and_counts_unseen_and_unread(
    host, orm, drawn, marks, host_sets_the_field, window, limit
):
    host.database.clean()
    user = host.user("ann")
    mine = recipients_field(reference_to(user, "recipient"))
    oracle = Oracle(
        store(
            orm,
            [
                fields(timestamp=moment, _recipients=mine if is_mine else None)
                for moment, is_mine in drawn
            ],
        )
    )
    newest_first = sorted(oracle.actions, key=cursor_of, reverse=True)
    seen = [newest_first[place] for place in sorted(marks["seen"]) if place < len(newest_first)]
    seen = [cursor_of(each) for each in seen if each["timestamp"] > marks["seen_floor"]]
    mark(orm, user, Marks(None, marks["seen_floor"], marks["read_floor"], tuple(seen)))
    last_seen = user.last_activity_seen
    read = {}
    found = list(orm.read_stream(addresses_of(user), WHOLE_STREAM, 0, None))
    for place, is_read in marks["read"].items():
        if place < len(found):
            orm.mark_actions(user, reader_of(user), [found[place]], is_read)
            read[found[place]._id] = is_read
    if host_sets_the_field:
        last_seen = MOMENTS[0]

    def is_seen(action):
        if host_sets_the_field:
            return action["timestamp"] <= last_seen
        known = cursor_of(action) in seen or action["_id"] in read
        return action["timestamp"] <= marks["seen_floor"] or known

    def is_read(action):
        return read.get(action["_id"], action["timestamp"] <= marks["read_floor"])

    window = strategies.window(window, oracle.actions)
    for what, is_done in (("unseen", is_seen), ("unread", is_read)):
        only = Only(what, reader_of(user), last_seen)
        wanted = [
            each["_id"] for each in oracle.stream(addresses_of(user), window) if not is_done(each)
        ]
        read_now = orm.read_stream(addresses_of(user), window, 0, limit, only)
        assert [each._id for each in read_now] == wanted[:limit]
        assert orm.count_stream(addresses_of(user), window, limit, only) == len(wanted[:limit])


def test_cursors_may_be_moments(orm, user):
    stored = store(orm, [fields(timestamp=moment) for moment in MOMENTS[:4]])
    window = Window(Cursor(MOMENTS[3], None), Cursor(MOMENTS[0], None))
    found = orm.read_cursors(addresses_of(user), window, 10)
    assert found == [cursor_of(stored[2]), cursor_of(stored[1])]


def test_marks_are_kept(orm, user):
    (stored,) = store(orm, [fields(timestamp=MOMENTS[2])])
    mark(orm, user, Marks(None, MOMENTS[0], MOMENTS[1], (cursor_of(stored),)))
    (action,) = orm.read_stream(addresses_of(user), WHOLE_STREAM, 0, None)
    marks, states = orm.read_states(reader_of(user), [of_stored(action)])
    assert marks[:3] == (user.last_activity_seen, MOMENTS[0], MOMENTS[1])
    assert states == {action._id: None}


def test_the_marks_hold_the_newest_seen_actions(orm, user):
    stored = store(orm, [fields(timestamp=moment) for moment in MOMENTS[:4]])
    cursors = tuple(map(cursor_of, reversed(stored)))
    floors = MOMENTS[0], MOMENTS[1]
    mark(orm, user, Marks(None, *floors, cursors[:2]))
    found = list(orm.read_stream(addresses_of(user), WHOLE_STREAM, 0, None))
    orm.mark_actions(user, reader_of(user), found[2:3], True)
    for limit in (1, 2, 10):
        marks = orm.read_marks(reader_of(user), limit)
        assert marks == Marks(user.last_activity_seen, *floors, cursors[:3][:limit])


def test_a_reader_without_a_mark_has_no_marks(orm, user):
    assert orm.read_states(reader_of(user), []) == (None, {})
    assert orm.read_marks(reader_of(user), 1) is None


def test_a_mark_gets_the_previous_marks(orm, user):
    told = []

    def decide(last_seen, marks):
        told.append((last_seen, marks and marks.seen_floor))
        return Marking(Marks(last_seen, MOMENTS[1], EARLIEST), None)

    for moment in (MOMENTS[0], MOMENTS[2]):
        orm.mark(user, reader_of(user), moment, decide)
    assert told == [(None, None), (MOMENTS[0], MOMENTS[1])]


def test_mark_all_read_covers_the_floor_and_the_named_actions(host, orm, user):
    store(orm, [fields(timestamp=moment) for moment in MOMENTS[:4]])
    found = list(orm.read_stream(addresses_of(user), WHOLE_STREAM, 0, None))
    orm.mark_actions(user, reader_of(user), found, False)
    named = (Cursor(found[0].timestamp, found[0]._id),)
    mark(orm, user, Marks(None, MOMENTS[1], MOMENTS[1], named), read=named)
    _, states = orm.read_states(reader_of(user), list(map(of_stored, found)))
    assert states == {found[0]._id: True, found[1]._id: False}


def test_deleted_actions_leave_no_marks(host, orm, user):
    store(orm, [fields(timestamp=moment) for moment in MOMENTS[:2]])
    found = list(orm.read_stream(addresses_of(user), WHOLE_STREAM, 0, None))
    orm.mark_actions(user, reader_of(user), found, True)
    orm.delete_actions([found[0]._id])
    assert orm.delete_marks([reader_of(user)], dry_run=True) == 2


@pytest.mark.parametrize("is_read", [True, False])
def test_a_deleted_action_that_is_marked_is_never_counted_and_goes_when_all_are_read(
    host, orm, user, is_read
):
    store(orm, [fields(timestamp=moment) for moment in MOMENTS[:2]])
    found = list(orm.read_stream(addresses_of(user), WHOLE_STREAM, 0, None))
    orm.delete_actions([each._id for each in found])
    orm.mark_actions(user, reader_of(user), found, is_read)
    only = Only("unread", reader_of(user), user.last_activity_seen)
    assert orm.count_stream(addresses_of(user), WHOLE_STREAM, None, only) == 0
    assert list(orm.read_stream(addresses_of(user), WHOLE_STREAM, 0, None, only)) == []
    mark(orm, user, Marks(None, FIELD, FIELD), read=())
    assert orm.delete_marks([reader_of(user)], dry_run=True) == 1


def test_marks_are_counted_and_deleted(host, orm, user):
    other = host.user("bob")
    store(orm, [fields()])
    found = list(orm.read_stream(addresses_of(user), WHOLE_STREAM, 0, None))
    for reader in (user, other):
        orm.mark_actions(reader, reader_of(reader), found, True)
    assert orm.delete_marks([reader_of(user)], dry_run=True) == 2
    assert orm.delete_marks([reader_of(user)], dry_run=False) == 2
    assert orm.read_states(reader_of(user), list(map(of_stored, found))) == (None, {})
    assert orm.read_states(reader_of(other), list(map(of_stored, found)))[1] == {found[0]._id: True}


@pytest.mark.parametrize("has_marks", [False, True])
@pytest.mark.parametrize("is_read", [True, False])
def test_a_deleted_reader_reads_nothing(host, orm, user, is_read, has_marks):
    store(orm, [fields(), fields()])
    found = list(orm.read_stream(addresses_of(user), WHOLE_STREAM, 0, None))
    if has_marks:
        orm.mark_actions(user, reader_of(user), found[:1], is_read)
    before = orm.read_states(reader_of(user), list(map(of_stored, found)))
    host.database.raw_delete(user)
    with pytest.raises(LookupError, match="not stored any more"):
        orm.mark_actions(user, reader_of(user), found, is_read)
    assert orm.read_states(reader_of(user), list(map(of_stored, found))) == before
