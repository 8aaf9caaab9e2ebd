"""The demo behind waitress under a load for long: what it answers, how soon, and its memory.

wrk asks for the bell, the stream's page and /see at once, as someone who is logged in, while
somebody else puts up notices. It fails on any error.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from tests import databases

from . import machine, report
from .progress import bar, say

#: What is asked for, by how many connections each.
_PATHS = {
    "the bell's request": "/activitystream/bell",
    "the stream's page": "/activitystream/",
    "/see": "/activitystream/see?target_link=/",
}
_CONNECTIONS = 2

_DATABASES = {"mongodb": "MongoDB", "postgresql": "PostgreSQL", "sqlite": "SQLite"}

#: How many actions are there already.
_ACTIONS = 10_000

_SECONDS_PER_NOTICE = 5

#: How many seconds it takes until the server has loaded and cached all that it will.
_WARM_UP = 60

# wrk calls it at the end.
_TELL = """
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.3f, "p50_ms": %.4f, "p99_ms": %.4f, "errors": %d}\\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


class Visitor(NamedTuple):
    """Somebody who is logged in."""

    port: int
    cookie: str

    def post(self, path: str, **form: str) -> None:
        """Send a form.

        :raises RuntimeError: if that fails.
        """
        _answered(self.port, path, {"Cookie": self.cookie}, form)


def main(arguments: list[str]) -> None:
    """Run what the command line says.

    :param arguments: those.
    """
    options = _parser().parse_args(arguments)
    if options.fill:
        _fill(options.db)
        return
    if shutil.which("wrk") is None:
        sys.exit("This needs wrk: apt-get install wrk")
    try:
        with _database(options.db) as url:
            results = _run(url, options.minutes * 60)
    # What the tests start the servers with says so if there is none.
    except (pytest.skip.Exception, pytest.fail.Exception, RuntimeError) as error:
        sys.exit(f"The load cannot run: {error}")
    options.out.mkdir(parents=True, exist_ok=True)
    name = f"load-{options.db.partition(':')[0].partition('+')[0]}"
    (options.out / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.out / f"{name}.rst").write_text(_as_rst(results))
    print(report.text_table(_title(results), *_table(results)), end="")
    print("\n".join(_circumstances(results)))
    print(f"Written to {options.out}: {name}.json, {name}.rst")
    if any(each["errors"] for each in results["asked"].values()):
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench load", description=__doc__)
    parser.add_argument(
        "--db",
        default="postgresql",
        help="postgresql or mongodb, which is started; or a URL as the demo takes it "
        "(default: %(default)s)",
    )
    parser.add_argument("--minutes", type=float, default=10, help="how long (default: %(default)s)")
    report.add_out(parser)
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    return parser


@contextmanager
def _database(given: str) -> Iterator[str]:
    with ExitStack() as until_the_end:
        if given == "postgresql":
            yield until_the_end.enter_context(databases.postgres_url())
        elif given == "mongodb":
            folder = until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="load"))
            yield until_the_end.enter_context(databases.mongodb_url(Path(folder)))
        else:
            yield given


def _run(url: str, seconds: float) -> dict[str, Any]:
    say(f"filling the demo with {_ACTIONS:,} actions")
    filling = [sys.executable, "-m", "benchmarks", "load", "--fill", "--db", url]
    subprocess.run(filling, check=True)
    say(f"asking for {seconds / 60:g} minutes")
    with _served(url) as (process, port):
        ada, bruno = (_logged_in(port, name) for name in ("Ada", "Bruno"))
        with tempfile.TemporaryDirectory(prefix="load") as folder:
            script = Path(folder, "tell.lua")
            script.write_text(_TELL)
            asking = {text: _wrk(ada, path, seconds, script) for text, path in _PATHS.items()}
            memory = list(_watched(process.pid, bruno, seconds))
            asked = {text: _told(wrk) for text, wrk in asking.items()}
    return {
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.described(),
        "versions": machine.versions(),
        "database": _DATABASES[url.partition(":")[0].partition("+")[0]],
        "server": "waitress, 8 threads",
        "connections": _CONNECTIONS * len(_PATHS),
        "asked": asked,
        "memory_mb": memory,
    }


@contextmanager
def _served(url: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-u", "-m", "demo", "--db", url, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            said = re.search(r":(\d+)/", server.stdout.readline())
            if said is None:
                raise RuntimeError("the demo does not start; see above")
            yield server, int(said[1])
        finally:
            server.terminate()


def _logged_in(port: int, name: str) -> Visitor:
    headers = _answered(port, "/enter", {}, {"name": name})
    cookies = [value.partition(";")[0] for key, value in headers if key.lower() == "set-cookie"]
    return Visitor(port, "; ".join(dict.fromkeys(cookies)))


def _answered(
    port: int, path: str, headers: dict[str, str], form: dict[str, str]
) -> list[tuple[str, str]]:
    """The headers of the answer to a form."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    connection.request("POST", path, urlencode(form), headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status >= 400:
        raise RuntimeError(f"{path} gave {response.status}: {body[:500]!r}")
    return response.getheaders()


def _wrk(visitor: Visitor, path: str, seconds: float, script: Path) -> subprocess.Popen[str]:
    command = ["wrk", "--threads", "1", "--connections", str(_CONNECTIONS), "--timeout", "30s"]
    command += ["--duration", f"{seconds:.0f}s", "--script", str(script)]
    command += ["--header", f"Cookie: {visitor.cookie}", f"http://127.0.0.1:{visitor.port}{path}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _told(wrk: subprocess.Popen[str]) -> dict[str, Any]:
    printed, _ = wrk.communicate()
    told = json.loads(printed.splitlines()[-1])
    return {**told, "per_second": round(told["requests"] / told["seconds"], 1)}


def _watched(pid: int, writer: Visitor, seconds: float) -> Iterator[float]:
    """The server's memory in MB, second by second, while somebody comments."""
    begun = time.monotonic()
    with bar("asking", round(seconds)) as show:
        for second in range(round(seconds)):
            show(second)
            time.sleep(max(0, begun + second - time.monotonic()))
            if second % _SECONDS_PER_NOTICE == 0:
                writer.post("/post", title=f"Notice {second}")
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            yield round(resident * os.sysconf("SC_PAGE_SIZE") / 1024**2, 1)


def _title(results: dict[str, Any]) -> str:
    return f"Under load, on {results['database']}"


def _table(results: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    headings = ["", "answered a second", "median", "99th percentile", "answers", "errors"]
    rows = [
        [
            text,
            f"{each['per_second']:g}",
            report.milliseconds(each["p50_ms"]),
            report.milliseconds(each["p99_ms"]),
            f"{each['requests']:,}",
            str(each["errors"]),
        ]
        for text, each in results["asked"].items()
    ]
    return headings, rows


def _circumstances(results: dict[str, Any]) -> list[str]:
    memory, machine = results["memory_mb"], results["machine"]
    warm = memory[min(_WARM_UP, len(memory) // 2) :]
    return [
        f"On {results['when']}; {machine['cpu']}, {machine['cores']} cores.",
        f"{results['database']}; {results['server']}; {results['connections']} connections, "
        f"{len(memory) / 60:g} minutes.",
        f"Memory of the server: {memory[0]:g} MB at first, {warm[0]:g} MB when it was warm, "
        f"{memory[-1]:g} MB at the end, {max(memory):g} MB at most.",
    ]


def _as_rst(results: dict[str, Any]) -> str:
    said = "\n".join(f"| {line}" for line in _circumstances(results))
    return f"{said}\n\n{report.csv_table(_title(results), *_table(results))}\n"


def _fill(url: str) -> None:
    from activitystream import am
    from demo import model
    from demo.config.application import make_app

    make_app(url)
    with model.orm.unit_of_work():
        ada, *others = model.orm.neighbours()
        (notice,) = model.orm.newest_notices(1)
        am.create_many(
            {
                "actor": others[number % len(others)],
                "verb": "liked",
                "target": notice,
                "recipients": [ada, *others],
                "timestamp": datetime(2026, 1, 1) + timedelta(minutes=number),
            }
            for number in range(_ACTIONS)
        )
