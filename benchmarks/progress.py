"""What is going on, on the terminal."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

#: Beside what a program that reads our output wants.
console = Console(stderr=True)


def say(text: str) -> None:
    """
    :param text: one line, in plain English.
    """
    console.print(text, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def bar(text: str, total: int | None) -> Iterator[Any]:
    """Shows how far something is, until the block ends.

    :param text: what.
    :param total: how many steps it has; None where nobody knows.
    :returns: a function that takes how many steps are done.
    """
    columns = (TextColumn("  {task.description}"), BarColumn(), TimeRemainingColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(text, total=total)
        yield lambda done: progress.update(task, completed=done)


def track(items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
    """The items, while a bar shows how many were taken.

    :param items: what is gone through.
    :param text: what is done with them.
    :param total: how many there are.
    """
    with bar(text, total) as show:
        for number, item in enumerate(items):
            if number % 1000 == 0:
                show(number)
            yield item
