"""Many actions at once, as an import makes them."""

from datetime import datetime, timedelta, timezone

import pytest
import tg

from activitystream import am
from activitystream.model import clock
from tests.helpers.databases import on

LONG_AGO = datetime(2020, 1, 31, 12, 30, 0, 123000)


def test_stores_the_same_as_create(host, user, other, post):
    given = {
        "actor": user,
        "verb": "commented",
        "target": post,
        "action_obj": other,
        "description": "A text",
        "extra": "{}",
        "recipients": [other, user, other],
    }
    one = am.create(**given)
    assert am.create_many([given]) == 1
    host.database.forget()
    _, (first, second) = am.get_actions(order_by="_id", desc=False)
    fields, same = first.__json__(), second.__json__()
    for each in (fields, same):
        del each["_id"], each["timestamp"]
    assert fields == same
    assert list(second._recipients) == list(first._recipients)
    assert second.timestamp >= one.timestamp
    assert second.target_id == post._id
    assert (second.actor, second.target_link) == ("ann", f"/post/{post._id}")


def test_stamps_a_batch_when_it_is_stored(host, user, monkeypatch):
    """A reader who marks while a slow iterable is read has seen none of it."""
    moments = iter(LONG_AGO + timedelta(seconds=number) for number in range(10))
    monkeypatch.setattr(clock, "now", lambda: next(moments))

    def slow():
        yield {"actor": user, "verb": "joined"}
        read_until.append(clock.now())

    read_until = []
    am.create_many(slow())
    (action,) = am.get_actions()[1]
    assert clock.naive_utc(action.timestamp) > read_until[0]


def test_recipients_see_imported_actions(host, user, other):
    number = am.create_many(
        {"actor": user, "verb": f"no. {number}", "recipients": to}
        for number, to in enumerate(([user], [other], [], None, [user, other]))
    )
    assert number == 5
    host.database.forget()
    assert sorted(host.verbs(user)) == ["no. 0", "no. 3", "no. 4"]
    assert sorted(host.verbs(other)) == ["no. 1", "no. 3", "no. 4"]
    assert am.count_not_seen_by_recipient(user) == 3


def test_accepts_past_timestamps(host, user):
    aware = LONG_AGO.replace(tzinfo=timezone.utc).astimezone(timezone(timedelta(hours=5)))
    am.create_many(
        [
            {"actor": user, "verb": "now"},
            {"actor": user, "verb": "naive", "timestamp": LONG_AGO + timedelta(microseconds=9)},
            {"actor": user, "verb": "aware", "timestamp": aware - timedelta(seconds=1)},
        ]
    )
    host.database.forget()
    now, naive, aware = am.get_by_recipient(user).all()
    assert (now.verb, naive.verb, aware.verb) == ("now", "naive", "aware")
    assert naive.timestamp == LONG_AGO
    assert aware.timestamp == LONG_AGO - timedelta(seconds=1)


def test_accepts_a_clock_slightly_ahead(user):
    ahead = datetime.now(timezone.utc) + timedelta(seconds=30)
    assert am.create_many([{"actor": user, "verb": "x", "timestamp": ahead}]) == 1


def test_stores_thousands(host, user):
    assert am.create_many({"actor": user, "verb": f"no. {n}"} for n in range(2500)) == 2500
    assert am.get_by_recipient(user).count() == 2500


def test_accepts_an_empty_list(user):
    assert am.create_many([]) == 0
    assert am.get_actions() == (0, [])


#: Future times, like a local time taken for UTC: nobody could mark them as seen.
TO_COME = datetime.now(timezone.utc) + timedelta(days=1)

WRONG = [
    (
        {"actor": "USER", "verb": "x", "timestamp": TO_COME},
        ValueError,
        r"is in the future \(now is .* UTC\)",
    ),
    ({"actor": None, "verb": "x"}, TypeError, "actor must be an object"),
    ({"actor": "ann", "verb": "x"}, TypeError, "actor must be an object"),
    ({"verb": "x"}, TypeError, "needs actor and verb"),
    ({}, TypeError, "needs actor and verb"),
    ({"actor": 1, "verb": "x", "targets": 1}, TypeError, "unknown key targets"),
    ({"actor": 1, "verb": "x", 1: 1}, TypeError, "unknown key 1"),
    (None, TypeError, "must be a dict"),
    (("actor", "verb"), TypeError, "must be a dict"),
    ({"actor": "USER", "verb": ""}, ValueError, "verb must not be empty"),
    ({"actor": "USER", "verb": "\ud800"}, ValueError, "surrogates"),
    ({"actor": "USER", "verb": "x", "recipients": 1}, TypeError, "recipients must be"),
    ({"actor": "USER", "verb": "x", "timestamp": "2020-01-31"}, TypeError, "must be a datetime"),
]


@pytest.mark.parametrize(("wrong", "kind", "reason"), WRONG)
def test_names_the_invalid_item_and_stores_nothing(host, user, wrong, kind, reason):
    if isinstance(wrong, dict) and wrong.get("actor") == "USER":
        wrong = {**wrong, "actor": user}
    with pytest.raises(kind, match=reason) as caught:
        am.create_many([{"actor": user, "verb": "right"}, wrong])
    assert str(caught.value).startswith("action 1: ")
    assert am.get_actions()[0] == 0


@pytest.mark.parametrize("wrong", [None, "x", b"x", 1, {"actor": 1}])
def test_rejects_what_is_not_an_iterable_of_dicts(user, wrong):
    with pytest.raises(TypeError, match="actions must be an iterable of dicts"):
        am.create_many(wrong)


def test_calls_no_hook(host, user):
    called = []
    tg.hooks.register("activitystream.after_create", called.append)
    am.create_many([{"actor": user, "verb": "joined"}])
    assert called == []


@on("mariadb")
def test_works_if_the_database_returns_one_id_at_a_time(host, user, other, monkeypatch):
    """MySQL does so; the tests have no MySQL server."""
    dialect = host.database.engine.dialect
    for feature in ("insert_returning", "insert_executemany_returning", "use_insertmanyvalues"):
        monkeypatch.setattr(dialect, feature, False)
    am.create_many({"actor": user, "verb": f"no. {n}", "recipients": [other]} for n in range(5))
    assert sorted(host.verbs(other)) == [f"no. {n}" for n in range(5)]
    assert host.verbs(user) == []


@on("mongodb", "postgresql", "mariadb")
def test_a_thousand_cost_as_many_queries_as_one(host, user, other):
    """Except on SQLite, which gets the actions one by one, as it runs in the process."""

    def kinds(number):
        with host.database.queries() as recorded:
            am.create_many(
                {"actor": user, "verb": "x", "recipients": [user, other]} for _ in range(number)
            )
        return [host.database.kind_of(query) for query in recorded]

    assert kinds(1000) == kinds(1) == host.database.to_write_many
    assert len(kinds(2000)) == 2 * len(kinds(1))
