"""``am.readers_with_unseen``: who has something new since a moment, as for a digest."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitystream import am, model
from activitystream.lib import with_unseen
from activitystream.model import clock
from tests.helpers.databases import COUNTED, on

LONG_AGO = datetime(2020, 1, 1)


@pytest.fixture(autouse=True)
def _small_batches(small_batches, monkeypatch):
    monkeypatch.setattr(with_unseen, "BATCH", 3)


@pytest.fixture
def actor(host):
    return host.user("actor")


@pytest.fixture
def readers(host, actor):
    return host.save(*(host.model.User(user_name=f"user{number}") for number in range(8)))


def names(since=LONG_AGO, **arguments):
    return sorted(each.user_name for each in am.readers_with_unseen(since, **arguments))


def create(actor, recipients, timestamp):
    am.create_many(
        [{"actor": actor, "verb": "did", "recipients": recipients, "timestamp": timestamp}]
    )


def test_yields_whoever_has_something_unseen_once(host, actor, readers):
    for _ in range(3):
        am.create(actor, "told", recipients=readers[:5])
    host.save()
    am.mark_seen(readers[4])
    assert names() == ["user0", "user1", "user2", "user3"]


def test_leaves_out_what_is_no_newer_or_newer_than_until(host, actor, readers):
    moments = [LONG_AGO + timedelta(hours=number) for number in range(4)]
    for reader, moment in zip(readers, moments, strict=False):
        create(actor, [reader], moment)
    host.save()
    assert names(moments[1]) == ["user2", "user3"]
    assert names(moments[0], until=moments[2]) == ["user1", "user2"]
    assert names(moments[0].replace(tzinfo=timezone.utc), until=moments[0]) == []
    assert names(moments[3]) == names(clock.now() + timedelta(days=1)) == []
    for reader in readers[:4]:
        within = am.get_by_recipient(reader).within(moments[0], until=moments[2])
        assert within.count() == (reader.user_name in ("user1", "user2"))


def test_what_is_kept_unread_is_within_its_window_only(host, actor, readers):
    moments = [LONG_AGO + timedelta(hours=number) for number in range(3)]
    for moment in moments:
        create(actor, readers[:1], moment)
    host.save()
    reader = readers[0]
    am.mark_all_read(reader)
    am.mark_unread(reader, am.get_by_recipient(reader).all())
    host.save()
    within = am.get_by_recipient(reader).unread().within(moments[0], until=moments[1])
    assert [each.timestamp for each in within] == [moments[1]]


def test_what_is_for_everyone_concerns_all_but_those_who_saw_it(host, actor, readers):
    am.create(actor, "announced")
    host.save()
    for reader in readers[2:]:
        am.mark_seen(reader)
    assert names() == ["actor", "user0", "user1"]


def test_what_is_for_nobody_concerns_nobody(host, actor, readers):
    am.create(actor, "hid", recipients=[])
    host.save()
    assert names() == []


def test_what_is_for_an_audience_concerns_its_members(host, actor, readers, monkeypatch):
    team = host.post("a team")
    members = {each.user_name for each in readers[:2]}
    host.plug(audiences=lambda user: [team] if user.user_name in members else [])
    assert names() == []
    am.create(actor, "told", recipients=[team])
    host.save()
    assert names() == ["user0", "user1"]
    am.mark_seen(readers[0])
    assert names() == ["user1"]


def test_knows_neither_muted_nor_hidden_own_actions(host, actor, readers):
    am.create(actor, "liked", recipients=[actor, *readers[:2]], notify_actor=False)
    am.mute(readers[0], verb="liked")
    host.save()
    assert names() == ["user1"]


def test_what_became_visible_late_is_unseen(host, actor, readers):
    moment = clock.now() - timedelta(seconds=30)
    am.mark_seen(readers[0])
    create(actor, [readers[0]], moment)
    host.save()
    assert names() == ["user0"]


def test_a_field_that_the_host_has_set_counts(host, actor, readers):
    create(actor, readers[:3], LONG_AGO + timedelta(hours=1))
    host.database.raw_update(readers[0], last_activity_seen=LONG_AGO + timedelta(hours=1))
    host.database.raw_update(readers[1], last_activity_seen=LONG_AGO)
    host.save()
    host.database.forget()
    assert names() == ["user1", "user2"]


def test_readers_are_of_any_class_with_the_field_or_of_one(host, actor):
    numbered = host.save(*(host.model.Numbered(_id=number) for number in (1, 2)))
    topic, post, admin = host.save(
        host.model.Topic(), host.model.Post(), host.model.Admin(user_name="root")
    )
    am.create(actor, "told", recipients=[actor, *numbered, topic, post, admin])
    host.save()

    def found(**arguments):
        return {type(each) for each in am.readers_with_unseen(LONG_AGO, **arguments)}

    model = host.model
    assert found() == {model.User, model.Admin, model.Numbered, model.Topic}
    assert found(of=model.Numbered) == {model.Numbered}
    assert found(of=model.Admin) == {model.Admin}
    assert found(of=model.User) == {model.User, model.Admin}
    am.create(actor, "announced")
    host.save()
    assert found(of=model.Admin) == {model.Admin}
    assert found() == {model.User, model.Admin, model.Numbered, model.Topic}


def test_finds_readers_by_old_names_of_their_class(host, actor, monkeypatch):
    topic = host.save(host.model.Topic())
    monkeypatch.setattr(host.model.Topic, "activity_type", "Thread")
    am.create(actor, "told", recipients=[topic])
    host.save()
    monkeypatch.undo()
    assert [each._id for each in am.readers_with_unseen(LONG_AGO)] == [topic._id]


def test_the_host_may_end_its_transaction_after_each(host, actor, readers):
    am.create(actor, "told", recipients=readers)
    host.save()
    found = []
    for reader in am.readers_with_unseen(LONG_AGO):
        found.append(reader.user_name)
        am.mark_seen(reader)
        host.save()
        host.database.end_request()
    assert sorted(found) == [f"user{number}" for number in range(8)]
    assert names() == []


def test_leaves_out_who_was_deleted_or_has_looked_meanwhile(host, actor, readers):
    am.create(actor, "told", recipients=readers[:3])
    host.save()
    found = am.readers_with_unseen(LONG_AGO)
    first = next(found)
    looked, deleted = (each for each in readers[:3] if each.user_name != first.user_name)
    host.database.end_request()
    am.mark_seen(host.database.reload(looked))
    host.database.delete(host.database.reload(deleted))
    host.database.end_request()
    assert list(found) == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"since": None}, "since must be a datetime; got NoneType"),
        ({"since": LONG_AGO, "until": "now"}, "until must be a datetime; got str"),
        ({"since": LONG_AGO, "of": "User"}, "of must be a class that the app stores"),
        ({"since": LONG_AGO, "of": int}, "of must be a class that the app stores"),
    ],
)
def test_rejects_other_arguments_at_once(host, arguments, error):
    with pytest.raises(TypeError, match=error):
        am.readers_with_unseen(**arguments)


def test_rejects_a_class_without_the_field(host):
    with pytest.raises(AttributeError, match="Post has no field last_activity_seen"):
        am.readers_with_unseen(LONG_AGO, of=host.model.Post)


ACTIONS = st.lists(
    st.tuples(
        st.none() | st.sets(st.integers(0, 5), max_size=3),
        st.integers(0, 5),
        st.sampled_from(["liked", "told"]),
    ),
    max_size=12,
)


@pytest.mark.parametrize("many", [1, 10_000], ids=["more than a few", "a few"])
@given(
    ACTIONS,
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=4),
    st.sets(st.integers(0, 5)),
    st.integers(0, 5),
    st.none() | st.integers(0, 5),
)
def test_yields_exactly_those_whose_stream_has_something_unseen(
    host, monkeypatch, many, actions, marks, muting, since, until
):
    monkeypatch.setattr(with_unseen, "MANY", many)
    host.database.clean()
    readers = host.save(*(host.model.User(user_name=f"user{number}") for number in range(6)))
    now = clock.now() - timedelta(days=1)
    moments = [now + timedelta(minutes=number) for number in range(6)]
    for recipients, number, verb in actions:
        to = None if recipients is None else [readers[each] for each in recipients]
        fields = {"actor": readers[0], "recipients": to, "timestamp": moments[number]}
        am.create_many([{**fields, "verb": verb}])
    for number, moment in marks:
        am.mark_seen(readers[number], until=moments[moment])
    for number in muting:
        am.mute(readers[number], verb="liked")
    host.save()
    end = None if until is None else moments[until]
    expected = [
        reader.user_name
        for reader in readers
        if am.get_by_recipient(reader).unseen().within(moments[since], end).first()
    ]
    assert names(moments[since], until=end) == expected


def test_loads_no_reader_who_has_looked_since_if_there_are_many(host, actor, readers, monkeypatch):
    monkeypatch.setattr(with_unseen, "MANY", 8)
    am.create(actor, "told", recipients=readers)
    host.save()
    for reader in readers[2:]:
        host.database.raw_update(reader, last_activity_seen=clock.now() + timedelta(hours=1))
    host.save()
    host.database.forget()
    loaded = []
    load = model.orm.load_entities

    def noted(cls, keys):
        loaded.extend(keys)
        return load(cls, keys)

    monkeypatch.setattr(model.orm, "load_entities", noted)
    found = list(am.readers_with_unseen(LONG_AGO, of=host.model.User))
    assert sorted(each.user_name for each in found) == ["user0", "user1"]
    assert len(loaded) == 2


@on(*COUNTED)
def test_costs_no_query_for_each_of_the_rest(host, actor, readers):
    """The number of readers who have seen it does not change the cost."""

    def queries(everyone, seen):
        am.create(actor, "told", recipients=None if everyone else readers)
        host.save()
        for reader in readers[:seen]:
            am.mark_seen(reader)
            # As if it had been longer ago than ``late``.
            later = clock.now() + timedelta(hours=1)
            host.database.raw_update(reader, last_activity_seen=later)
        host.save()
        host.database.forget()
        with host.database.queries() as recorded:
            number = len(list(am.readers_with_unseen(LONG_AGO, of=host.model.User)))
        return number, len(recorded)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(with_unseen, "BATCH", 1000)
        all_of_them, most = queries(everyone=False, seen=0)
        assert all_of_them == 8
        few, fewer = queries(everyone=False, seen=7)
        assert few == 1
        each = (most - fewer) / 7
        assert most <= 6 + each * 8
        assert fewer <= 6 + each
        announced, least = queries(everyone=True, seen=7)
        assert announced == 2  # the actor has seen nothing
        assert least <= 7 + each * 2
