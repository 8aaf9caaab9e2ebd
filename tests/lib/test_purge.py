"""am.purge deletes old actions."""

from datetime import datetime, timedelta, timezone

import pytest

from activitystream import am, model
from activitystream.lib import removal
from tests.helpers.databases import LARGE, on

OLD = datetime(2020, 1, 31, 12, 30, 0, 123000)


@pytest.fixture
def old_actions(host, user, other):
    """Return a function that stores old actions, a millisecond apart, and one of now."""

    def old_actions(number):
        am.create_many(
            {
                "actor": user,
                "verb": f"no. {each}",
                "recipients": (None, [], [user], [user, other])[each % 4],
                "timestamp": OLD + timedelta(milliseconds=each),
            }
            for each in range(number)
        )
        am.create(user, "now", recipients=[user, other])
        host.save()

    return old_actions


@pytest.fixture
def actions(old_actions):
    old_actions(25)


def stored(host):
    return [action["verb"] for action in host.database.raw_actions()]


@pytest.mark.large
@on(*LARGE)
def test_removes_only_what_is_older(host, old_actions, user, other):
    old_actions(2500)
    assert am.purge(OLD + timedelta(milliseconds=2400)) == 2400
    host.save()
    host.database.forget()
    assert stored(host) == [*(f"no. {number}" for number in range(2400, 2500)), "now"]
    user, other = host.model.user_named("ann"), host.model.user_named("bob")
    assert (len(host.verbs(user)), len(host.verbs(other))) == (76, 51)
    assert am.count_not_seen_by_recipient(user) == 76
    assert am.get_by_recipient(other).count() == 51


@pytest.mark.large
@on(*LARGE)
def test_removes_what_was_imported_newest_first(host, user):
    am.create_many(
        {"actor": user, "verb": "imported", "timestamp": OLD - timedelta(seconds=number)}
        for number in range(2500)
    )
    assert am.purge(OLD - timedelta(seconds=99)) == 2400
    assert am.purge(datetime(2021, 1, 1)) == 100
    assert stored(host) == []


def test_removes_the_oldest_first(host, user, small_batches):
    am.create_many(
        {"actor": user, "verb": f"no. {number}", "timestamp": OLD - timedelta(seconds=number)}
        for number in range(25)
    )
    assert next(removal.purge(datetime(2021, 1, 1))) == 10
    assert sorted(stored(host)) == sorted(f"no. {number}" for number in range(15))


def test_a_second_run_finds_nothing(host, actions):
    before = datetime(2021, 1, 1)
    assert am.purge(before) == 25
    assert am.purge(before) == 0
    assert stored(host) == ["now"]


def test_a_dry_run_counts_and_changes_nothing(host, actions):
    everything = host.database.raw_actions()
    assert am.purge(OLD + timedelta(milliseconds=20), dry_run=True) == 20
    assert host.database.raw_actions() == everything


@pytest.mark.large
@on(*LARGE)
def test_removes_many_with_one_timestamp(host, user):
    am.create_many({"actor": user, "verb": "imported", "timestamp": OLD} for _ in range(1500))
    assert am.purge(OLD) == 0
    assert am.purge(OLD + timedelta(milliseconds=1)) == 1500
    assert stored(host) == []


def test_accepts_an_aware_moment(host, actions):
    moment = OLD + timedelta(milliseconds=7)
    aware = moment.replace(tzinfo=timezone.utc).astimezone(timezone(timedelta(hours=5)))
    assert am.purge(aware, dry_run=True) == am.purge(moment, dry_run=True) == 7


@pytest.mark.parametrize("dry_run", [True, False])
def test_rejects_a_future_moment(host, actions, dry_run):
    """A local time taken for UTC would delete more than was meant."""
    with pytest.raises(ValueError, match=r"is in the future \(now is .* UTC\)"):
        am.purge(datetime.now(timezone.utc) + timedelta(minutes=1), dry_run)
    assert len(stored(host)) == 26


@pytest.mark.parametrize("bad", [None, "2020-01-31", 180, timedelta(days=180), OLD.date()])
def test_rejects_what_is_not_a_moment(host, actions, bad):
    with pytest.raises(TypeError, match="before must be a datetime"):
        am.purge(bad)
    assert len(stored(host)) == 26


def test_accepts_now(host, actions):
    assert am.purge(datetime.now(timezone.utc)) >= 25


def test_loaded_actions_are_not_written_back(host, user):
    action = am.create(user, "old", recipients=[user])
    action.timestamp = OLD
    host.save(action)
    action.extra = "changed"
    assert am.purge(datetime(2021, 1, 1)) == 1
    action.verb = "changed"
    assert action.extra == "changed"
    host.save()
    assert stored(host) == []


def test_keeps_changes_of_newer_actions(host, user, actions):
    action = am.create(user, "new", recipients=[user])
    action.extra = "changed"
    am.purge(datetime(2021, 1, 1))
    host.save()
    host.database.forget()
    (_, (found,)) = am.get_actions(filters={"verb": "new"})
    assert found.extra == "changed"


def test_removes_the_recipients_too(host, actions):
    am.purge(datetime(2021, 1, 1))
    if hasattr(model.orm, "ActionRecipient"):
        rows = host.database.tables["activity_stream_recipient"]
        assert len(host.database.execute(rows.select()).all()) == 2
