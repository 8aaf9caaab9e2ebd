"""What an object in hand shows of a mark, once the savepoint is gone in which it was made."""

import pytest
import transaction

from activitystream import am


@pytest.fixture
def session(host):
    return host.database.session


@pytest.fixture
def reader(host, user):
    am.create(user, "joined", recipients=[user])
    transaction.commit()
    return host.model.user_named("ann")


def test_a_mark_is_gone_after_the_rollback_of_an_outer_savepoint(session, reader):
    with session.begin_nested() as outer:
        with session.begin_nested():
            am.mark_seen(reader)
        with session.begin_nested() as inner:
            inner.rollback()
        assert am.count_not_seen_by_recipient(reader) == 0
        outer.rollback()
    assert reader.last_activity_seen is None
    assert am.count_not_seen_by_recipient(reader) == 1


def test_a_mark_stays_after_the_rollback_of_another_savepoint(session, reader):
    with session.begin_nested():
        am.mark_seen(reader)
    with session.begin_nested() as other:
        other.rollback()
    assert am.count_not_seen_by_recipient(reader) == 0


def test_a_rollback_leaves_alone_an_object_that_has_left_the_session(session, reader):
    with session.begin_nested() as savepoint:
        am.mark_seen(reader)
        session.expunge(reader)
        savepoint.rollback()
    assert reader.last_activity_seen is not None


def test_only_the_mark_is_read_again(session, reader):
    reader.password = "changed"
    with session.begin_nested() as savepoint:
        am.mark_seen(reader)
        reader.password = "changed again"
        savepoint.rollback()
    assert reader.last_activity_seen is None
    assert reader.password == "changed"
