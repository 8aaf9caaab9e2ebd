"""Choose the tests that ``--quick`` leaves out, and the order in which workers share them."""

import itertools
import re

import pytest

from tests.helpers import databases

#: The marks of tests with slow fixtures, the slowest first.
_DEAR = ("hosts", "faults", "browser", "benchmarks")

#: The databases of ``--quick``.
QUICK = ("mim", "sqlite")

#: Folders that ``--quick`` does not even import.
SLOW_FOLDERS = ("benchmarks", "browser", "demo", "docs", "faults", "hosts")

#: Fixtures of tests that ``--quick`` leaves out: they write whole apps.
_SLOW_FIXTURES = {"write"}

#: Fixtures that start a server and are not named as the database is.
_FIXTURES = {"replica_set": "mongodb", "postgres": "postgresql"}

_DATABASE = re.compile(rf"({'|'.join((*databases.MING, *databases.SQL))})(?![a-z0-9])")


def databases_of(item: pytest.Item) -> list[str]:
    """Return the names of the databases that a test asks for by its parameters and fixtures."""
    callspec = getattr(item, "callspec", None)
    words = [*getattr(item, "fixturenames", ()), *(callspec.params.values() if callspec else ())]
    words = [_FIXTURES.get(word, word) for word in words if isinstance(word, str)]
    return sorted({found[1] for found in map(_DATABASE.match, words) if found})


def is_quick(item: pytest.Item) -> bool:
    """Return whether ``--quick`` runs a test."""
    is_large = item.get_closest_marker("large") is not None
    is_slow = is_large or not _SLOW_FIXTURES.isdisjoint(item.fixturenames)
    return not is_slow and set(databases_of(item)) <= set(QUICK)


def has_dear_fixtures(item: pytest.Item) -> bool:
    """Return whether a test builds, fetches or installs packages first, or measures apps."""
    return _mark_of(item, _DEAR) is not None


def dealt(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Order tests so that all workers begin with what is dear, and end with what is not.

    Each worker begins with an unbroken part of the tests. One that is done early takes over the
    second half of what another has left (``--dist worksteal``). So each part is a share of the
    dearest tests, then of those of each server, then of the rest, which is what is taken over.
    """
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for _, group in itertools.groupby(sorted(items, key=_place_of), _place_of):
        alike = list(group)
        for number, part in enumerate(parts):
            part += alike[len(alike) * number // workers : len(alike) * (number + 1) // workers]
    return [item for part in parts for item in part]


def _place_of(item: pytest.Item) -> int:
    servers = [name for name in databases.SERVERS if name in databases_of(item)]
    return _PLACES.index(_mark_of(item, _DEAR) or next(iter(servers), None))


_PLACES = (*_DEAR, *databases.SERVERS, None)


def _mark_of(item: pytest.Item, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if item.get_closest_marker(name)), None)
