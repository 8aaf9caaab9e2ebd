"""The host app over HTTP: a process that serves it, and clients that ask.

``python -m benchmarks.http URL`` serves the host app on a database and prints its port.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import cycle
from typing import Any, NamedTuple

from .load import Load, user_name
from .timing import Times, measure

CLIENTS = 8

#: A page of the host's for the same user, without us.
WITHOUT = "/notifications?number=0"


class Page(NamedTuple):
    key: str
    label: str
    path: str


PAGES = (
    Page("http-bell", "the bell's request", "/activitystream/bell"),
    Page("http-ten", "a page of ten", "/listed"),
)


class Client:
    """Asks as one user after the other, over one connection."""

    def __init__(self, port: int, load: Load, seed: int) -> None:
        """
        :param port: where the app is.
        :param load: whose users ask.
        :param seed: another one asks as others.
        """
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._users = cycle(load.visitors(1000 + seed))

    def get(self, path: str) -> float:
        """The seconds that a page takes.

        :param path: the page's.
        :raises RuntimeError: if it fails.
        """
        headers = {"X-User": user_name(next(self._users))}
        begun = time.perf_counter()
        self._connection.request("GET", path, headers=headers)
        response = self._connection.getresponse()
        body = response.read()
        took = time.perf_counter() - begun
        if response.status != 200:
            raise RuntimeError(f"{path} gave {response.status}: {body[:500]!r}")
        return took


@contextmanager
def served(url: str) -> Iterator[int]:
    """The app in a process of its own, until the block ends.

    :param url: of its database.
    :returns: the port.
    """
    command = [sys.executable, "-m", "benchmarks.http", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline()
            if not port:
                raise RuntimeError("the host app does not start; see above")
            yield int(port)
        finally:
            server.terminate()


def by_one(port: int, load: Load, page: Page, rounds: int, seconds: float) -> dict[str, Times]:
    """Times of one client's requests; see :func:`benchmarks.timing.measure`."""
    client = Client(port, load, 0)
    tasks: dict[str, Callable[[], float]] = {
        "ours": lambda: client.get(page.path),
        "host alone": lambda: client.get(WITHOUT),
    }
    return measure(page.label, tasks, rounds, seconds)


def by_many(port: int, load: Load, page: Page, rounds: int) -> dict[str, tuple[Times, float]]:
    """Times of the requests of clients that all ask at once, and how many are answered a second.

    :param port: where the app is.
    :param load: whose users ask.
    :param page: for what.
    :param rounds: how often each client asks.
    """
    clients = [Client(port, load, seed) for seed in range(CLIENTS)]
    paths = {"ours": page.path, "host alone": WITHOUT}
    times: dict[str, Times] = {name: [] for name in paths}
    spent = dict.fromkeys(paths, 0.0)
    blocks = 5
    for _ in range(blocks):
        for name, path in paths.items():
            begun = time.perf_counter()
            times[name] += _at_once(clients, path, max(1, rounds // blocks))
            spent[name] += time.perf_counter() - begun
    return {name: (times[name], len(times[name]) / spent[name]) for name in paths}


def _at_once(clients: list[Client], path: str, number: int) -> list[float]:
    took: list[float] = []
    failed: list[Exception] = []

    def ask(client: Client) -> None:
        try:
            took.extend([client.get(path) for _ in range(number)])
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return took


def _serve(url: str) -> None:
    import waitress

    from tests.host.app import make_app

    from .servers import host_at

    # That others wait is what is measured.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    app = make_app(host_at(url))

    def logged_in(environ: dict[str, Any], start_response: Any) -> Any:
        environ["REMOTE_USER"] = environ["HTTP_X_USER"]
        return app(environ, start_response)

    server = waitress.create_server(logged_in, host="127.0.0.1", port=0, threads=CLIENTS)
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    _serve(sys.argv[1])
