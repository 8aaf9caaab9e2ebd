"""A request that read a user before a mark, and saves another field after it, undoes no mark."""

import threading
from datetime import datetime, timedelta, timezone

import pytest
from ming import schema as s
from ming.odm import FieldProperty

from activitystream import am
from activitystream.model import clock
from tests.model.ming.test_seen_field import SCHEMAS, Aware

LONG_AGO = datetime(2020, 1, 1)


def as_another_request(host, work):
    """Do this with a session of its own."""

    def do():
        try:
            work()
        finally:
            host.database.forget()

    thread = threading.Thread(target=do)
    thread.start()
    thread.join()


def mark_elsewhere(host, reader):
    cls, key = type(reader), reader._id
    as_another_request(host, lambda: am.mark_seen(cls.query.get(key)))


def create(reader):
    return am.create(reader, "joined", recipients=[reader])


def reload(host, reader):
    host.database.forget()
    return type(reader).query.get(reader._id)


@pytest.fixture(params=["User", "Admin"])
def reader(request, host):
    reader = host.save(getattr(host.model, request.param)(user_name="ann"))
    create(reader)
    return reload(host, reader)


@pytest.mark.parametrize("before", [None, LONG_AGO])
def test_a_stale_save_keeps_the_mark(host, reader, before):
    host.database.raw_update(reader, last_activity_seen=before)
    reader = reload(host, reader)
    mark_elsewhere(host, reader)
    reader.password = "changed"
    host.save()
    assert am.count_not_seen_by_recipient(reader) == 0
    reader = reload(host, reader)
    assert reader.password == "changed"
    assert am.count_not_seen_by_recipient(reader) == 0
    assert reader.last_activity_seen > LONG_AGO


def test_a_second_stale_save_keeps_the_mark(host, reader):
    for password in ("one", "two"):
        mark_elsewhere(host, reader)
        create(reader)
        mark_elsewhere(host, reader)
        reader.password = password
        host.save()
    assert am.count_not_seen_by_recipient(reload(host, reader)) == 0


@pytest.mark.parametrize("moment", [None, LONG_AGO, LONG_AGO.replace(tzinfo=timezone.utc)])
def test_a_host_can_set_the_field_itself(host, reader, moment):
    mark_elsewhere(host, reader)
    reader = reload(host, reader)
    reader.last_activity_seen = moment
    host.save()
    assert am.count_not_seen_by_recipient(reload(host, reader)) == 1


def test_a_host_can_set_the_field_while_another_request_marks(host, reader):
    mark_elsewhere(host, reader)
    reader = reload(host, reader)
    create(reader)
    mark_elsewhere(host, reader)
    reader.last_activity_seen = LONG_AGO
    host.save()
    assert am.count_not_seen_by_recipient(reload(host, reader)) == 2


def test_a_save_after_a_mark_of_its_own_keeps_the_other_mark(host, reader):
    am.mark_seen(reader, until=clock.now() - timedelta(days=1))
    mark_elsewhere(host, reader)
    reader.password = "changed"
    host.save()
    assert am.count_not_seen_by_recipient(reload(host, reader)) == 0


@pytest.mark.parametrize("schema", [*SCHEMAS, Aware])
def test_keeps_the_mark_of_a_class_defined_later(host, define, schema):
    cls = define(
        "Reader",
        "reader",
        last_activity_seen=FieldProperty(schema, if_missing=None),
        number=FieldProperty(s.Int),
    )
    reader = host.save(cls())
    create(reader)
    reader = reload(host, reader)
    mark_elsewhere(host, reader)
    reader.number = 5
    host.save()
    reader = reload(host, reader)
    assert reader.number == 5
    assert am.count_not_seen_by_recipient(reader) == 0


def test_keeps_the_mark_of_a_class_subclassed_later(host, define):
    base = define("Reader", "reader", number=FieldProperty(s.Int))
    derived = define("Derived", "reader", base=base, extra=FieldProperty(s.String))
    host.save(derived())
    reader = derived.query.get()
    create(reader)
    reader = reload(host, reader)
    as_base = base.query.get(reader._id)
    mark_elsewhere(host, reader)
    as_base.number = 5
    host.save()
    assert am.count_not_seen_by_recipient(reload(host, reader)) == 0


def test_a_mark_restores_no_deleted_user(host, reader):
    host.database.raw_delete(reader)
    with pytest.raises(LookupError):
        am.mark_seen(reader)
    assert host.database.raw_values(reader) is None


def test_saves_a_new_user(host, define):
    host.save(host.model.User(user_name="new", last_activity_seen=LONG_AGO))
    host.database.forget()
    assert host.model.user_named("new").last_activity_seen == LONG_AGO
