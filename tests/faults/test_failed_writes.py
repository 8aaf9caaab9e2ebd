"""A write fails in the host's transaction: what is stored."""

import logging
from contextlib import suppress

import pytest
import sqlalchemy as sa
import tg
import transaction

from activitystream import am
from tests.faults.outages import number_on, of
from tests.helpers.databases import SQL, on

pytestmark = pytest.mark.faults


@on(*SQL)
def test_raises_the_error_of_the_hosts_flush_from_the_bell(host, user, app):
    def add_two_of_one_key(*_):
        host.database.session.add_all(host.model.Numbered(_id=1) for _ in range(2))

    tg.hooks.register("before_render", add_two_of_one_key)
    with pytest.raises(sa.exc.IntegrityError):
        app.get("/with_bell")


@of("postgresql_too_slow")
def test_raises_from_the_bell_inside_a_savepoint_of_the_host(outage):
    session = outage.host.database.session
    tg.hooks.register("before_render", lambda *_: session.begin_nested())
    with outage.going_on(), pytest.raises(sa.exc.OperationalError, match="statement timeout"):
        outage.browser.get("/with_bell")


@pytest.fixture
def without_recipients(host):
    """Drop the table that is written second."""
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
def test_a_commit_after_a_failed_write_stores_no_action(host, user, without_recipients, write):
    database = host.database
    with pytest.raises(sa.exc.DBAPIError, match="activity_stream_recipient"):
        WRITES[write](user)
    with suppress(sa.exc.SQLAlchemyError):
        transaction.commit()
    database.close()
    assert database.execute(sa.select(database.tables["activity_stream_action"])).all() == []


@pytest.mark.parametrize("write", WRITES)
@on(*SQL)
def test_a_failed_write_in_the_hosts_savepoint_loses_nothing_else(
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
    tables = host.database.model.metadata.sorted_tables
    for table in reversed([each for each in tables if each.name.startswith("activity_stream_")]):
        table.drop(host.database.engine)
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
