"""``last_activity_seen`` by each schema that a field may have on Ming."""

from datetime import datetime, timezone

import pytest
from ming import schema as s
from ming.odm import FieldProperty

from activitystream import am

START = datetime(2020, 1, 1, 12, 30, 15, 123000)


class Aware(s.FancySchemaItem):
    """A schema that takes and returns aware datetimes."""

    def _validate(self, value, **options):
        if not isinstance(value, datetime):
            raise s.Invalid("no datetime", value)
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)


SCHEMAS = [s.DateTime, s.DateTimeTZ, s.Anything, Aware]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_returns_the_mark_as_the_schema_reads_it(host, define, schema):
    field = FieldProperty(schema, if_missing=None)
    reader = host.save(define("Reader", "reader", last_activity_seen=field)())
    first = am.create(reader, "one", recipients=[reader])
    assert am.mark_seen(reader) is None
    in_hand = reader.last_activity_seen
    reader = host.database.reload(reader)
    assert reader.last_activity_seen == in_hand
    assert not first.is_unseen_by(reader)
    assert am.count_not_seen_by_recipient(reader) == 0
    before = am.mark_seen(reader, until=START)
    assert (before, before.tzinfo) == (in_hand.replace(tzinfo=None), None)


@pytest.mark.parametrize("schema", [s.Int, s.String])
def test_rejects_a_field_that_stores_no_datetime(host, define, schema):
    reader = host.save(define("Reader", "reader", last_activity_seen=FieldProperty(schema))())
    with pytest.raises(TypeError, match=r"Reader\.last_activity_seen takes no datetime"):
        am.mark_seen(reader)
    assert host.database.raw_values(reader)["last_activity_seen"] is None


def test_a_mark_changes_one_field_only(host, define):
    reader = host.save(
        define("Reader", "reader", number=FieldProperty(s.Int), extra=FieldProperty(s.String))(
            number=5
        )
    )
    host.database.raw_update(reader, number=6, unknown="kept")
    before = host.database.raw_values(reader)
    am.mark_seen(reader, until=START)
    after = host.database.raw_values(reader)
    assert after == {**before, "last_activity_seen": START}
    host.save()
    assert host.database.raw_values(reader) == after
