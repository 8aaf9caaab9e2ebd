"""``last_activity_seen`` in each type that a column may have, and nothing else that is written."""

from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from activitystream import am

START = datetime(2020, 1, 1, 12, 30, 15, 123000)


class TZDateTime(sa.TypeDecorator):
    """A type by SQLAlchemy's documented recipe."""

    impl = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value, dialect):
        if value is not None:
            if not value.tzinfo or value.tzinfo.utcoffset(value) is None:
                raise TypeError("tzinfo is required")
            value = value.astimezone(timezone.utc).replace(tzinfo=None)
        return value

    def process_result_value(self, value, dialect):
        return value if value is None else value.replace(tzinfo=timezone.utc)


class Local(TZDateTime):
    """A type that takes a naive datetime for the time of its own zone."""

    cache_ok = True

    def process_bind_param(self, value, dialect):
        if value is not None and value.tzinfo is None:
            value = value.replace(tzinfo=timezone(timedelta(hours=5)))
        return super().process_bind_param(value, dialect)


class Milliseconds(sa.TypeDecorator):
    """A type that stores a moment as a number."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return value and int(value.replace(tzinfo=timezone.utc).timestamp() * 1000)

    def process_result_value(self, value, dialect):
        return value and datetime.fromtimestamp(value / 1000, timezone.utc).replace(tzinfo=None)


class OnlyNaive(sa.TypeDecorator):
    impl = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value, dialect):
        if value is not None and value.tzinfo is not None:
            raise ValueError("naive only")
        return value and value.replace(tzinfo=timezone.utc)

    def process_result_value(self, value, dialect):
        if value is not None and value.tzinfo is not None:
            value = value.astimezone(timezone.utc).replace(tzinfo=None)
        return value


TYPES = {
    "SQLAlchemy's recipe": TZDateTime,
    "of a local time": Local,
    "a number": Milliseconds,
    "naive only": OnlyNaive,
    "plain": sa.DateTime,
    "with time zone": sa.DateTime(timezone=True),
    "TIMESTAMP": sa.TIMESTAMP(timezone=True),
    "of milliseconds": sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb"),
}


@pytest.fixture(params=TYPES)
def reader(request, host, define):
    seen = sa.Column(TYPES[request.param], nullable=True)
    return host.save(define("Reader", "reader", last_activity_seen=seen)())


def naive(moment):
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return moment


def test_returns_the_mark_as_the_column_stores_it(host, reader):
    first = am.create(reader, "one", recipients=[reader])
    assert am.mark_seen(reader) is None
    in_hand = reader.last_activity_seen
    assert first.timestamp - naive(in_hand) < timedelta(seconds=1)
    reader = host.database.reload(reader)
    assert reader.last_activity_seen == in_hand
    assert am.mark_seen(reader, until=START) == naive(in_hand)
    assert host.database.reload(reader).last_activity_seen == in_hand


def test_counts_actions_after_the_mark(host, reader):
    old, newer = (
        am.create(reader, "one", recipients=[reader]),
        am.create(reader, "two", recipients=[reader]),
    )
    old.timestamp, newer.timestamp = START, START + timedelta(seconds=2)
    host.save(old, newer)
    am.mark_seen(reader, until=START + timedelta(seconds=1))
    reader = host.database.reload(reader)
    assert am.count_not_seen_by_recipient(reader) == 1
    newest, older = am.get_by_recipient(reader)
    assert (newest.is_unseen_by(reader), older.is_unseen_by(reader)) == (True, False)


def test_never_marks_beyond_what_was_shown(host, reader):
    until = START.replace(microsecond=999000)
    am.mark_seen(reader, until=until)
    assert naive(host.database.reload(reader).last_activity_seen) <= until


def test_rejects_a_column_that_stores_no_datetime(host, define):
    class Broken(sa.TypeDecorator):
        impl = sa.DateTime
        cache_ok = True

        def process_bind_param(self, value, dialect):
            if value is not None:
                raise RuntimeError("no moment pleases it")

    entity = host.save(define("Reader", "reader", last_activity_seen=sa.Column(Broken))())
    with pytest.raises(TypeError, match="Broken.* of last_activity_seen does not return"):
        am.mark_seen(entity)


# One field


LONG_AGO = datetime(2000, 1, 1)


def counted(start=0):
    """Return a default of the host's that counts its calls."""
    asked = []

    def count():
        asked.append(1)
        return start + len(asked)

    return count


def test_a_mark_changes_one_field_only(host, define):
    changed = define(
        "Reader",
        "reader",
        updated_at=sa.Column(sa.DateTime, default=LONG_AGO, onupdate=datetime.now),
        updated_by=sa.Column(sa.String(20), default="the host", onupdate="somebody"),
        number=sa.Column(sa.Integer, default=0, onupdate=counted(7)),
        by_database=sa.Column(sa.DateTime, default=LONG_AGO, onupdate=sa.func.now()),
        version=sa.Column(sa.Integer, nullable=False),
    )
    changed.__mapper__.version_id_col = changed.__table__.c.version
    entity = host.save(changed(version=1))
    before = dict(host.database.raw_values(entity))
    am.mark_seen(entity, until=START)
    after = dict(host.database.raw_values(entity))
    assert after.pop("last_activity_seen") is not None
    before.pop("last_activity_seen")
    assert after == before


def test_a_mark_calls_no_listener_of_the_host(host, user):
    called = []

    def listen(*arguments):
        called.append(arguments)

    events = ("before_update", "after_update")
    for name in events:
        sa.event.listen(host.model.User, name, listen)
    try:
        am.mark_seen(user)
        host.save()
    finally:
        for name in events:
            sa.event.remove(host.model.User, name, listen)
    assert called == []


def test_a_mark_changes_no_column_with_on_update(host, user, define):
    defaults = {"server_default": sa.text("'2000-01-01 00:00:00'")}
    if host.database.name == "mariadb":
        on_update = "'2000-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP"
        defaults = {
            "server_default": sa.text(on_update),
            "server_onupdate": sa.FetchedValue(),
        }
    cls = define("Reader", "reader", updated_at=sa.Column(sa.TIMESTAMP, **defaults))
    entity = host.save(cls())
    am.mark_seen(entity)
    host.save()
    assert host.database.reload(entity).updated_at == LONG_AGO
