"""Show the progress of a command."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_WIDTH = 40


@contextmanager
def bar(total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on the terminal until the block ends. Elsewhere, show nothing.

    :param total: the approximate number of steps.
    :returns: a function to call with the number of steps done since its last call.
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
