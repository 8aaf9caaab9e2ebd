import pytest
from webtest import TestApp

from activitystream import am
from tests import databases
from tests.host.app import make_app


@pytest.fixture(scope="session")
def mongodb(tmp_path_factory):
    """A real MongoDB server."""
    with databases.mongodb_url(tmp_path_factory.mktemp("mongodb")) as url:
        yield databases.MongoServer(f"{url.rstrip('/')}/activitystream_tests")


@pytest.fixture(scope="session", params=["mim", "mongomock", "mongodb"])
def database(request):
    """Each database in turn: a test that asks for it runs on all."""
    if request.param == "mongodb":
        return request.getfixturevalue("mongodb")
    return {"mim": databases.mim, "mongomock": databases.mongomock_database}[request.param]()


class Host:
    """The host app on one database, and what tests want of it."""

    def __init__(self, database, **options):
        self.database = database
        self.model = database.model
        self.plug(**options)
        database.clean()

    def plug(self, **options):
        """(Re)start the app, with these options to make_app and plug."""
        self.app = make_app(self.database, **options)

    def browser(self, user=None, **environ):
        """A browser in which this user is logged in, or nobody."""
        if user is not None:
            environ["REMOTE_USER"] = user.user_name
        return TestApp(self.app, extra_environ=environ)

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
    yield from _host(database)


@pytest.fixture
def mongodb_host(mongodb):
    yield from _host(mongodb)


def _host(database):
    host = Host(database)
    yield host
    database.forget()


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
    """The browser in which ``user`` is logged in."""
    return host.browser(user)
