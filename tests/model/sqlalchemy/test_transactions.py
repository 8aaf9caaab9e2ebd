"""What is stored when the host's transaction ends, one way or the other."""

import logging
from datetime import datetime

import pytest
import sqlalchemy as sa
import tg
import transaction
from sqlalchemy.orm import scoped_session, sessionmaker

from activitystream import am, bootstrap, model
from tests.helpers.databases import on
from tests.helpers.threads import at_once
from tests.helpers.transactions import committed

START = datetime(2020, 1, 1)

# The host's transaction


def test_stores_nothing_if_the_transaction_is_aborted(host, user):
    am.create(user, "joined", recipients=[user])
    assert len(host.database.raw_actions()) == 1
    transaction.abort()
    assert host.database.raw_actions() == []
    recipients = host.database.tables["activity_stream_recipient"]
    assert host.database.execute(sa.select(recipients)).all() == []
    assert host.verbs(host.database.reload(user)) == []


def test_stores_nothing_if_the_request_fails(host, user, app):
    def fail(*arguments):
        raise RuntimeError("the request fails")

    am.create(user, "joined")
    tg.hooks.register("before_render", fail)
    tg.hooks.register("before_call", lambda *arguments: am.create(user, "lost"))
    with pytest.raises(RuntimeError, match="the request fails"):
        app.get("/activitystream/")
    assert committed(host) == ["joined"]


def test_marks_nothing_if_the_request_fails(host, user, app):
    host.plug(may_update=lambda user, recipient: True)

    def fail(*arguments):
        raise SystemError("after all was done")

    tg.hooks.register("after_render", fail)
    with pytest.raises(SystemError):
        host.browser(user).get("/activitystream/ajax_update_last_seen_of_a_recipient")
    assert host.database.reload(user).last_activity_seen is None


def test_only_the_host_commits(host, user, post):
    with committing(host) as committed_by:
        am.create(user, "liked", post, recipients=[user])
        am.mark_seen(user)
        am.get_by_recipient(user).all()
        am.count_not_seen_by_recipient(user)
        am.get_actions()
        assert committed_by == []
        transaction.commit()
        assert committed_by == ["commit"]


class committing:
    """Record each commit and rollback on the database."""

    def __init__(self, host):
        self.engine = host.database.engine
        self.recorded = []

    def commit(self, connection):
        self.recorded.append("commit")

    def rollback(self, connection):
        self.recorded.append("rollback")

    def __enter__(self):
        sa.event.listen(self.engine, "commit", self.commit)
        sa.event.listen(self.engine, "rollback", self.rollback)
        return self.recorded

    def __exit__(self, *error):
        sa.event.remove(self.engine, "commit", self.commit)
        sa.event.remove(self.engine, "rollback", self.rollback)


def test_flushes_added_entities(host, user):
    post = host.model.Post(title="new")
    host.database.session.add(post)
    action = am.create(user, "wrote", post)
    assert action.target_id == post._id is not None
    transaction.commit()
    host.database.forget()
    assert am.get_by_recipient(user).first().target == "new"


def test_accepts_detached_entities(host, user, post):
    host.database.session.expunge_all()
    am.create(user, "liked", post, recipients=[user])
    am.mark_seen(user)
    assert host.verbs(user) == ["liked"]


def test_reloads_expired_entities(host, user, post):
    host.database.session.expire_all()
    action = am.create(user, "liked", post, recipients=[user])
    assert (action.actor_name, action.target_name) == ("ann", "A post")
    host.database.session.expire_all()
    assert (action.actor, action.target, action.recipients) == ("ann", "A post", [user])
    host.database.session.expire_all()
    am.mark_seen(user)
    assert am.count_not_seen_by_recipient(user) == 0


def test_never_repeats_a_failed_write(host, user):
    def fail(connection, cursor, statement, *arguments):
        if "INTO activity_stream_action" in statement:
            raise OSError("the server is gone")

    sa.event.listen(host.database.engine, "before_cursor_execute", fail)
    try:
        with pytest.raises(OSError, match="the server is gone"):
            am.create(user, "lost")
    finally:
        sa.event.remove(host.database.engine, "before_cursor_execute", fail)
    transaction.abort()
    am.create(host.model.user_named("ann"), "joined")
    transaction.commit()
    assert committed(host) == ["joined"]


@pytest.mark.parametrize("record", ["create", "create_many"])
def test_commits_a_request_that_only_creates_an_action(host, user, record):
    transaction.commit()
    user = host.model.user_named("ann")
    if record == "create":
        am.create(user, "joined", recipients=[user])
    else:
        am.create_many([{"actor": user, "verb": "joined"}])
    transaction.commit()
    assert committed(host) == ["joined"]


def test_allows_the_host_to_commit_by_itself(host, user):
    transaction.commit()
    session = scoped_session(sessionmaker(host.database.engine))
    model.init_model(session)
    try:
        user = session.get(type(user), user._id)
        am.create(user, "joined", recipients=[user])
        session.commit()
        am.create(user, "left", recipients=[user])
        session.rollback()
        assert host.verbs(user) == ["joined"]
    finally:
        session.remove()
        model.init_model(host.database.session)
    assert committed(host) == ["joined"]


def test_rolls_back_a_mark_with_its_savepoint(host, user):
    am.create(user, "joined", recipients=[user])
    with host.database.session.begin_nested() as savepoint:
        am.mark_seen(user)
        assert am.count_not_seen_by_recipient(user) == 0
        savepoint.rollback()
    assert user.last_activity_seen is None
    assert am.count_not_seen_by_recipient(user) == 1


def test_an_action_that_was_rolled_back_breaks_nothing(host, user):
    transaction.commit()
    session = host.database.session
    user = host.model.user_named("ann")
    with session.begin_nested() as savepoint:
        rolled_back = am.create(user, "left", recipients=[user])
        savepoint.rollback()
    stored = am.create(user, "joined", recipients=[user])
    assert stored in session
    assert rolled_back not in session or rolled_back._id != stored._id
    assert host.verbs(user) == ["joined"]
    transaction.commit()
    assert committed(host) == ["joined"]


# Hooks


def test_runs_hooks_inside_the_transaction(host, user):
    def add(action):
        host.database.session.add(host.model.Post(title=f"because of {action._id}"))

    tg.hooks.register("activitystream.after_create", add)
    action = am.create(user, "joined")
    transaction.abort()
    assert titles(host) == []
    action = am.create(user, "joined")
    transaction.commit()
    assert titles(host) == [f"because of {action._id}"]


def titles(host):
    return host.database.session.scalars(sa.select(host.model.Post.title)).all()


@pytest.mark.parametrize(
    ("hook", "verb"),
    [
        ("activitystream.after_create", lambda user: am.create(user, "joined")),
        ("activitystream.after_seen", am.mark_seen),
    ],
    ids=["create", "mark_seen"],
)
def test_propagates_the_error_of_a_hook_that_breaks_the_transaction(host, user, hook, verb, caplog):
    host.save(host.model.Coded(_id="taken"))
    host.database.session.expunge_all()

    def fail(*arguments):
        host.database.session.add(host.model.Coded(_id="taken"))
        host.database.session.flush()

    tg.hooks.register(hook, fail)
    with pytest.raises(sa.exc.IntegrityError):
        verb(user)
    transaction.abort()
    assert host.database.raw_actions() == []
    assert host.database.reload(user).last_activity_seen is None


def test_goes_on_if_a_hook_raises_before_any_write(host, user, caplog):
    am.mark_seen(user)
    host.save()
    user = host.model.user_named("ann")

    def fail(*arguments):
        raise sa.exc.OperationalError("SELECT", {}, Exception("another database is away"))

    tg.hooks.register("activitystream.after_seen", fail)
    am.mark_seen(user, until=START)
    assert "another database is away" in caplog.text


def test_goes_on_if_a_hook_raises(host, user, caplog):
    def fail(action):
        host.database.session.add(host.model.Post(title="kept"))
        raise RuntimeError("the mail server is away")

    tg.hooks.register("activitystream.after_create", fail)
    with caplog.at_level(logging.ERROR):
        am.create(user, "joined")
    transaction.commit()
    assert "the mail server is away" in caplog.text
    assert committed(host) == ["joined"]
    assert titles(host) == ["kept"]


# Many at once


@on("postgresql", "mariadb")
def test_concurrent_creates_and_marks_lose_nothing(host):
    users = host.save(*(host.user(f"user{number}") for number in range(4)))
    names = [user.user_name for user in users]
    host.database.forget()

    def work(order):
        """Create an action for all in each request, and mark in some."""

        def requests():
            for number in range(15):
                people = [host.model.user_named(name) for name in order]
                am.create(people[0], f"did {number}", people[1], recipients=people)
                am.mark_seen(people[0])
                host.database.forget()

        return requests

    at_once(host, work(names), work(names[::-1]), work(names[2:] + names[:2]))
    for name in names:
        assert am.get_by_recipient(host.model.user_named(name)).count() == 45
    assert len(host.database.raw_actions()) == 45


@on("postgresql", "mariadb")
def test_concurrent_marks_return_the_value_before(host, user):
    key, before = user._id, []

    def mark():
        before.append(am.mark_seen(host.database.get(host.model.User, key), until=START))
        host.database.forget()

    at_once(host, *[mark] * 4)
    assert sorted(map(str, before)) == [str(START)] * 3 + ["None"]


def test_setting_up_keeps_what_the_hosts_own_set_up_left_uncommitted(host):
    host.database.session.add(host.model.User(user_name="manager"))
    host.database.session.flush()
    bootstrap.bootstrap(None, {}, {})
    host.database.close()
    assert host.model.user_named("manager") is not None
