"""The bounds that a run must keep, as ratios within the run."""

import re
from collections.abc import Iterator

from .contenders import PEERS
from .results import Grouped, ratio

#: The contender that runs activitystream from another checkout of the project.
OTHER_TREE = "other tree"

#: A pattern of the lines' keys, the contender to compare with, and the highest ratio.
_AGAINST = (
    ("newest-.*", "by hand", 1.25),
    ("newest-.*", "raw", 2.5),
    ("(actor|target)-.*", "raw", 2.5),
    ("count-.*", "raw", 1.3),
    ("create-1|mark-read", "raw", 2.0),
    ("create-100000", "raw", 1.5),
    (".*-muted", "none muted", 3.0),
    *((".*", peer, 1.0) for peer in PEERS),
    ("(?!memory).*", OTHER_TREE, 1.15),
)
#: The highest ratio between ten lines in groups and ten lines without.
_GROUPED = 3.0
#: The highest ratio between the most and the fewest actions.
_GROWING, _GROWTH = (
    "newest-.*|(actor|target)-busiest|far-before|count-(capped|unread|muted).*|mark-.*",
    1.3,
)
#: The most MB that an iteration over that many actions may take.
ITERATED, _MEGABYTES = 100_000, 50

#: The database and number of actions, the label of the line, what it is compared with, the measured
#: ratio, and the bound.
Judged = tuple[tuple[str, int], str, str, float, float]


def judged(groups: Grouped) -> Iterator[Judged]:
    """Yield each bound for which the run has measurements, with the ratio measured."""
    for where, lines in groups.items():
        sizes = sorted(each for each in groups if each[0] == where[0])
        fewest, most = sizes[0], sizes[-1]
        for key, by_name in lines.items():
            ours = by_name["ours"]
            about = ours.get_metadata()
            for pattern, name, bound in _AGAINST:
                if name in by_name and re.fullmatch(pattern, key):
                    yield where, about["label"], name, ratio(ours, by_name[name]), bound
            if grouped := by_name.get("in groups"):
                label = f"{about['label']}, in groups"
                yield where, label, "ours", ratio(grouped, ours), _GROUPED
            if where == most != fewest and re.fullmatch(_GROWING, key):
                grown = ours.median() / groups[fewest][key]["ours"].median()
                yield where, about["label"], f"{fewest[1]:,} actions", grown, _GROWTH
            # A shorter iteration is no evidence.
            if about.get("iterated") == ITERATED:
                megabytes = ours.median() / 1024**2
                yield where, f"{about['label']}, MB", "ten iterated", megabytes, _MEGABYTES
