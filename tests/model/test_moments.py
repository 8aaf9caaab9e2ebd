"""Moments that some database, driver or time zone cannot hold never break anything later."""

from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from activitystream import am
from tests.helpers.databases import on

AJAX = "/activitystream/ajax_update_last_seen_of_a_recipient"

EARLY = ["0001-01-01T00:00:00", "0001-01-02T03:04:05.678+02:00", "0999-12-31T23:59:59.999"]
LATE = ["9999-12-31T23:59:59.999", "9999-12-31T23:59:59.999+14:00"]

ZONES = ["UTC", "America/New_York", "Asia/Manila", "Pacific/Kiritimati", "-15:59", "+15:59"]

AHEAD = timezone(timedelta(hours=14))
BEHIND = timezone(-timedelta(hours=12))


def shows_all_pages(app):
    for path in ("activitystream/", "activitystream/newest", "with_bell", "activitystream/bell"):
        app.get(f"/{path}", status=200)


@pytest.mark.parametrize("until", EARLY)
@pytest.mark.parametrize("path", ["/activitystream/see", AJAX])
def test_marks_nothing_until_a_moment_long_ago(host, user, app, path, until):
    am.create(user, "joined")
    assert app.post(path, {"until": until}).status_int in (200, 302)
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 1
    shows_all_pages(app)
    app.post(AJAX)
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 0
    app.post(path, {"until": until})
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 0


@pytest.mark.parametrize("until", LATE)
@pytest.mark.parametrize("path", ["/activitystream/see", AJAX])
def test_marks_all_until_a_moment_far_ahead(host, user, app, path, until):
    am.create(user, "joined")
    assert app.post(path, {"until": until}).status_int in (200, 302)
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 0
    shows_all_pages(app)


@pytest.mark.parametrize("moment", [*EARLY, *LATE])
def test_shows_pages_from_and_since_any_moment(host, user, app, moment):
    action = am.create(user, "joined")
    for parameters in ({"new_since": moment}, {"before": f"{moment}_{action._id}"}):
        for path in ("", "more", "stream.json"):
            app.get(f"/activitystream/{path}", parameters, status=200)


@pytest.mark.parametrize(
    "until", [datetime.min, datetime.min.replace(tzinfo=BEHIND), datetime(1969, 12, 31)]
)
def test_a_mark_of_long_ago_leaves_all_new(host, user, until):
    am.create(user, "joined")
    assert am.mark_seen(user, until=until) is None
    user = host.database.reload(user)
    assert am.count_not_seen_by_recipient(user) == 1
    assert user.last_activity_seen == datetime(1970, 1, 2)


@on("postgresql")
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("until", [datetime.min, datetime.max, datetime(2020, 1, 1), None])
def test_a_column_with_time_zone_is_read_in_any_zone(host, user, define, zone, until):
    seen = sa.Column(sa.DateTime(timezone=True))
    reader = host.save(define("Zoned", "zoned", last_activity_seen=seen)())
    am.create(user, "joined")
    host.save(reader)
    host.database.session.execute(sa.text(f"SET LOCAL TIME ZONE '{zone}'"))
    am.mark_seen(reader, until=until)
    host.database.forget()
    host.database.session.execute(sa.text(f"SET LOCAL TIME ZONE '{zone}'"))
    reader = host.database.get(type(reader), reader._id)
    long_ago = until is not None and until.year < 9999
    assert am.count_not_seen_by_recipient(reader) == (1 if long_ago else 0)


@on("mariadb")
@pytest.mark.parametrize("zone", ["+00:00", "-12:59", "+13:00"])
def test_a_timestamp_of_mariadb_holds_a_mark(host, user, define, zone):
    seen = sa.Column(mysql.TIMESTAMP(fsp=3, timezone=False), nullable=True)
    reader = host.save(define("Stamped", "stamped", last_activity_seen=seen)())
    am.create(user, "joined")
    host.save(reader)
    session = host.database.session
    session.execute(sa.text("SET SESSION time_zone = :zone"), {"zone": zone})
    try:
        assert am.mark_seen(reader, until=datetime.min) is None
        assert am.count_not_seen_by_recipient(reader) == 1
        session.refresh(reader)
        assert reader.last_activity_seen == datetime(1970, 1, 2)
    finally:
        session.execute(sa.text("SET SESSION time_zone = DEFAULT"))


@pytest.mark.parametrize(
    "timestamp", [datetime.min, datetime(999, 12, 31), datetime(1, 1, 2, tzinfo=AHEAD)]
)
def test_rejects_an_action_of_long_ago(host, user, timestamp):
    old = {"actor": user, "verb": "left", "timestamp": timestamp}
    with pytest.raises(ValueError, match="action 0: timestamp must be after 1000-01-02"):
        am.create_many([old])
    host.save()
    assert host.database.raw_actions() == []


@pytest.mark.parametrize("year", [1001, 1600, 1899, 1969, 1970])
def test_shows_and_purges_old_actions(host, user, app, year):
    timestamp = datetime(year, 1, 3, 4, 5, 6, 789000)
    am.create_many([{"actor": user, "verb": "left", "timestamp": timestamp}])
    host.save()
    am.create(host.database.reload(user), "joined")
    old = am.get_by_recipient(host.database.reload(user))[1]
    assert old.timestamp == timestamp
    assert am.get_actions(filters={"timestamp": timestamp})[0] == 1
    assert list(am.get_by_recipient(host.database.reload(user)).before(old)) == []
    shows_all_pages(app)
    assert am.purge(before=timestamp) == 0
    assert am.purge(before=timestamp + timedelta(milliseconds=1)) == 1


@pytest.mark.parametrize(
    "moment",
    [
        datetime.min,
        datetime.max,
        datetime.min.replace(tzinfo=BEHIND),
        datetime.max.replace(tzinfo=AHEAD),
    ],
)
def test_finds_no_action_at_the_ends_of_time(host, user, moment):
    am.create(user, "joined")
    assert am.get_actions(filters={"timestamp": moment}) == (0, [])
    if moment.year == 1:
        assert am.purge(before=moment) == 0


def test_rejects_a_filter_out_of_range(host):
    with pytest.raises(ValueError, match="cannot be converted to UTC"):
        am.get_actions(filters={"timestamp": datetime.max.replace(tzinfo=BEHIND)})
