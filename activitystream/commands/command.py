"""What our commands have in common: the app that they work on, and how they tell of it."""

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

    Its exit status is 0; 2 for what cannot be asked; 4, by gearbox, for an error on the way, of
    which it logs the traceback; 130 for Ctrl-C, after which another run goes on.
    """

    def get_parser(self, prog_name: str) -> ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "-c",
            "--config",
            dest="config_file",
            default="development.ini",
            help="the app's configuration file (default: development.ini)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="change nothing, and tell what would be done"
        )
        return parser

    def take_action(self, options: Namespace) -> int:
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
        """Do it, and say what was done.

        :returns: the exit status.
        :raises ValueError: if what is asked for makes no sense.
        """
        raise NotImplementedError


def work_off(batches: Iterable[tuple[int, Any]], total: int) -> tuple[list[Any], int]:
    """Commit after each batch, and show how far it is. Ctrl-C stops it after the batch.

    :param batches: of each, how many steps it took, and what came of it.
    :param total: how many steps there are.
    :returns: what came of each, and the exit status.
    """
    results = []
    model.orm.commit_batch()
    with bar(total) as advance, ctrl_c() as came:
        for steps, result in batches:
            model.orm.commit_batch()
            results.append(result)
            advance(steps)
            if came():
                break
    if came():
        print("stopped by Ctrl-C: run it again for the rest", file=sys.stderr)
    return results, 130 if came() else 0


@contextmanager
def ctrl_c() -> Iterator[Callable[[], bool]]:
    """Tells whether Ctrl-C came in the block. A second one ends the program, as ever."""
    came = False

    def come(*_: Any) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, come)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGINT, before)


def _refuse(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 2
