"""What the log says where the tables of the actions were never made."""

import logging

import pytest
import sqlalchemy as sa

from activitystream import am
from tests.helpers.databases import on
from tests.helpers.host.app import make_app

MISSING = "The tables of activitystream are missing"


@pytest.fixture
def without_recipients(host):
    host.database.forget()
    host.database.tables["activity_stream_recipient"].drop(host.database.engine)
    yield
    host.database.close()
    host.model.metadata.create_all(host.database.engine)


@pytest.mark.usefixtures("without_recipients")
def test_logs_how_to_create_them(user, caplog):
    with caplog.at_level(logging.ERROR), pytest.raises(sa.exc.DBAPIError):
        am.count_not_seen_by_recipient(user)
    assert MISSING in caplog.text
    assert "gearbox setup-app" in caplog.text


@on("postgresql")
def test_logs_how_to_create_them_with_psycopg2_too(database, caplog):
    url = database.engine.url.set(drivername="postgresql+psycopg2")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS without_tables")
    options = "-csearch_path=without_tables"
    psycopg2 = sa.create_engine(url, connect_args={"options": options}, poolclass=sa.NullPool)
    make_app(database, blueprint={"balanced_engines": {"all": {"master": psycopg2}}})
    query = sa.select(sa.column("verb")).select_from(sa.table("activity_stream_action"))
    with psycopg2.connect() as connection, pytest.raises(sa.exc.ProgrammingError):
        connection.execute(query)
    assert MISSING in caplog.text


@pytest.fixture
def empty():
    """Return an engine of an empty database."""
    engine = sa.create_engine("sqlite://")
    yield engine
    engine.dispose()


def read_actions(engine):
    query = sa.select(sa.column("verb")).select_from(sa.table("activity_stream_action"))
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError):
        connection.execute(query)


@pytest.mark.usefixtures("host")
def test_ignores_engines_of_others(empty, caplog):
    read_actions(empty)
    assert MISSING not in caplog.text


@on("sqlite")
def test_logs_how_to_create_them_on_a_replica_too(database, empty, caplog):
    engines = {"all": {"master": database.engine, "replica": empty}}
    make_app(database, blueprint={"balanced_engines": engines})
    read_actions(empty)
    assert MISSING in caplog.text
