"""Upgrades from each earlier version: nothing turns new, nothing turns unread."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic import command

from activitystream import am, bootstrap
from tests.model.sqlalchemy.test_migrations import VERSION_TABLE, head, migrate, version, versions

DAY = timedelta(days=1)

#: When the actions happened, for years before the upgrade.
MOMENTS = [datetime(2023, 1, 31, 12, 30, 15, 999000) + 100 * number * DAY for number in range(8)]

FIELDS = {
    "never saw any": None,
    "saw none of them": MOMENTS[0] - DAY,
    "saw the first": MOMENTS[0],
    "saw some": MOMENTS[4] + DAY,
    "saw all but one": MOMENTS[-1] - timedelta(milliseconds=1),
    "saw all": MOMENTS[-1],
    "looked yesterday": MOMENTS[-1] + DAY,
}

#: Those which keep what single readers have seen.
WITH_READERS = versions()[2:]


@pytest.fixture(params=versions())
def earlier(request, host):
    """Begin with the database as this version made it, with readers and actions."""
    database, engine = host.database, host.database.engine
    ours = [each for name, each in database.tables.items() if name.startswith("activity_stream")]
    database.close()

    def begin_at(revision):
        database.model.metadata.drop_all(engine, tables=ours)
        with engine.begin() as connection:
            connection.execute(sa.text(f"DROP TABLE IF EXISTS {VERSION_TABLE}"))
        if revision is not None:
            migrate(engine, command.upgrade, revision)

    try:
        begin_at(request.param)
        readers = {name: host.user(name) for name in FIELDS}
        for name, field in FIELDS.items():
            readers[name].last_activity_seen = field
        host.save(*readers.values())
        for number, moment in enumerate(MOMENTS):
            recipients = [{"_type": "User", "_id": str(each._id)} for each in readers.values()]
            database.insert_action(
                verb=f"no. {number}",
                actor_type="User",
                actor_id=recipients[0]["_id"],
                timestamp=moment,
                _recipients=recipients if number % 2 else None,
            )
        host.save()
        yield request.param
    finally:
        database.close()
        begin_at(None)
        database.model.metadata.create_all(engine, tables=ours)


def state(host):
    """Return by reader: what is new, what is unread, and both counts."""
    host.database.forget()
    found = {}
    for name in FIELDS:
        user = host.model.user_named(name)
        stream = am.get_by_recipient(user).all()
        found[name] = (
            [each.verb for each in stream if each.is_unseen_by(user)],
            [each.verb for each in stream if not each.is_read_by(user)],
            am.count_not_seen_by_recipient(user),
            am.count_unread_by_recipient(user),
        )
    host.database.close()
    return found


def newer_than(field):
    new = [f"no. {number}" for number, moment in enumerate(MOMENTS) if not field or moment > field]
    return new[::-1]


def upgrade(host):
    host.database.close()
    bootstrap.bootstrap(None, {}, {})
    assert version(host.database.engine) == head()


def test_only_actions_newer_than_the_field_stay_new_and_unread(host, earlier):
    upgrade(host)
    wanted = {name: newer_than(field) for name, field in FIELDS.items()}
    assert state(host) == {name: (new, new, len(new), len(new)) for name, new in wanted.items()}
    for name in FIELDS:
        am.mark_seen(host.model.user_named(name))
    assert state(host) == {name: ([], new, 0, len(new)) for name, new in wanted.items()}


@pytest.mark.parametrize("earlier", WITH_READERS, indirect=True)
def test_single_marks_survive_the_upgrade(host, earlier):
    # This release cannot read older tables: create the data here, then downgrade.
    upgrade(host)
    for name in ("saw none of them", "saw some"):
        user = host.model.user_named(name)
        newest, following, *_, oldest = am.get_by_recipient(user)
        am.mark_read(user, [following])
        am.mark_unread(user, [oldest])
        am.mark_seen(user, until=following.timestamp)
        am.mark_read(user, [newest])
    before = state(host)
    migrate(host.database.engine, command.downgrade, earlier)
    upgrade(host)
    assert state(host) == before
    assert before["saw some"][:3] == ([], ["no. 5", "no. 0"], 0)
