"""Stop and continue processes: a server that is there, and does nothing."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def standing_still(*numbers: int) -> Iterator[None]:
    """Stop these processes until the block ends; their connections stay.

    :param numbers: of the processes.
    """
    try:
        stop(*numbers)
        yield
    finally:
        for number in numbers:
            os.kill(number, signal.SIGCONT)


def stop(*numbers: int) -> None:
    """Stop these processes until they are continued.

    :param numbers: of the processes.
    """
    for number in numbers:
        os.kill(number, signal.SIGSTOP)
    # A thread that still runs would answer.
    wait_until(lambda: all(map(_stands_still, numbers)))


def wait_until(is_true: Callable[[], Any]) -> None:
    """Wait up to a minute until ``is_true()`` is true."""
    deadline = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < deadline, "it does not come to that"
        # MariaDB caches its answer about locks for 0.1 seconds.
        time.sleep(0.2)


def _stands_still(number: int) -> bool:
    stats = [each.read_text() for each in Path(f"/proc/{number}/task").glob("*/stat")]
    # The state comes after the name, which may hold anything.
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)
