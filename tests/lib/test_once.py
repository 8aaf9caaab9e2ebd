"""Actions that are created once, however often they are tried."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
import sqlalchemy as sa
import tg
import transaction

from activitystream import am
from activitystream.model import clock
from tests.helpers.databases import SQL, on


def test_creates_once(host, user, other):
    first = am.create(user, "joined", recipients=[other], once="welcome:1")
    again = am.create(user, "joined again", recipients=[other], once="welcome:1")
    assert (again._id, again.verb) == (first._id, "joined")
    assert am.create(user, "joined", once="welcome:2")._id != first._id
    host.save()
    host.database.forget()
    assert am.create(user, "joined", once="welcome:1")._id == first._id
    assert am.get_by_recipient(host.database.reload(other)).count() == 2


@pytest.mark.parametrize("way", ["delete", "withdraw", "purge", "forget"])
def test_a_key_is_free_again_when_its_action_is_deleted(host, user, way):
    first = am.create(user, "joined", once="welcome")
    host.save()
    if way == "delete":
        am.delete(first)
    elif way == "withdraw":
        am.withdraw(user, "joined")
    elif way == "purge":
        am.purge(clock.now())
        am.delete(first)  # in case purge left it: it may have the millisecond of `now`
    else:
        am.forget(user)
    host.save()
    second = am.create(user, "joined", once="welcome")
    assert second._id != first._id


def test_no_hook_is_called_for_one_that_was_there(host, user, monkeypatch):
    told = []
    tg.hooks.register("activitystream.after_create", told.append)
    for _ in range(2):
        am.create(user, "joined", once="welcome")
    assert len(told) == 1


@pytest.mark.parametrize(("bad", "error"), [("", ValueError), (7, TypeError), (b"a", TypeError)])
def test_rejects_a_key_that_is_no_text(host, user, bad, error):
    with pytest.raises(error, match="once must"):
        am.create(user, "joined", once=bad)
    assert host.database.raw_actions() == []


def test_keys_are_told_apart(host, user):
    keys = ["a", "A", "a ", "ä", "a" * 5000, "a" * 5001, "\0", "👋"]
    for key in keys:
        am.create(user, "joined", once=key)
    host.save()
    assert len(host.database.raw_actions()) == len(keys)


def test_creates_many_once(host, user):
    actions = [
        {"actor": user, "verb": verb, "once": once}
        for verb, once in (("a", "1"), ("b", None), ("c", "1"), ("d", "2"), ("e", None))
    ]
    assert am.create_many(actions) == 4
    assert am.create_many(actions) == 2
    host.save()
    verbs = sorted(each["verb"] for each in host.database.raw_actions())
    assert verbs == ["a", "b", "b", "d", "e", "e"]


@pytest.fixture
def session(host):
    return host.database.session


@on(*SQL)
def test_a_savepoint_that_is_rolled_back_frees_the_key(host, user, session):
    with session.begin_nested() as savepoint:
        lost = am.create(user, "tried", once="welcome")._id
        savepoint.rollback()
    action = am.create(user, "joined", once="welcome")
    with session.begin_nested() as savepoint:
        assert am.create(user, "joined again", once="welcome") is action
        savepoint.rollback()
    host.save()
    assert [each["verb"] for each in host.database.raw_actions()] == ["joined"]
    assert am.get_actions(filters={"verb": "tried"}).actions == [], lost


@on("postgresql", "mariadb")  # SQLite commits the outermost savepoint
def test_a_savepoint_that_is_kept_keeps_the_key(host, user, session):
    with session.begin_nested(), session.begin_nested():
        action = am.create(user, "joined", once="welcome")
    assert am.create(user, "joined again", once="welcome") is action
    transaction.abort()
    assert host.database.raw_actions() == []


@on(*SQL)
def test_deleting_in_a_savepoint_that_is_rolled_back_frees_no_key(host, user, session):
    action = am.create(user, "joined", once="welcome")
    host.save()
    with session.begin_nested() as savepoint:
        am.delete(action)
        savepoint.rollback()
    assert am.create(user, "joined again", once="welcome")._id == action._id


@pytest.mark.parametrize("many", [False, True], ids=["create", "create_many"])
def test_a_request_that_is_retried_creates_once(host, many):
    host.plug(blueprint={"tm.enabled": True, "tm.attempts": 3})
    ann = host.user("ann")
    answer = host.browser(ann).get("/retried", {"many": "1"} if many else {})
    assert answer.json == {"attempts": 3}
    assert [each["verb"] for each in host.database.raw_actions()] == ["tried"]
    assert am.count_not_seen_by_recipient(host.database.reload(ann)) == 1


def test_a_batch_with_a_bad_action_takes_no_key(host, user):
    actions = [{"actor": user, "verb": "joined", "once": "1"}, {"actor": user, "verb": ""}]
    with pytest.raises(ValueError, match="1"):
        am.create_many(actions)
    assert am.create_many(actions[:1]) == 1
    with pytest.raises(TypeError, match="once must"):
        am.create_many([{**actions[0], "once": 7}])


def test_an_import_that_is_run_again_stores_the_rest(host, user, other):
    rows = [
        {"actor": user, "verb": f"no. {each}", "recipients": [other], "once": f"row {each}"}
        for each in range(30)
    ]
    assert am.create_many(rows[:20]) == 20
    host.save()
    assert am.create_many(rows) == 10
    host.save()
    stream = am.get_by_recipient(host.database.reload(other))
    assert sorted(each.verb for each in stream) == sorted(each["verb"] for each in rows)


@on("postgresql", "mariadb")
@pytest.mark.parametrize("is_nested", [False, True], ids=["outside", "in a savepoint"])
@pytest.mark.parametrize("level", [None, "READ COMMITTED", "REPEATABLE READ"])
def test_an_older_transaction_gets_the_stored_action_or_an_error(
    host, user, session, level, is_nested
):
    key = user._id
    host.database.forget()
    if level is not None:
        session.connection(execution_options={"isolation_level": level})
    ann = host.database.get(host.model.User, key)
    session.scalars(sa.select(host.model.User)).all()  # at some levels it sees nothing later
    with ThreadPoolExecutor(1) as thread:
        theirs = thread.submit(create_and_commit, host, key).result()
    try:
        with session.begin_nested() if is_nested else nullcontext():
            mine = am.create(ann, "joined again", once="welcome")._id
        assert mine == theirs
    except sa.exc.OperationalError:
        assert (host.database.name, level) == ("postgresql", "REPEATABLE READ")
    finally:
        host.database.close()
        host.database.engine.dispose()
    assert [each["verb"] for each in host.database.raw_actions()] == ["joined"]


def create_and_commit(host, key):
    action = am.create(host.database.get(host.model.User, key), "joined", once="welcome")
    host.save()
    try:
        return action._id
    finally:
        host.database.close()
