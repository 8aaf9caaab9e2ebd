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


def test_counts_all_until_the_stream_is_seen(host, user, other):
    assert am.count_not_seen_by_recipient(other) == 0
    am.create(user, "one", recipients=[other])
    am.create(user, "two")
    am.create(user, "for ann", recipients=[user])
    assert am.count_not_seen_by_recipient(other) == 2
    am.mark_seen(other)
    assert am.count_not_seen_by_recipient(other) == 0


def test_counts_what_comes_after_a_mark(host, user, other):
    seen = am.create(user, "one", recipients=[other])
    am.mark_seen(other, until=seen.timestamp)
    new = am.create(user, "two", recipients=[other])
    new.timestamp = seen.timestamp + timedelta(milliseconds=1)
    host.save(new)
    assert am.count_not_seen_by_recipient(other) == 1
    assert [action.is_unseen_by(other) for action in am.get_by_recipient(other)] == [True, False]


def test_until_leaves_newer_actions_new(host, user, other):
    shown = am.create(user, "shown")
    missed = am.create(user, "missed")
    missed.timestamp = shown.timestamp + timedelta(milliseconds=1)
    host.save(missed)
    am.mark_seen(other, until=shown.timestamp)
    assert am.count_not_seen_by_recipient(other) == 1


def test_returns_the_previous_value_and_updates_the_object(host, user):
    assert am.mark_seen(user, until=LONG_AGO) is None
    assert user.last_activity_seen == LONG_AGO
    assert am.mark_seen(user) == LONG_AGO
    assert user.last_activity_seen > LONG_AGO
    assert seen_in_database(host, user) > LONG_AGO


def test_never_moves_backwards(host, user):
    am.mark_seen(user)
    now = user.last_activity_seen
    assert am.mark_seen(user, until=LONG_AGO) == now
    assert user.last_activity_seen == now
    assert seen_in_database(host, user) == now


def test_the_object_shows_marks_of_other_requests(host, user):
    host.database.raw_update(user, last_activity_seen=LONG_AGO + timedelta(days=1))
    assert user.last_activity_seen is None
    assert am.mark_seen(user, until=LONG_AGO) == LONG_AGO + timedelta(days=1)
    assert user.last_activity_seen == LONG_AGO + timedelta(days=1)


def test_never_moves_behind_the_hosts_unsaved_value(host, user):
    user.last_activity_seen = LONG_AGO + timedelta(days=5)
    am.mark_seen(user, until=LONG_AGO)
    assert user.last_activity_seen == LONG_AGO + timedelta(days=5)
    host.save(user)
    assert seen_in_database(host, user) == LONG_AGO + timedelta(days=5)


def test_accepts_the_hosts_unsaved_aware_value(host, user, monkeypatch):
    am.create(user, "one")
    aware = datetime.now(timezone(timedelta(hours=2))) + timedelta(seconds=1)
    monkeypatch.setattr(host.model.User, "last_activity_seen", aware)
    assert am.count_not_seen_by_recipient(user) == 0


def test_takes_a_future_moment_for_now(host, user):
    am.mark_seen(user, until=datetime(2999, 1, 1))
    assert user.last_activity_seen < datetime(2998, 1, 1)
    assert seen_in_database(host, user) < datetime(2998, 1, 1)


def test_accepts_an_aware_moment(host, user):
    rome = timezone(timedelta(hours=2))
    am.mark_seen(user, until=datetime(2020, 1, 1, 2, tzinfo=rome))
    assert user.last_activity_seen == LONG_AGO
    assert seen_in_database(host, user) == LONG_AGO


def test_microseconds_leave_nothing_unseen(host, user, other):
    action = am.create(user, "one", recipients=[other])
    am.mark_seen(other, until=action.timestamp + timedelta(microseconds=999))
    assert am.count_not_seen_by_recipient(other) == 0
    assert other.last_activity_seen == action.timestamp


def test_writes_no_other_field(host, user):
    host.database.raw_update(user, user_name="changed meanwhile")
    am.mark_seen(user)
    host.save()
    stored = host.database.raw_values(user)
    assert stored["user_name"] == "changed meanwhile"
    assert stored["last_activity_seen"] is not None


def test_leaves_pending_changes_to_the_hosts_flush(host, user):
    user.user_name = "changed"
    am.mark_seen(user, until=LONG_AGO)
    host.save(user)
    stored = host.database.raw_values(user)
    assert (stored["user_name"], stored["last_activity_seen"]) == ("changed", LONG_AGO)


def test_counts_what_arrives_while_recipients_are_read(host, user, other):
    def slow():
        am.mark_seen(other)
        time.sleep(0.01)
        yield other

    am.create(user, "one", recipients=slow())
    assert am.count_not_seen_by_recipient(other) == 1


def test_rejects_a_field_stored_under_another_name(host, define):
    odd = host.save(define("Odd", "odd", last_activity_seen=property(lambda self: None))())
    with pytest.raises(AttributeError, match=re.escape(host.database.seen_field)):
        am.mark_seen(odd)


def test_marks_a_subclass(host, user):
    admin = host.save(host.model.Admin(user_name="root"))
    am.create(user, "one", recipients=[admin])
    assert am.count_not_seen_by_recipient(admin) == 1
    am.mark_seen(admin)
    assert host.database.reload(admin).last_activity_seen is not None
    assert am.count_not_seen_by_recipient(admin) == 0


def test_a_missing_field_names_what_to_add(host, post):
    for verb in (am.count_not_seen_by_recipient, am.mark_seen):
        with pytest.raises(AttributeError) as caught:
            verb(post)
        assert f"{host.model.__name__}.Post" in str(caught.value)
        assert host.database.seen_field in str(caught.value)


@pytest.mark.parametrize("bad", ["2020-01-01", 5, date(2020, 1, 1), {"$gt": 0}])
def test_rejects_an_invalid_moment(host, user, bad):
    with pytest.raises(TypeError, match="until must be a datetime"):
        am.mark_seen(user, until=bad)
    assert seen_in_database(host, user) is None


def test_rejects_a_moment_out_of_range(host, user):
    with pytest.raises(ValueError, match="cannot be converted to UTC"):
        am.mark_seen(user, until=datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))))


def test_marks_no_other_stream(host, user, other):
    am.mark_seen(user)
    assert seen_in_database(host, other) is None


@pytest.mark.parametrize("bad", [None, "ann", 5, {"$ne": None}])
def test_rejects_what_is_not_a_recipient(host, bad):
    for verb in (am.count_not_seen_by_recipient, am.mark_seen):
        with pytest.raises(TypeError, match="recipient must be an object of a class"):
            verb(bad)


MARKS = {
    "seen": lambda user, action: am.mark_seen(user),
    "read": am.mark_read,
    "unread": am.mark_unread,
    "all read": lambda user, action: am.mark_all_read(user),
}


@pytest.mark.parametrize("has_marks", [False, True])
@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_rejects_a_deleted_recipient(host, user, mark, has_marks):
    earlier, action = (am.create(user, verb) for verb in ("one", "two"))
    if has_marks:
        am.mark_read(user, earlier)
    kept = am.forget(user, dry_run=True).as_reader
    host.database.raw_delete(user)
    with pytest.raises(LookupError, match="this User is not stored any more"):
        mark(user, action)
    assert am.forget(user, dry_run=True).as_reader <= kept


@on(*SERVERS)
def test_concurrent_marks_end_at_the_latest(host, user):
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


def test_counts_up_to_a_limit(host, user):
    for number in range(5):
        am.create(user, f"no. {number}", recipients=None if number % 2 else [user])
    for limit, count in ((0, 0), (1, 1), (4, 4), (5, 5), (6, 5), (None, 5)):
        assert am.count_not_seen_by_recipient(user, limit=limit) == count
        assert am.count_not_seen_by_recipient(user, limit) == count
    for limit in (-1, 1.5, "3", True, 2**31):
        with pytest.raises(ValueError, match="limit must be a whole number"):
            am.count_not_seen_by_recipient(user, limit=limit)
