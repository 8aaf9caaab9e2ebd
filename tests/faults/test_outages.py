"""The database is away, too slow, read-only or full: what users get, and what is stored.

The host of these tests remembers who is logged in, so that only activitystream asks the database.
"""

import logging
import os
import re
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pymongo
import pytest
import sqlalchemy as sa
import tg
import transaction
from pymongo.errors import PyMongoError

from activitystream import am
from tests.helpers.databases import SQL, MingDatabase, SQLDatabase, on, without
from tests.helpers.disks import small_disk
from tests.helpers.documents import text_of
from tests.helpers.host.app import AuthMetadata
from tests.helpers.processes import standing_still, wait_until

pytestmark = pytest.mark.faults

DATABASE_ERRORS = (PyMongoError, sa.exc.DBAPIError, sa.exc.TimeoutError)


class Remembering(AuthMetadata):
    """Finds users without asking the database."""

    def __init__(self, model, user):
        super().__init__(model)
        self.user = user

    def get_user(self, identity, userid):
        return self.user


def remember(host, user, **blueprint):
    """(Re)start the app with what it remembers, and give a browser of this user's."""
    metadata = Remembering(host.model, user)
    host.plug(blueprint={"sa_auth.authmetadata": metadata, **blueprint})
    return host.browser(user)


def number_on(page):
    """What a bell tells; None if it has no number."""
    count = page.html.select_one(".activitystream-bell .activitystream-count")
    return None if count.has_attr("hidden") else count.select_one("[aria-hidden]").text


def with_options(url, **options):
    url = sa.make_url(url).update_query_dict(options)
    return url.render_as_string(hide_password=False)


# What goes wrong, each as a fixture: the database, options of the host's blueprint, and what brings
# it about until a block ends.


def _takes_writes(host):
    """What answers a ping may be a primary that another one is about to replace."""
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
    """One whose tables are locked, and which waits for them for a second."""
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


OUTAGES = [
    "mongodb_down",
    "mongodb_standing_still",
    "mongodb_without_a_free_connection",
    "postgresql_down",
    "postgresql_without_a_free_connection",
    "postgresql_too_slow",
    "mariadb_standing_still",
    "mariadb_without_a_free_connection",
    "mariadb_too_slow",
]


@pytest.fixture(params=OUTAGES)
def outage(request, host_on):
    """A host in whose stream is one action, its browser, and a context in which all goes wrong."""
    database, blueprint, context = request.getfixturevalue(request.param)
    host = host_on(database)
    host.user("bob")
    user = host.user("ann")
    browser = remember(host, user, **blueprint)
    am.create(user, "before", recipients=[user])
    database.forget()

    @contextmanager
    def going_on():
        with context(host):
            yield
            database.close()

    return SimpleNamespace(host=host, user=user, browser=browser, going_on=going_on)


def of(*outages):
    return pytest.mark.parametrize("outage", outages, indirect=True)


def test_the_settings_that_the_documentation_tells_do_what_it_says(database_named):
    settings = text_of("docs/reference/settings.rst")
    urls = re.findall(r"^ +(?:sqlalchemy|ming)\.url = (\S+\?\S+)$", settings, re.MULTILINE)
    told = {sa.make_url(url).get_backend_name(): url for url in urls}
    assert told.keys() == {"postgresql", "mysql", "mongodb"}
    for name, limit in {
        "postgresql": "SHOW statement_timeout",
        "mysql": "SELECT @@max_statement_time",
    }.items():
        url = database_named({"mysql": "mariadb"}.get(name, name)).url
        engine = sa.create_engine(
            with_options(url, **sa.make_url(told[name]).query), poolclass=sa.NullPool
        )
        with engine.connect() as connection:
            assert connection.exec_driver_sql(limit).scalar() in ("5s", 5)
    options = pymongo.MongoClient(told["mongodb"], connect=False).options
    assert options.write_concern.document == {"w": "majority"}
    assert options.retry_writes
    assert options.server_selection_timeout == 15
    assert options.pool_options.socket_timeout == 20
    assert options.pool_options.wait_queue_timeout == 5


def test_a_page_with_a_bell_shows_all_but_its_number_and_the_log_says_why(outage, caplog):
    browser = outage.browser
    assert number_on(browser.get("/with_bell")) == "1"
    with outage.going_on(), caplog.at_level(logging.ERROR):
        page = browser.get("/with_bell")
        assert "The host's own header" in page
        assert number_on(page) is None
        # It goes on asking.
        count = page.html.select_one(".activitystream-count")
        assert count["hx-get"] == "/activitystream/bell"
    (told,) = [each for each in caplog.records if each.name == "activitystream.partials"]
    assert "The bell has no number" in told.getMessage()
    assert isinstance(told.exc_info[1], DATABASE_ERRORS)
    assert number_on(browser.get("/with_bell")) == "1"


def test_what_a_script_asks_for_is_answered_by_503(outage, caplog):
    with outage.going_on(), caplog.at_level(logging.ERROR):
        for path in ("bell", "unseen.json"):
            answer = outage.browser.get(f"/activitystream/{path}", status=503)
            assert answer.content_type == "application/json"
            assert "try again later" in answer.json["detail"]
            assert f"/activitystream/{path} was not answered" in caplog.text
    assert outage.browser.get("/activitystream/unseen.json").json == {"unseen": 1, "more": False}


@of("mongodb_down", "postgresql_down")
def test_so_is_all_else_but_for_pages_which_are_errors_of_the_hosts(outage):
    browser = outage.browser
    with outage.going_on():
        for path in ("newest", "more", "stream.json"):
            browser.get(f"/activitystream/{path}", status=503)
        browser.post("/activitystream/ajax_update_last_seen_of_a_recipient", status=503)
        for path in ("", "see"):
            with pytest.raises(DATABASE_ERRORS):
                browser.get(f"/activitystream/{path}")
    assert outage.host.model.user_named("ann").last_activity_seen is None


@of(*(each for each in OUTAGES if each != "mongodb_standing_still"))
def test_what_could_not_be_stored_is_not_stored_later(outage):
    assert stored_around(outage) == ["before", "after"]


@of("mongodb_standing_still")
def test_what_a_server_did_not_answer_in_time_it_may_have_stored_once(outage):
    assert stored_around(outage) in (["before", "after"], ["before", "meanwhile", "after"])


def stored_around(outage):
    """The verbs of all actions, when one could not be stored, and another could."""
    with outage.going_on(), pytest.raises(DATABASE_ERRORS):
        am.create(outage.user, "meanwhile", recipients=[outage.user])
    outage.host.database.forget()
    am.create(outage.user, "after", recipients=[outage.user])
    outage.host.database.forget()
    actions = outage.host.database.raw_actions()
    assert all(len(action["_recipients"]) == 1 for action in actions)
    return [action["verb"] for action in actions]


# Read-only


@pytest.fixture(params=["mongodb", *SQL])
def writable(request, database_named, replica_set):
    """A database, and the same for who may not write."""
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


def test_who_may_not_write_gets_an_error_and_reads_on(writable, host_on):
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


def test_scripts_are_answered_by_503_while_another_process_writes_to_sqlite(
    host_on, database_named
):
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


# A full disk; for that of a MongoDB see test_nothing_lost.


@pytest.fixture
def sqlite_on_a_full_disk(database_named):
    """A database, what lets its disk be full, and what makes room."""
    database = SQLDatabase("sqlite", database_named("sqlite").url)

    def fill():
        database.forget()
        # Or what earlier tests deleted would leave room.
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
def test_a_full_disk_is_an_error_and_nothing_of_it_is_stored(request, host_on, name):
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
def test_a_hook_that_finds_the_disk_full_loses_nothing_without_a_word(
    sqlite_on_a_full_disk, host_on, hook
):
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


# On SQLAlchemy the bell is shown in the host's own transaction.


@of("postgresql_too_slow", "mariadb_too_slow")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_bell_without_a_number_loses_nothing_of_the_hosts_without_a_word(outage, when):
    change = f"/change?name=bob&when={when}"
    reason = "statement timeout|max_statement_time" if when == "before" else "transaction is closed"
    with outage.going_on(), pytest.raises(sa.exc.SQLAlchemyError, match=reason):
        outage.browser.get(change)
    assert outage.host.model.user_named("bob").password is None
    assert outage.browser.get(change).status_int == 200
    assert outage.host.model.user_named("bob").password == "changed"


@of("postgresql_too_slow")
def test_the_rest_of_the_page_may_ask_the_database(outage):
    with outage.going_on():
        answer = outage.browser.get("/change?name=bob&when=never")
        assert "activitystream-bell" in answer.json["bell"]
        tg.hooks.register("after_render", lambda *_: outage.host.model.user_named("bob").as_str)
        assert number_on(outage.browser.get("/with_bell")) is None


def test_what_the_page_has_read_before_it_can_show_all_the_same(host_on, postgres):
    host = host_on(SQLDatabase("postgresql", postgres.url))
    user, _ = host.save(host.model.User(user_name="ann"), host.model.User(user_name="bob"))
    host.database.forget()
    browser = remember(host, user)
    shown = []

    def read(*_):
        bob = host.model.user_named("bob")
        postgres.kill()
        tg.hooks.register("after_render", lambda *_: shown.append(bob.as_str))

    tg.hooks.register("before_render", read)
    page = browser.get("/with_bell")
    assert number_on(page) is None
    assert set(shown) == {"bob"}


def test_each_of_two_bells_on_a_page_has_no_number(host_on, postgres):
    host = host_on(SQLDatabase("postgresql", postgres.url))
    browser = remember(host, host.user("ann"))

    def kill(*_):
        host.model.user_named("ann")  # asked for over the connection that dies
        postgres.kill()

    tg.hooks.register("before_render", kill)
    page = browser.get("/with_two_bells")
    assert len(page.html.select(".activitystream-bell")) == 2
    assert page.html.select(".activitystream-count:not([hidden])") == []


@of("postgresql_too_slow")
def test_what_the_host_is_about_to_write_is_not_forgotten(outage):
    def change(*_):
        session = outage.host.database.session
        session().autoflush = False
        outage.host.model.user_named("bob").password = "changed"

    tg.hooks.register("before_render", change)
    with outage.going_on(), pytest.raises(sa.exc.OperationalError, match="statement timeout"):
        outage.browser.get("/with_bell")


@of("postgresql_too_slow")
def test_where_nobody_keeps_account_of_what_was_written_it_is_an_error(outage, monkeypatch):
    monkeypatch.setitem(sys.modules, "zope.sqlalchemy.datamanager", None)
    with outage.going_on(), pytest.raises(sa.exc.OperationalError, match="statement timeout"):
        outage.browser.get("/with_bell")


@on(*SQL)
def test_what_the_host_cannot_store_is_an_error_though_the_bell_meets_it(host, user, app):
    def add_two_of_one_key(*_):
        host.database.session.add_all(host.model.Numbered(_id=1) for _ in range(2))

    tg.hooks.register("before_render", add_two_of_one_key)
    with pytest.raises(sa.exc.IntegrityError):
        app.get("/with_bell")


@of("postgresql_too_slow")
def test_where_the_host_has_a_savepoint_it_is_an_error(outage):
    session = outage.host.database.session
    tg.hooks.register("before_render", lambda *_: session.begin_nested())
    with outage.going_on(), pytest.raises(sa.exc.OperationalError, match="statement timeout"):
        outage.browser.get("/with_bell")


@pytest.fixture
def without_recipients(host):
    """The table is gone that is written second."""
    host.database.forget()
    host.database.tables["activity_stream_recipient"].drop(host.database.engine)
    yield
    host.database.close()
    host.model.metadata.create_all(host.database.engine)


WRITES = {
    "create": lambda user: am.create(user, "joined", recipients=[user]),
    "create_many": lambda user: am.create_many(
        [{"actor": user, "verb": "joined", "recipients": [user]}]
    ),
}


@pytest.mark.parametrize("write", WRITES)
@on(*SQL)
def test_who_commits_after_a_create_that_failed_stores_no_half_of_it(
    host, user, without_recipients, write
):
    database = host.database
    with pytest.raises(sa.exc.DBAPIError, match="activity_stream_recipient"):
        WRITES[write](user)
    with suppress(sa.exc.SQLAlchemyError):
        transaction.commit()
    database.close()
    assert database.execute(sa.select(database.tables["activity_stream_action"])).all() == []


@pytest.mark.parametrize("write", WRITES)
@on(*SQL)
def test_a_create_that_fails_in_a_savepoint_of_the_hosts_loses_nothing_else(
    host, user, without_recipients, write
):
    database = host.database
    database.session.add(host.model.User(user_name="before"))
    database.session.flush()
    user = host.model.user_named("ann")
    with pytest.raises(sa.exc.DBAPIError), database.session.begin_nested():
        WRITES[write](user)
    database.session.add(host.model.User(user_name="after"))
    transaction.commit()
    database.close()
    assert host.model.user_named("before")
    assert host.model.user_named("after")
    assert database.execute(sa.select(database.tables["activity_stream_action"])).all() == []


@on(*SQL)
@pytest.mark.parametrize(
    ("ini", "named"),
    [(None, "production.ini"), ("/srv/my app/live.ini", "'/srv/my app/live.ini'")],
)
def test_without_its_tables_the_log_says_how_to_make_them(host, user, caplog, ini, named):
    host.plug(blueprint={"__file__": ini} if ini else {})
    app = host.browser(user)
    host.database.forget()
    for name in ("activity_stream_recipient", "activity_stream_action"):
        host.database.tables[name].drop(host.database.engine)
    with caplog.at_level(logging.ERROR):
        assert number_on(app.get("/with_bell")) is None
        assert f"`gearbox setup-app -c {named}`" in caplog.text
        caplog.clear()
        with pytest.raises(sa.exc.DBAPIError):
            am.create(user, "joined")
        upgrade = f"`gearbox migrate-pluggable -c {named} activitystream upgrade`"
        assert upgrade in caplog.text
    host.database.close()
    host.model.metadata.create_all(host.database.engine)
