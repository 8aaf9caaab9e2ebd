"""One run: fill the databases, time all contenders in turns, and collect the measurements."""

import sys
import zlib
from argparse import Namespace
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pyperf

from . import results, servers
from .bounds import ITERATED, OTHER_TREE
from .contenders import CLASSES, PEERS, kind_of
from .lines import Line, lines
from .progress import say
from .worker import TREE, Worker, ask, lines_of, once, peak, rehearse
from .workload import Workload


def run(options: Namespace) -> pyperf.BenchmarkSuite:
    """Run the benchmark with the command line's options, and save the measurements."""
    measured: list[pyperf.Benchmark] = []
    for given in options.db:
        say(f"{given}: starting")
        with servers.opened(given, options.keep) as server:
            for actions in options.actions:
                measured += Bench(server, actions, options).run()
                # Save them now, in case a later database fails.
                suite = pyperf.BenchmarkSuite(measured)
                suite.dump(str(options.out / "results.json"), replace=True)
    return suite


class Bench:
    """The lines of one workload on one server."""

    def __init__(self, server: str, actions: int, options: Namespace) -> None:
        """Create the databases."""
        self._options, self._kind = options, kind_of(server)
        self._workload = Workload(options.users, actions)
        self._measured: list[pyperf.Benchmark] = []
        self._values: dict[tuple[str, str], dict[str, list[Any]]] = {}
        self._only = tuple(options.only)
        url = servers.database(server, self._name(TREE))
        self._trees: dict[str, tuple[Any, ...]] = {"ours": ("ours", url, self._workload)}
        self._workers = {name: (name, url, self._workload) for name in CLASSES[self._kind]}
        if options.against:
            other = servers.database(server, f"{self._name(options.against)}_other")
            self._trees[OTHER_TREE] = ("ours", other, self._workload, options.against)
            self._workers = self._trees

    def _name(self, tree: Path) -> str:
        """Name a tree's database. Each tree has its own: its tables or contents may differ."""
        files = sorted(Path(tree, "activitystream", "model").rglob("*.py"))
        files.append(TREE / "benchmarks" / "workload.py")
        code = zlib.crc32(b"".join(each.read_bytes() for each in files))
        return f"{self._workload.name}_{code:x}"

    def run(self) -> list[pyperf.Benchmark]:
        """Measure all lines that are wanted."""
        say(f"{self._kind}: {self._workload.actions:,} actions, {self._workload.users:,} users")
        for _ in range(self._options.passes):
            with ExitStack() as until_compared:
                self._compare(until_compared)
        for (key, label), values in self._values.items():
            self._record(key, label, values)
        if "memory".startswith(self._only) and sys.platform == "linux":
            self._iterate()
        return self._measured

    def _compare(self, until_compared: ExitStack) -> None:
        workers, able = {}, {}
        for name, arguments in self._workers.items():
            workers[name] = worker = until_compared.enter_context(Worker(*arguments))
            if name in self._trees:
                self._tidy_up(worker)
                scene = worker.call(ask, "scene")
            able[name] = worker.call(lines_of, scene)
        self._version = workers["ours"].call(ask, "host.version")
        for key, line in lines(scene).items():
            if key.startswith(self._only):
                self._time(line, {name: workers[name] for name in workers if key in able[name]})

    def _tidy_up(self, worker: Worker) -> None:
        if self._kind == "postgresql":
            worker.call(ask, "host.vacuum")

    def _time(self, line: Line, workers: dict[str, Worker]) -> None:
        passes = self._options.passes
        rounds, seconds = max(1, self._options.rounds // passes), self._options.seconds / passes
        share = seconds / len(workers) / 4
        answers = {name: each.call(rehearse, line.key, share) for name, each in workers.items()}
        for name, answer in answers.items():
            # All contenders must give the same answer.
            if answer != answers["ours"] and name not in PEERS:
                raise ValueError(f"{line.key}: {name} says {answer}, ours {answers['ours']}")
        tasks = {name: partial(each.call, once, line.key) for name, each in workers.items()}
        by_name = self._values.setdefault((line.key, line.label), {name: [] for name in tasks})
        for name, values in results.measure(line.label, tasks, rounds, seconds).items():
            by_name[name].append(values)
        for name in self._trees if line.method.startswith("create") else ():
            self._tidy_up(workers[name])

    def _iterate(self) -> None:
        """Measure how much more memory a long iteration takes than a short one."""
        more = {}
        for name, arguments in self._trees.items():
            peaks = []
            for number in (10, ITERATED):
                with Worker(*arguments) as worker:
                    iterated = worker.call(ask, "iterate", number)
                    peaks.append(worker.call(peak))
            more[name] = [[max(1, peaks[1] - peaks[0])]]
        label = f"memory, {iterated:,} iterated"
        self._record("memory", label, more, unit="byte", iterated=iterated)

    def _record(self, key: str, label: str, values: dict[str, list[Any]], **more: Any) -> None:
        more |= {"line": key, "label": label, "version": self._version, "database": self._kind}
        more |= {"actions": self._workload.actions, "users": self._workload.users}
        made = {
            name: results.benchmark(each, contender=name, **more) for name, each in values.items()
        }
        self._measured += made.values()
        told = (f"{name} {each.format_value(each.median())}" for name, each in made.items())
        say(f"  {label}: {', '.join(told)}")
