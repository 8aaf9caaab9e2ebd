"""Statements that are compiled once find the rows that SQLAlchemy itself would find."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from activitystream import am
from activitystream.model.sqlalchemy.compiled import execute
from activitystream.model.sqlalchemy.tables import ACTIONS, KeyType, MomentType
from tests.helpers.databases import SQL, on

pytestmark = on(*SQL)

_MOMENT = sa.bindparam("moment", type_=MomentType)

_FOUND = (
    sa.select(ACTIONS.c._id, ACTIONS.c._id + 7, ACTIONS.c.verb)
    .where(ACTIONS.c.actor_id == sa.bindparam("key", type_=KeyType))
    .where(ACTIONS.c.timestamp >= _MOMENT, ACTIONS.c.verb.like("100 %"))
    .where(sa.or_(ACTIONS.c.timestamp > _MOMENT, ACTIONS.c._id < 0))
    .order_by(ACTIONS.c._id)
)


def test_finds_the_same_rows(host, user, other):
    moment = datetime(2025, 1, 1, 12, 30, 0, 123_000)
    am.create_many(
        {"actor": actor, "verb": verb, "timestamp": moment + timedelta(milliseconds=each)}
        for each in range(-3, 4)
        for actor in (user, other)
        for verb in ("100 % sure", "saw")
    )
    connection = host.database.session.connection()
    for actor in (user, other):
        # A number, microseconds and what the statement does not ask for, as hosts may give them.
        values = {"key": actor._id, "moment": moment + timedelta(microseconds=456), "more": None}
        found = execute(connection, _FOUND, values).all()
        assert len(found) == 3
        assert found == connection.execute(_FOUND, values).all()


def test_a_host_may_translate_schemas(host, user):
    users = sa.Table(host.model.User.__tablename__, sa.MetaData(), schema="theirs")
    statement = sa.select(sa.func.count()).select_from(users)
    connection = host.database.session.connection()
    translated = connection.execution_options(schema_translate_map={"theirs": None})
    assert execute(translated, statement, {}).one() == (1,)
