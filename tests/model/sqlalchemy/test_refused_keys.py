"""Keys that create refuses, since no text would find their entity again."""

import uuid
from datetime import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from activitystream import am
from tests.helpers.databases import on


class Random(sa.TypeDecorator):
    """A type that stores another text each time, like one that encrypts."""

    impl = sa.String(64)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return f"{uuid.uuid4().hex}{value}"

    def process_result_value(self, value, dialect):
        return value[32:]


class Digest(sa.TypeDecorator):
    """A type that returns a value which it does not take."""

    impl = sa.String(64)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return f"{value.key:x}"

    def process_result_value(self, value, dialect):
        return value


class Key:
    key = 255


REFUSED = {
    "never the same": (Random, "a", "changes when written and read"),
    "not what it takes": (Digest, Key(), "changes when written and read"),
    "a pickle": (sa.PickleType().with_variant(mysql.VARBINARY(99), "mysql"), "a", "Pickle|bytes"),
    "too long": (sa.String(600), "x" * 256, "is longer than 255 characters"),
}


@pytest.mark.parametrize("refused", REFUSED)
@on("sqlite", "postgresql")
def test_create_rejects_a_key_without_a_text_form(host, user, define, refused):
    kind, key, reason = REFUSED[refused]
    cls = define("Keyed", "keyed", _id=sa.Column(kind, primary_key=True))
    entity = cls(_id=key)
    host.database.session.add(entity)
    for refer in (
        lambda: am.create(entity, "did"),
        lambda: am.create(user, "did", recipients=[user, entity]),
        lambda: am.create_many([{"actor": user, "verb": "did", "target": entity}]),
        lambda: am.get_by_recipient(entity),
        lambda: am.forget(entity),
    ):
        with pytest.raises(ValueError, match=f"the key of Keyed.*({reason})"):
            refer()
    assert host.database.raw_actions() == []


@pytest.mark.parametrize(
    ("kind", "key", "reason"),
    [
        (sa.Numeric(12, 2), Decimal("5.126"), "keeps only 2 digits after the point"),
        (sa.Float(), 0.1, "make it a DOUBLE"),
        (sa.DateTime(), datetime(2020, 1, 1, 0, 0, 0, 5), "keeps 0 digits of a second"),
    ],
)
@on("mariadb")
def test_create_rejects_a_key_that_the_database_changes(host, user, define, kind, key, reason):
    cls = define("Keyed", "keyed", _id=sa.Column(kind, primary_key=True, autoincrement=False))
    entity = host.save(cls(_id=key))
    with pytest.raises(ValueError, match=f"the key of Keyed.*{reason}"):
        am.create(entity, "did")


@on("postgresql")
def test_create_rejects_an_ambiguous_datetime_key(host, user, define):
    aware = sa.Column(sa.DateTime(timezone=True), primary_key=True)
    entity = host.save(define("Keyed", "keyed", _id=aware)(_id=datetime(2020, 1, 1)))
    with pytest.raises(ValueError, match="its column stores aware datetimes"):
        am.create(entity, "did")
