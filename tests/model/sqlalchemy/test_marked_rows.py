"""Rows about single actions are few: those that a reader's floor does not cover."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from activitystream import am
from activitystream.model import clock


@pytest.fixture
def set_time(monkeypatch):
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


def test_what_the_floor_covers_needs_no_rows(host, user, set_time):
    now = clock.now()
    for minutes in range(0, 10, 2):
        set_time(now + timedelta(minutes=minutes))
        am.create(user, "joined", recipients=[user])
        am.mark_seen(user)
        rows = host.database.tables["activity_stream_seen_action"]
        assert len(host.database.execute(sa.select(rows)).all()) == 1
    assert am.count_not_seen_by_recipient(user) == 0
