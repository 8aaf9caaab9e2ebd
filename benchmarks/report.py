"""What came out: JSON, tables as text and for the docs, and charts."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from . import bounds, charts
from .progress import say

#: In which order the columns are.
CONTENDERS = (
    *("ours", "by hand", "raw", "0.1.1's layout"),
    *bounds.PEERS,
    "host alone",
)

_WIDTH = 150


def add_out(parser: ArgumentParser) -> None:
    """Let a command line say where what comes out goes.

    :param parser: of that.
    """
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=Path("benchmark-results"),
        help="where the tables, JSON and charts go (default: %(default)s)",
    )


def read(file: Path) -> dict[str, Any]:
    """
    :param file: the JSON of a run.
    """
    return json.loads(file.read_text(encoding="utf-8"))


def save(results: dict[str, Any], out: Path) -> None:
    """Write the JSON alone.

    :param results: so far.
    :param out: the folder, which is made.
    """
    out.mkdir(parents=True, exist_ok=True)
    results["bounds"] = bounds.checked(results)
    text = json.dumps(results, indent=1) + "\n"
    (out / "results.json").write_text(text, encoding="utf-8")


def write(results: dict[str, Any], out: Path) -> None:
    """Write all files, and print the text.

    :param results: as in the JSON.
    :param out: the folder; files of an earlier run are replaced.
    """
    save(results, out)
    text = as_text(results)
    files = {"results.txt": text, "results.rst": as_rst(results)}
    for name, content in files.items():
        (out / name).write_text(content, encoding="utf-8")
    print(text)
    drawn = charts.draw(results, out)
    say(f"Written to {out}: {', '.join(['results.json', *files, *drawn])}")


def as_text(results: dict[str, Any]) -> str:
    """A table for each database and size, and one of the bounds.

    :param results: as in the JSON.
    """
    parts = [f"{line}\n" for line in _circumstances(results)]
    parts += [text_table(title, ["", *names], rows) for title, names, rows in _tables(results)]
    parts.append(text_table("Bounds", _BOUNDS_HEADINGS, _bounds_rows(results["bounds"])))
    met = sum(bound["met"] for bound in results["bounds"])
    return "".join(parts) + f"{met} of {len(results['bounds'])} bounds are met.\n"


def text_table(title: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """For a terminal.

    :param title: above it.
    :param headings: of its columns, of which those after the first hold numbers.
    :param rows: the cells.
    """
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    written = StringIO()
    Console(file=written, width=_WIDTH).print(table)
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


def as_rst(results: dict[str, Any]) -> str:
    """The same for the docs to include.

    :param results: as in the JSON.
    """
    parts = ["\n".join(f"| {line}" for line in _circumstances(results))]
    parts += [csv_table(title, ("", *names), rows) for title, names, rows in _tables(results)]
    parts.append(csv_table("Bounds", _BOUNDS_HEADINGS, _bounds_rows(results["bounds"])))
    return "\n\n".join(parts) + "\n"


def milliseconds(number: float) -> str:
    """A time with three digits.

    :param number: of milliseconds.
    """
    if number >= 1000:
        return f"{number / 1000:.3g} s" if number < 10_000 else f"{number / 1000:,.0f} s"
    return f"{number:.3g} ms" if number < 100 else f"{number:.0f} ms"


def _circumstances(results: dict[str, Any]) -> list[str]:
    machine, versions = results["machine"], results["versions"]
    databases = [versions[name] for name in ("mongodb", "postgresql", "sqlite") if name in versions]
    packages = [f"{name} {it}" for name, it in versions.items() if it not in databases]
    return [
        f"On {results['when']}, {results['users']:,} users.",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['kernel']}.",
        f"{', '.join(databases)}; {', '.join(packages)}.",
        "Medians, and 99th percentiles in brackets.",
    ]


def _tables(results: dict[str, Any]) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Of each database and size: what it is about, the columns, the rows."""
    lines = results["lines"]
    for database, actions in dict.fromkeys((each["database"], each["actions"]) for each in lines):
        title = f"{results['versions'][database]}, {actions:,} actions"
        here = [
            each for each in lines if (each["database"], each["actions"]) == (database, actions)
        ]
        for over_http in (False, True):
            of_kind = [each for each in here if each["line"].startswith("http-") == over_http]
            if of_kind:
                yield (f"{title}, over HTTP" if over_http else title, *_compared(of_kind))
    if results["memory"]:
        rows = [
            [
                f"{results['versions'][each['database']]}, {each['actions']:,} actions",
                f"{each['iterated']:,}",
                f"{each['more_mb']} MB",
            ]
            for each in results["memory"]
        ]
        yield "Memory, at its peak", ["iterated", "more than iterating none"], rows


def _compared(lines: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """A column per contender, and a row per line."""
    present = {each["contender"] for each in lines}
    names = [name for name in CONTENDERS if name in present]
    rows = []
    for label in dict.fromkeys(each["label"] for each in lines):
        cells = {each["contender"]: _cell(each) for each in lines if each["label"] == label}
        rows.append([label, *(cells.get(name, "") for name in names)])
    return names, rows


def _cell(line: dict[str, Any]) -> str:
    cell = f"{milliseconds(line['median_ms'])} ({milliseconds(line['p99_ms'])})"
    return f"{cell}, {line['per_second']}/s" if "per_second" in line else cell


_BOUNDS_HEADINGS = ("database", "actions", "line", "against", "ratio", "bound", "")


def _bounds_rows(checked: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
    for each in checked:
        yield [
            each["database"],
            f"{each['actions']:,}",
            each["label"],
            each["against"],
            f"{each['ratio']:.3g}",
            f"{each['bound']:g}",
            "met" if each["met"] else "MISSED",
        ]


def csv_table(title: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """The same for the docs."""
    lines = [f".. csv-table:: {title}", f"   :header: {_csv(headings)}", ""]
    return "\n".join([*lines, *(f"   {_csv(row)}" for row in rows)])


def _csv(cells: Iterable[str]) -> str:
    return ", ".join(f'"{cell}"' for cell in cells)
