"""The charts: how long each line takes whom, and how that grows with the actions."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "activitystream"  # the same results give the same file

from matplotlib import pyplot  # noqa: E402

_COLOURS = {
    "ours": "#1b6ca8",
    "by hand": "#6aa84f",
    "raw": "#b7b7b7",
    "0.1.1's layout": "#cc4125",
    "django-notifications-hq": "#e69138",
    "django-activity-stream": "#8e7cc3",
    "host alone": "#444444",
}

#: Those of which it is shown how they grow.
_GROWING = ("newest-typical", "newest-most", "far-before", "far-skip", "count-capped-20000")


def draw(results: dict[str, Any], out: Path) -> list[str]:
    """Draw what there is.

    :param results: as in the JSON.
    :param out: the folder for the files.
    :returns: the files' names.
    """
    drawn = []
    for database in dict.fromkeys(line["database"] for line in results["lines"]):
        here = [line for line in results["lines"] if line["database"] == database]
        title = results["versions"][database]
        if len({line["actions"] for line in here}) > 1:
            drawn.append(_growth(here, title, out / f"growth-{database}.svg"))
        most = max(line["actions"] for line in here)
        of_most = [line for line in here if line["actions"] == most]
        title = f"{title}, {most:,} actions"
        drawn.append(_medians(of_most, title, out / f"medians-{database}.svg"))
    return drawn


def _medians(lines: list[dict[str, Any]], title: str, file: Path) -> str:
    labels = list(dict.fromkeys(line["label"] for line in lines))
    names = [name for name in _COLOURS if any(line["contender"] == name for line in lines)]
    figure, axes = pyplot.subplots(figsize=(9, 1.5 + 0.14 * len(labels) * (len(names) + 1)))
    thickness = 0.85 / len(names)
    for index, name in enumerate(names):
        of_name = [line for line in lines if line["contender"] == name]
        axes.barh(
            [labels.index(line["label"]) + index * thickness for line in of_name],
            [line["median_ms"] for line in of_name],
            height=thickness,
            color=_COLOURS[name],
            label=name,
        )
    axes.set_xscale("log")
    axes.set_xlabel("median, milliseconds")
    axes.set_yticks([place + 0.425 - thickness / 2 for place in range(len(labels))], labels)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.3, -0.08), ncols=4, frameon=False)
    return _save(figure, title, file)


def _growth(lines: list[dict[str, Any]], title: str, file: Path) -> str:
    known = [key for key in _GROWING if any(line["line"] == key for line in lines)]
    if not known:
        known = list(dict.fromkeys(line["line"] for line in lines))[:5]
    figure, axes = pyplot.subplots(
        1, len(known), figsize=(3 * len(known), 3.4), sharey=True, squeeze=False
    )
    for each, key in zip(axes[0], known, strict=True):
        of_key = [line for line in lines if line["line"] == key]
        for name, colour in _COLOURS.items():
            points = sorted(
                (line["actions"], line["median_ms"]) for line in of_key if line["contender"] == name
            )
            if points:
                each.plot(*zip(*points, strict=True), marker="o", color=colour, label=name)
        each.set_xscale("log")
        each.set_yscale("log")
        each.set_title(key, fontsize="medium")
        each.set_xlabel("actions")
        each.grid(alpha=0.3)
    axes[0][0].set_ylabel("median, milliseconds")
    handles = {
        text: handle
        for each in axes[0]
        for handle, text in zip(*each.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), loc="upper center", bbox_to_anchor=(0.5, 0), ncols=6
    )
    return _save(figure, title, file)


def _save(figure: Any, title: str, file: Path) -> str:
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(file, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
    return file.name
