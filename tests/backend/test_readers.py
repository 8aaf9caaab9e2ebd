"""``last_activity_seen``: where it is stored, and that it only moves forward."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitystream.model.clock import EARLIEST
from activitystream.model.names import reader_of
from activitystream.model.values import Marking, Marks
from tests.backend.actions import LATER, MOMENTS, fields, read_all


def mark(orm, user, moment):
    """Mark as seen what is up to a moment."""

    def decide(last_seen, marks):
        return Marking(Marks(last_seen, moment, EARLIEST), None)

    return orm.mark(user, reader_of(user), moment, decide)


def test_a_class_has_the_field_or_not(host, orm):
    for name in ("User", "Admin", "Numbered", "Topic"):
        assert orm.has_seen_field(getattr(host.model, name))
    for name in ("Post", "Note"):
        assert not orm.has_seen_field(getattr(host.model, name))


@given(st.lists(st.sampled_from(MOMENTS), min_size=1, max_size=6), st.booleans())
def test_the_field_never_moves_backwards(host, orm, moments, in_requests):
    host.database.clean()
    user, before = host.user(), None
    for moment in moments:
        assert mark(orm, user, moment) == before
        before = max(moment, before or moment)
        assert user.last_activity_seen == before
        if in_requests:
            user = host.database.reload(user)
            assert user.last_activity_seen == before
    assert host.database.reload(user).last_activity_seen == before


def test_a_mark_of_another_process_counts(host, orm):
    user = host.user()
    host.database.raw_update(user, last_activity_seen=MOMENTS[2])
    assert mark(orm, user, MOMENTS[1]) == MOMENTS[2]
    assert user.last_activity_seen == MOMENTS[2]
    assert mark(orm, user, MOMENTS[3]) == MOMENTS[2]
    assert host.database.reload(user).last_activity_seen == MOMENTS[3]


def test_no_other_field_is_written(host, orm):
    user = host.user("ann")
    host.database.raw_update(user, user_name="renamed meanwhile")
    mark(orm, user, LATER)
    host.save()
    values = host.database.raw_values(user)
    assert (values["user_name"], values["last_activity_seen"]) == ("renamed meanwhile", LATER)


def test_moves_the_field_of_nobody_else(host, orm):
    users = [host.user(name) for name in ("ann", "bob", "carl")]
    mark(orm, users[1], LATER)
    seen = [host.database.reload(user).last_activity_seen for user in users]
    assert seen == [None, LATER, None]


def test_moves_the_field_of_a_subclass(host, orm):
    admin = host.save(host.model.Admin(user_name="ann"))
    assert mark(orm, admin, LATER) is None
    assert host.database.reload(admin).last_activity_seen == LATER


def test_a_deleted_reader_cannot_be_marked(host, orm):
    user = host.user()
    host.database.raw_delete(user)
    with pytest.raises(LookupError, match="User"):
        mark(orm, user, LATER)


def test_begin_marking_keeps_the_entities_in_hand(host, orm):
    user, topic = host.save(host.model.User(user_name="ann"), host.model.Topic())
    orm.insert_action(fields())
    orm.begin_marking(user, topic)
    for reader in (user, topic):
        assert mark(orm, reader, LATER) is None
        assert reader.last_activity_seen == LATER
    user.user_name = "renamed"
    host.save()
    assert host.database.reload(topic).last_activity_seen == LATER
    assert host.database.reload(user).user_name == "renamed"
    assert len(read_all(orm)) == 1
