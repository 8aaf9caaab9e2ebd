"""Of which actions ``activitystream.after_commit`` is told, however the host ends transactions."""

import pytest
import sqlalchemy as sa
import tg
import transaction

from activitystream import am, bootstrap
from tests.helpers.databases import on
from tests.helpers.written_host import IN_ONE_MODULE

HOOK = "activitystream.after_commit"

REGISTER = "zope.sqlalchemy.register(DBSession)\n"

WITHOUT_ZOPE = IN_ONE_MODULE.replace(REGISTER, "")

KEPT = IN_ONE_MODULE.replace(REGISTER, REGISTER.replace(")", ", keep_session=True)"))

TWO_PHASE = IN_ONE_MODULE.replace("expire_on_commit=False", "twophase=True")


@pytest.fixture
def told():
    told = []
    tg.hooks.register(HOOK, lambda action: told.append(action.verb))
    return told


@pytest.fixture
def session(host):
    return host.database.session


def test_is_told_at_the_commit(user, told):
    am.create(user, "joined")
    assert told == []
    transaction.commit()
    assert told == ["joined"]


def test_is_not_told_of_what_is_rolled_back(user, told):
    am.create(user, "lost")
    transaction.abort()
    am.create(user, "joined")
    transaction.commit()
    assert told == ["joined"]


def test_is_not_told_of_a_commit_that_fails(host, user, told):
    am.create(user, "lost")
    host.database.session.add_all(host.model.Numbered(_id=1) for _ in range(2))
    with pytest.raises(sa.exc.IntegrityError):
        transaction.commit()
    transaction.abort()
    assert told == []


def test_is_not_told_if_another_resource_refuses_the_commit(user, told):
    class Refusing:
        transaction_manager = transaction.manager

        def sortKey(self):
            return "a"

        def tpc_vote(self, _):
            raise RuntimeError("refused")

        def abort(self, _):
            pass

        tpc_begin = commit = tpc_abort = tpc_finish = abort

    am.create(user, "lost")
    transaction.get().join(Refusing())
    with pytest.raises(RuntimeError, match="refused"):
        transaction.commit()
    transaction.abort()
    assert told == []


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ("commit", "commit", ["one", "two", "three", "four"]),
        ("rollback", "commit", ["one", "two", "four"]),
        ("commit", "rollback", ["one"]),
        ("rollback", "rollback", ["one"]),
    ],
)
def test_is_not_told_of_a_savepoint_that_is_rolled_back(
    user, session, told, inner, outer, expected
):
    am.create(user, "one")
    first = session.begin_nested()
    am.create(user, "two")
    second = session.begin_nested()
    am.create(user, "three")
    getattr(second, inner)()
    if outer == "commit":
        am.create(user, "four")
    getattr(first, outer)()
    transaction.commit()
    assert told == expected


def test_is_told_once_where_a_number_is_given_again(user, session, told):
    for verb in ("lost", "lost too"):
        savepoint = session.begin_nested()
        am.create(user, verb)
        savepoint.rollback()
    am.create(user, "joined")
    transaction.commit()
    assert told == ["joined"]


def test_is_told_once_of_a_request_that_is_tried_again(host, user, told):
    host.plug(blueprint={"tm.attempts": 3})
    tg.hooks.register(HOOK, lambda action: told.append(action.verb))
    told.clear()
    assert host.browser(user).get("/retried").json == {"attempts": 3}
    assert told == ["tried"]


@pytest.mark.parametrize("remove", ["delete", "withdraw", "host"])
def test_is_not_told_of_an_action_that_is_taken_back(user, session, told, remove):
    action = am.create(user, "liked")
    if remove == "delete":
        am.delete(action)
    elif remove == "withdraw":
        am.withdraw(user, "liked")
    else:
        session.delete(action)
    transaction.commit()
    assert told == []


def test_is_told_of_what_a_flush_creates(host, user, session, told):
    def tell(mapper, connection, entity):
        am.create(user, "posted")

    sa.event.listen(host.model.Post, "after_insert", tell)
    try:
        session.add(host.model.Post(title="new"))
        transaction.commit()
    finally:
        sa.event.remove(host.model.Post, "after_insert", tell)
    assert told == ["posted"]


def test_what_a_hook_joins_is_committed(user):
    """As a mail that tgext.mailer sends."""
    sent = []

    def send(action):
        transaction.get().addAfterCommitHook(sent.append)

    tg.hooks.register(HOOK, send)
    am.create(user, "joined")
    transaction.commit()
    assert sent == [True]


def test_what_a_failing_hook_joined_is_aborted(user, caplog):
    sent = []

    def send(action):
        transaction.get().addAfterCommitHook(sent.append)
        raise RuntimeError("the reason")

    tg.hooks.register(HOOK, send)
    am.create(user, "joined")
    transaction.commit()
    assert sent == []
    assert "the reason" in caplog.text


@pytest.mark.parametrize("end", [transaction.commit, transaction.abort, transaction.doom])
def test_a_hook_may_end_its_own_transaction(host, user, told, end):
    def hook(action):
        host.database.session.add(host.model.Post(title="new"))
        end()

    tg.hooks.register(HOOK, hook)
    am.create(user, "joined")
    transaction.commit()
    am.create(user, "waved")
    transaction.commit()
    assert told == ["joined", "waved"]
    posts = host.database.session.scalars(sa.select(host.model.Post.title)).all()
    assert posts == (["new", "new"] if end is transaction.commit else [])


def test_a_hook_runs_in_another_session(host, user, session):
    own = []
    tg.hooks.register(HOOK, lambda action: own.append(session()))
    before = session()
    am.create(user, "joined")
    transaction.commit()
    assert session() is before
    assert own != [before]


def test_no_connection_stays_open(host, user, told):
    am.create(user, "joined")
    transaction.commit()
    assert host.database.engine.pool.checkedout() == 0


# Hosts with another session


def started(write, url, model, **blueprint):
    host = write(url, model)
    host.start(blueprint=blueprint)
    host.make_tables()
    bootstrap.bootstrap(None, {}, {})
    session = host.model.DBSession
    session.add(host.model.User(user_name="ann"))
    end = session.commit if model is WITHOUT_ZOPE else transaction.commit
    end()
    return host, lambda: session.scalars(sa.select(host.model.User)).one(), end


@pytest.mark.parametrize("model", [WITHOUT_ZOPE, KEPT], ids=["plain", "kept"])
def test_is_told_whatever_ends_the_transaction(write, url, model):
    host, ann, commit = started(write, url, model)
    told = []

    def follow_up(action):
        told.append((action.verb, action.actor))
        if action.verb == "joined":
            am.create(action.entity("actor"), "welcomed")

    tg.hooks.register(HOOK, follow_up)
    if model is WITHOUT_ZOPE:
        am.create(ann(), "lost")
        host.model.DBSession.rollback()  # which zope.sqlalchemy leaves out for a session it keeps
    am.create(ann(), "joined")
    commit()
    assert told == [("joined", "ann"), ("welcomed", "ann")]
    commit()
    assert am.get_actions().total == 2
    assert len(told) == 2


def test_is_told_at_once_in_autocommit(write, url):
    blueprint = {"sqlalchemy.isolation_level": "AUTOCOMMIT"}
    _, ann, commit = started(write, url, WITHOUT_ZOPE, **blueprint)
    told = []
    tg.hooks.register(HOOK, lambda action: told.append(action.verb))
    am.create(ann(), "joined")
    assert told == ["joined"]
    commit()
    assert told == ["joined"]


# SQLite has no second phase, and PostgreSQL only if its server is set up so.
@on("mariadb")
def test_is_told_after_both_phases(write, url):
    _, ann, commit = started(write, url, TWO_PHASE)
    told = []
    tg.hooks.register(HOOK, lambda action: told.append(action.actor))
    am.create(ann(), "joined")
    commit()
    assert told == ["ann"]
