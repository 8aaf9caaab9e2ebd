"""What the log says where the tables of the actions were never made."""

import logging

import pytest
import sqlalchemy as sa

from activitystream import am

MISSING = "The tables of activitystream are missing"


@pytest.fixture
def without_recipients(host):
    host.database.forget()
    host.database.tables["activity_stream_recipient"].drop(host.database.engine)
    yield
    host.database.close()
    host.model.metadata.create_all(host.database.engine)


@pytest.mark.usefixtures("without_recipients")
def test_the_log_says_how_to_make_them(user, caplog):
    with caplog.at_level(logging.ERROR), pytest.raises(sa.exc.DBAPIError):
        am.count_not_seen_by_recipient(user)
    assert MISSING in caplog.text
    assert "gearbox setup-app" in caplog.text


def test_the_log_says_nothing_of_an_engine_that_is_not_the_hosts(host, caplog):
    query = sa.select(sa.column("verb")).select_from(sa.table("activity_stream_action"))
    other = sa.create_engine("sqlite://")
    with other.connect() as connection, pytest.raises(sa.exc.OperationalError):
        connection.execute(query)
    other.dispose()
    assert MISSING not in caplog.text
