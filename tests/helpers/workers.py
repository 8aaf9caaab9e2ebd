"""What the workers of pytest-xdist share, and what each has of its own."""

import fcntl
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def worker() -> str:
    """Return the name of the worker that this process is; "" if it runs the tests alone."""
    return os.environ.get("PYTEST_XDIST_WORKER", "")


def workers() -> int:
    """Return how many workers share the tests."""
    return int(os.environ["PYTEST_XDIST_WORKER_COUNT"])


def own(name: str) -> str:
    """Return the name with the worker's appended, for what two workers must not share."""
    return f"{name}_{worker()}" if worker() else name


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder until the block ends; wait for who holds it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]
) -> Path:
    """Return a folder that one worker fills, once in a run of the tests, and all of them read.

    :param name: of the folder.
    :param make: fills the folder that it is called with.
    """
    of_run = tmp_path_factory.getbasetemp()
    if worker():
        of_run = of_run.parent
    place = of_run / name
    place.mkdir(exist_ok=True)
    made, unfinished = place / "made", place / "unfinished"
    with locked(place):
        if not made.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(made)
    return made


@contextmanager
def reserved_port() -> Iterator[int]:
    """Yield a port of 127.0.0.1 that only a server with SO_REUSEADDR gets until the block ends.

    MongoDB and waitress set it. A socket that is bound, but does not listen, keeps the port from
    everybody else on Linux; on other systems nobody could listen beside it, so it is closed.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        if sys.platform != "linux":
            holder.close()
        yield port
