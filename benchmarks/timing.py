"""Contenders in turn, round by round, so that the machine's noise hits all alike."""

import gc
import random
import statistics
from collections.abc import Callable, Mapping

from .progress import bar

#: Whoever is slow has at least so many rounds.
_FEWEST = 5
#: Databases plan a statement anew for the first few times.
_WARM_UP = 7

Times = list[float | None]


def measure(
    text: str, tasks: Mapping[str, Callable[[], float]], rounds: int, seconds: float
) -> dict[str, Times]:
    """Time each task in each round, in an order that is shuffled anew.

    :param text: what is timed, to be shown.
    :param tasks: by name; each does its work once and gives the seconds that it took.
    :param rounds: so many.
    :param seconds: a task that took longer than its share of this in all waits while others go on.
    :returns: the seconds of each task by round, None for a round that it waited.
    """
    order = list(tasks)
    share = seconds / max(1, len(order))
    spent = dict.fromkeys(order, 0.0)
    times: dict[str, Times] = {name: [] for name in order}
    with bar(text, rounds) as show:
        for name in order:
            for _ in range(min(rounds, _WARM_UP)):
                spent[name] += tasks[name]()
                if spent[name] > share / 4:
                    break
        spent = dict.fromkeys(order, 0.0)
        # What was prepared is not garbage: collections, which stay on, need not look at it.
        gc.collect()
        gc.freeze()
        for number in range(rounds):
            show(number)
            waiting = [name for name in order if number >= _FEWEST and spent[name] > share]
            if len(waiting) == len(order):
                break
            random.shuffle(order)
            for name in order:
                took = None if name in waiting else tasks[name]()
                times[name].append(took)
                spent[name] += took or 0.0
        gc.unfreeze()
    return times


def median(times: Times) -> float:
    return statistics.median(known(times))


def percentile_99(times: Times) -> float:
    """The greatest of all, where there are fewer than a hundred."""
    ordered = sorted(known(times))
    return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


def ratio(ours: Times, others: Times) -> float:
    """How many times as long ours took: the median over the rounds that both were in.

    :param ours: by round, as :func:`measure` gives them; so are the others'.
    """
    pairs = zip(ours, others, strict=False)
    return statistics.median(one / other for one, other in pairs if one and other)


def known(times: Times) -> list[float]:
    return [each for each in times if each is not None]
