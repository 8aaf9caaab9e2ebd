import gc
import os
import sqlite3
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import kajiki
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from webtest import TestApp

from activitystream import am, model
from tests.helpers import browser, databases, distributions, selection
from tests.helpers.databases.ming import mim
from tests.helpers.databases.opening import opened
from tests.helpers.empty_databases import empty_database
from tests.helpers.host import compiled
from tests.helpers.host.app import make_app
from tests.helpers.host.started import started_app
from tests.helpers.postgres import Postgres
from tests.helpers.replica_set import ReplicaSet
from tests.helpers.workers import made_once, worker, workers
from tests.helpers.written_host import written_hosts

# A database is the same for all examples of a test, and as slow as it is.
settings.register_profile(
    "each time alike",
    derandomize=True,
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# By hand: pytest --hypothesis-profile=thorough tests/test_any_*.py
settings.register_profile(
    "thorough", settings.get_profile("each time alike"), derandomize=False, max_examples=2000
)
settings.register_profile("quick", settings.get_profile("each time alike"), max_examples=5)
settings.load_profile("each time alike")


def pytest_addoption(parser):
    slow = ", ".join(selection.SLOW_FOLDERS)
    what = f"run on SQLite and mim only, with fewer generated examples, without {slow}"
    parser.addoption("--quick", action="store_true", help=what)


def pytest_configure(config):
    if config.option.quick:
        settings.load_profile("quick")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Use one worker more than cores, since some wait for servers; not with ``--quick``."""
    return min(os.cpu_count() or 1, 8) + (not config.option.quick)


def pytest_ignore_collect(collection_path, config):
    """Leave the folders out that ``--quick`` has no test of."""
    if config.option.quick and collection_path.name in selection.SLOW_FOLDERS:
        return True


# Last, as pytest brings tests of the same parameters together.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if config.option.quick:
        slow = [item for item in items if not selection.is_quick(item)]
        items[:] = [item for item in items if selection.is_quick(item)]
        config.hook.pytest_deselected(items=slow)
    for item in items:
        if selection.has_dear_fixtures(item):
            item.add_marker(pytest.mark.timeout(900))
    if worker():
        items[:] = selection.dealt(items, workers())


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Keep the garbage collector from scanning what stays: that took a sixth of the tests' time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Name the databases of a failed test, even if its name does not."""
    report = yield
    if report.failed:
        report.sections.append(("Databases", ", ".join(selection.databases_of(item)) or "none"))
    return report


@pytest.fixture(scope="session", autouse=True)
def _first_app():
    """Start an app in each process before its first test.

    TurboGears resolves ``@expose`` once, when the first app with the controllers starts. If a test
    made that start fail, all later apps would answer 404.
    """
    make_app(mim())


@pytest.fixture(scope="session", autouse=True)
def _compile_each_template_once():
    """Share compiled templates among the apps of a process, which would compile them again."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kajiki, "XMLTemplate", compiled.xml_template)
        yield


@sa.event.listens_for(sa.Engine, "connect")
def _never_wait_for_the_disk(connection, _):
    """Let an SQLite file be lost when the machine crashes: a commit takes 8 ms less."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(scope="session")
def database_named(tmp_path_factory, pytestconfig):
    """Open a database when a test first asks for it; its server runs until all tests are done."""
    kept = {}
    with ExitStack() as until_the_end:

        def database_named(name):
            if name not in kept:
                if pytestconfig.option.quick and name not in selection.QUICK:
                    pytest.fail(f"--quick must leave this test out: it asks for {name}")
                context = opened(name, lambda: tmp_path_factory.mktemp(name))
                kept[name] = until_the_end.enter_context(context)
            return kept[name]

        yield database_named


@pytest.fixture(scope="session", params=[*databases.MING, *databases.SQL])
def database(request, database_named):
    """Return each database in turn. A test runs on all, or on those that it names."""
    return database_named(request.param)


@pytest.fixture(scope="session")
def mongodb(database_named):
    """Return a real MongoDB server."""
    return database_named("mongodb")


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """Return a copy of what a release would be built from."""
    return distributions.copy_source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def wheel_path(source, tmp_path_factory):
    def build(folder):
        distributions.build("wheel", source, folder)

    (path,) = made_once(tmp_path_factory, "wheel", build).iterdir()
    return path


@pytest.fixture(scope="session")
def chromium():
    with browser.chromium() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def _replica_set(tmp_path_factory):
    with ReplicaSet(tmp_path_factory.mktemp("replica_set"), "activitystream_tests") as replica_set:
        yield replica_set


@pytest.fixture
def replica_set(_replica_set):
    """Return three real MongoDB servers, all well, to be killed."""
    _replica_set.mend()
    return _replica_set


@pytest.fixture(scope="session")
def _postgres():
    with TemporaryDirectory(prefix="postgresql") as folder, Postgres(Path(folder)) as postgres:
        yield postgres


@pytest.fixture
def postgres(_postgres):
    """Return a real PostgreSQL server that runs, to be killed."""
    _postgres.start()
    return _postgres


class Browser(TestApp):
    """A browser that first ends the test's own request, so that its request finds the data."""

    def __init__(self, database, *arguments, **options):
        super().__init__(*arguments, **options)
        self._database = database

    def do_request(self, *arguments, **options):
        self._database.end_request()
        return super().do_request(*arguments, **options)


class Host:
    """The host app on one database, and what tests want of it."""

    def __init__(self, database, app=None, **options):
        self.database = database
        self.model = database.model
        self.app = app
        if app is None:
            self.plug(**options)
        database.clean()

    def plug(self, **options):
        """(Re)start the app, with these options to make_app and plug."""
        self.database.end_request()
        self.app = make_app(self.database, **options)

    def browser(self, user=None, **environ):
        """Return a browser in which this user is logged in, or nobody."""
        if user is not None:
            environ["REMOTE_USER"] = user.user_name
        return Browser(self.database, self.app, extra_environ=environ)

    def save(self, *entities):
        self.database.save(*entities)
        return entities[0] if len(entities) == 1 else entities

    def user(self, name="ann", **fields):
        return self.save(self.model.User(user_name=name, **fields))

    def post(self, title="A post"):
        return self.save(self.model.Post(title=title))

    def verbs(self, recipient):
        return [action.verb for action in am.get_by_recipient(recipient)]


@pytest.fixture
def host(database):
    host = Host(database, started_app(database))
    yield host
    database.close()


@pytest.fixture
def host_on():
    """Return a function that makes the host app on a database of the test's own."""
    with ExitStack() as until_the_end:

        def host_on(database, **options):
            until_the_end.callback(database.leave)
            return Host(database, **options)

        yield host_on


@pytest.fixture
def new_url(database, tmp_path):
    """Return a function that returns the URL of another empty database of the same kind."""
    with ExitStack() as until_the_end:

        def new_url():
            url = until_the_end.enter_context(empty_database(database, tmp_path))
            return url.render_as_string(hide_password=False)

        yield new_url


@pytest.fixture
def url(new_url):
    return new_url()


@pytest.fixture
def write(new_url, tmp_path):
    """Return a function that writes a host down; see ``tests.helpers.written_host``."""
    with written_hosts(tmp_path) as write:
        yield write


@pytest.fixture
def user(host):
    return host.user("ann")


@pytest.fixture
def other(host):
    return host.user("bob")


@pytest.fixture
def post(host):
    return host.post("A post")


@pytest.fixture
def app(host, user):
    """Return the browser in which ``user`` is logged in."""
    return host.browser(user)


@pytest.fixture
def define(host):
    """Return a function that defines a class of the host's until the test ends."""
    with host.database.definitions() as define:
        yield define


@pytest.fixture
def small_batches(host, monkeypatch):
    """Read and remove actions ten at a time, rather than a thousand."""
    for module in list(sys.modules.values()):
        for name in ("BATCH", "CHUNK"):
            if module.__name__.startswith(f"{model.orm.__name__}.") and hasattr(module, name):
                monkeypatch.setattr(module, name, 10)
