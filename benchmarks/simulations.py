"""Measure what docs/explanation/scaling.rst tells: replica sets, partitions, bytes of an action.

    python -m benchmarks.simulations replica-set|partitions|sizes

Each starts servers of its own on loopback, takes two or three minutes, and leaves nothing behind.
"""

import argparse
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timezone
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import bson
import pymongo
import pytest
from pymongo.errors import OperationFailure, PyMongoError
from rich.console import Console
from rich.table import Table

from tests import databases
from tests.databases import MingDatabase
from tests.host.app import make_app
from tests.replica_set import ReplicaSet

from . import machine, servers
from .load import Load
from .mongodb import document
from .progress import say
from .timing import percentile_99

_DATABASE = "activitystream_simulation"
_COLLECTION = "activity_stream_action"


def main(arguments: list[str] | None = None) -> None:
    """Run one of them, and print its table.

    :param arguments: the command line's; None for the process's own.
    """
    simulations = {"replica-set": replica_set, "partitions": partitions, "sizes": sizes}
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.simulations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("simulation", choices=simulations)
    parser.add_argument("--actions", type=int, help="how many there are in partitions and sizes")
    options = parser.parse_args(arguments)
    # Servers and folders are cleared away then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    try:
        with tempfile.TemporaryDirectory(prefix="simulation") as folder:
            tables = simulations[options.simulation](Path(folder), options.actions)
    # What the tests start the servers with says so if there is none.
    except (pytest.skip.Exception, pytest.fail.Exception) as error:
        sys.exit(f"The simulation cannot run: {error}")
    console = Console(width=None if sys.stdout.isatty() else 150)
    when, ran_on = datetime.now(timezone.utc), machine.described()
    console.print(
        f"{options.simulation}, {when:%Y-%m-%d}, {ran_on['cores']} cores ({ran_on['cpu']}), "
        "shared with whatever else runs; all on loopback",
        highlight=False,
    )
    for table in tables:
        console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


# A replica set

#: How many times each of the two apps takes its turn, and how many actions it creates in each.
_TURNS, _CREATES = 3, 200
_LOOKS = 300
_WRITERS = 4
_KILLS = 3


def replica_set(folder: Path, actions: int | None) -> list[Table]:
    """Three mongods: what an acknowledgement costs, how late a secondary is, what a failover loses.

    :param folder: where they keep their data.
    :param actions: not used.
    """
    say("  starting three mongods")
    with ReplicaSet(folder, _DATABASE) as servers_of_it:
        latency = _table(
            "am.create through a host app on Ming, for 5 recipients", "w", "median ms", "p99 ms"
        )
        for concern, times in _creates(servers_of_it).items():
            latency.add_row(concern, _ms(statistics.median(times)), _ms(percentile_99(times)))
        lag = _table(
            "From the acknowledgement until a read of a secondary finds the action (raw)",
            *("w", "writers beside", "not found at first", "median ms", "p99 ms", "most ms"),
        )
        for concern in ("1", "majority"):
            for writers in (0, _WRITERS):
                with _under_load(servers_of_it, writers):
                    missed, times = _looks(servers_of_it, concern)
                summary = (statistics.median(times), percentile_99(times), max(times))
                missed_of = f"{missed} of {len(times)}"
                lag.add_row(concern, str(writers), missed_of, *map(_ms, summary))
        failover = _table(
            f"The primary is killed under load ({_WRITERS} writers, raw inserts, retryWrites)",
            *("w", "secondaries", "acknowledged", "lost", "errors", "no write succeeds for s"),
        )
        for concern in ("1", "majority"):
            for behind in (0.0, 1.0):
                for _ in range(_KILLS if not behind else 1):
                    row = _failover(servers_of_it, concern, behind)
                    state = f"{behind:.0f} s behind" if behind else "keep up"
                    failover.add_row(concern, state, *row)
    return [latency, lag, failover]


def _creates(servers_of_it: ReplicaSet) -> dict[str, list[float]]:
    """Seconds that ``am.create`` takes, by write concern; the apps take turns."""
    from activitystream import am

    times: dict[str, list[float]] = {"1": [], "majority": []}
    for turn in range(_TURNS):
        for concern in times:
            say(f"  am.create with w={concern}, turn {turn + 1} of {_TURNS}")
            host = MingDatabase("mongodb", servers_of_it.url(w=concern))
            make_app(host)
            model = host.model
            users = [model.User(user_name=f"user{number}") for number in range(5)]
            post = model.Post(title="A post")
            model.DBSession.flush_all()
            for number in range(_CREATES + 20):
                start = time.perf_counter()
                am.create(users[0], "commented on", target=post, recipients=users)
                took = time.perf_counter() - start
                if number >= 20:
                    times[concern].append(took)
            host.close()
            host.db.client.close()
    return times


def _actions_like(collection: Any) -> Iterator[dict[str, Any]]:
    """New ones like those that ``am.create`` wrote."""
    written = collection.find_one()
    while True:
        moment = datetime.now(timezone.utc)
        yield {**written, "_id": bson.ObjectId(), "timestamp": moment}


def _looks(servers_of_it: ReplicaSet, concern: str) -> tuple[int, list[float]]:
    """How often a secondary did not know what was acknowledged, and the seconds until it did."""
    say(f"  reading secondaries, w={concern}")
    missed, times = 0, []
    with (
        servers_of_it.client(w=concern) as writing,
        servers_of_it.client(readPreference="secondary") as reading,
    ):
        collection = writing[_DATABASE][_COLLECTION]
        for action, _ in zip(_actions_like(collection), range(_LOOKS), strict=False):
            collection.insert_one(action)
            start = time.perf_counter()
            looks = 1
            while reading[_DATABASE][_COLLECTION].find_one(action["_id"]) is None:
                looks += 1
            times.append(time.perf_counter() - start)
            missed += looks > 1
    return missed, times


@contextmanager
def _under_load(servers_of_it: ReplicaSet, writers: int) -> Iterator[None]:
    with Writers(servers_of_it, "1", writers):
        yield


class Writers:
    """Threads that insert one action after the other, and note what was acknowledged when."""

    def __init__(self, servers_of_it: ReplicaSet, concern: str, number: int) -> None:
        """
        :param servers_of_it: where they write.
        :param concern: their write concern.
        :param number: how many there are.
        """
        self.acknowledged: dict[bson.ObjectId, float] = {}
        self.errors = 0
        self._client = pymongo.MongoClient(servers_of_it.url(w=concern, retryWrites="true"))
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write) for _ in range(number)]

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._client.close()

    def _write(self) -> None:
        collection = self._client[_DATABASE][_COLLECTION]
        for action in _actions_like(collection):
            if self._stop.is_set():
                return
            try:
                collection.insert_one(action)
                self.acknowledged[action["_id"]] = time.monotonic()
            except PyMongoError:
                self.errors += 1


def _failover(servers_of_it: ReplicaSet, concern: str, behind: float) -> list[str]:
    """What was acknowledged and lost, the errors, and the longest time without a write.

    :param behind: for so many seconds before it is killed, the secondaries fetch nothing.
    """
    say(f"  killing the primary, w={concern}, secondaries {behind:.0f} s behind")
    primary = servers_of_it.primary()
    others = [port for port in servers_of_it.states() if port != primary]
    with Writers(servers_of_it, concern, _WRITERS) as writers:
        time.sleep(2)
        if behind:
            servers_of_it.replicate(others, on=False)
            time.sleep(behind)
        servers_of_it.kill(primary)
        killed = time.monotonic()
        if behind:
            servers_of_it.replicate(others, on=True)
        while not any(at > killed + 0.5 for at in list(writers.acknowledged.values())):
            if time.monotonic() > killed + 40:
                break
            time.sleep(0.1)
        time.sleep(1)
    moments = sorted(writers.acknowledged.values())
    gap = max(after - before for before, after in pairwise(moments))
    # As it was, the old primary comes back: what only it had is rolled back.
    servers_of_it.start(primary)
    servers_of_it.wait_until_whole()
    with servers_of_it.client(readConcernLevel="majority") as client:
        while True:
            try:
                found = set(client[_DATABASE][_COLLECTION].distinct("_id", _since(writers)))
                break
            except OperationFailure:  # while the new primary is taking over
                time.sleep(0.2)
    lost = len(writers.acknowledged.keys() - found)
    return [f"{len(moments):,}", f"{lost:,}", str(writers.errors), f"{gap:.1f}"]


def _since(writers: Writers) -> dict[str, Any]:
    return {"_id": {"$gte": min(writers.acknowledged)}}


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}"


# Partitions

_PLAIN, _MONTHLY = "plain_recipient", "monthly_recipient"

#: The load's year becomes two: 2024 and 2025.
_STRETCHED = "timestamp '2024-01-01' + 2 * (timestamp - timestamp '2025-01-01')"

_COLUMNS = """
    recipient_type varchar(255) NOT NULL,
    recipient_id varchar(255) NOT NULL,
    timestamp timestamp NOT NULL,
    action_id bigint NOT NULL REFERENCES activity_stream_action (_id) ON DELETE CASCADE,
    position integer NOT NULL,
    PRIMARY KEY (recipient_type, recipient_id, timestamp, action_id)
"""

_ONES = "FROM {table} WHERE recipient_type = %s AND recipient_id = %s"
_NEWEST = (
    f"(SELECT timestamp, action_id {_ONES} {{also}} "
    "ORDER BY timestamp DESC, action_id DESC LIMIT 10)"
)
_PAGE = (
    f"SELECT action.* FROM ({_NEWEST} UNION ALL {_NEWEST}) AS merged "
    "JOIN activity_stream_action AS action ON action._id = merged.action_id "
    "ORDER BY merged.timestamp DESC, merged.action_id DESC LIMIT 10"
)
_BEFORE = "AND timestamp <= %s AND (timestamp < %s OR action_id < %s)"
_COUNTED = f"(SELECT count(*) FROM (SELECT 1 {_ONES} AND timestamp > %s LIMIT 100) AS counted)"
_COUNT = f"SELECT {_COUNTED} + {_COUNTED}"


def partitions(folder: Path, actions: int | None) -> list[Table]:
    """Two years of recipients in one table, and in one with a partition for each month.

    :param folder: where the server keeps its data.
    :param actions: how many; each has some three recipients. None for 350,000.
    """
    load = Load(20_000, actions or 350_000)
    with servers.opened("postgresql", folder) as open_database, ExitStack() as until_the_end:
        database = open_database(load)
        database.open()
        until_the_end.callback(database.close)
        connection = until_the_end.enter_context(closing(database.connect()))
        connection.autocommit = True
        rows = _make_both(connection)
        say("  asking both")
        reads = _reads(connection, load, rows)
        return [reads, _purges(connection)]


def _make_both(connection: Any) -> int:
    say("  copying the recipients into both tables")
    connection.execute(f"CREATE TABLE {_PLAIN} ({_COLUMNS})")
    connection.execute(f"CREATE TABLE {_MONTHLY} ({_COLUMNS}) PARTITION BY RANGE (timestamp)")
    months = [datetime(2024 + number // 12, number % 12 + 1, 1) for number in range(25)]
    for first, after in pairwise(months):
        connection.execute(
            f"CREATE TABLE {_MONTHLY}_{first:%Y_%m} PARTITION OF {_MONTHLY} "
            f"FOR VALUES FROM ('{first:%Y-%m-%d}') TO ('{after:%Y-%m-%d}')"
        )
    for table in (_PLAIN, _MONTHLY):
        connection.execute(f"CREATE INDEX ON {table} (action_id)")
        connection.execute(
            f"INSERT INTO {table} SELECT recipient_type, recipient_id, {_STRETCHED}, action_id, "
            "position FROM activity_stream_recipient"
        )
    # Deletes are to reach these two only.
    connection.execute("DROP TABLE activity_stream_recipient")
    connection.execute("VACUUM ANALYZE")
    return connection.execute(f"SELECT count(*) FROM {_PLAIN}").fetchone()[0]


def _reads(connection: Any, load: Load, rows: int) -> Table:
    table = _table(
        f"{rows:,} rows of recipients in 24 months",
        *(
            "",
            "plain ms",
            "by month ms",
            "planning: plain",
            "by month",
            "partitions planned",
            "read",
        ),
    )
    people = {"most notified": load.most_notified, "typical": load.typical, "least": load.users - 1}
    place = datetime(2025, 1, 1)
    for name, number in people.items():
        mine, everyones = ("User", str(number + 1)), ("", "")
        bound = (place, place, 2**62)
        queries = {
            "newest ten": (_PAGE, "", (*mine, *everyones)),
            "ten, a year ago": (_PAGE, _BEFORE, (*mine, *bound, *everyones, *bound)),
            "count, seen a year ago": (_COUNT, "", (*mine, place, *everyones, place)),
            "count, seen a month ago": (
                *(_COUNT, ""),
                (*mine, datetime(2025, 12, 1), *everyones, datetime(2025, 12, 1)),
            ),
        }
        for query, (statement, also, values) in queries.items():
            texts = [statement.format(table=each, also=also) for each in (_PLAIN, _MONTHLY)]
            ours, monthly = _timed(connection, texts, values)
            plans = [_plan(connection, text, values) for text in texts]
            planning = [f"{plan['Planning Time']:.2f}" for plan in plans]
            nodes = [each for each in _nodes(plans[1]["Plan"]) if "Relation Name" in each]
            of_months = [each for each in nodes if each["Relation Name"].startswith(_MONTHLY)]
            read = [each for each in of_months if each["Actual Loops"]]
            counts = [len({each["Relation Name"] for each in some}) for some in (of_months, read)]
            table.add_row(
                *(f"{query}, {name}", _ms(ours), _ms(monthly), *planning), *map(str, counts)
            )
    inserted = [
        f"INSERT INTO {each} SELECT 'User', number::text, timestamp '2025-12-31', 1, number "
        "FROM generate_series(%s, %s) AS number"
        for each in (_PLAIN, _MONTHLY)
    ]
    plain, monthly = _timed(connection, inserted, (100_001, 100_005), undo=True)
    table.add_row("5 new rows", _ms(plain), _ms(monthly), *[""] * 4)
    return table


def _timed(connection: Any, texts: list[str], values: Any, undo: bool = False) -> list[float]:
    """The median seconds of each statement, in turn, prepared as the drivers do after a few."""
    times: list[list[float]] = [[] for _ in texts]
    for number in range(110):
        for each, text in zip(times, texts, strict=True):
            if undo:
                connection.execute("BEGIN")
            start = time.perf_counter()
            cursor = connection.execute(text, values)
            if not undo:
                cursor.fetchall()
            took = time.perf_counter() - start
            if undo:
                connection.execute("ROLLBACK")
            if number >= 10:
                each.append(took)
    return [statistics.median(each) for each in times]


def _plan(connection: Any, text: str, values: Any) -> dict[str, Any]:
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {text}"
    return connection.execute(explain, values, prepare=False).fetchone()[0][0]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def _purges(connection: Any) -> Table:
    say("  purging the oldest month")
    table = _table("The oldest month is purged", "", "rows", "ms")
    february = datetime(2024, 2, 1)
    older = f"FROM {_PLAIN} WHERE timestamp < '{february:%Y-%m-%d}'"
    rows, last = connection.execute(f"SELECT count(*), max(action_id) {older}").fetchone()
    connection.execute("BEGIN")
    deleted = _took(connection, f"DELETE {older}")
    connection.execute("ROLLBACK")
    table.add_row("plain: DELETE of its rows (rolled back)", f"{rows:,}", _ms(deleted))
    dropped = _took(connection, f"DROP TABLE {_MONTHLY}_2024_01")
    table.add_row("by month: DROP TABLE of its partition", f"{rows:,}", _ms(dropped))
    plan = _plan(connection, "DELETE FROM activity_stream_action WHERE _id <= %s", [last])
    triggers = {each["Constraint Name"]: each["Time"] for each in plan["Triggers"]}
    ours = sum(spent for name, spent in triggers.items() if name.startswith(_PLAIN))
    monthly = sum(spent for name, spent in triggers.items() if name.startswith(_MONTHLY))
    own = plan["Execution Time"] - sum(triggers.values())
    table.add_row("DELETE of its actions, without what follows", f"{last:,}", f"{own:.2f}")
    table.add_row("  plain: its rows by ON DELETE CASCADE", f"{rows:,}", f"{ours:.2f}")
    table.add_row("  by month: looking for rows in 23 partitions", "0", f"{monthly:.2f}")
    table.add_row("plain: VACUUM afterwards", "", _ms(_took(connection, f"VACUUM {_PLAIN}")))
    return table


def _took(connection: Any, statement: str) -> float:
    start = time.perf_counter()
    connection.execute(statement)
    return time.perf_counter() - start


# Sizes


def sizes(folder: Path, actions: int | None) -> list[Table]:
    """How many bytes an action and a recipient take, and what that makes of many.

    :param folder: where the servers keep their data.
    :param actions: how many are measured; None for 200,000.
    """
    load = Load(20_000, actions or 200_000)
    done = [each.recipients for each in load.done()]
    recipients = sum(1 if each is None else len(each) for each in done)
    parts = _table(
        f"Bytes: {load.actions:,} actions, {recipients:,} recipients",
        *("", "in all, per action", "per action", "per recipient"),
    )
    totals = _table(
        "GB, computed from these",
        *("actions", "MongoDB", "its indexes", "PostgreSQL", "its indexes"),
    )
    both = {"MongoDB": _in_mongodb(folder, load), "PostgreSQL": _in_postgresql(folder, load)}
    for name, measured in both.items():
        for part, (size, of_recipients) in measured.items():
            each = size / (recipients if of_recipients else load.actions)
            columns = ["", f"{each:.0f}"] if of_recipients else [f"{each:.0f}", ""]
            parts.add_row(f"{name}: {part}", f"{size / load.actions:.0f}", *columns)
        parts.add_row(f"{name}: on disk", f"{_on_disk(measured) / load.actions:.0f}", "", "")
    for millions in (10, 100, 1000):
        gigabytes = [
            f"{_on_disk(measured, of) / load.actions * millions / 1000:,.1f}"
            for measured in both.values()
            for of in ("", "index")
        ]
        totals.add_row(f"{millions:,} million", *gigabytes)
    return [parts, totals]


#: Bytes, and whether they are of the recipients, by what they are.
Sizes = dict[str, tuple[int, bool]]


_IN_CACHE = "documents in the cache, not compressed"


def _on_disk(measured: Sizes, of: str = "") -> int:
    """All bytes on disk, or those of the parts whose name begins so."""
    return sum(
        size for part, (size, _) in measured.items() if part != _IN_CACHE and part.startswith(of)
    )


def _in_mongodb(folder: Path, load: Load) -> Sizes:
    with databases.mongodb_url(folder) as url:
        host = MingDatabase("mongodb", f"{url}{_DATABASE}")
        make_app(host)  # which makes the indexes: they grow with what is written, as in life
        say("  filling MongoDB")
        actions = host.db[_COLLECTION]
        documents = _as_in_life(load)
        while chunk := list(islice(documents, 1000)):
            actions.insert_many(chunk)
        host.db.client.admin.command("fsync")  # what is only in memory has no size yet
        stats = host.db.command("collStats", _COLLECTION)
    indexes = {
        f"index {name}": (size, name.startswith("stream_of"))
        for name, size in stats["indexSizes"].items()
    }
    return {
        _IN_CACHE: (stats["size"], False),
        "documents": (stats["storageSize"], False),
        **indexes,
    }


def _as_in_life(load: Load) -> Iterator[dict[str, Any]]:
    """The load's documents, with keys as several processes make them in the course of years."""
    chance = random.Random(1)
    processes = [chance.randbytes(5) for _ in range(8)]

    def key(moment: float, number: int) -> bson.ObjectId:
        seconds = int(moment).to_bytes(4, "big")
        return bson.ObjectId(seconds + chance.choice(processes) + number.to_bytes(3, "big"))

    years = (datetime(2020, 1, 1).timestamp(), datetime(2025, 1, 1).timestamp())
    keys = [[key(chance.uniform(*years), number) for number in range(load.users)] for _ in range(2)]
    users, posts = keys
    for done in load.done():
        to = done.recipients
        yield {
            **document(done),
            "_id": key(done.timestamp.timestamp(), done.number),
            "actor_id": users[done.actor],
            "target_id": posts[done.target],
            "_recipients": to and [{"_type": "User", "_id": users[each]} for each in to],
        }


def _in_postgresql(folder: Path, load: Load) -> Sizes:
    names = {
        "rows of actions": "activity_stream_action",
        "index activity_stream_action_pkey": "activity_stream_action_pkey",
        "index actions_by_time": "actions_by_time",
        "rows of recipients": "activity_stream_recipient",
        "index activity_stream_recipient_pkey": "activity_stream_recipient_pkey",
        "index recipients_of_action": "recipients_of_action",
    }
    with servers.opened("postgresql", folder) as open_database:
        database = open_database(load)
        database.open()
        with closing(database.connect()) as connection:
            size_of = "SELECT pg_relation_size(%s)"
            found = {
                part: (connection.execute(size_of, [name]).fetchone()[0], "recipient" in name)
                for part, name in names.items()
            }
        database.close()
    return found


if __name__ == "__main__":
    main()
