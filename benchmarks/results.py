"""What was measured: a pyperf.Benchmark for each line and contender, in one file of pyperf's.

pyperf measures one benchmark after the other, so :func:`measure` takes turns instead; the numbers,
their statistics and their file are pyperf's. ``python -m pyperf`` shows and compares such files.
"""

import random
import statistics
from collections.abc import Callable, Mapping
from importlib import metadata
from itertools import chain
from typing import Any

import pyperf

from .progress import tracked

#: The fewest rounds of a slow contender.
_FEWEST = 5
#: The parts of pyperf's metadata to publish: no names, no paths.
_ABOUT = ("cpu_model_name", "cpu_count", "platform", "python_version", "date", "load_avg_1min")
_PACKAGES = ("TurboGears2", "Ming", "pymongo", "SQLAlchemy", "psycopg", "Django")
_PACKAGES += ("django-notifications-hq", "django-activity-stream")
_INSTALLED = {each.name: each.version for each in metadata.distributions()}

#: Benchmarks by database and number of actions, line, and contender.
Grouped = dict[tuple[str, int], dict[str, dict[str, pyperf.Benchmark]]]


def measure(
    text: str, tasks: Mapping[str, Callable[[], float]], rounds: int, seconds: float
) -> dict[str, list[float]]:
    """Time the tasks in turns, so that the machine's noise affects all alike.

    :param text: what is timed, for the progress bar.
    :param tasks: by the contenders' names. Each does its work once, and gives the seconds it took.
    :param rounds: each task has one turn in each, in a random order.
    :param seconds: a task that has used up its share of these is done.
    :returns: the seconds of each task, round by round.
    """
    values: dict[str, list[float]] = {name: [] for name in tasks}
    share = seconds / len(tasks)
    for _ in tracked(range(rounds), text, rounds):
        going = [name for name in tasks if len(values[name]) < _FEWEST or sum(values[name]) < share]
        for name in random.sample(going, len(going)):
            values[name].append(tasks[name]())
    return values


def machine() -> dict[str, Any]:
    """Describe the machine and the installed packages."""
    known = pyperf.Run([1.0]).get_metadata()
    packages = (f"{name} {_INSTALLED[name]}" for name in _PACKAGES if name in _INSTALLED)
    about = {name: known[name] for name in _ABOUT if name in known}
    return {**about, "packages": ", ".join(packages)}


def benchmark(passes: list[list[float]], **about: Any) -> pyperf.Benchmark:
    """Make a benchmark from the values of each pass, with metadata about them."""
    about["name"] = "{database} {actions} {line}: {contender}".format(**about)
    about |= machine()
    return pyperf.Benchmark([pyperf.Run(each, None, about, False) for each in passes])


def grouped(suite: pyperf.BenchmarkSuite) -> Grouped:
    """Group the benchmarks of a suite, in the order of their creation."""
    groups: Grouped = {}
    for each in suite:
        about = each.get_metadata()
        lines = groups.setdefault((about["database"], about["actions"]), {})
        lines.setdefault(about["line"], {})[about["contender"]] = each
    return groups


def ratio(ours: pyperf.Benchmark, other: pyperf.Benchmark) -> float:
    """Return how many times as long ours took: the median of the rounds' ratios."""
    passes = zip(ours.get_runs(), other.get_runs(), strict=True)
    rounds = chain.from_iterable(zip(one.values, two.values, strict=False) for one, two in passes)
    return statistics.median(one / two for one, two in rounds)
