"""A PostgreSQL server to be killed and started again."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

from .databases.servers import postgres_server, psycopg_url
from .processes import stop


class Postgres:
    """A PostgreSQL server of its own, on a socket."""

    def __init__(self, folder: Path) -> None:
        """Start the server.

        :param folder: where it keeps its data; not one of pytest's, see
            :func:`tests.helpers.databases.postgres_url`.
        """
        self._server = postgres_server(folder)
        self.url = psycopg_url(self._server.get_uri())

    def __enter__(self) -> "Postgres":
        return self

    def __exit__(self, *_: object) -> None:
        self.start()
        self._server.cleanup()

    @property
    def user(self) -> str | int:
        """Return the user whose files it reads."""
        return self._server.system_user or os.geteuid()

    def kill(self) -> None:
        """Kill all of its processes at once, as a loss of power would."""
        postmaster = psutil.Process(self._server.get_pid())
        # Stop it first: otherwise it would restart its processes, or shut them down properly.
        stop(postmaster.pid)
        processes = [*postmaster.children(recursive=True), postmaster]
        for each in processes:
            # A process ends when its client disconnects.
            with suppress(psutil.NoSuchProcess):
                each.kill()
        # A zombie would still be taken for a running server.
        _, left = psutil.wait_procs(processes, timeout=60)
        assert not left, f"nobody asks how {left} ended"

    def start(self) -> None:
        # It gives up after ten seconds, but the recovery may take longer on a slow disk.
        for is_last in (False, False, True):
            try:
                return self._server.ensure_postgres_running()
            except subprocess.SubprocessError:
                if is_last:
                    raise
