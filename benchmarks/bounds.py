"""What was promised, as ratios within one run."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from .memory import ACTIONS

PEERS = ("django-notifications-hq", "django-activity-stream")

MEMORY_MB = 50


class Bound(NamedTuple):
    """Our time is at most so many times another's."""

    #: What the keys of its lines start with.
    lines: tuple[str, ...]
    against: str
    limit: float

    def holds_for(self, database: str) -> bool:
        """SQLite answers inside the process, in a fraction of what any ORM takes to ask."""
        return self.against != "raw" or database != "sqlite"


AGAINST = (
    Bound(("newest-",), "by hand", 1.25),
    Bound(("newest-",), "raw", 2.5),
    Bound(("count-",), "raw", 1.3),
    Bound(("create-1",), "raw", 2.0),
    Bound(("create-100000",), "raw", 1.5),
    *(Bound(("",), peer, 1.0) for peer in PEERS),
)

#: From the fewest actions to the most.
GROWTH = Bound(("newest-", "far-before", "count-capped-"), "fewest actions", 1.3)


def checked(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Each bound beside what was measured.

    :param results: as they are kept in JSON.
    """
    lines = results["lines"]
    checked = [*_against(lines), *_growth(lines), *_memory(results["memory"])]
    databases = list(dict.fromkeys(each["database"] for each in [*lines, *results["memory"]]))
    return sorted(checked, key=lambda each: (databases.index(each["database"]), each["actions"]))


def _against(lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for bound in AGAINST:
        for line in lines:
            asked = line["contender"] == bound.against and bound.holds_for(line["database"])
            if asked and _is_of(bound, line):
                yield {
                    **_what(line),
                    "actions": line["actions"],
                    "against": bound.against,
                    "ratio": round(line["ours_takes"], 2),
                    **_judged(line["ours_takes"], bound.limit),
                }


def _growth(lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    ours = [line for line in lines if line["contender"] == "ours" and _is_of(GROWTH, line)]
    for of_line in {(line["database"], line["line"]): None for line in ours}:
        sizes = [line for line in ours if (line["database"], line["line"]) == of_line]
        fewest = min(sizes, key=lambda line: line["actions"])
        most = max(sizes, key=lambda line: line["actions"])
        if fewest is not most:
            ratio = most["median_ms"] / fewest["median_ms"]
            yield {
                **_what(most),
                "actions": most["actions"],
                "against": f"{fewest['actions']:,} actions",
                "ratio": round(ratio, 2),
                **_judged(ratio, GROWTH.limit),
            }


def _memory(memory: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in memory:
        # With fewer it says nothing.
        if each["iterated"] == ACTIONS:
            yield {
                "line": "memory",
                "label": f"MB more for iterating {ACTIONS:,}",
                "database": each["database"],
                "actions": each["actions"],
                "against": "iterating none",
                "ratio": each["more_mb"],
                **_judged(each["more_mb"], MEMORY_MB),
            }


def _is_of(bound: Bound, line: dict[str, Any]) -> bool:
    key = line["line"]
    return any(
        key == each or (each[-1:] in ("-", "") and key.startswith(each)) for each in bound[0]
    )


def _what(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("line", "label", "database")}


def _judged(ratio: float, limit: float) -> dict[str, Any]:
    return {"bound": limit, "met": ratio <= limit}
