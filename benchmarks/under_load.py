"""Put the demo under load: measure throughput, latency and the growth of its memory.

wrk asks for the bell, the stream's page and /see at once, as somebody who is logged in, while
somebody else puts up notices. It fails on any error.
"""

import re
import shutil
import subprocess
import sys
import time
from argparse import Namespace
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from . import servers
from .contenders import kind_of
from .progress import say, tracked
from .report import machine, write

#: The requested paths; each has two connections.
_PATHS = {
    "the bell's request": "/activitystream/bell",
    "the stream's page": "/activitystream/",
    "/see": "/activitystream/see?target_link=/",
}
#: The seconds between two notices, and until the server's memory is considered settled.
_NOTICE, _WARM = 5, 60


class _Neighbour:
    """A client that is logged in to the demo."""

    def __init__(self, port: int, name: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Content-Type": "application/x-www-form-urlencoded"}
        cookies = self.post("/enter", name=name).get_all("Set-Cookie")
        self._headers["Cookie"] = "; ".join({each.partition(";")[0]: None for each in cookies})

    def post(self, path: str, **form: str) -> Any:
        """Send a form, and return the headers of the answer."""
        self._connection.request("POST", path, urlencode(form), self._headers)
        response = self._connection.getresponse()
        response.read()
        if response.status >= 400:
            raise ValueError(f"{path} answers {response.status}")
        return response.headers

    def ask(self, path: str, seconds: int) -> subprocess.Popen[str]:
        """Start requesting a page in a loop."""
        command = ["wrk", "-t1", "-c2", f"-d{seconds}s", "--timeout", "30s"]
        command += ["-H", f"Cookie: {self._headers['Cookie']}"]
        command += ["-s", str(Path(__file__).with_name("wrk.lua"))]
        command.append(f"http://127.0.0.1:{self._connection.port}{path}")
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def run(options: Namespace) -> None:
    """Run with the command line's options.

    :raises ValueError: if there were errors.
    """
    if shutil.which("wrk") is None:
        raise ValueError("there is no wrk: apt-get install wrk")
    with servers.opened(options.db, options.keep) as server:
        url = servers.database(server, "activitystream_load")
        command = [sys.executable, "-u", "-m", "demo", "--db", url, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
            try:
                rows, memory = _asked(demo, options.actions, round(options.minutes * 60))
            finally:
                demo.terminate()
    warm = memory[min(_WARM, len(memory) // 2)]
    lines = [
        f"On {datetime.now():%Y-%m-%d}; {machine()}; waitress, 8 threads; "
        f"{2 * len(_PATHS)} connections, {options.minutes:g} minutes.",
        f"Memory of the server: {memory[0]:.1f} MB at first, {warm:.1f} MB when it was warm, "
        f"{memory[-1]:.1f} MB at the end, {max(memory):.1f} MB at most.",
    ]
    headings = ["asked for", "a second", "median", "99th percentile", "answers", "errors"]
    table = (f"Under load, on {kind_of(url)}", [headings, *rows])
    write(f"load-{kind_of(url)}.rst", lines, [table], options.out)
    if any(row[-1] != "0" for row in rows):
        raise ValueError("there were errors, see above")


def _asked(demo: Any, actions: int, seconds: int) -> tuple[list[list[str]], list[float]]:
    """Fill the demo and request pages.

    :returns: the rows of the table, and the server's memory in MB, once a second.
    """
    said = re.search(r":(\d+)/", demo.stdout.readline())
    if said is None:
        raise ValueError("the demo does not start, see above")
    ada, bruno = (_Neighbour(int(said[1]), name) for name in ("Ada", "Bruno"))
    say(f"filling the demo with {actions:,} actions")
    for number in tracked(range(actions), "filling", actions):
        bruno.post("/post", title=f"Notice {number}")
    asking = {text: ada.ask(path, seconds) for text, path in _PATHS.items()}
    memory, begun = [], time.monotonic()
    for second in tracked(range(seconds), "asking", seconds):
        time.sleep(max(0, begun + second - time.monotonic()))
        if second % _NOTICE == 0:
            bruno.post("/post", title=f"Notice of second {second}")
        memory.append(psutil.Process(demo.pid).memory_info().rss / 1024**2)
    told = {text: wrk.communicate()[0].splitlines()[-1] for text, wrk in asking.items()}
    return [[text, *row.split("|")] for text, row in told.items()], memory
