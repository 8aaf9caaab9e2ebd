"""How fast activitystream is, beside the same by hand, raw, as 0.1.1 had it, and by others.

It fills databases with a load, times everybody in turn, and writes tables, JSON and charts.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from . import http, machine, memory, peers, report, servers, under_load
from .lines import DEPTH, UNSEEN, Line, Scene, lines
from .load import Load
from .progress import say
from .timing import Times, known, measure, median, percentile_99, ratio

#: What --quick means.
_QUICK = {"users": 2000, "actions": [1000, 10_000], "rounds": 15, "seconds": 0.6}


def main(arguments: list[str] | None = None) -> None:
    """Run what the command line says.

    :param arguments: those; None for the process's own.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["report"]:
        options = _report_parser().parse_args(arguments[1:])
        report.write(report.read(options.results), options.out)
        return
    # Servers and folders are cleared away then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    if arguments[:1] == ["load"]:
        under_load.main(arguments[1:])
        return
    parser = _parser()
    if parser.parse_args(arguments).quick:
        parser.set_defaults(**_QUICK)
    options = parser.parse_args(arguments)
    try:
        results = _run(options)
    # What the tests start the servers with says so if there is none.
    except (pytest.skip.Exception, pytest.fail.Exception, ValueError) as error:
        sys.exit(f"The benchmark cannot run: {error}")
    report.write(results, options.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./dev bench",
        description=__doc__,
        epilog="`./dev bench report results.json` makes the tables and charts of a run again. "
        "`./dev bench load` puts the demo under load; see its --help.",
    )
    parser.add_argument(
        "--db",
        action="append",
        metavar="DATABASE",
        help=f"{', '.join(servers.NAMES)}: one that is started; or the URL of a server, on which "
        "databases are made; may be given several times (default: all three)",
    )
    parser.add_argument(
        "--actions",
        nargs="+",
        type=int,
        default=[10_000, 100_000, 1_000_000],
        help="how many there are, one size after the other (default: %(default)s)",
    )
    parser.add_argument(
        "--users", type=int, default=100_000, help="how many there are (default: %(default)s)"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"a small load and few rounds, to see it work: {_QUICK}, unless other options say",
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="LINE",
        help="only the lines whose key starts so, like newest or create-1; may be given several "
        "times",
    )
    parser.add_argument(
        "--rounds", type=int, default=300, help="of a line, at most (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=12.0,
        help="about as long does a line take, but for the slowest (default: %(default)s)",
    )
    parser.add_argument(
        "--peers",
        action=argparse.BooleanOptionalAction,
        default=True,
        help=f"time {' and '.join(peers.NAMES)} too, on PostgreSQL",
    )
    parser.add_argument(
        "--keep",
        metavar="FOLDER",
        type=Path,
        help="leave the filled databases there for another run (default: they are deleted)",
    )
    report.add_out(parser)
    return parser


def _report_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench report")
    parser.add_argument("results", type=Path, help="the results.json of a run")
    report.add_out(parser)
    return parser


def _run(options: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.described(),
        "versions": machine.versions(),
        "users": options.users,
        "lines": [],
        "memory": [],
    }
    with ExitStack() as until_the_end:
        folder = options.keep
        if folder is None:
            passing = tempfile.TemporaryDirectory(prefix="benchmark", ignore_cleanup_errors=True)
            folder = Path(until_the_end.enter_context(passing))
        for given in options.db or servers.NAMES:
            say(f"{given}: starting")
            with servers.opened(given, folder.resolve()) as open_load:
                for actions in options.actions:
                    database = open_load(Load(options.users, actions))
                    say(f"{database.name}: {actions:,} actions, {options.users:,} users")
                    with _opened(database):
                        Bench(database, options, results).run()
                    # Should a later one fail, these are not lost.
                    report.save(results, options.out)
    return results


@contextmanager
def _opened(database: Any) -> Any:
    database.open()
    try:
        yield
    finally:
        database.close()


class Bench:
    """The lines of one load in one database."""

    def __init__(self, database: Any, options: argparse.Namespace, results: dict[str, Any]) -> None:
        """
        :param database: open, and full.
        :param options: of the command line.
        :param results: which it adds its own to.
        """
        self._database = database
        self._options = options
        self._results = results

    def run(self) -> None:
        """Time all lines that are wanted."""
        self._results["versions"][self._database.name] = self._database.version
        contenders = self._database.contenders()
        scene = _scene(self._database.load, contenders[0])
        self._compare(contenders, scene)
        self._ask_over_http()
        if self._wanted("memory"):
            say("  memory")
            measured = memory.peaks(self._database.url)
            self._results["memory"].append({**self._where(), **measured})

    def _compare(self, contenders: list[Any], scene: Scene) -> None:
        with ExitStack() as until_compared:
            rivals = []
            if self._options.peers and self._database.name == "postgresql":
                for name in peers.NAMES:
                    rival = peers.started(name, self._database.url, scene)
                    rivals.append(until_compared.enter_context(rival))
                    self._results["versions"].update(rivals[-1].versions)
            for line in lines(scene):
                if not self._wanted(line.key):
                    continue
                able = [each for each in contenders if line.can(each)]
                _check_agreement(line, able, scene)
                tasks: dict[str, Callable[[], float]] = {
                    each.name: partial(line.once, each, scene) for each in able
                }
                tasks.update(
                    {each.name: partial(each.once, line) for each in rivals if each.can(line)}
                )
                times = measure(line.label, tasks, self._options.rounds, self._options.seconds)
                self._record(line.key, line.label, times)
                if line.verb in ("create", "create_many"):
                    self._database.settle()

    def _ask_over_http(self) -> None:
        pages = [page for page in http.PAGES if self._wanted(page.key)]
        if not pages:
            return
        options, load = self._options, self._database.load
        with http.served(self._database.url) as port:
            for page in pages:
                times = http.by_one(port, load, page, options.rounds, options.seconds)
                self._record(page.key, f"{page.label}, one client", times)
                answered = http.by_many(port, load, page, options.rounds)
                many = {name: times for name, (times, _) in answered.items()}
                rates = {name: {"per_second": round(rate)} for name, (_, rate) in answered.items()}
                label = f"{page.label}, {http.CLIENTS} clients"
                self._record(f"{page.key}-{http.CLIENTS}", label, many, rates)

    def _record(
        self,
        key: str,
        label: str,
        times: dict[str, Times],
        more: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        said = []
        for name in sorted(times, key=list(times).index):
            each = times[name]
            record = {
                "line": key,
                "label": label,
                **self._where(),
                "contender": name,
                "median_ms": round(median(each) * 1000, 4),
                "p99_ms": round(percentile_99(each) * 1000, 4),
                "rounds": len(known(each)),
                "ours_takes": round(ratio(times["ours"], each), 4),
                **(more or {}).get(name, {}),
            }
            self._results["lines"].append(record)
            said.append(f"{name} {report.milliseconds(record['median_ms'])}")
        say(f"  {label}: {', '.join(said)}")

    def _where(self) -> dict[str, Any]:
        return {"database": self._database.name, "actions": self._database.load.actions}

    def _wanted(self, key: str) -> bool:
        only = self._options.only
        return only is None or any(key.startswith(each) for each in only)


def _check_agreement(line: Line, contenders: list[Any], scene: Scene) -> None:
    """Nobody is fast by doing something else."""
    answers = {each.name: line.answer(each, scene) for each in contenders}
    for name, answer in answers.items():
        if answer != answers["ours"]:
            raise RuntimeError(f"{line.key}: {name} says {answer}, ours {answers['ours']}")


def _scene(load: Load, ours: Any) -> Scene:
    from activitystream import am

    ours.fresh()
    stream = am.get_by_recipient(ours.user(load.most_notified))
    length = stream.count()
    depth = min(DEPTH, length * 9 // 10)
    above = stream[depth - 1]
    oldest = stream[length - 1].timestamp
    seen = {
        unseen: stream[unseen].timestamp if unseen < length else oldest - timedelta(days=1)
        for unseen in UNSEEN
    }
    return Scene(load, length, depth, (above.timestamp, above._id), seen)


if __name__ == "__main__":
    main()
