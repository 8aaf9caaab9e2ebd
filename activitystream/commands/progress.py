"""How far something is."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_WIDTH = 40


@contextmanager
def bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal, until the block ends; in a log, nothing.

    :param total: how many steps there are, more or less.
    :returns: a function that takes how many steps were done since it was called last.
    """
    done = 0
    terminal = sys.stderr if sys.stderr.isatty() else None

    def advance(steps: int) -> None:
        nonlocal done
        done += steps
        if terminal is not None:
            part = min(1, done / total) if total else 1
            filled = "#" * int(part * _WIDTH)
            terminal.write(f"\r[{filled:<{_WIDTH}}] {part:4.0%}  {done} of {max(done, total)} ")
            terminal.flush()

    advance(0)
    try:
        yield advance
    finally:
        if terminal is not None:
            terminal.write("\n")
