"""Open a database by its name."""

import os
from contextlib import contextmanager

import sqlalchemy as sa

from tests.helpers.databases.ming import MongoServer, mim, mongomock_database
from tests.helpers.databases.servers import _text, mariadb_url, mongodb_url, postgres_url
from tests.helpers.databases.sql import SQLDatabase
from tests.helpers.empty_databases import new_database
from tests.helpers.workers import own, worker


@contextmanager
def opened(name, new_folder):
    """Open a database by its name; its server, if it has one, runs until the block ends.

    :param new_folder: gives an empty folder.
    """
    if name == "mim":
        yield mim()
    elif name == "mongomock":
        yield mongomock_database()
    elif name == "mongodb":
        with mongodb_url(new_folder()) as url:
            yield MongoServer(f"{url.rstrip('/')}/{own('activitystream_tests')}")
    elif name == "sqlite":
        # A file, as threads don't share a database in memory.
        yield SQLDatabase("sqlite", f"sqlite:///{new_folder() / 'tests.db'}")
    elif name == "postgresql":
        with postgres_url() as url:
            if not os.environ.get("POSTGRES_URL"):
                _never_wait_for_the_disk(url)
            with _of_this_worker(url, "POSTGRES_URL") as url:
                yield SQLDatabase("postgresql", url)
    elif name == "mariadb":
        with mariadb_url() as url, _of_this_worker(url, "MARIADB_URL") as url:
            yield SQLDatabase("mariadb", url)


def _never_wait_for_the_disk(url):
    """Let PostgreSQL lose its data when the machine crashes: that takes less time."""
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with server.connect() as connection:
        connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")


@contextmanager
def _of_this_worker(url, variable):
    """Return the URL of a database that no other worker has, on a server that all share.

    :param variable: names the environment's variable that may give one.
    """
    if worker() and os.environ.get(variable):
        with new_database(sa.make_url(url)) as url:
            yield _text(url)
    else:
        yield url
