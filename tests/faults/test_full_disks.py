"""The database is read-only or full: what users get, and what is stored."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
import tg

from activitystream import am
from tests.faults.outages import DATABASE_ERRORS, number_on, remember, with_options
from tests.helpers.databases import SQL
from tests.helpers.databases.ming import MingDatabase
from tests.helpers.databases.sql import SQLDatabase
from tests.helpers.disks import small_disk
from tests.helpers.processes import wait_until

pytestmark = pytest.mark.faults


# Read-only


@pytest.fixture(params=["mongodb", *SQL])
def writable(request, database_named, replica_set):
    """Return a database, and the same for a user who may not write."""
    if request.param == "mongodb":
        primary = MingDatabase("mongodb", replica_set.url(w="majority"))
        return primary, MingDatabase("mongodb", replica_set.url_of_a_secondary())
    database = database_named(request.param)
    options = {
        "sqlite": {"mode": "ro", "uri": "true"},
        "postgresql": {"options": "-c default_transaction_read_only=on"},
        "mariadb": {"init_command": "SET SESSION TRANSACTION READ ONLY"},
    }
    url = database.url.replace("sqlite:///", "sqlite:///file:")
    return database, SQLDatabase(database.name, with_options(url, **options[database.name]))


def test_a_read_only_user_gets_an_error_and_can_still_read(writable, host_on):
    database, read_only = writable
    host = host_on(database)
    user = host.user("ann")
    am.create(user, "before", recipients=[user])
    database.forget()
    host.database = read_only
    browser = remember(host, user)
    # A secondary may lag.
    wait_until(lambda: number_on(browser.get("/with_bell")) == "1")
    for write in (lambda: am.create(user, "after", recipients=[user]), lambda: am.mark_seen(user)):
        with pytest.raises(DATABASE_ERRORS):
            write()
        read_only.close()
    assert number_on(browser.get("/with_bell")) == "1"
    read_only.leave()
    host.database = database
    host.plug()
    assert [action["verb"] for action in database.raw_actions()] == ["before"]
    assert host.model.user_named("ann").last_activity_seen is None


def test_answers_503_to_scripts_while_another_process_writes_to_sqlite(host_on, database_named):
    database = SQLDatabase("sqlite", f"{database_named('sqlite').url}?timeout=0.1")
    host = host_on(database)
    user = host.user("ann")
    database.forget()
    browser, ajax = host.browser(user), "/activitystream/ajax_update_last_seen_of_a_recipient"
    with sa.create_engine(database.url).connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        browser.post(ajax, status=503)
        connection.exec_driver_sql("ROLLBACK")
    browser.post(ajax)


# A full disk; test_nothing_lost.py has MongoDB's.


@pytest.fixture
def sqlite_on_a_full_disk(database_named):
    """Return a database, a function that fills its disk, and one that makes room."""
    database = SQLDatabase("sqlite", database_named("sqlite").url)

    def fill():
        database.forget()
        # Otherwise the pages of deleted rows would be free to use.
        alone = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with alone.connect() as connection:
            connection.exec_driver_sql("VACUUM")

        @sa.event.listens_for(database.engine, "connect")
        def let_it_grow_no_more(connection, _):
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")

        database.engine.dispose()

    return database, fill, lambda: None


@pytest.fixture
def postgresql_on_a_full_disk(postgres):
    with TemporaryDirectory(prefix="postgresql") as folder, small_disk(Path(folder), 8) as disk:
        shutil.chown(folder, postgres.user)
        Path(folder).chmod(0o700)
        space = Path(folder, "tables")
        space.mkdir()
        shutil.chown(space, postgres.user)
        engine = sa.create_engine(postgres.url, poolclass=sa.NullPool)

        def execute(statement):
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql(statement)

        execute(f"CREATE TABLESPACE small LOCATION '{space}'")
        database = SQLDatabase(
            "postgresql", with_options(postgres.url, options="-c default_tablespace=small")
        )
        database.model.metadata.drop_all(engine)
        yield database, disk.fill, disk.make_room
        database.leave()
        database.model.metadata.drop_all(engine)
        execute("DROP TABLESPACE small")


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_a_write_to_a_full_disk_raises_and_stores_nothing(request, host_on, name):
    database, fill, make_room = request.getfixturevalue(f"{name}_on_a_full_disk")
    host = host_on(database)
    user = host.user("ann")
    database.forget()
    browser = host.browser(user)
    browser.post("/do", {"verb": "before"})
    fill()
    done = []

    def go_on():
        for number in range(1000):
            browser.post("/do", {"verb": f"no. {number} {'x' * 10_000}"})
            done.append(number)

    with pytest.raises(sa.exc.OperationalError, match="full|No space left"):
        go_on()
    assert number_on(browser.get("/with_bell")) == str(len(done) + 1)
    actions = database.raw_actions()
    assert len(actions) == len(done) + 1
    assert all(len(action["_recipients"]) == 1 for action in actions)
    make_room()
    host.plug()
    browser = host.browser(user)
    browser.post("/do", {"verb": "after"})
    assert number_on(browser.get("/with_bell")) == str(len(done) + 2)


@pytest.mark.parametrize("hook", ["activitystream.after_create", "activitystream.after_seen"])
def test_a_hook_on_a_full_disk_loses_nothing_silently(sqlite_on_a_full_disk, host_on, hook):
    database, fill, _ = sqlite_on_a_full_disk
    host = host_on(database)
    user = host.user("ann")
    database.forget()

    def write_more(*_):
        note = host.model.Note(secret="x" * 1_000_000)
        host.database.session.connection().execute(sa.insert(type(note)), {"secret": note.secret})

    def act():
        am.create(user, "joined")
        am.mark_seen(user)

    tg.hooks.register(hook, write_more)
    fill()
    with pytest.raises(sa.exc.OperationalError, match="disk is full"):
        act()
