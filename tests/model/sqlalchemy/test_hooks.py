"""A hook that ends the host's transaction is never kept from the host.

Either all that a request wrote is stored, or its code gets an error.
"""

from contextlib import suppress
from datetime import datetime

import pytest
import sqlalchemy as sa
import tg
import transaction
from sqlalchemy.orm import scoped_session, sessionmaker

from activitystream import am, model


def _roll_back_a_flush(request):
    with suppress(sa.exc.IntegrityError):
        request.add_two_of_one_key()
    request.session.rollback()


ENDINGS = {
    "rollback": lambda request: request.session.rollback(),
    "rollback, and on": lambda request: (request.session.rollback(), request.write()),
    "abort": lambda request: transaction.abort(),
    "doom": lambda request: transaction.doom(),
    "close": lambda request: request.session.close(),
    "remove": lambda request: request.session.remove(),
    "by SQL": lambda request: request.execute("ROLLBACK"),
    "by SQL, and on": lambda request: (request.execute("ROLLBACK"), request.write()),
    "a flush that failed": lambda request: request.add_two_of_one_key(),
    "a flush that was rolled back": _roll_back_a_flush,
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("raises", [False, True], ids=["silent", "raising"])
def test_raises_if_a_hook_ends_the_transaction(request_with, ending, raises):
    def hook():
        with suppress(sa.exc.SQLAlchemyError):
            ENDINGS[ending](request_with)
        if raises:
            raise ValueError("the hook's own")

    error, says = (ValueError, "the hook's own") if raises else (RuntimeError, "ended the trans")
    with pytest.raises(error, match=says):
        request_with.with_hook(hook)
    assert not request_with.is_stored()


@pytest.mark.parametrize("raises", [False, True], ids=["silent", "raising"])
def test_stores_everything_if_a_hook_only_raises(request_with, caplog, raises):
    def hook():
        with request_with.session.begin_nested():
            request_with.write()
        with suppress(sa.exc.DBAPIError), request_with.session.begin_nested():
            request_with.add_two_of_one_key()
        if raises:
            raise ValueError("the hook's own")

    request_with.with_hook(hook)
    assert request_with.is_stored()
    assert ("the hook's own" in caplog.text) == raises


def test_a_failed_statement_loses_the_transaction_on_postgresql_only(request_with, host):
    def hook():
        with suppress(sa.exc.DBAPIError):
            request_with.execute("SELECT nothing FROM nowhere")

    if host.database.name == "postgresql":
        with pytest.raises(RuntimeError, match="ended the transaction"):
            request_with.with_hook(hook)
        assert not request_with.is_stored()
    else:
        request_with.with_hook(hook)
        assert request_with.is_stored()


@pytest.mark.parametrize("commit", [transaction.commit, None], ids=["by manager", "by session"])
def test_allows_a_hook_to_commit(host, user, caplog, commit):
    session = host.database.session
    if commit is None:
        transaction.commit()
        session = scoped_session(sessionmaker(host.database.engine))
        model.init_model(session)
        commit = session.commit
    try:
        tg.hooks.register("activitystream.after_create", lambda action: commit())
        am.create(session.get(host.model.User, user._id), "joined")
        session.rollback()
    finally:
        session.remove()
        model.init_model(host.database.session)
    host.database.close()
    assert [action["verb"] for action in host.database.raw_actions()] == ["joined"]
    assert caplog.text.count("Traceback") == 0


def test_can_abort_what_only_a_hook_wrote(host, user):
    def write(*_):
        host.database.session.add(host.model.Numbered(_id=7))
        host.database.session.flush()

    am.mark_seen(user)
    transaction.commit()
    tg.hooks.register("activitystream.after_seen", write)
    am.mark_seen(host.model.user_named("ann"), until=datetime(2020, 1, 1))
    transaction.abort()
    assert host.database.session.scalars(sa.select(host.model.Numbered)).all() == []


def test_allows_a_hook_to_roll_back_reads(host, user, caplog):
    am.mark_seen(user)
    transaction.commit()
    tg.hooks.register("activitystream.after_seen", lambda *_: host.database.session.rollback())
    am.mark_seen(host.model.user_named("ann"), until=datetime(2020, 1, 1))
    assert host.model.user_named("ann").last_activity_seen > datetime(2020, 1, 1)
    assert "Traceback" not in caplog.text


# The host's savepoints


def test_raises_if_a_hook_rolls_back_the_hosts_savepoint(host, user):
    session = host.database.session
    session.add(host.model.Post(title="earlier"))
    session.flush()
    savepoint = session.begin_nested()
    tg.hooks.register("activitystream.after_create", lambda _: savepoint.rollback())
    with pytest.raises(RuntimeError, match="ended the transaction"):
        am.create(user, "joined")
    transaction.commit()
    assert host.database.raw_actions() == []
    assert session.scalars(sa.select(host.model.Post.title)).all() == ["earlier"]


@pytest.mark.parametrize("raises", [False, True], ids=["silent", "raising"])
def test_the_host_can_use_a_savepoint_that_a_hook_left_open(host, user, raises):
    session, left = host.database.session, []

    def hook(action):
        left.append(session.begin_nested())
        session.execute(sa.select(1))  # with which it begins in the database
        if raises:
            raise ValueError("the hook's own")

    tg.hooks.register("activitystream.after_create", hook)
    am.create(user, "joined")
    session.add(host.model.Post(title="later"))
    session.flush()
    left[0].rollback()
    transaction.commit()
    assert [action["verb"] for action in host.database.raw_actions()] == ["joined"]
    assert session.scalars(sa.select(host.model.Post.title)).all() == []


def test_nested_hooks_keep_the_transaction(host, user, caplog):
    def hook(action):
        if len(action.verb) < 4:
            am.create(user, action.verb + "x")
            am.mark_seen(user)

    tg.hooks.register("activitystream.after_create", hook)
    tg.hooks.register("activitystream.after_seen", lambda *_: am.create(user, "seen"))
    am.create(user, "x")
    transaction.commit()
    verbs = [action["verb"] for action in host.database.raw_actions()]
    assert sorted(verbs) == sorted(["x", "xx", "xxx", "xxxx", "seen", "seen", "seen"])
    assert "Traceback" not in caplog.text


# Where each statement is committed by itself


@pytest.mark.parametrize("fails", [False, True])
def test_hooks_keep_the_transaction_in_autocommit(host, user, caplog, fails):
    def hook(action):
        if fails:
            raise ValueError("the hook's own")

    transaction.commit()
    tg.hooks.register("activitystream.after_create", hook)
    engine = sa.create_engine(host.database.url, isolation_level="AUTOCOMMIT")
    session = scoped_session(sessionmaker(engine))
    model.init_model(session)
    try:
        am.create(session.get(host.model.User, user._id), "joined")
    finally:
        session.remove()
        model.init_model(host.database.session)
        engine.dispose()
    assert [action["verb"] for action in host.database.raw_actions()] == ["joined"]
    assert ("the hook's own" in caplog.text) == fails


# In a request


def write_earlier(host):
    host.database.session.add(host.model.Post(title="earlier"))
    host.database.session.flush()


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("path", ["see", "ajax_update_last_seen_of_a_recipient"])
def test_our_urls_fail_if_a_hook_ended_the_transaction(host, user, app, path, silent):
    def end(*_):
        host.database.session.rollback()
        if not silent:
            raise sa.exc.OperationalError("SELECT", {}, Exception("too slow"))

    for hook in (lambda *_: write_earlier(host), end):
        tg.hooks.register("activitystream.after_seen", hook)
    with pytest.raises(RuntimeError if silent else sa.exc.OperationalError):
        app.post(f"/activitystream/{path}")
    host.database.close()
    assert host.model.user_named("ann").last_activity_seen is None
    assert host.database.session.scalars(sa.select(host.model.Post)).all() == []


OWN_URLS = {
    "bell": "get",
    "newest": "get",
    "more": "get",
    "stream.json": "get",
    "unseen.json": "get",
    "ajax_update_last_seen_of_a_recipient": "post",
}


@pytest.fixture(params=["a query fails", "and it rolled back"])
def failing(request, host, monkeypatch):
    """Make every query of ours fail; return a list of functions to call before it fails."""
    before = []

    def fail(*_, **__):
        session = host.database.session
        for each in before:
            each(host)
        try:
            session.connection().exec_driver_sql("SELECT nothing FROM nowhere")
        except sa.exc.DBAPIError:
            if request.param == "and it rolled back":
                session.rollback()
            raise

    for name in ("read_stream", "count_stream", "mark"):
        monkeypatch.setattr(model.orm, name, fail)
    return before


@pytest.mark.parametrize("path", OWN_URLS)
def test_our_urls_answer_503_if_nothing_is_lost(app, failing, path):
    getattr(app, OWN_URLS[path])(f"/activitystream/{path}", status=503)


@pytest.mark.parametrize("path", OWN_URLS)
def test_our_urls_fail_if_the_request_wrote_something(host, app, failing, path):
    failing.append(write_earlier)
    with pytest.raises(sa.exc.DBAPIError):
        getattr(app, OWN_URLS[path])(f"/activitystream/{path}")
    host.database.close()
    assert host.database.session.scalars(sa.select(host.model.Post)).all() == []


# Code of the host's that a page can do without


@pytest.fixture
def words_that_fail(host, user, monkeypatch):
    """Return an action whose actor's ``as_str`` turns an error of the database into another."""

    def as_str(_):
        try:
            host.database.session.connection().exec_driver_sql("SELECT nothing FROM nowhere")
        except sa.exc.DBAPIError:
            raise ValueError("it has no name") from None

    action = am.create(user, "joined")
    transaction.commit()
    host.database.session.remove()
    monkeypatch.setattr(host.model.User, "as_str", property(as_str))
    return am.get_actions(filters={"verb": action.verb})[1][0]


def test_a_harmless_error_in_as_str_costs_one_line(words_that_fail):
    assert words_that_fail.name_of("actor") == "User (cannot be shown)"


def test_raises_if_as_str_may_have_lost_the_hosts_writes(host, words_that_fail):
    host.database.session.add(host.model.Post(title="earlier"))
    host.database.session.flush()
    with pytest.raises(ValueError, match="it has no name"):
        words_that_fail.name_of("actor")
