"""Compare two years of recipients on PostgreSQL in one table and in monthly partitions."""

from collections.abc import Iterator
from pathlib import Path

import psycopg

from .. import servers
from ..contenders import statements_of
from ..report import Table
from ..worker import Worker
from ..workload import Workload


def tables(folder: Path, actions: int) -> Iterator[Table]:
    """Fill both tables with the recipients of that many actions; read, write and purge."""
    workload = Workload(min(20_000, actions), actions, crowd=0)
    with servers.opened("postgresql", folder) as server:
        url = servers.database(server, workload.name)
        with Worker("ours", url, workload):
            pass  # it is filled
        with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
            for name, text in statements_of(Path(__file__).with_suffix(".sql")).items():
                found = connection.execute(text)
                if not name.startswith("make "):
                    headings = [column.name for column in found.description]
                    yield name, [headings, *(list(map(str, row)) for row in found.fetchall())]
