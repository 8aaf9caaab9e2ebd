"""Show progress on the terminal."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.progress import track

# The tables go to stdout.
_console = Console(stderr=True)


def say(text: str) -> None:
    """Print one line."""
    _console.print(text, highlight=False, markup=False, soft_wrap=True)


def tracked(items: Iterable[Any], text: str, total: int) -> Iterable[Any]:
    """Yield the items, and show a bar of how many were taken."""
    hidden = not _console.is_terminal
    return track(items, text, total, console=_console, transient=True, disable=hidden)
