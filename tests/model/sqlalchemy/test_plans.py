"""Each query runs on an index."""

import json
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import zope.sqlalchemy

import tests.helpers.host
from activitystream import am, model
from activitystream.model.names import addresses_of, reader_of
from activitystream.model.values import Cursor, Window
from tests.conftest import Host
from tests.helpers.databases import on

pytestmark = pytest.mark.large

START = datetime(2020, 1, 1)

# Query plans

MANY = 50_000


@pytest.fixture(scope="module")
def crowded(database):
    """Store 25,000 actions: half are for one reader, one in 100 is for all, none for another."""
    host = Host(database)
    if database.name == "postgresql":
        # What was deleted before leaves its indexes large, and so dear to the planner.
        with database.engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE activity_stream_action CASCADE")
    busy, quiet = host.save(host.user("busy"), host.user("quiet"))
    others = host.save(*(host.model.User(user_name=f"user{number}") for number in range(500)))
    keys = [str(user._id) for user in others]
    actions = database.tables["activity_stream_action"]
    recipients = database.tables["activity_stream_recipient"]
    rows, addressed = [], []
    for number in range(MANY // 2):
        for_everyone = number % 100 == 0
        moment = START + timedelta(minutes=number)
        rows.append(
            {
                "_id": number + 1,
                "verb": "did",
                "timestamp": moment,
                "number_of_recipients": None if for_everyone else 2,
            }
        )
        pair = [("User", str(busy._id)), ("User", keys[number * 7 % 500])]
        for position, (type_name, key) in enumerate([("", "")] if for_everyone else pair):
            addressed.append(
                {
                    "recipient_type": type_name,
                    "recipient_id": key,
                    "timestamp": moment,
                    "action_id": number + 1,
                    "position": position,
                }
            )
    for start in range(0, len(rows), 5000):
        database.session.connection().execute(sa.insert(actions), rows[start : start + 5000])
    for start in range(0, len(addressed), 5000):
        batch = addressed[start : start + 5000]
        database.session.connection().execute(sa.insert(recipients), batch)
    seen = database.tables["activity_stream_seen_action"]
    names = ("reader_type", "reader_id", "timestamp", "action_id")
    read = sa.select(sa.literal("User"), sa.literal(keys[0]), actions.c.timestamp, actions.c._id)
    database.session.connection().execute(sa.insert(seen).from_select(names, read))
    readers = database.tables["activity_stream_reader"]
    floors = {"seen_floor": START, "read_floor": START}
    marked = [{"reader_type": "User", "reader_id": key, **floors} for key in keys]
    database.session.connection().execute(sa.insert(readers), marked)
    once = database.tables["activity_stream_once"]
    keyed = sa.select(sa.cast(actions.c._id, sa.String(64)), actions.c._id)
    database.session.connection().execute(sa.insert(once).from_select(("once", "action_id"), keyed))
    mutes = database.tables["activity_stream_mute"]
    names = ("reader_type", "reader_id", "mute", "number")
    muted = [("User", f"nobody {number}", "m", 0) for number in range(1000)]
    rows = [dict(zip(names, each, strict=True)) for each in muted]
    database.session.connection().execute(sa.insert(mutes), rows)
    statement = {"mariadb": "ANALYZE TABLE {}"}.get(database.name, "ANALYZE {}")
    for table in (actions, recipients, seen, once, readers, mutes):
        database.execute(sa.text(statement.format(table.name)).columns())
    zope.sqlalchemy.mark_changed(database.session())  # or nothing of this would be committed
    database.save(busy, quiet)
    yield host
    database.close()
    database.clean()


PLACE = Cursor(START + timedelta(minutes=MANY // 2), MANY // 2)
LOWER = Cursor(START + timedelta(minutes=MANY // 2 - 50), MANY // 2 - 50)


def audiences():
    """Return both kinds of user, who are read together."""
    return [tests.helpers.host.model.user_named(name) for name in ("busy", "quiet")]


READS = {
    "the newest ten": lambda user: am.get_by_recipient(user).limit(10).all(),
    "the newest": lambda user: am.get_by_recipient(user).first(),
    "a deep page": lambda user: am.get_by_recipient(user).skip(10_000).limit(10).all(),
    "the page before": lambda user: am.get_by_recipient(user).before(PLACE).limit(10).all(),
    "a page between": lambda user: am.get_by_recipient(user).before(PLACE).after(LOWER).all(),
    "with audiences": lambda user: am.get_by_recipient(user, also=audiences()).limit(10).all(),
    "the count with audiences": lambda user: am.count_not_seen_by_recipient(
        user, limit=100, also=audiences()
    ),
    "all, page by page": lambda user: list(am.get_by_recipient(user)),
    "the count of all": lambda user: am.get_by_recipient(user).count(),
    "the count of those not seen": am.count_not_seen_by_recipient,
    "the count up to 100": lambda user: am.count_not_seen_by_recipient(user, limit=100),
    "the unread": lambda user: am.get_by_recipient(user).unread().limit(10).all(),
    "the unread before": lambda user: (
        am.get_by_recipient(user).unread().before(LOWER).limit(10).all()
    ),
    "the unread with audiences": lambda user: (
        am.get_by_recipient(user, also=audiences()).unread().limit(10).all()
    ),
    "the count of the unread": am.count_unread_by_recipient,
    "the count of the unread with audiences": lambda user: am.count_unread_by_recipient(
        user, limit=100, also=audiences()
    ),
    "what a mark finds": lambda user: model.orm.read_cursors(
        addresses_of(user), Window(None, LOWER), 1001
    ),
    "what is known of a page": lambda user: [
        each.is_unseen_by(user) for each in am.get_by_recipient(user).limit(25)
    ],
}


@pytest.fixture(params=["busy", "quiet", "marked"])
def reader(request, crowded):
    """Return each reader: one with half of all, one with none, one who marked many one by one."""
    is_marked = request.param == "marked"
    user = crowded.model.user_named("busy" if is_marked else request.param)
    user.last_activity_seen = START + timedelta(minutes=MANY // 2 - 200)
    if is_marked:
        stream = am.get_by_recipient(user).limit(2200).all()
        am.mark_unread(user, stream[200::2])
        am.mark_read(user, stream[:100])
    yield user
    crowded.database.close()


def plans(host, call, explain):
    """Return the plan of each query of a call."""
    with host.database.queries() as recorded:
        call()
    assert recorded
    connection = host.database.session.connection()
    return [
        connection.exec_driver_sql(f"{explain} {query.text}", query.parameters).all()
        for query in recorded
        if "activity_stream" in query.text
    ]


@pytest.mark.parametrize("read", READS)
@on("sqlite")
def test_sqlite_reads_by_the_indexes(crowded, reader, read):
    for plan in plans(crowded, lambda: READS[read](reader), "EXPLAIN QUERY PLAN"):
        steps = [row[3] for row in plan]
        of_tables = [step for step in steps if "activity_stream" in step]
        assert of_tables
        for step in of_tables:
            assert step.startswith("SEARCH"), steps
            if "activity_stream_recipient" in step:
                assert "recipient_type=? AND recipient_id=?" in step, steps
            elif any(name in step for name in ("_reader", "_seen_action", "_mute")):
                assert "reader_type=? AND reader_id=?" in step, steps
            else:
                assert "PRIMARY KEY" in step, steps


#: The indexes of what is deleted with an action: one may have 100,000 recipients and readers.
OF_ONE_ACTION = ("recipients_of_action", "readers_of_action")


def is_marked(user):
    return model.orm.read_states(reader_of(user), [])[0] is not None


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@pytest.mark.parametrize("read", READS)
@on("postgresql")
def test_postgresql_reads_by_the_indexes(crowded, reader, read):
    for ((plan,),) in plans(crowded, lambda: READS[read](reader), "EXPLAIN (FORMAT JSON)"):
        (plan,) = plan if isinstance(plan, list) else json.loads(plan)
        found = list(nodes(plan["Plan"]))
        if reader.user_name == "busy" and read in ("all, page by page", "the count of all"):
            continue  # half of the table is counted best by reading all of it
        assert not [node for node in found if node["Node Type"] == "Seq Scan"], plan
        scans = [node for node in found if node.get("Index Name")]
        assert not [node for node in scans if node["Index Name"] in OF_ONE_ACTION], plan
        of_recipients = [node for node in scans if "recipient" in node["Index Name"]]
        assert of_recipients or read == "what is known of a page"
        for scan in of_recipients:
            assert "recipient_type" in scan["Index Cond"], plan
            assert "recipient_id" in scan["Index Cond"], plan


@on("postgresql")
def test_postgresql_reads_no_actions_but_those_shown(crowded):
    user = crowded.model.user_named("busy")
    for read in ("the newest ten", "a deep page", "with audiences"):
        explain = "EXPLAIN (ANALYZE, FORMAT JSON)"
        (((plan,),),) = plans(crowded, lambda read=read: READS[read](user), explain)
        (plan,) = plan if isinstance(plan, list) else json.loads(plan)
        of_actions = [
            node
            for node in nodes(plan["Plan"])
            if node.get("Relation Name") == "activity_stream_action"
        ]
        assert sum(node["Actual Rows"] * node["Actual Loops"] for node in of_actions) == 10, read
    crowded.database.close()


def joined_tables(plan):
    """Return the tables below a node that are joined there, without those of its subqueries."""
    tables = {plan["Relation Name"]} if "Relation Name" in plan else set()
    for part in plan.get("Plans", ()):
        is_subquery = part["Parent Relationship"] in ("InitPlan", "SubPlan")
        if not is_subquery and part["Node Type"] != "Limit":
            tables |= joined_tables(part)
    return tables


@pytest.mark.parametrize("read", [each for each in READS if "unread" in each])
@on("postgresql")
def test_postgresql_joins_kept_unread_rows_to_no_recipients(crowded, reader, read):
    """A join could begin with the recipients, and would then read all of the reader's rows."""
    for ((plan,),) in plans(crowded, lambda: READS[read](reader), "EXPLAIN (FORMAT JSON)"):
        (plan,) = plan if isinstance(plan, list) else json.loads(plan)
        joins = [node for node in nodes(plan["Plan"]) if "Join Type" in node]
        both = {"activity_stream_recipient", "activity_stream_seen_action"}
        assert not [join for join in joins if both <= joined_tables(join)], plan


@pytest.mark.parametrize("read", READS)
@on("mariadb")
def test_mariadb_reads_by_the_indexes(crowded, reader, read):
    for plan in plans(crowded, lambda: READS[read](reader), "EXPLAIN"):
        # A derived table is called <derived2>; any other may be called by an alias.
        of_tables = [step for step in plan if not (step._mapping["table"] or "<").startswith("<")]
        # Where there is no row of the reader, MariaDB says so at once.
        assert of_tables or (read == "what is known of a page" and not is_marked(reader))
        for step in of_tables:
            assert step._mapping["key"] not in (None, *OF_ONE_ACTION), plan
            assert step._mapping["type"] in ("eq_ref", "const", "ref", "range"), plan


OF_ALL = {
    "the newest": lambda: am.get_actions(limit=10),
    "a dry run": lambda: am.purge(START + timedelta(minutes=10), dry_run=True),
    "the oldest": lambda: next(model.orm.ids_before(START + timedelta(minutes=10))),
}


@pytest.mark.parametrize("read", OF_ALL)
@on("sqlite")
def test_sqlite_finds_the_newest_and_oldest_of_all_by_an_index(crowded, read):
    (plan,) = plans(crowded, OF_ALL[read], "EXPLAIN QUERY PLAN")
    (step,) = [row[3] for row in plan]
    assert "INDEX actions_by_time" in step


@pytest.mark.parametrize("read", OF_ALL)
@on("postgresql")
def test_postgresql_finds_the_newest_and_oldest_of_all_by_an_index(crowded, read):
    (((plan,),),) = plans(crowded, OF_ALL[read], "EXPLAIN (FORMAT JSON)")
    (plan,) = plan if isinstance(plan, list) else json.loads(plan)
    found = list(nodes(plan["Plan"]))
    (scan,) = [node for node in found if "Scan" in node["Node Type"]]
    assert scan["Index Name"] == "actions_by_time"
    assert not [node for node in found if "Sort" in node["Node Type"]]


@pytest.mark.parametrize("read", OF_ALL)
@on("mariadb")
def test_mariadb_finds_the_newest_and_oldest_of_all_by_an_index(crowded, read):
    ((step,),) = plans(crowded, OF_ALL[read], "EXPLAIN")
    assert step._mapping["key"] == "actions_by_time"
    assert "filesort" not in step._mapping["Extra"]


def read_addressees():
    """Read whom the newest 1,600 actions are for, in two batches."""
    since = Cursor(START + timedelta(minutes=MANY // 2 - 1601), None)
    found = dict(model.orm.read_addressees(Window(None, since)))
    assert len(found) == 495 + 2


BY_TIME_AND_BY_ACTION = ["actions_by_time", "recipients_of_action"] * 2


@on("sqlite")
def test_sqlite_finds_addressees_by_indexes(crowded):
    found = plans(crowded, read_addressees, "EXPLAIN QUERY PLAN")
    steps = [row[3] for plan in found for row in plan if row[3].startswith(("SEARCH", "SCAN"))]
    assert all(map(str.startswith, steps, ["SEARCH"] * len(steps))), steps
    assert [index for step in steps for index in set(BY_TIME_AND_BY_ACTION) if index in step] == [
        *BY_TIME_AND_BY_ACTION,
        "actions_by_time",
    ]


@on("postgresql")
def test_postgresql_finds_addressees_by_indexes(crowded):
    used = []
    for ((plan,),) in plans(crowded, read_addressees, "EXPLAIN (FORMAT JSON)"):
        (plan,) = plan if isinstance(plan, list) else json.loads(plan)
        found = list(nodes(plan["Plan"]))
        assert not [node for node in found if node["Node Type"] == "Seq Scan"], plan
        used += [node["Index Name"] for node in found if "Index Name" in node]
    assert used == [*BY_TIME_AND_BY_ACTION, "actions_by_time"]


@on("mariadb")
def test_mariadb_finds_addressees_by_indexes(crowded):
    found = plans(crowded, read_addressees, "EXPLAIN")
    # It makes a table of 1,000 ids.
    of_tables = ("activity_stream_action", "activity_stream_recipient")
    steps = [step._mapping for plan in found for step in plan]
    steps = [step for step in steps if step["table"] in of_tables]
    assert [step["key"] for step in steps] == [*BY_TIME_AND_BY_ACTION, "actions_by_time"]
    assert {step["type"] for step in steps} == {"range", "ref"}


@on("mariadb")
def test_finds_rows_to_delete_by_indexes(crowded):
    """A scan would lock the rows of others."""
    with crowded.database.queries() as recorded:
        model.orm.delete_actions(list(range(1, 1001)))
    connection = crowded.database.session.connection()
    assert len(recorded) == 6
    _, locked, *deleted = recorded
    steps = connection.exec_driver_sql(f"EXPLAIN {locked.text}", locked.parameters).mappings()
    (of_actions,) = [step for step in steps if step["table"] == "activity_stream_action"]
    assert of_actions["type"] in ("range", "eq_ref")
    for query in deleted:
        (step,) = connection.exec_driver_sql(f"EXPLAIN {query.text}", query.parameters).all()
        assert step._mapping["type"] == "range"
    crowded.database.close()


def test_no_index_begins_with_the_timestamp_alone(host):
    """PostgreSQL would be misled by such an index, but only with millions of rows."""
    inspector = sa.inspect(host.database.session.connection())
    table = "activity_stream_recipient"
    key = inspector.get_pk_constraint(table)["constrained_columns"]
    assert key == ["recipient_type", "recipient_id", "timestamp", "action_id"]
    for index in inspector.get_indexes(table):
        assert index["column_names"][0] != "timestamp"
