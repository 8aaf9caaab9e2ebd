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


def test_rolls_back_a_mark_with_its_outer_savepoint(session, reader):
    with session.begin_nested() as outer:
        with session.begin_nested():
            am.mark_seen(reader)
        with session.begin_nested() as inner:
            inner.rollback()
        assert am.count_not_seen_by_recipient(reader) == 0
        outer.rollback()
    assert reader.last_activity_seen is None
    assert am.count_not_seen_by_recipient(reader) == 1


def test_keeps_a_mark_upon_the_rollback_of_another_savepoint(session, reader):
    with session.begin_nested():
        am.mark_seen(reader)
    with session.begin_nested() as other:
        other.rollback()
    assert am.count_not_seen_by_recipient(reader) == 0


def test_a_rollback_ignores_a_detached_object(session, reader):
    with session.begin_nested() as savepoint:
        am.mark_seen(reader)
        session.expunge(reader)
        savepoint.rollback()
    assert reader.last_activity_seen is not None


def test_a_rollback_expires_only_the_mark(session, reader):
    reader.password = "changed"
    with session.begin_nested() as savepoint:
        am.mark_seen(reader)
        reader.password = "changed again"
        savepoint.rollback()
    assert reader.last_activity_seen is None
    assert reader.password == "changed"


@pytest.mark.parametrize("mark_read", [am.mark_read, lambda reader, _: am.mark_all_read(reader)])
def test_a_rollback_of_a_savepoint_makes_read_actions_unread(session, reader, mark_read):
    action = am.get_by_recipient(reader).first()
    with session.begin_nested() as savepoint:
        mark_read(reader, action)
        assert am.count_unread_by_recipient(reader) == 0
        savepoint.rollback()
    assert am.count_unread_by_recipient(reader) == 1
    assert not am.get_by_recipient(reader).first().is_read_by(reader)
    mark_read(reader, action)
    assert am.count_unread_by_recipient(reader) == 0
