"""What is read of what an entity did, and of what happened to it, is found by indexes."""

import json

import pytest
import sqlalchemy as sa
import zope.sqlalchemy

from activitystream import am
from activitystream.lib import role_streams
from tests.conftest import Host
from tests.helpers.databases import on
from tests.helpers.roles import ASKS, MANY, READS, Crowd
from tests.model.sqlalchemy.test_plans import nodes, plans

ACTIONS = "activity_stream_action"

#: A page tests so many at first, whether its viewer may see them.
FIRST_BATCH = role_streams._BATCH_SIZES[0]


@pytest.fixture(scope="module")
def crowded(database):
    host = Host(database)
    if database.name == "postgresql":
        # What was deleted before leaves its indexes large, and so dear to the planner.
        with database.engine.begin() as connection:
            connection.exec_driver_sql(f"TRUNCATE {ACTIONS} CASCADE")
    host.crowd = Crowd(host)
    host.keys = {name: getattr(host.crowd, name)._id for name in ("busy", "quiet")}
    host.place = host.crowd.place()
    analyze = {"mariadb": "ANALYZE TABLE {}"}.get(database.name, "ANALYZE {}")
    for table in (ACTIONS, "activity_stream_recipient"):
        database.execute(sa.text(analyze.format(table)).columns())
    zope.sqlalchemy.mark_changed(database.session())  # or nothing of this would be committed
    host.database.save()
    yield host
    database.close()
    database.clean()


@pytest.fixture(params=["busy", "quiet"])
def stream_of(request, crowded):
    """Return a function for the stream of an entity in a role, for a viewer."""
    crowded.database.close()

    def stream_of(role, viewer):
        whose = getattr(crowded.crowd, request.param)
        crowded.database.session.add(whose)
        return READS[role](whose, **crowded.crowd.viewers[viewer])

    yield stream_of
    crowded.database.close()


def each_plan(crowded, stream_of, role, viewer, ask, explain):
    stream = stream_of(role, viewer)
    return plans(crowded, lambda: ASKS[ask](stream, crowded.place), explain)


every_read = [
    pytest.mark.parametrize("role", READS),
    pytest.mark.parametrize("viewer", ["a visitor", "everything", "a member", "a stranger"]),
    pytest.mark.parametrize("ask", ASKS),
]


def of_every_read(test):
    for mark in every_read:
        test = mark(test)
    return test


@of_every_read
@on("sqlite")
def test_sqlite_reads_by_the_indexes(crowded, stream_of, role, viewer, ask):
    for plan in each_plan(crowded, stream_of, role, viewer, ask, "EXPLAIN QUERY PLAN"):
        steps = [row[3] for row in plan]
        of_tables = [step for step in steps if "activity_stream" in step]
        assert of_tables
        for step in of_tables:
            assert step.startswith("SEARCH"), steps
            if "activity_stream_recipient" in step:
                assert "recipient_type=? AND recipient_id=? AND timestamp=?" in step, steps
            else:
                its_index = f"actions_{'for_everyone_' if viewer == 'a visitor' else ''}of_{role} "
                assert its_index in step or "PRIMARY KEY" in step, steps


@of_every_read
@on("postgresql")
def test_postgresql_reads_no_more_than_is_tested(crowded, stream_of, role, viewer, ask):
    read = 0
    explain = "EXPLAIN (ANALYZE, FORMAT JSON)"
    for ((plan,),) in each_plan(crowded, stream_of, role, viewer, ask, explain):
        (plan,) = plan if isinstance(plan, list) else json.loads(plan)
        found = list(nodes(plan["Plan"]))
        assert "recipients_of_action" not in str(plan)
        for scan in (node for node in found if node.get("Relation Name") == ACTIONS):
            assert scan["Node Type"] != "Seq Scan", plan
            dropped = scan.get("Rows Removed by Filter", 0)
            read += (scan["Actual Rows"] + dropped) * scan["Actual Loops"]
    # Of the 1,501 that are left on a deep page, it reads all rather than 950.
    left = 501 if ask == "a deep page" and viewer in ("a member", "a stranger") else 0
    assert read <= most_read(viewer, ask) + left


@of_every_read
@on("mariadb")
def test_mariadb_reads_no_more_than_is_tested(crowded, stream_of, role, viewer, ask):
    stream = stream_of(role, viewer)
    crowded.database.session.connection()
    crowded.database.execute(sa.text("FLUSH STATUS").columns())
    with crowded.database.queries() as recorded:
        ASKS[ask](stream, crowded.place)
    status = sa.text("SHOW SESSION STATUS LIKE 'Handler_read%'")
    rows = dict(crowded.database.session.connection().execute(status).all())
    read = sum(int(number) for name, number in rows.items() if "rnd" not in name)
    # Each action that is tested costs a look for each of the viewer's audiences.
    looks = {"a member": 25, "a stranger": 5}.get(viewer, 2)
    assert read <= looks * most_read(viewer, ask), rows
    assert recorded


def most_read(viewer, ask):
    """How many actions: those that are shown, and what is tested, which begins with 50 and 950."""
    shown = 2 * 12
    if viewer in ("a visitor", "everything"):
        return shown
    return shown + (FIRST_BATCH if ask == "the newest" else 1000)


@pytest.mark.parametrize("role", READS)
@on("postgresql", "mariadb", "sqlite")
def test_a_page_of_hidden_actions_reads_a_bounded_part(crowded, role, monkeypatch):
    """Busy's actions for nobody else: all of them would be read without the bound."""
    monkeypatch.setattr(role_streams, "_MOST_HIDDEN", 200)
    stream = READS[role](crowded.crowd.busy, **crowded.crowd.viewers["a stranger"])
    stream = stream.before(crowded.place)
    monkeypatch.setattr(role_streams, "_BATCH_SIZES", (50, 950))
    with crowded.database.queries() as recorded:
        page = stream.page(100)
    assert 0 < len(page) < 100
    assert page.end is not None
    assert len([each for each in recorded if "number_of_recipients IS NULL OR" in each.text]) == 3
    assert stream.count() == MANY // 4 // 20
    crowded.database.close()


@pytest.mark.parametrize("role", READS)
@on("sqlite", "postgresql", "mariadb")
def test_all_actions_of_an_entity_are_found_by_its_index(crowded, role):
    key = crowded.keys["quiet"]
    filters = {f"{role}_type": "User", f"{role}_id": key}
    explain = "EXPLAIN QUERY PLAN" if crowded.database.name == "sqlite" else "EXPLAIN"
    (plan,) = plans(crowded, lambda: am.get_actions(limit=10, filters=filters).actions, explain)
    assert f"actions_of_{role}" in str([tuple(row) for row in plan])
    crowded.database.close()
