"""A server that is there, and does nothing."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


@contextmanager
def standing_still(*numbers: int) -> Iterator[None]:
    """These processes stop until the block ends; their connections stay.

    :param numbers: of the processes.
    """
    processes = [psutil.Process(number) for number in numbers]
    try:
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        # A thread that still runs would answer.
        deadline = time.monotonic() + 60
        while not all(_stands_still(number) for number in numbers):
            assert time.monotonic() < deadline, "it does not stop"
            time.sleep(0.01)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


def _stands_still(number: int) -> bool:
    stats = [each.read_text() for each in Path(f"/proc/{number}/task").glob("*/stat")]
    # The state comes after the name, which may hold anything.
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)
