"""Draw charts of the time of each line by contender."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot

from .results import Grouped

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "activitystream"  # the same results give the same file


def draw(groups: Grouped, out: Path) -> list[str]:
    """Draw the medians at the most actions of each database, and return the files' names."""
    # The groups come in order of size: the last one of each database has the most actions.
    drawn = {f"medians-{database}.svg": groups[database, n] for database, n in sorted(groups)}
    for file, lines in drawn.items():
        _draw([by_name for key, by_name in lines.items() if key != "memory"], out / file)
    return list(drawn)


def _draw(lines: list[dict[str, Any]], file: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(9, 1 + len(lines)), layout="constrained")
    names = list(dict.fromkeys(name for by_name in lines for name in by_name))
    for index, name in enumerate(names):
        places = [row + index * 0.85 / len(names) for row, each in enumerate(lines) if name in each]
        medians = [each[name].median() * 1000 for each in lines if name in each]
        axes.barh(places, medians, 0.85 / len(names), label=name)
    labels = [by_name["ours"].get_metadata()["label"] for by_name in lines]
    axes.set_yticks(range(len(lines)), labels)
    axes.set(xscale="log", xlabel="median, milliseconds")
    axes.invert_yaxis()
    axes.legend(ncols=6, loc="upper center", bbox_to_anchor=(0.5, -0.05))
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)
