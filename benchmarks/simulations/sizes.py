"""Measure the bytes of an action and of a recipient, and extrapolate to many."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pymongo

from .. import servers
from ..report import Table
from ..worker import Worker
from ..workload import Workload


def tables(folder: Path, actions: int) -> Iterator[Table]:
    """Fill databases with that many actions, and return their sizes."""
    workload = Workload(min(20_000, actions), actions, crowd=0)
    recipients = sum(len(done.recipients or [0]) for done in workload.done())
    totals = [["GB on disk", *(f"{millions:,} million actions" for millions in (10, 100, 1000))]]
    for kind, parts_of in (("mongodb", _of_mongodb), ("postgresql", _of_postgresql)):
        with servers.opened(kind, folder) as server:
            url = servers.database(server, workload.name)
            with Worker("ours", url, workload):
                parts = parts_of(url)
        rows = [["part", "bytes per action", "bytes per recipient"]]
        for name, size, of_recipients in parts:
            each = f"{size / (recipients if of_recipients else actions):.0f}"
            rows.append([name, "", each] if of_recipients else [name, each, ""])
        yield f"{kind}: {actions:,} actions, {recipients:,} recipients", rows
        for what in ("", "index "):
            found = [
                size for name, size, _ in parts if name.startswith(what) and "cache" not in name
            ]
            sizes = (f"{sum(found) / actions * times:,.1f}" for times in (0.01, 0.1, 1))
            totals.append([f"{kind}{', its indexes' if what else ''}", *sizes])
    yield "Computed from these", totals


def _of_mongodb(url: str) -> list[Any]:
    with pymongo.MongoClient(url) as client:
        client.admin.command("fsync")  # data in memory only has no size yet
        stats = client.get_default_database().command("collStats", "activity_stream_action")
    indexes = stats["indexSizes"].items()
    return [
        ("documents in the cache", stats["size"], False),
        ("documents, compressed", stats["storageSize"], False),
        *((f"index {name}", size, name == "stream_of_recipient") for name, size in indexes),
    ]


def _of_postgresql(url: str) -> list[Any]:
    with psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
        return connection.execute(
            "SELECT DISTINCT CASE WHEN part.oid = whole.oid THEN '' ELSE 'index ' END "
            "|| part.relname, pg_relation_size(part.oid), whole.relname ~ 'recipient' "
            "FROM pg_class AS whole JOIN pg_index ON indrelid = whole.oid "
            "JOIN pg_class AS part ON part.oid IN (whole.oid, indexrelid) "
            r"WHERE whole.relname LIKE 'activity\_stream\_%' ORDER BY 3, 1"
        ).fetchall()
