"""What becomes of what was written: an ORM has transactions, or stores all at once."""

from contextlib import suppress

import pytest

from tests.backend.actions import fields, read_all


@pytest.fixture
def has_transactions(host, orm):
    """Return whether a failed request loses what it wrote."""
    orm.insert_action(fields())
    host.database.close()
    is_gone = read_all(orm) == []
    host.database.clean()
    return is_gone


def fail(orm):
    """Try to store an action without a verb; return the database's error, or None."""
    try:
        orm.insert_actions([fields(verb=None)])
    except orm.DATABASE_ERRORS as error:
        return error
    (action,) = (each for each in read_all(orm) if each.verb is None)
    orm.delete_actions([action._id])
    return None


def test_what_a_request_wrote_is_there_for_the_next(host, orm):
    orm.insert_action(fields())
    orm.end_request(succeeded=True)
    host.database.close()
    assert len(read_all(orm)) == 1


def test_a_failed_request_writes_nothing_if_there_are_transactions(host, orm, has_transactions):
    orm.insert_action(fields())
    orm.end_request(succeeded=False)
    host.database.forget()
    assert len(read_all(orm)) == (0 if has_transactions else 1)


def test_leaves_alone_what_another_manager_commits(host, orm, has_transactions):
    orm.insert_action(fields())
    orm.end_request(succeeded=True, managed=True)
    assert len(read_all(orm)) == 1
    host.database.close()
    assert len(read_all(orm)) == (0 if has_transactions else 1)


def test_an_idle_request_can_end(orm):
    for succeeded in (True, False):
        orm.end_request(succeeded)
        orm.end_request(succeeded, managed=True)


def test_an_error_of_the_host_breaks_no_transaction(host, orm):
    orm.insert_action(fields())
    assert not orm.transaction_is_broken(ValueError("the host's"))
    host.database.forget()
    assert len(read_all(orm)) == 1


def test_an_error_of_the_database_breaks_a_transaction(orm, has_transactions):
    error = fail(orm)
    read_all(orm)  # as if nothing had been
    if error is not None:
        assert orm.transaction_is_broken(error) is has_transactions
        wrapped = ValueError("the host's")
        wrapped.__cause__ = error
        assert orm.transaction_is_broken(wrapped) is has_transactions


def test_a_session_that_only_read_can_be_used_after_an_error(host, orm):
    orm.insert_action(fields())
    host.database.forget()
    assert len(read_all(orm)) == 1
    fail(orm)
    assert orm.recover()
    assert len(read_all(orm)) == 1


def test_recovering_loses_nothing_that_was_written(host, orm):
    orm.insert_action(fields())
    if orm.recover():
        host.database.forget()
        assert len(read_all(orm)) == 1


def test_recovering_after_an_error_loses_nothing_that_was_written(host, orm):
    orm.insert_action(fields())
    fail(orm)
    if orm.recover():
        host.database.forget()
        assert len(read_all(orm)) == 1


def test_a_transaction_outlives_a_block_that_reads_and_writes(host, orm):
    orm.insert_action(fields())
    with orm.watched_transaction() as watch:
        read_all(orm)
        orm.insert_action(fields())
        assert not watch.is_lost()
    host.database.forget()
    assert len(read_all(orm)) == 2


def test_a_block_loses_nothing_if_nothing_was_written_before(host, orm):
    host.database.forget()
    with orm.watched_transaction() as watch:
        orm.insert_action(fields())
        assert not watch.is_lost()
    host.database.forget()
    assert len(read_all(orm)) == 1


@pytest.mark.parametrize("is_caught", [True, False])
def test_a_block_knows_whether_it_lost_earlier_writes(host, orm, is_caught):
    orm.insert_action(fields())
    with orm.watched_transaction() as watch:
        if is_caught:
            fail(orm)
        else:
            host.database.close()
        is_lost = watch.is_lost()
    with suppress(Exception):  # of a transaction that is lost
        host.database.forget()
    host.database.close()
    assert len(read_all(orm)) == (0 if is_lost else 1)


def test_tells_once_what_was_stored_is_committed(host, orm, has_transactions):
    told = []
    action = orm.insert_action(fields())
    waits = orm.when_committed(action._id, told.extend)
    assert waits is has_transactions
    assert told == []
    host.database.forget()
    host.database.forget()
    assert told == ([action._id] if waits else [])


def test_tells_nothing_of_what_is_rolled_back(host, orm, has_transactions):
    told = []
    orm.when_committed(orm.insert_action(fields())._id, told.extend)
    host.database.close()
    orm.insert_action(fields())
    host.database.forget()
    assert told == []


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_transaction_of_its_own_writes_stays(host, orm, has_transactions, fails):
    host.database.forget()
    with suppress(ZeroDivisionError), orm.own_transaction():
        orm.insert_action(fields())
        if fails:
            raise ZeroDivisionError
    host.database.close()
    assert len(read_all(orm)) == (0 if fails and has_transactions else 1)


def test_a_transaction_of_its_own_leaves_what_the_host_has_in_hand(host, orm, user):
    user.user_name = "anna"
    with orm.own_transaction():
        host.database.close()
    host.save(user)
    assert host.database.reload(user).user_name == "anna"
