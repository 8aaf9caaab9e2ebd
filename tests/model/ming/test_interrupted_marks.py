"""A mark writes our document, then the field: what happens in between, and after a crash there."""

from datetime import timedelta

import pytest

from activitystream import am, model
from activitystream.lib.fields import Given, fields_of
from activitystream.model import clock
from activitystream.model.ming import marks


@pytest.fixture
def between(monkeypatch):
    """Run a function between the two writes of the next mark."""
    move = marks.move_last_activity_seen

    def between(happen):
        def moved(*arguments):
            monkeypatch.setattr(marks, "move_last_activity_seen", move)
            happen()
            return move(*arguments)

        monkeypatch.setattr(marks, "move_last_activity_seen", moved)

    return between


class Killed(Exception):
    """The process was killed."""


def kill():
    raise Killed


def come_late(reader):
    """Make an action visible that was stamped before the mark."""
    fields, _ = fields_of(Given(reader, "late", recipients=[reader]))
    stamp = clock.naive_utc(clock.now() - timedelta(seconds=10))
    model.orm.insert_action({**fields, "timestamp": stamp})


def reader_of_another_request(host, user):
    host.database.forget()
    return host.model.user_named(user.user_name)


@pytest.mark.parametrize("until", [None, timedelta(seconds=1)], ids=["all", "less"])
def test_a_mark_made_during_a_mark_loses_nothing(host, user, between, until):
    am.create(user, "in time", recipients=[user])
    lower = None if until is None else clock.now() - until
    am.mark_seen(user)
    between(lambda: am.mark_seen(reader_of_another_request(host, user), lower))
    am.mark_seen(user)
    come_late(user)
    reader = host.database.reload(user)
    assert [each.verb for each in am.get_by_recipient(reader) if each.is_unseen_by(reader)] == [
        "late"
    ]


def test_keeps_a_read_made_during_a_mark(host, user, between):
    action = am.create(user, "in time", recipients=[user])

    def read():
        am.mark_read(reader_of_another_request(host, user), action)

    between(read)
    am.mark_seen(user)
    come_late(user)
    reader = host.database.reload(user)
    assert am.count_not_seen_by_recipient(reader) == 1
    assert [each.verb for each in am.get_by_recipient(reader).unread()] == ["late"]


def test_the_next_mark_completes_a_killed_mark(host, user, between):
    am.create(user, "in time", recipients=[user])
    between(kill)
    with pytest.raises(Killed):
        am.mark_seen(user)
    come_late(user)
    reader = host.database.reload(user)
    am.mark_seen(reader, until=clock.now() - timedelta(days=1))
    reader = host.database.reload(reader)
    assert reader.last_activity_seen is not None
    unseen = [each.verb for each in am.get_by_recipient(reader) if each.is_unseen_by(reader)]
    assert unseen == ["late"]


def test_a_host_can_take_a_mark_back(host, user):
    am.create(user, "in time", recipients=[user])
    before = am.mark_seen(user)
    user.last_activity_seen = before
    host.save(user)
    reader = host.database.reload(user)
    assert am.count_not_seen_by_recipient(reader) == 1
    am.mark_seen(reader, until=clock.now() - timedelta(days=1))
    assert am.count_not_seen_by_recipient(host.database.reload(reader)) == 1


@pytest.mark.parametrize("call", [am.mark_read, am.mark_unread, lambda user, _: am.mark_seen(user)])
def test_a_mark_gives_up_whole_if_others_always_win(host, user, call, monkeypatch):
    action = am.create(user, "in time", recipients=[user])
    monkeypatch.setattr(marks, "_store", lambda *arguments, **named: False)
    with pytest.raises(RuntimeError, match="gave up: .* try again"):
        call(user, action)
    reader = host.database.reload(user)
    assert host.database.db[marks.READERS].count_documents({}) == 0
    assert am.count_not_seen_by_recipient(reader) == 1
