"""The process of one contender. The functions below the class run in it."""

import functools
import gc
import operator
import os
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from . import contenders
from .lines import Line, Scene, lines
from .workload import Workload

#: The folder of this tree of the project.
TREE = Path(__file__).parent.parent
#: Databases plan a statement again for its first few executions.
_WARM_UP = 7

_contender: Any
_lines: dict[str, Line]


class Worker:
    """A contender in a process of its own, which ends with the ``with`` block."""

    def __init__(self, name: str, url: str, workload: Workload, tree: Path = TREE) -> None:
        """Name the contender, its database, and the tree to import activitystream from."""
        self._arguments = name, url, workload, str(tree.resolve())
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def __enter__(self) -> "Worker":
        """Make the contender. Fill its database with the workload if it is empty."""
        self.call(_begin, *self._arguments)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of this module in the process; raise what it raises."""
        return self._pool.submit(function, *arguments).result()


def _begin(name: str, url: str, workload: Workload, tree: str) -> None:
    global _contender
    # Only activitystream comes from the other tree, so both are timed by the same code.
    import tests.helpers.host  # noqa: F401 (before the other tree comes first on sys.path)

    sys.path.insert(0, tree)
    if not Path(str(import_module("activitystream").__file__)).is_relative_to(tree):
        raise ValueError(f"there is no activitystream in {tree}: name a checkout of the project")
    _contender = contenders.made(name, url, workload)
    # Some contenders take seconds to load a crowd.
    _contender.crowd = functools.cache(_contender.crowd)


def ask(name: str, *arguments: Any) -> Any:
    """Call a method of the contender, or one of its host's functions."""
    return operator.attrgetter(name)(_contender)(*arguments)


def lines_of(scene: Scene) -> set[str]:
    """Prepare the lines, and return the keys of those that the contender supports."""
    global _lines
    _lines = lines(scene)
    able = {key for key, line in _lines.items() if hasattr(_contender, line.method)}
    return able & getattr(_contender, "does", able)


def rehearse(key: str, seconds: float) -> Any:
    """Run a line several times, within some seconds. Return its answer, if all must agree on it."""
    begun = time.perf_counter()
    for _ in range(_WARM_UP):
        _, answer = _timed(key)
        if time.perf_counter() - begun > seconds:
            break
    # The prepared objects stay: keep the garbage collector from scanning them.
    gc.collect()
    gc.freeze()
    return answer if _lines[key].method in ("page", "count") else None


def once(key: str) -> float:
    """Run a line once, and return its time in seconds."""
    return _timed(key)[0]


def _timed(key: str) -> tuple[float, Any]:
    line = _lines[key]
    if sys.platform == "linux":
        # Let the process move to any core: another process may use this one.
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, random.sample(sorted(cores), 1))
        os.sched_setaffinity(0, cores)
    _contender.fresh()
    arguments, act = line.arguments(_contender), getattr(_contender, line.method)
    begun = time.perf_counter()
    answer = act(*arguments)
    took = time.perf_counter() - begun
    _contender.undo()
    return took, answer


def peak() -> int:
    """Return the process's peak memory in bytes, on Linux."""
    # getrusage would return the parent's peak, if that is higher.
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmHWM"].removesuffix("kB")) * 1024
