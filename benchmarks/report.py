"""Write the tables of a run in reStructuredText, for the terminal and for the docs."""

from collections.abc import Iterator
from pathlib import Path

import pyperf

from . import charts, results
from .bounds import judged
from .progress import say
from .results import Grouped, grouped

#: A title, and rows; the first row has the headings.
Table = tuple[str, list[list[str]]]


def publish(suite: pyperf.BenchmarkSuite, out: Path) -> None:
    """Print the tables, and write them and the charts to a folder."""
    groups, about = grouped(suite), suite.get_metadata()
    databases = dict.fromkeys(each.get_metadata()["version"] for each in suite)
    lines = [
        f"On {suite.get_dates()[0]:%Y-%m-%d}, {about['users']:,} users; {machine(about)}.",
        f"{', '.join(databases)}; {about['packages']}.",
        "Medians, and 99th percentiles in brackets.",
    ]
    write("results.rst", lines, [*_compared(groups), _judged(groups)], out)
    say(f"Written to {out}: results.json, results.rst, {', '.join(charts.draw(groups, out))}")


def machine(about: dict[str, object] | None = None) -> str:
    """Describe the machine of a measurement; None describes this one."""
    about = results.machine() if about is None else about
    cpu = f"{about.get('cpu_model_name', 'CPU')}, {about['cpu_count']} cores"
    return f"{cpu}, {about['platform']}, Python {about['python_version']}"


def write(file: str, lines: list[str], tables: list[Table], out: Path) -> None:
    """Print lines and tables, and write them to a file of a folder."""
    parts = ["\n".join(f"| {line}" for line in lines)]
    for title, rows in tables:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        ruler = "  ".join("=" * width for width in widths)
        headings, *others = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        table = [f".. table:: {title}\n", ruler, headings, ruler, *others, ruler]
        parts.append("\n   ".join(table))
    text = "\n\n".join(parts) + "\n"
    print(text)
    (out / file).write_text(text, encoding="utf-8")


def _compared(groups: Grouped) -> Iterator[Table]:
    """Make tables with a column for each contender, and a row for each line."""
    for (_, actions), lines in groups.items():
        names = list(dict.fromkeys(name for by_name in lines.values() for name in by_name))
        rows = [["line", *names]]
        for by_name in lines.values():
            about = by_name["ours"].get_metadata()
            cells = [_cell(by_name[name]) if name in by_name else "" for name in names]
            rows.append([about["label"], *cells])
        yield f"{about['version']}, {actions:,} actions", rows


def _cell(measured: pyperf.Benchmark) -> str:
    median, most = measured.median(), measured.percentile(99)
    more = f" ({measured.format_value(most)})" if measured.get_nvalue() > 1 else ""
    return f"{measured.format_value(median)}{more}"


def _judged(groups: Grouped) -> Table:
    rows = [["database", "actions", "line", "against", "ratio", "bound", "is"]]
    for where, label, against, ratio, bound in judged(groups):
        met = "met" if ratio <= bound else "MISSED"
        rows.append([where[0], f"{where[1]:,}", label, against, f"{ratio:.3g}", f"{bound:g}", met])
    met = sum(row[-1] == "met" for row in rows)
    return f"{met} of {len(rows) - 1} bounds are met", rows
