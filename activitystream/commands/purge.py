"""``gearbox activitystream purge``."""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import datetime, timedelta

from .. import model
from ..lib import removal
from ..model import clock
from .command import AppCommand, run_batches

_DAYS = {"d": 1, "w": 7, "y": 365}


class PurgeCommand(AppCommand):
    """Delete old actions of the activity stream, whoever their recipients are. Made for cron.

    Each batch is committed, so the app can run meanwhile, and a stopped run keeps what it did.
    """

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return the parser, with the age."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--older-than",
            required=True,
            type=_before,
            metavar="180d",
            help="delete actions older than this: days, weeks (26w) or years of 365 days (2y)",
        )
        return parser

    def work(self, options: Namespace) -> int:
        """Delete the actions and print their number."""
        before = options.older_than
        which = f"older than {before:%Y-%m-%d %H:%M:%S} UTC"
        total = model.orm.count_before(before)
        if options.dry_run:
            print(f"actions to delete: {total} ({which})")
            return 0
        deleted, status = run_batches(((each, each) for each in removal.purge(before)), total)
        print(f"actions deleted: {sum(deleted)} ({which})")
        return status


def _before(age: str) -> datetime:
    match = re.fullmatch(r"([1-9]\d*)([dwy])", age, re.ASCII)
    try:
        if match is not None:
            return clock.now() - timedelta(days=int(match[1]) * _DAYS[match[2]])
    except OverflowError:  # before the year 1
        pass
    raise ArgumentTypeError(f"{age!r} is not a valid age: write it like 180d, 26w or 2y")
