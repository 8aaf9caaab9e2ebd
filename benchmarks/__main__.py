"""Time activitystream, hand-written and raw code, the layout of 0.1.1, and two other packages."""

import argparse
import signal
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import pyperf
import pytest

from . import bench, report, under_load
from .contenders import CLASSES

#: The values of the options that --quick sets.
_QUICK = {"users": 2000, "actions": [1000, 10_000], "rounds": 60, "seconds": 0.6, "passes": 1}
_QUICK_AGAINST = {**_QUICK, "rounds": 150, "seconds": 1.5, "passes": 3}


def main() -> None:
    """Run the command line."""
    # Servers are stopped and folders deleted then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    options = _options(sys.argv[1:])
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as passing:
            options.keep = (options.keep or Path(passing)).resolve()
            _do(options)
    # What the tests start the servers with says so if there is none.
    except (pytest.skip.Exception, pytest.fail.Exception, ValueError) as error:
        sys.exit(f"The benchmark cannot run: {error}")


def _do(options: argparse.Namespace) -> None:
    if options.command == "load":
        under_load.run(options)
    elif options.command == "simulate":
        tables = import_module(f"benchmarks.simulations.{options.simulation}").tables
        made = list(tables(options.keep, options.actions))
        report.write(f"{options.simulation}.rst", [report.machine()], made, options.out)
    elif options.command == "report":
        report.publish(pyperf.BenchmarkSuite.load(options.results), options.out)
    else:
        report.publish(bench.run(options), options.out)


def _options(arguments: list[str]) -> argparse.Namespace:
    command = arguments.pop(0) if arguments[:1] in (["load"], ["report"], ["simulate"]) else ""
    parser = argparse.ArgumentParser(
        f"./dev bench {command}".rstrip(),
        description=under_load.__doc__ if command == "load" else __doc__,
        epilog="Other commands: load, simulate, and report; see their --help.",
    )
    parser.set_defaults(command=command, keep=None)
    add = parser.add_argument
    out = Path("benchmark-results")
    add("--out", type=Path, metavar="FOLDER", default=out, help="for the results (%(default)s)")
    if command == "report":
        add("results", help="the results.json of a run")
    elif command == "simulate":
        add("simulation", choices=("partitions", "sizes"))
        add("--actions", type=int, default=200_000, help="how many (%(default)s)")
    elif command == "load":
        add("--db", default="postgresql", help="a kind, or the URL of a server (%(default)s)")
        add("--actions", type=int, default=10_000, help="are there before (%(default)s)")
        add("--minutes", type=float, default=10, help="how long (%(default)s)")
    else:
        kinds, sizes = list(CLASSES), [10_000, 100_000, 1_000_000]
        against = "time this tree and another checkout of the project, in turns, and nobody else"
        add("--db", nargs="+", default=kinds, help="kinds, or URLs of servers (%(default)s)")
        add("--actions", nargs="+", type=int, default=sizes, help="sizes in turn (%(default)s)")
        add("--users", type=int, default=100_000, help="how many there are (%(default)s)")
        add("--rounds", type=int, default=300, help="of each line, at most (%(default)s)")
        add("--seconds", type=float, default=12, help="for each line, about (%(default)s)")
        add("--passes", type=int, default=3, help="with new processes in each (%(default)s)")
        add("--only", nargs="+", default=[""], metavar="LINE", help="lines whose keys begin so")
        add("--keep", type=Path, metavar="FOLDER", help="keep the databases for another run")
        add("--against", type=Path, metavar="FOLDER", help=against)
        add("--quick", action="store_true", help=f"small and soon: {_QUICK}")
        given = parser.parse_args(arguments)
        if given.quick:
            parser.set_defaults(**(_QUICK_AGAINST if given.against else _QUICK))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
