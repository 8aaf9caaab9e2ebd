"""The charts: how long each line takes whom, and how that grows with the actions."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "activitystream"  # the same results give the same file

from matplotlib import pyplot  # noqa: E402 (after the choice of how it draws)

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
        most = max(line["actions"] for line in here)
        of_most = [line for line in here if line["actions"] == most]
        direct = [line for line in of_most if not line["line"].startswith("http-")]
        over_http = [line for line in of_most if line["line"].startswith("http-")]
        growing = [line for line in here if line["line"] in _GROWING]
        title_of_most = f"{title}, {most:,} actions"
        if direct:
            drawn.append(_medians(direct, title_of_most, out / f"medians-{database}.svg"))
        if over_http:
            title_of_most += ", over HTTP"
            drawn.append(_medians(over_http, title_of_most, out / f"http-{database}.svg"))
        if len({line["actions"] for line in growing}) > 1:
            drawn.append(_growth(growing, title, out / f"growth-{database}.svg"))
    return drawn


def _medians(lines: list[dict[str, Any]], title: str, file: Path) -> str:
    labels = list(dict.fromkeys(line["label"] for line in lines))
    names = [name for name in _COLOURS if any(line["contender"] == name for line in lines)]
    size = (9, 1.4 + 0.12 * len(labels) * (len(names) + 1))
    figure, axes = pyplot.subplots(figsize=size, layout="constrained")
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
    axes.set_ylim(len(labels) - 0.15, -0.15 - thickness / 2)
    axes.grid(axis="x", alpha=0.3)
    return _save(figure, title, file)


def _growth(lines: list[dict[str, Any]], title: str, file: Path) -> str:
    labels = {line["line"]: line["label"] for line in lines}
    figure, grid = pyplot.subplots(
        *(1, len(labels)),
        figsize=(0.6 + 2.6 * len(labels), 3.4),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axes, (key, label) in zip(grid[0], labels.items(), strict=True):
        of_key = [line for line in lines if line["line"] == key]
        for name, colour in _COLOURS.items():
            points = sorted(
                (line["actions"], line["median_ms"]) for line in of_key if line["contender"] == name
            )
            if points:
                axes.plot(*zip(*points, strict=True), marker="o", color=colour, label=name)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_title(label.replace(", ", ",\n", 1), fontsize="medium")
        axes.set_xlabel("actions")
        axes.grid(alpha=0.3)
    grid[0][0].set_ylabel("median, milliseconds")
    return _save(figure, title, file)


def _save(figure: Any, title: str, file: Path) -> str:
    handles = {
        text: handle
        for axes in figure.axes
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=6)
    figure.suptitle(title)
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)
    return file.name
