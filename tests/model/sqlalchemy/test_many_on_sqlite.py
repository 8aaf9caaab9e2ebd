"""SQLite returns no ids of several rows, so ``create_many`` chooses them."""

import pytest
import sqlalchemy as sa

from activitystream import am
from tests.helpers.databases import on
from tests.helpers.databases.sql import SQLDatabase

pytestmark = on("sqlite")

VERBS = [f"verb {number}" for number in range(500)]


def create_many(user):
    am.create_many({"actor": user, "verb": verb, "recipients": [user]} for verb in VERBS)


def test_three_statements_store_many(host, user):
    am.create(user, "first", recipients=[user])
    with host.database.queries() as statements:
        create_many(user)
    assert len(statements) == 3
    assert [each.verb for each in am.get_by_recipient(user)] == [*reversed(VERBS), "first"]


@pytest.fixture
def autocommitting(host_on, database):
    """Return a host whose database commits each statement."""
    host = host_on(SQLDatabase(database.name, database.url))
    host.plug(blueprint={"sqlalchemy.isolation_level": "AUTOCOMMIT"})
    return host


def test_another_process_may_take_an_id_between_two_commits(autocommitting):
    host = autocommitting
    user, other = host.user("ann"), sa.create_engine(host.database.url)
    actions = host.database.tables["activity_stream_action"]
    taken = sa.insert(actions).values(actor_type="User", verb="theirs", timestamp=sa.func.now())

    def take_an_id(connection, cursor, statement, *_):
        if "INTO activity_stream_action " in statement and len(ids_taken) < 3:
            with other.begin() as connection:
                ids_taken.append(connection.execute(taken).inserted_primary_key[0])

    ids_taken: list[int] = []
    sa.event.listen(host.database.engine, "after_cursor_execute", take_an_id)
    try:
        create_many(user)
    finally:
        sa.event.remove(host.database.engine, "after_cursor_execute", take_an_id)
        other.dispose()
    assert len(ids_taken) == 3
    assert [each.verb for each in am.get_by_recipient(user)] == [*reversed(VERBS)]
