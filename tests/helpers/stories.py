"""Run modules of ``tests.helpers`` as processes of their own, all at once."""

import subprocess
import sys
from collections.abc import Iterable


def told_at_once(module: str, arguments: Iterable[tuple[str, ...]]) -> list[str]:
    """Return what processes of a module print that begin at once, one for each tuple of arguments.

    Each prints "ready", and waits for a line.
    """
    command = [sys.executable, "-m", module]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([*command, *each], **pipes) for each in arguments]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        told = [process.communicate(timeout=120)[0] for process in processes]
        assert [each.returncode for each in processes] == [0] * len(processes)
        return told
    finally:
        for process in processes:
            process.kill()
