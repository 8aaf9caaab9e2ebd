"""Digests are filled in for the actions of an earlier release, so that they can be muted."""

import pytest
import sqlalchemy as sa

from activitystream import am
from activitystream.model.sqlalchemy import filling
from activitystream.model.sqlalchemy.tables import DIGESTS
from tests.helpers import databases


@pytest.fixture(scope="session", params=databases.SQL)
def database(request, database_named):
    return database_named(request.param)


@pytest.fixture
def old_actions(host, user, other, post):
    """Store three actions as an earlier release did."""
    for verb in ("liked", "followed", "liked"):
        am.create(other, verb, post, recipients=[user, other])
    rows = host.database.tables["activity_stream_recipient"]
    host.database.execute(sa.update(rows).values(dict.fromkeys(DIGESTS)))
    host.database.forget()


def fill(host, batches=None):
    """Fill in the digests in a run that is killed after this many batches."""
    options = {"isolation_level": "AUTOCOMMIT"}
    with host.database.engine.connect().execution_options(**options) as connection:
        filled = []
        for number in filling.fill_digests(connection):
            filled.append(number)
            if len(filled) == batches:
                break
        return filled


def test_old_actions_can_be_muted(host, user, old_actions):
    assert fill(host) == [3]
    user = host.database.reload(user)
    am.mute(user, verb="liked")
    assert host.verbs(user) == ["followed"]


@pytest.mark.parametrize("name", ["forum.Topic", "Thread"])
def test_old_actions_of_any_name_of_a_class_can_be_muted(host, user, other, name):
    topic = host.save(host.model.Topic())
    am.create(other, "opened", topic, recipients=[user])
    tables = host.database.tables
    stored = {"activity_stream_action": {"target_type": name}}
    stored["activity_stream_recipient"] = dict.fromkeys(DIGESTS)
    for table, values in stored.items():
        host.database.execute(sa.update(tables[table]).values(values))
    host.database.forget()
    assert fill(host) == [1]
    user, topic = host.database.reload(user), host.database.reload(topic)
    assert host.verbs(user) == ["opened"]
    am.mute(user, target=topic)
    assert host.verbs(user) == []


def test_goes_on_after_a_kill(host, user, old_actions, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 1)
    assert fill(host, batches=1) == [1]
    assert fill(host) == [1, 2]
    assert fill(host) == []


def test_actions_that_are_not_filled_in_are_shown(host, user, old_actions):
    user = host.database.reload(user)
    am.mute(user, verb="liked")
    assert host.verbs(user) == ["liked", "followed", "liked"]
