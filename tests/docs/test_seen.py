"""The table of docs/explanation/seen.rst: what changes the number, the dots and the field."""

from datetime import datetime, timedelta, timezone

import pytest

from activitystream import am


def view(user):
    for action in am.get_by_recipient(user):
        action.is_unseen_by(user)
        action.is_read_by(user)


def assign(user):
    user.last_activity_seen = second_of(user).timestamp


def second_of(user):
    return am.get_by_recipient(user)[1]


#: By what happens: the number, the dots, and whether the field has changed.
ROWS = {
    "viewed": (view, 2, 3, False),
    "am.mark_read": (lambda user: am.mark_read(user, second_of(user)), 1, 2, False),
    "am.mark_unread": (lambda user: am.mark_unread(user, second_of(user)), 1, 3, False),
    "am.mark_all_read": (am.mark_all_read, 0, 0, True),
    "am.mark_seen": (am.mark_seen, 0, 3, True),
    "assign": (assign, 1, 3, True),
}


@pytest.mark.parametrize("row", ROWS)
def test_the_table_of_marks_is_true(host, row):
    happens, number, dots, moves = ROWS[row]
    user, now = host.user("ann"), datetime.now(timezone.utc)
    am.create_many(
        {"actor": user, "verb": "did", "timestamp": now - timedelta(seconds=seconds)}
        for seconds in (40, 30, 20, 10)
    )
    *_, third, oldest = am.get_by_recipient(user)
    am.mark_seen(user, until=third.timestamp)
    am.mark_read(user, oldest)
    before = user.last_activity_seen
    happens(user)
    assert am.count_not_seen_by_recipient(user) == number
    assert am.count_unread_by_recipient(user) == dots
    assert (user.last_activity_seen != before) == moves
