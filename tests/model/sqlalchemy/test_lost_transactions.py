"""A transaction that the server ends inside a hook is an error for the host."""

import threading
from contextlib import ExitStack, contextmanager, suppress

import pytest
import sqlalchemy as sa
import tg

from activitystream import am
from tests.helpers.databases import on
from tests.helpers.processes import wait_until

# What the server ends, or a limit of Python's


def test_raises_if_a_hook_calls_itself_endlessly(host, user):
    tg.hooks.register("activitystream.after_create", lambda _: am.create(user, "and again"))
    host.database.session.add(host.model.Post(title="earlier"))
    host.database.session.flush()
    with pytest.raises(RecursionError, match="must not create or mark what triggers"):
        am.create(user, "joined")
    host.database.close()
    assert host.database.raw_actions() == []


@contextmanager
def another(host):
    """Yield a connection of somebody else's, in a transaction of their own."""
    engine = sa.create_engine(host.database.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def change_bob(host, other):
    """Change Bob by his key: else MariaDB would lock all rows."""
    table = host.model.User.__table__
    return sa.update(table).where(table.c._id == other._id).values(password="changed")


@pytest.fixture
def change_ann(host, user):
    table = host.model.User.__table__
    return sa.update(table).where(table.c._id == user._id).values(password="changed")


@on("postgresql", "mariadb")
@pytest.mark.parametrize("silent", [False, True])
def test_raises_if_a_call_in_a_hook_times_out(request_with, host, change_bob, silent):
    """The call rolls back the transaction itself, so that nothing is stored in part."""
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
def test_a_statement_that_times_out_fails_alone(request_with, host, change_bob, caplog):
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
def test_raises_upon_a_write_conflict(request_with, host, change_bob, whose, silent):
    """PostgreSQL aborts the transaction; MariaDB rolls it back and goes on: error 1020."""

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
def test_raises_upon_a_deadlock(request_with, host, change_ann, change_bob, silent):
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
def test_raises_upon_a_lost_connection(request_with, host, then):
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
def test_raises_if_sqlite_ends_the_transaction(request_with, silent):
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
