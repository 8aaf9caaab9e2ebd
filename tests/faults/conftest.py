"""What goes wrong, each as a fixture.

A fixture gives the database, options of the host's blueprint, and a context in which it goes wrong.
"""

import os
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pymongo
import pytest
import sqlalchemy as sa
from pymongo.errors import PyMongoError

from activitystream import am
from tests.faults.outages import OUTAGES, remember, with_options
from tests.helpers.databases import without
from tests.helpers.databases.ming import MingDatabase
from tests.helpers.databases.sql import SQLDatabase
from tests.helpers.processes import standing_still, wait_until

# What goes wrong, each as a fixture: the database, options of the host's blueprint, and what brings
# it about until a block ends.


def _takes_writes(host):
    """Return whether a server takes writes. One that answers a ping may soon not be the primary."""
    try:
        return host.database.db.probe.insert_one({})
    except PyMongoError:
        return False


@pytest.fixture
def mongodb_down(replica_set):
    @contextmanager
    def down(host):
        replica_set.kill_all()
        yield
        replica_set.mend()
        wait_until(lambda: _takes_writes(host))

    url = replica_set.url(w="majority", serverSelectionTimeoutMS=1000)
    return MingDatabase("mongodb", url), {}, down


@pytest.fixture
def mongodb_standing_still(replica_set):
    @contextmanager
    def still(host):
        with replica_set.standing_still():
            yield
        replica_set.mend()
        wait_until(lambda: _takes_writes(host))

    url = replica_set.url(w="majority", serverSelectionTimeoutMS=2000, socketTimeoutMS=1000)
    return MingDatabase("mongodb", url), {}, still


@pytest.fixture
def mongodb_without_a_free_connection(replica_set):
    @contextmanager
    def busy(host):
        numbers = host.database.db.numbers
        numbers.insert_many([{"_id": number} for number in range(10)])
        # Such a cursor keeps its connection until its end.
        cursor = numbers.find(cursor_type=pymongo.CursorType.EXHAUST, batch_size=2)
        next(cursor)
        yield
        cursor.close()

    url = replica_set.url(w="majority", maxPoolSize=1, waitQueueTimeoutMS=1000)
    return MingDatabase("mongodb", url), {}, busy


@pytest.fixture
def postgresql_down(postgres):
    @contextmanager
    def down(host):
        postgres.kill()
        yield
        postgres.start()

    return SQLDatabase("postgresql", postgres.url), {"sqlalchemy.pool_pre_ping": "true"}, down


ONE_CONNECTION = {
    "sqlalchemy.pool_size": "1",
    "sqlalchemy.max_overflow": "0",
    "sqlalchemy.pool_timeout": "1",
}


@contextmanager
def _one_held(host):
    with host.database.engine.connect():
        yield


@pytest.fixture
def postgresql_without_a_free_connection(database_named):
    return SQLDatabase("postgresql", database_named("postgresql").url), ONE_CONNECTION, _one_held


@pytest.fixture
def mariadb_without_a_free_connection(database_named):
    return SQLDatabase("mariadb", database_named("mariadb").url), ONE_CONNECTION, _one_held


@contextmanager
def _locked(url, lock):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(lock)
        yield


def _too_slow(database, lock, **in_time):
    """Return a database whose tables are locked, and which waits for them for a second."""
    slow = SQLDatabase(database.name, with_options(database.url, **in_time))
    return slow, {}, lambda host: _locked(database.url, lock)


@pytest.fixture
def postgresql_too_slow(database_named):
    lock = "LOCK TABLE activity_stream_recipient, activity_stream_action"
    return _too_slow(database_named("postgresql"), lock, options="-c statement_timeout=1000")


@pytest.fixture
def mariadb_too_slow(database_named):
    lock = "LOCK TABLES activity_stream_recipient WRITE, activity_stream_action WRITE"
    in_time = "SET SESSION max_statement_time = 1"
    return _too_slow(database_named("mariadb"), lock, init_command=in_time)


@pytest.fixture
def mariadb_standing_still(database_named):
    database = database_named("mariadb")
    if os.environ.get("MARIADB_URL"):
        without("no MariaDB server to stop: unset MARIADB_URL")

    @contextmanager
    def still(host):
        with sa.create_engine(database.url, poolclass=sa.NullPool).connect() as connection:
            (file,) = connection.exec_driver_sql("SELECT @@pid_file").one()
        with standing_still(int(Path(file).read_text())):
            yield

    in_time = with_options(database.url, read_timeout="2", connect_timeout="2")
    return SQLDatabase("mariadb", in_time), {}, still


@pytest.fixture(params=OUTAGES)
def outage(request, host_on):
    """Return a host with one action, its browser, and a context in which all goes wrong."""
    database, blueprint, context = request.getfixturevalue(request.param)
    host = host_on(database)
    host.user("bob")
    user = host.user("ann")
    browser = remember(host, user, **blueprint)
    action_id = str(am.create(user, "before", recipients=[user])._id)
    database.forget()

    @contextmanager
    def going_on():
        with context(host):
            yield
            database.close()

    return SimpleNamespace(
        host=host, user=user, browser=browser, action_id=action_id, going_on=going_on
    )
