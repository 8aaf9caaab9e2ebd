"""A hook that ends the host's transaction is never kept from the host, whatever ended it.

Either all that a request wrote is stored, or its code gets an error.
"""

import threading
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime

import pytest
import sqlalchemy as sa
import tg
import transaction
from sqlalchemy.orm import scoped_session, sessionmaker

from activitystream import am, model
from tests.helpers.databases import SQL, on
from tests.helpers.processes import wait_until


@pytest.fixture(scope="session", params=SQL)
def database(request, database_named):
    return database_named(request.param)


VERBS = {
    "after_create": lambda user: am.create(user, "joined", recipients=[user]),
    "after_seen": am.mark_seen,
}


class Request:
    """Writes something of the host's, then calls a verb whose hook does what a test says."""

    def __init__(self, host, verb):
        self.host = host
        self.verb = verb
        self.session = host.database.session

    def with_hook(self, hook, before=lambda: None):
        """Call the verb, and the hook in it.

        :param before: what the host does first.
        """
        tg.hooks.register(f"activitystream.{self.verb}", lambda *_: hook())
        transaction.commit()
        self.session.remove()
        before()
        user = self.host.model.user_named("ann")
        self.session.add(self.host.model.Post(title="earlier"))
        self.session.flush()
        VERBS[self.verb](user)

    def is_stored(self):
        """Whether all of it is when the host commits after all; False if nothing is."""
        with suppress(Exception):
            transaction.commit()
        self.host.database.close()
        posts = self.session.scalars(sa.select(self.host.model.Post)).all()
        done = {
            "after_create": self.host.database.raw_actions(),
            "after_seen": self.host.model.user_named("ann").last_activity_seen,
        }[self.verb]
        assert bool(posts) == bool(done), "a half is stored"
        numbers = self.session.scalars(sa.select(self.host.model.Numbered)).all()
        assert posts or not numbers, "what came later is stored alone"
        return bool(posts)

    # What hooks do.

    def execute(self, text):
        """Execute a statement, of whose meaning SQLAlchemy knows nothing."""
        return self.session.connection().exec_driver_sql(text)

    def add_two_of_one_key(self):
        self.session.add_all(self.host.model.Numbered(_id=1) for _ in range(2))
        self.session.flush()

    def write(self):
        self.session.execute(sa.insert(self.host.model.Numbered).values(_id=7))


@pytest.fixture(params=VERBS)
def request_with(request, host, user, other):
    yield Request(host, request.param)
    # What a test set for its connection is for no other's.
    host.database.close()
    host.database.engine.dispose()


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
def test_a_hook_that_ends_the_transaction_is_an_error(request_with, ending, raises):
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
def test_a_hook_that_fails_and_ends_nothing_leaves_all_to_be_stored(request_with, caplog, raises):
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


def test_a_statement_that_fails_costs_the_transaction_on_postgresql_only(request_with, host):
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
def test_a_hook_may_commit(host, user, caplog, commit):
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


def test_what_a_hook_writes_where_nothing_was_written_can_be_aborted(host, user):
    def write(*_):
        host.database.session.add(host.model.Numbered(_id=7))
        host.database.session.flush()

    am.mark_seen(user)
    transaction.commit()
    tg.hooks.register("activitystream.after_seen", write)
    am.mark_seen(host.model.user_named("ann"), until=datetime(2020, 1, 1))
    transaction.abort()
    assert host.database.session.scalars(sa.select(host.model.Numbered)).all() == []


def test_a_hook_may_roll_back_what_was_only_read(host, user, caplog):
    am.mark_seen(user)
    transaction.commit()
    tg.hooks.register("activitystream.after_seen", lambda *_: host.database.session.rollback())
    am.mark_seen(host.model.user_named("ann"), until=datetime(2020, 1, 1))
    assert host.model.user_named("ann").last_activity_seen > datetime(2020, 1, 1)
    assert "Traceback" not in caplog.text


# The host's savepoints


def test_a_hook_that_rolls_back_the_hosts_savepoint_is_an_error(host, user):
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
def test_a_savepoint_that_a_hook_leaves_open_can_be_used(host, user, raises):
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


def test_hooks_inside_hooks_end_nothing(host, user, caplog):
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


# What the server ends, or a limit of Python's


def test_a_hook_that_calls_itself_without_end_is_an_error(host, user):
    tg.hooks.register("activitystream.after_create", lambda _: am.create(user, "and again"))
    host.database.session.add(host.model.Post(title="earlier"))
    host.database.session.flush()
    with pytest.raises(RecursionError, match="let .* not create or mark what calls them again"):
        am.create(user, "joined")
    host.database.close()
    assert host.database.raw_actions() == []


@contextmanager
def another(host):
    """Somebody else, in a transaction of their own."""
    engine = sa.create_engine(host.database.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def change_bob(host, other):
    """By the key: else MariaDB would lock all rows."""
    table = host.model.User.__table__
    return sa.update(table).where(table.c._id == other._id).values(password="changed")


@pytest.fixture
def change_ann(host, user):
    table = host.model.User.__table__
    return sa.update(table).where(table.c._id == user._id).values(password="changed")


@on("postgresql", "mariadb")
@pytest.mark.parametrize("silent", [False, True])
def test_a_verb_that_waits_too_long_inside_a_hook_is_an_error(
    request_with, host, change_bob, silent
):
    """It rolled back the transaction itself, so as to store no half."""
    wait = {
        "postgresql": "SET LOCAL lock_timeout = '200ms'",
        "mariadb": "SET SESSION innodb_lock_wait_timeout = 1",
    }[host.database.name]

    def hook():
        bob = host.model.user_named("bob")
        with another(host) as connection:
            connection.execute(change_bob)
            request_with.execute(wait)
            if silent:
                with suppress(sa.exc.DBAPIError):
                    am.mark_seen(bob)
            else:
                am.mark_seen(bob)

    with pytest.raises(RuntimeError if silent else sa.exc.OperationalError):
        request_with.with_hook(hook)
    assert not request_with.is_stored()


@on("mariadb")
def test_a_statement_that_waits_too_long_costs_itself_alone(request_with, host, change_bob, caplog):
    def hook():
        with another(host) as connection:
            connection.execute(change_bob)
            request_with.execute("SET SESSION innodb_lock_wait_timeout = 1")
            request_with.session.connection().execute(change_bob)

    request_with.with_hook(hook)
    assert request_with.is_stored()
    assert "Lock wait timeout" in caplog.text


SNAPSHOTS = {
    "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "mariadb": "SET SESSION innodb_snapshot_isolation = ON",
}


@on("postgresql", "mariadb")
@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("whose", ["the host's", "ours"])
def test_what_another_changed_since_is_an_error(request_with, host, change_bob, whose, silent):
    """PostgreSQL aborts the transaction, MariaDB rolls it back and goes on: error 1020."""

    def hook():
        bob = host.model.user_named("bob")
        with another(host) as connection:
            connection.execute(change_bob)
            connection.commit()
        try:
            if whose == "ours":
                am.mark_seen(bob)
            else:
                request_with.session.connection().execute(change_bob)
        except sa.exc.DBAPIError:
            if not silent:
                raise

    def begin():
        request_with.execute(SNAPSHOTS[host.database.name])
        host.model.user_named("bob")

    with pytest.raises(RuntimeError if silent else sa.exc.DBAPIError):
        request_with.with_hook(hook, begin)
    assert not request_with.is_stored()


WAITING = {
    "postgresql": "SELECT count(*) FROM pg_locks WHERE NOT granted",
    "mariadb": "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
}


@on("postgresql", "mariadb")
@pytest.mark.parametrize("silent", [False, True])
def test_a_deadlock_is_an_error(request_with, host, change_ann, change_bob, silent):
    posts = host.model.Post.__table__
    met = []

    def hook():
        connection = until_the_end.enter_context(another(host))
        observer = until_the_end.enter_context(another(host))
        connection.execute(change_bob)
        if host.database.name == "postgresql":  # where who looks first is the victim
            connection.exec_driver_sql("SET LOCAL deadlock_timeout = '1min'")
            request_with.execute("SET LOCAL deadlock_timeout = '100ms'")
        else:  # where who wrote least is
            connection.execute(sa.insert(posts), [{"title": "other"}] * 100)
        other = threading.Thread(target=lambda: connection.execute(change_ann))
        other.start()
        until_the_end.callback(other.join)
        waiting = sa.text(WAITING[host.database.name])
        wait_until(lambda: observer.scalar(waiting))
        try:
            request_with.session.connection().execute(change_bob)
        except sa.exc.DBAPIError as error:
            met.append(str(error).lower())
            if not silent:
                raise

    with ExitStack() as until_the_end:
        with pytest.raises(RuntimeError if silent else sa.exc.DBAPIError):
            request_with.with_hook(
                hook, lambda: request_with.session.connection().execute(change_ann)
            )
        assert "deadlock" in met[0]
        assert not request_with.is_stored()


KILL = {
    "postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend({})"),
    "mariadb": ("SELECT connection_id()", "KILL {}"),
}


@on("postgresql", "mariadb")
@pytest.mark.parametrize("then", ["raises", "is silent", "asks nothing more"])
def test_a_lost_connection_is_an_error(request_with, host, then):
    number, kill = KILL[host.database.name]

    def hook():
        mine = request_with.execute(number).scalar()
        with another(host) as connection:
            connection.exec_driver_sql(kill.format(mine))
        try:
            if then != "asks nothing more":
                request_with.execute("SELECT 1")
        except sa.exc.DBAPIError:
            if then == "raises":
                raise

    with pytest.raises(sa.exc.DBAPIError if then == "raises" else RuntimeError):
        request_with.with_hook(hook)
    assert not request_with.is_stored()


@on("sqlite")
@pytest.mark.parametrize("silent", [False, True])
def test_what_sqlite_ends_by_itself_is_an_error(request_with, silent):
    def hook():
        request_with.write()
        try:
            request_with.execute("INSERT OR ROLLBACK INTO numbered (_id) VALUES (7)")
        except sa.exc.IntegrityError:
            if not silent:
                raise
        request_with.write()

    with pytest.raises(RuntimeError if silent else sa.exc.IntegrityError):
        request_with.with_hook(hook)
    assert not request_with.is_stored()


# Where each statement is committed by itself


@pytest.mark.parametrize("fails", [False, True])
def test_in_autocommit_a_hook_ends_nothing(host, user, caplog, fails):
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
def test_our_own_urls_fail_where_a_hook_ended_the_transaction(host, user, app, path, silent):
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
    """Whatever ours asks the database is an error, before which these are called."""
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

    for name in ("read_stream", "count_stream", "move_last_activity_seen"):
        monkeypatch.setattr(model.orm, name, fail)
    return before


@pytest.mark.parametrize("path", OWN_URLS)
def test_our_own_urls_answer_503_where_nothing_is_lost(app, failing, path):
    getattr(app, OWN_URLS[path])(f"/activitystream/{path}", status=503)


@pytest.mark.parametrize("path", OWN_URLS)
def test_our_own_urls_fail_where_the_request_wrote_something(host, app, failing, path):
    failing.append(write_earlier)
    with pytest.raises(sa.exc.DBAPIError):
        getattr(app, OWN_URLS[path])(f"/activitystream/{path}")
    host.database.close()
    assert host.database.session.scalars(sa.select(host.model.Post)).all() == []


# Code of the host's that a page can do without


@pytest.fixture
def words_that_fail(host, user, monkeypatch):
    """An action whose actor's ``as_str`` meets an error of the database's, and raises another."""

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


def test_as_str_that_breaks_nothing_of_the_hosts_is_one_line(words_that_fail):
    assert words_that_fail.name_of("actor") == "User (cannot be shown)"


def test_as_str_that_may_have_cost_what_the_host_wrote_is_an_error(host, words_that_fail):
    host.database.session.add(host.model.Post(title="earlier"))
    host.database.session.flush()
    with pytest.raises(ValueError, match="it has no name"):
        words_that_fail.name_of("actor")
