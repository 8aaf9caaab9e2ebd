"""Measure three MongoDB servers: acknowledgement time, lag, and writes lost in a failover."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import islice, pairwise, product
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import bson
from pymongo.errors import OperationFailure, PyMongoError

from tests.helpers.replica_set import ReplicaSet

from ..contenders import now
from ..report import Table
from ..results import measure
from ..worker import Worker, ask, lines_of, once
from ..workload import Workload

_WRITERS = 4


def tables(folder: Path, actions: int) -> Iterator[Table]:
    """Start the servers, write and read, and kill the primary repeatedly."""
    workload = Workload(10, 1000, crowd=0)
    with ReplicaSet(folder, workload.name) as servers:
        urls = {concern: servers.url(w=concern) for concern in ("1", "majority")}
        with ExitStack() as until_timed:
            tasks = {}
            for concern, url in urls.items():
                worker = until_timed.enter_context(Worker("ours", url, workload))
                worker.call(lines_of, worker.call(ask, "scene"))
                tasks[concern] = partial(worker.call, once, "create-5")
            times = measure("am.create", tasks, 600, 600)
        rows = [["w", "median", "p99", "most"]]
        rows += [[concern, *_summary(each)] for concern, each in times.items()]
        yield "am.create for 5 recipients", rows
        rows = [["w", "writers beside", "not there at first", "median", "p99", "most"]]
        for concern, writers in product(urls, (0, _WRITERS)):
            rows.append([concern, str(writers), *_lag(servers, concern, writers)])
        yield "From the acknowledgement until a secondary has the action", rows
        rows = [["w", "secondaries behind", "acknowledged", "lost", "errors", "no write for"]]
        for concern, behind in product(urls, (0, 0, 0, 1)):
            rows.append([concern, f"{behind} s", *_failover(servers, concern, behind)])
        yield f"The primary is killed while {_WRITERS} threads write", rows


def _summary(seconds: list[float]) -> list[str]:
    p99 = quantiles(seconds, n=100)[-1]
    return [f"{each * 1000:.2f} ms" for each in (median(seconds), p99, max(seconds))]


def _lag(servers: ReplicaSet, concern: str, writers: int) -> list[str]:
    """Read each action from a secondary as soon as it is acknowledged."""
    missed, times = 0, []
    with (
        _writing(servers, "1", writers),
        servers.client(w=concern) as client,
        servers.client(readPreference="secondary") as other,
    ):
        for action in islice(_new_actions(client), 300):
            _actions(client).insert_one(action)
            begun, looks = time.perf_counter(), 1
            while _actions(other).find_one(action["_id"]) is None:
                looks += 1
            times.append(time.perf_counter() - begun)
            missed += looks > 1
    return [f"{missed} of {len(times)}", *_summary(times)]


def _failover(servers: ReplicaSet, concern: str, behind: int) -> list[str]:
    """Kill the primary after some seconds without replication."""
    primary = servers.primary()
    others = [port for port in servers.states() if port != primary]
    with _writing(servers, concern, _WRITERS) as (acknowledged, errors):
        time.sleep(2)
        if behind:
            servers.replicate(others, on=False)
            time.sleep(behind)
        servers.kill(primary)
        killed = time.monotonic()
        if behind:
            servers.replicate(others, on=True)
        while max(acknowledged.copy().values()) < killed + 0.5 and time.monotonic() < killed + 40:
            time.sleep(0.1)
        time.sleep(1)
    moments = sorted(acknowledged.values())
    gap = max(after - before for before, after in pairwise(moments))
    # When the old primary returns, it rolls back the writes that only it has.
    servers.start(primary)
    servers.wait_until_whole()
    found, wanted = None, {"_id": {"$gte": min(acknowledged)}}
    with servers.client(readConcernLevel="majority") as client:
        while found is None:
            with suppress(OperationFailure):  # while the new primary takes over
                found = set(_actions(client).distinct("_id", wanted))
    lost = len(acknowledged.keys() - found)
    return [f"{len(moments):,}", f"{lost:,}", str(len(errors)), f"{gap:.1f} s"]


@contextmanager
def _writing(servers: ReplicaSet, concern: str, writers: int) -> Iterator[tuple[Any, Any]]:
    """Insert actions in threads until the block ends; record acknowledgements and errors."""
    acknowledged: dict[bson.ObjectId, float] = {}
    errors: list[PyMongoError] = []
    stop = threading.Event()

    def write(client: Any) -> None:
        for action in _new_actions(client):
            if stop.is_set():
                return
            try:
                _actions(client).insert_one(action)
                acknowledged[action["_id"]] = time.monotonic()
            except PyMongoError as error:
                errors.append(error)

    with servers.client(w=concern, retryWrites="true") as client, ThreadPoolExecutor() as threads:
        for _ in range(writers):
            threads.submit(write, client)
        try:
            yield acknowledged, errors
        finally:
            stop.set()


def _actions(client: Any) -> Any:
    return client.get_default_database().activity_stream_action


def _new_actions(client: Any) -> Iterator[dict[str, Any]]:
    """Yield actions like a stored one."""
    stored = _actions(client).find_one()
    while True:
        yield {**stored, "_id": bson.ObjectId(), "timestamp": now()}
