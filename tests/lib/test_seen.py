"""What a recipient has not seen: am.count_not_seen_by_recipient and am.mark_seen."""

import re
import threading
import time
from datetime import date, datetime, timedelta, timezone

import pytest

from activitystream import am
from tests.helpers.databases import SERVERS, on

LONG_AGO = datetime(2020, 1, 1)


def seen_in_database(host, entity):
    return host.database.reload(entity).last_activity_seen


def test_all_counts_until_the_stream_was_seen(host, user, other):
    assert am.count_not_seen_by_recipient(other) == 0
    am.create(user, "one", recipients=[other])
    am.create(user, "two")
    am.create(user, "for ann", recipients=[user])
    assert am.count_not_seen_by_recipient(other) == 2
    am.mark_seen(other)
    assert am.count_not_seen_by_recipient(other) == 0


def test_what_comes_after_counts_again(host, user, other):
    seen = am.create(user, "one", recipients=[other])
    am.mark_seen(other, until=seen.timestamp)
    new = am.create(user, "two", recipients=[other])
    new.timestamp = seen.timestamp + timedelta(milliseconds=1)
    host.save(new)
    assert am.count_not_seen_by_recipient(other) == 1
    assert [action.is_unseen_by(other) for action in am.get_by_recipient(other)] == [True, False]


def test_until_leaves_new_what_was_not_shown(host, user, other):
    shown = am.create(user, "shown")
    missed = am.create(user, "missed")
    missed.timestamp = shown.timestamp + timedelta(milliseconds=1)
    host.save(missed)
    am.mark_seen(other, until=shown.timestamp)
    assert am.count_not_seen_by_recipient(other) == 1


def test_it_answers_the_value_before_and_the_object_shows_the_new_one(host, user):
    assert am.mark_seen(user, until=LONG_AGO) is None
    assert user.last_activity_seen == LONG_AGO
    assert am.mark_seen(user) == LONG_AGO
    assert user.last_activity_seen > LONG_AGO
    assert seen_in_database(host, user) > LONG_AGO


def test_it_never_moves_backwards(host, user):
    am.mark_seen(user)
    now = user.last_activity_seen
    assert am.mark_seen(user, until=LONG_AGO) == now
    assert user.last_activity_seen == now
    assert seen_in_database(host, user) == now


def test_the_object_shows_what_another_request_marked_meanwhile(host, user):
    host.database.raw_update(user, last_activity_seen=LONG_AGO + timedelta(days=1))
    assert user.last_activity_seen is None
    assert am.mark_seen(user, until=LONG_AGO) == LONG_AGO + timedelta(days=1)
    assert user.last_activity_seen == LONG_AGO + timedelta(days=1)


def test_what_the_host_set_in_hand_does_not_move_backwards(host, user):
    user.last_activity_seen = LONG_AGO + timedelta(days=5)
    am.mark_seen(user, until=LONG_AGO)
    assert user.last_activity_seen == LONG_AGO + timedelta(days=5)
    host.save(user)
    assert seen_in_database(host, user) == LONG_AGO + timedelta(days=5)


def test_an_aware_value_that_the_host_set_in_hand_is_heeded(host, user, monkeypatch):
    am.create(user, "one")
    aware = datetime.now(timezone(timedelta(hours=2))) + timedelta(seconds=1)
    monkeypatch.setattr(host.model.User, "last_activity_seen", aware)
    assert am.count_not_seen_by_recipient(user) == 0


def test_a_moment_in_the_future_is_now(host, user):
    am.mark_seen(user, until=datetime(2999, 1, 1))
    assert user.last_activity_seen < datetime(2998, 1, 1)
    assert seen_in_database(host, user) < datetime(2998, 1, 1)


def test_an_aware_moment_is_taken_for_what_it_is(host, user):
    rome = timezone(timedelta(hours=2))
    am.mark_seen(user, until=datetime(2020, 1, 1, 2, tzinfo=rome))
    assert user.last_activity_seen == LONG_AGO
    assert seen_in_database(host, user) == LONG_AGO


def test_microseconds_don_t_leave_the_newest_unseen(host, user, other):
    action = am.create(user, "one", recipients=[other])
    am.mark_seen(other, until=action.timestamp + timedelta(microseconds=999))
    assert am.count_not_seen_by_recipient(other) == 0
    assert other.last_activity_seen == action.timestamp


def test_no_other_field_is_written(host, user):
    host.database.raw_update(user, user_name="changed meanwhile")
    am.mark_seen(user)
    host.save()
    stored = host.database.raw_values(user)
    assert stored["user_name"] == "changed meanwhile"
    assert stored["last_activity_seen"] is not None


def test_changes_in_hand_are_kept_for_the_hosts_own_flush(host, user):
    user.user_name = "changed"
    am.mark_seen(user, until=LONG_AGO)
    host.save(user)
    stored = host.database.raw_values(user)
    assert (stored["user_name"], stored["last_activity_seen"]) == ("changed", LONG_AGO)


def test_what_arrives_while_the_recipients_are_read_is_not_missed(host, user, other):
    def slow():
        am.mark_seen(other)
        time.sleep(0.01)
        yield other

    am.create(user, "one", recipients=slow())
    assert am.count_not_seen_by_recipient(other) == 1


def test_a_field_that_is_not_stored_under_that_name_is_refused(host, define):
    odd = host.save(define("Odd", "odd", last_activity_seen=property(lambda self: None))())
    with pytest.raises(AttributeError, match=re.escape(host.database.seen_field)):
        am.mark_seen(odd)


def test_a_subclass_sees_its_stream_too(host, user):
    admin = host.save(host.model.Admin(user_name="root"))
    am.create(user, "one", recipients=[admin])
    assert am.count_not_seen_by_recipient(admin) == 1
    am.mark_seen(admin)
    assert host.database.reload(admin).last_activity_seen is not None
    assert am.count_not_seen_by_recipient(admin) == 0


def test_without_the_field_the_error_says_what_to_add_where(host, post):
    for verb in (am.count_not_seen_by_recipient, am.mark_seen):
        with pytest.raises(AttributeError) as caught:
            verb(post)
        assert f"{host.model.__name__}.Post" in str(caught.value)
        assert host.database.seen_field in str(caught.value)


@pytest.mark.parametrize("bad", ["2020-01-01", 5, date(2020, 1, 1), {"$gt": 0}])
def test_a_moment_that_is_none_is_refused_and_nothing_changes(host, user, bad):
    with pytest.raises(TypeError, match="until must be a datetime"):
        am.mark_seen(user, until=bad)
    assert seen_in_database(host, user) is None


def test_a_moment_beyond_time_is_refused(host, user):
    with pytest.raises(ValueError, match="no moment in UTC"):
        am.mark_seen(user, until=datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))))


def test_nobody_else_s_stream_is_marked(host, user, other):
    am.mark_seen(user)
    assert seen_in_database(host, other) is None


@pytest.mark.parametrize("bad", [None, "ann", 5, {"$ne": None}])
def test_a_recipient_that_is_none_is_refused(host, bad):
    for verb in (am.count_not_seen_by_recipient, am.mark_seen):
        with pytest.raises(TypeError, match="recipient must be an object of a class"):
            verb(bad)


def test_a_recipient_that_is_stored_no_more_is_refused(host, user):
    host.database.raw_delete(user)
    with pytest.raises(LookupError, match="this User is stored no more"):
        am.mark_seen(user)


@on(*SERVERS)
def test_many_at_once_end_at_the_latest(host, user):
    key = user._id
    moments = [LONG_AGO + timedelta(days=day) for day in range(40)]

    def mark(mine):
        for moment in mine:
            am.mark_seen(host.database.get(host.model.User, key), until=moment)
            host.database.forget()

    threads = [threading.Thread(target=mark, args=(moments[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen_in_database(host, user) == moments[-1]


def test_counting_stops_at_a_limit(host, user):
    for number in range(5):
        am.create(user, f"no. {number}", recipients=None if number % 2 else [user])
    for limit, count in ((0, 0), (1, 1), (4, 4), (5, 5), (6, 5), (None, 5)):
        assert am.count_not_seen_by_recipient(user, limit=limit) == count
        assert am.count_not_seen_by_recipient(user, limit) == count
    for limit in (-1, 1.5, "3", True, 2**31):
        with pytest.raises(ValueError, match="limit must be a whole number"):
            am.count_not_seen_by_recipient(user, limit=limit)
