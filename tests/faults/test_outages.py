"""The database is away or too slow: what users get, and what is stored."""

import logging
import re
import sys

import pymongo
import pytest
import sqlalchemy as sa
import tg

from activitystream import am
from tests.faults.outages import DATABASE_ERRORS, OUTAGES, number_on, of, remember, with_options
from tests.helpers.databases.sql import SQLDatabase
from tests.helpers.documents import text_of

pytestmark = pytest.mark.faults


def test_the_documented_settings_do_what_the_docs_say(database_named):
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


def test_answers_503_to_scripts(outage, caplog):
    with outage.going_on(), caplog.at_level(logging.ERROR):
        for path in ("bell", "unseen.json"):
            answer = outage.browser.get(f"/activitystream/{path}", status=503)
            assert answer.content_type == "application/json"
            assert "try again later" in answer.json["detail"]
            assert f"/activitystream/{path} was not answered" in caplog.text
    assert outage.browser.get("/activitystream/unseen.json").json == {"unseen": 1, "more": False}


@of("mongodb_down", "postgresql_down")
def test_answers_503_to_all_but_pages_which_raise(outage):
    browser = outage.browser
    theirs = {"action": outage.action_id, "by": "verb"}
    with outage.going_on():
        for path in ("newest", "more", "stream.json"):
            browser.get(f"/activitystream/{path}", status=503)
        for path in ("ajax_update_last_seen_of_a_recipient", "newest", "read"):
            browser.post(f"/activitystream/{path}", status=503)
        for path in ("mute", "unmute"):
            browser.post(f"/activitystream/{path}", theirs, status=503)
        for path in ("", "see", "settings"):
            with pytest.raises(DATABASE_ERRORS):
                browser.get(f"/activitystream/{path}")
    assert outage.host.model.user_named("ann").last_activity_seen is None


@of(*(each for each in OUTAGES if each != "mongodb_standing_still"))
def test_a_failed_write_is_not_stored_later(outage):
    assert stored_around(outage) == ["before", "after"]


@of("mongodb_standing_still")
def test_a_write_that_timed_out_is_stored_once_or_not_at_all(outage):
    assert stored_around(outage) in (["before", "after"], ["before", "meanwhile", "after"])


def stored_around(outage):
    """Return the verbs of all actions, when one could not be stored, and another could."""
    with outage.going_on(), pytest.raises(DATABASE_ERRORS):
        am.create(outage.user, "meanwhile", recipients=[outage.user])
    outage.host.database.forget()
    am.create(outage.user, "after", recipients=[outage.user])
    outage.host.database.forget()
    actions = outage.host.database.raw_actions()
    assert all(len(action["_recipients"]) == 1 for action in actions)
    return [action["verb"] for action in actions]


# On SQLAlchemy the bell is shown in the host's own transaction.


@of("postgresql_too_slow", "mariadb_too_slow")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_bell_without_a_number_never_loses_the_hosts_writes_silently(outage, when):
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


def test_the_page_still_shows_what_it_read_before_the_outage(host_on, postgres):
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
def test_the_bell_raises_if_the_host_has_pending_changes(outage):
    def change(*_):
        session = outage.host.database.session
        session().autoflush = False
        outage.host.model.user_named("bob").password = "changed"

    tg.hooks.register("before_render", change)
    with outage.going_on(), pytest.raises(sa.exc.OperationalError, match="statement timeout"):
        outage.browser.get("/with_bell")


@of("postgresql_too_slow")
def test_the_bell_raises_if_it_is_unknown_what_was_written(outage, monkeypatch):
    monkeypatch.setitem(sys.modules, "zope.sqlalchemy.datamanager", None)
    with outage.going_on(), pytest.raises(sa.exc.OperationalError, match="statement timeout"):
        outage.browser.get("/with_bell")
