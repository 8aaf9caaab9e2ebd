"""Stock hosts, made once for all tests, and their databases."""

import urllib.parse
import uuid

import pymongo
import pytest
import sqlalchemy as sa

from tests.helpers.empty_databases import empty_database
from tests.helpers.stock_host import MingHost, SQLAlchemyHost


@pytest.fixture(scope="session")
def ming_host(tmp_path_factory, wheel_path):
    return MingHost(tmp_path_factory.mktemp("ming_host"), wheel_path)


@pytest.fixture(scope="session")
def sql_host(tmp_path_factory, wheel_path):
    return SQLAlchemyHost(tmp_path_factory.mktemp("sql_host"), wheel_path)


@pytest.fixture
def stored(ming_host, mongodb):
    """Return the Ming host's own, empty database, which is in its development.ini."""
    server, name = mongodb.url.rpartition("/")[0], f"newsroom_{uuid.uuid4().hex}"
    with (
        ming_host.edited("development.ini", r"^ming\.url = .*$", f"ming.url = {server}/"),
        ming_host.edited("development.ini", r"^ming\.db = .*$", f"ming.db = {name}"),
        pymongo.MongoClient(server) as client,
    ):
        yield client[name]
        client.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, sql_host, database_named, tmp_path):
    """Connect to the SQLAlchemy host's own, empty database, which is in its development.ini."""
    with empty_database(database_named(request.param), tmp_path) as url:
        # Without percent signs, which the stock app's own set-up takes for something else.
        text = urllib.parse.unquote(url.render_as_string(hide_password=False))
        line = f"sqlalchemy.url = {text}"
        with sql_host.edited("development.ini", r"^sqlalchemy\.url = .*$", line):
            yield sa.create_engine(url, poolclass=sa.NullPool)


@pytest.fixture
def set_up(sql_host, engine):
    sql_host.gearbox("setup-app")
