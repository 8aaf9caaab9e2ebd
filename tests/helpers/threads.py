"""Run several threads, as requests that come at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from activitystream import model
from activitystream.lib import removal


def at_once(host: Any, *works: Callable[[], Any]) -> None:
    """Do all of these, each in a thread of its own; raise an error of one."""
    start = threading.Barrier(len(works))

    def wait_and(work: Callable[[], Any]) -> None:
        try:
            start.wait()
            work()
        finally:
            host.database.close()

    with ThreadPoolExecutor(len(works)) as threads:
        for each in [threads.submit(wait_and, work) for work in works]:
            each.result()


def purge(before: datetime, deleted: list[int]) -> Callable[[], None]:
    """Purge as the command does, and add how many were deleted by each batch."""

    def batches() -> None:
        model.orm.commit_batch()
        for number in removal.purge(before):
            model.orm.commit_batch()
            deleted.append(number)

    return batches
