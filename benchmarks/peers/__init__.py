"""Two packages for Django that do alike, each in a process of its own: ours needs no Django.

``python -m benchmarks.peers NAME URL USERS ACTIONS DEPTH`` fills a database and says that it is
ready; then it reads the key of a line, does it once, and prints the seconds, until its input ends.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from ..lines import Line, Scene

NAMES = ("django-notifications-hq", "django-activity-stream")


class Peer:
    """A peer's process, as one of the contenders."""

    def __init__(self, name: str, questions: IO[str], answers: IO[str]) -> None:
        """
        :param name: one of ``NAMES``.
        :param questions: what the process reads.
        :param answers: what it writes; when it is ready, first of all.
        """
        self.name = name
        self._questions = questions
        self._answers = answers
        said = self._read()
        self._lines = set(said["lines"])
        self.versions: dict[str, str] = said["versions"]

    def can(self, line: Line) -> bool:
        return line.key in self._lines

    def once(self, line: Line) -> float:
        """The seconds that a line takes there.

        :param line: one that it can do.
        """
        self._questions.write(f"{line.key}\n")
        self._questions.flush()
        return self._read()

    def _read(self) -> Any:
        said = self._answers.readline()
        if not said:
            raise RuntimeError(f"{self.name} failed; see above")
        return json.loads(said)


@contextmanager
def started(name: str, url: str, scene: Scene) -> Iterator[Peer]:
    """A peer that is ready, until the block ends.

    :param name: one of ``NAMES``.
    :param url: of a database of the PostgreSQL server, beside which its own is made.
    :param scene: what the lines ask about.
    """
    load = scene.load
    numbers = [str(each) for each in (load.users, load.actions, scene.depth)]
    command = [sys.executable, "-m", "benchmarks.peers", name, url, *numbers]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield Peer(name, process.stdin, process.stdout)
