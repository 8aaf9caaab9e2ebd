"""The base of our commands: load the app, commit in batches, show the progress."""

import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tg
from gearbox.command import Command
from paste.deploy import loadapp

from .. import model
from .progress import bar


class AppCommand(Command):
    """A command on the app of a configuration file.

    The exit status is 0 on success and 2 on bad arguments. It is 4 on another error, whose
    traceback gearbox logs, and 130 on Ctrl-C: run the command again for the rest.
    """

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return the parser, with the arguments that all our commands take."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "-c",
            "--config",
            dest="config_file",
            default="development.ini",
            help="the app's configuration file (default: development.ini)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="change nothing, and print what would be done"
        )
        return parser

    def take_action(self, options: Namespace) -> int:
        """Load the app, run the command, and return its exit status."""
        file, _, _ = options.config_file.partition("#")
        if not Path(file).is_file():
            return _refuse(f"there is no file {file}: name the app's file by -c")
        loadapp(f"config:{options.config_file}", relative_to=os.getcwd())
        if "activitystream" not in tg.config:
            return _refuse(f"the app of {file} does not plug activitystream")
        try:
            return self.work(options)
        except ValueError as error:
            return _refuse(str(error))

    def work(self, options: Namespace) -> int:
        """Run the command and print the result.

        :returns: the exit status.
        :raises ValueError: on bad arguments.
        """
        raise NotImplementedError


def run_batches(batches: Iterable[tuple[int, Any]], total: int) -> tuple[list[Any], int]:
    """Commit after each batch, and show the progress. Ctrl-C stops it after the current batch.

    :param batches: yields, after each batch, the number of its steps and its result.
    :param total: the number of all steps.
    :returns: the results of the batches, and the exit status.
    """
    results = []
    model.orm.commit_batch()
    with bar(total) as advance, catch_ctrl_c() as interrupted:
        for steps, result in batches:
            model.orm.commit_batch()
            results.append(result)
            advance(steps)
            if interrupted():
                break
    if interrupted():
        print("stopped by Ctrl-C: run it again for the rest", file=sys.stderr)
    return results, 130 if interrupted() else 0


@contextmanager
def catch_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Catch the first Ctrl-C in the block. A second one ends the program, as usual.

    :returns: a function that says whether Ctrl-C was pressed.
    """
    interrupted = False

    def interrupt(*_: Any) -> None:
        nonlocal interrupted
        interrupted = True
        signal.signal(signal.SIGINT, previous)

    previous = signal.signal(signal.SIGINT, interrupt)
    try:
        yield lambda: interrupted
    finally:
        signal.signal(signal.SIGINT, previous)


def _refuse(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 2
