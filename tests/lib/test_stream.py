"""The stream behind am.get_by_recipient."""

from datetime import datetime, timedelta

import pytest

from activitystream import am, model
from tests.helpers.databases import COUNTED, on


@pytest.fixture
def stream(host, user):
    """Return a stream of five actions: "4" is the newest."""
    for number in range(5):
        am.create(user, str(number))
    return am.get_by_recipient(user)


def verbs(actions):
    return [action.verb for action in actions]


def test_is_newest_first(stream):
    assert verbs(stream.all()) == verbs(stream) == ["4", "3", "2", "1", "0"]


def test_orders_actions_of_one_moment(host, user):
    moment = datetime(2026, 1, 31)
    actions = [am.create(user, str(number)) for number in range(5)]
    for action in actions:
        action.timestamp = moment
    host.save(*actions)
    host.database.forget()
    stream = am.get_by_recipient(user)
    assert verbs(stream) == ["4", "3", "2", "1", "0"]
    assert [verbs(stream.skip(n).limit(1)) for n in range(5)] == [["4"], ["3"], ["2"], ["1"], ["0"]]


def test_limit_and_skip_work_in_either_order(stream):
    assert verbs(stream.limit(2)) == ["4", "3"]
    assert verbs(stream.skip(3)) == ["1", "0"]
    assert verbs(stream.skip(1).limit(2)) == verbs(stream.limit(2).skip(1)) == ["3", "2"]
    assert verbs(stream.limit(2).limit(4)) == ["4", "3", "2", "1"]
    assert verbs(stream.limit(0)) == verbs(stream.skip(9)) == []


def test_slicing_leaves_the_stream_unchanged(stream):
    stream.limit(1), stream.skip(1), stream[1:2]
    assert verbs(stream) == ["4", "3", "2", "1", "0"]


def test_iterating_again_shows_new_actions(stream, user):
    assert verbs(stream) == verbs(stream)
    am.create(user, "5")
    assert verbs(stream)[0] == "5"
    assert len(stream) == 6


def test_first_and_one(stream, host):
    assert stream.first().verb == "4"
    assert stream.skip(4).one().verb == "0"
    assert stream.skip(5).first() is None
    with pytest.raises(ValueError, match="exactly one action; it holds several"):
        stream.one()
    with pytest.raises(ValueError, match="exactly one action; it holds none"):
        stream.skip(5).one()


def test_count_ignores_limit_and_skip(stream):
    assert stream.count() == stream.limit(2).count() == stream.skip(2).count() == 5


def test_len_is_the_number_of_iterated_actions(stream):
    parts = [stream, stream.limit(2), stream.limit(9), stream.skip(2), stream.skip(4).limit(3)]
    parts += [stream.skip(9), stream[1:3], stream[3:9], stream.limit(0)]
    assert [len(part) for part in parts] == [len(verbs(part)) for part in parts]
    assert [len(part) for part in parts] == [5, 2, 5, 3, 1, 0, 2, 2, 0]


def test_is_true_if_it_has_an_action(stream):
    assert stream
    assert not stream.skip(5)


def test_slices_stay_within_limit_and_skip(stream):
    assert verbs(stream[1:3]) == ["3", "2"]
    assert verbs(stream[:2]) == ["4", "3"]
    assert verbs(stream[3:]) == ["1", "0"]
    assert verbs(stream[:]) == verbs(stream)
    assert verbs(stream[2:2]) == verbs(stream[3:1]) == []
    assert verbs(stream.skip(1).limit(3)[1:9]) == ["2", "1"]
    assert verbs(stream.limit(2)[2:4]) == []


def test_an_index_returns_one_action(stream):
    assert stream[0].verb == "4"
    assert stream.skip(1)[1].verb == "2"
    with pytest.raises(IndexError):
        stream[5]
    with pytest.raises(IndexError):
        stream.limit(2)[2]


@pytest.mark.parametrize("bad", [-1, 1.5, "2", None, True, [3], {"$gt": 1}])
def test_rejects_invalid_numbers(stream, bad):
    for ask in (stream.limit, stream.skip, stream.__getitem__):
        with pytest.raises(ValueError, match="must be a whole number"):
            ask(bad)


@pytest.mark.parametrize("bad", [slice(-1, None), slice(None, -1), slice(0, 4, 2), slice("1", 2)])
def test_rejects_slices_that_need_the_whole_stream(stream, bad):
    with pytest.raises(ValueError, match="must be a whole number|must have no step"):
        stream[bad]


def test_iterates_over_more_than_a_page(host, user, monkeypatch):
    monkeypatch.setattr("activitystream.lib.streams._PAGE_SIZE", 3)
    for number in range(7):
        am.create(user, str(number))
    stream = am.get_by_recipient(user)
    assert verbs(stream) == ["6", "5", "4", "3", "2", "1", "0"]
    assert verbs(stream.limit(6)) == ["6", "5", "4", "3", "2", "1"]
    assert len(list(stream)) == 7
    assert [action.actor for action in stream] == ["ann"] * 7


def test_rejects_an_unsaved_or_foreign_recipient(host):
    with pytest.raises(ValueError, match="not stored yet"):
        am.get_by_recipient(host.model.User())
    for bad in (None, "ann", 5, {"$ne": None}):
        with pytest.raises(TypeError, match="recipient must be an object of a class"):
            am.get_by_recipient(bad)


def test_works_with_turbogears_paginate(host, user, app):
    for number in range(7):
        am.create(user, str(number))
    answer = app.get("/paginated?page=2").json["actions"]
    assert (answer["total"], verbs_of(answer["entries"])) == (7, ["3", "2", "1"])


def test_turbogears_renders_actions_as_json(host, user, app):
    secret = host.save(host.model.Coded(_id="a secret recipient"))
    am.create(user, "liked", host.post(), recipients=[user, secret])
    (answer,) = app.get("/as_json").json["actions"]
    assert answer["verb"] == "liked"
    assert str(answer["actor_id"]) == str(user._id)
    assert set(answer) == set(model.action.FIELDS)
    assert "a secret recipient" not in str(answer)


def verbs_of(entries):
    return [entry["verb"] for entry in entries]


@pytest.mark.parametrize("wrong", [None, 5, datetime(2026, 1, 31)])
def test_before_and_after_accept_only_actions(user, wrong):
    for verb in ("before", "after"):
        with pytest.raises(TypeError, match="take an action; got"):
            getattr(am.get_by_recipient(user), verb)(wrong)


@pytest.mark.parametrize("wrong", ["no. 5", " ", "2026-01-31T00:00:00.000_", "_1"])
def test_a_page_begins_at_no_text_but_of_another_page(user, wrong):
    with pytest.raises(ValueError, match="invalid `before` cursor"):
        am.get_by_recipient(user).page(5, before=wrong)
    with pytest.raises(ValueError, match="invalid `before` cursor"):
        am.get_by_recipient(user).before(wrong)


def test_pages_follow_each_other_by_a_text(host, user):
    for number in range(5):
        am.create(user, f"no. {number}")
    stream = am.get_by_recipient(user)
    pages = [stream.page(2, before="")]
    while pages[-1].next is not None:
        pages.append(stream.page(2, before=pages[-1].next))
    verbs = [[each.verb for each in page] for page in pages]
    assert verbs == [["no. 4", "no. 3"], ["no. 2", "no. 1"], ["no. 0"]]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert stream.limit(0).page(2).actions == []


@pytest.fixture
def at_once(host, user):
    """Store actions of which several have the same millisecond, as an import makes them."""
    actions = [am.create(user, f"no. {number}", recipients=[user]) for number in range(9)]
    actions.append(am.create(user, "no. 9"))
    for number, action in enumerate(actions):
        action.timestamp = datetime(2026, 1, 31, 12) + timedelta(milliseconds=number // 4)
    host.save(*actions)
    return list(reversed(actions))


def test_before_continues_below_an_action(host, user, at_once):
    newest_first = am.get_by_recipient(user).all()
    assert newest_first == sorted(at_once, key=lambda each: (each.timestamp, each._id))[::-1]
    for number, action in enumerate(newest_first):
        older = am.get_by_recipient(user).before(action)
        assert older.all() == newest_first[number + 1 :]
        assert older.count() == len(older) == len(newest_first) - number - 1
        assert older.limit(3).all() == newest_first[number + 1 : number + 4]
        assert older.skip(2).limit(3).all() == newest_first[number + 3 : number + 6]
        assert older.limit(0).all() == []
        newer = am.get_by_recipient(user).after(action)
        assert newer.all() == newest_first[:number]
        assert newer.count() == number


def test_combines_after_and_before(host, user, at_once):
    newest_first = am.get_by_recipient(user).all()
    for start, newer in enumerate(newest_first):
        for stop, older in enumerate(newest_first):
            between = am.get_by_recipient(user).after(older).before(newer)
            assert between.all() == newest_first[start + 1 : stop]
            assert between.count() == len(newest_first[start + 1 : stop])


def test_pages_hold_each_action_once_while_others_are_added(host, user, at_once):
    expected = am.get_by_recipient(user).all()
    shown = am.get_by_recipient(user).limit(3).all()
    while page := am.get_by_recipient(user).before(shown[-1]).limit(3).all():
        shown += page
        am.create(user, "meanwhile", recipients=[user])
    assert shown == expected


def test_before_accepts_a_deleted_action(host, user, at_once):
    newest_first = am.get_by_recipient(user).all()
    verbs = [action.verb for action in newest_first]
    host.database.delete(newest_first[3])
    assert [each.verb for each in am.get_by_recipient(user).before(newest_first[3])] == verbs[4:]


@pytest.fixture
def small_pages(monkeypatch):
    """Make a page of an iteration hold three actions."""
    monkeypatch.setattr("activitystream.lib.streams._PAGE_SIZE", 3)


@pytest.fixture
def seven(host, user):
    for number in range(7):
        am.create(user, str(number), recipients=[user])
    host.database.forget()
    return am.get_by_recipient(host.model.user_named("ann"))


SEVEN = ["6", "5", "4", "3", "2", "1", "0"]


def test_iterates_inside_an_iteration(seven, small_pages):
    pairs = [(one.verb, other.verb) for one in seven for other in seven]
    assert pairs == [(one, other) for one in SEVEN for other in SEVEN]


def test_iterates_as_far_as_another_iteration(seven, small_pages):
    assert [(one.verb, other.verb) for one, other in zip(seven, seven, strict=True)] == [
        (each, each) for each in SEVEN
    ]


def test_shows_entities_inside_and_after_an_inner_iteration(seven, small_pages):
    for one in seven:
        for other in seven:
            assert (other.actor, [to.user_name for to in other.recipients]) == ("ann", ["ann"])
        assert (one.actor, [to.user_name for to in one.recipients]) == ("ann", ["ann"])


@on(*COUNTED)
def test_loads_the_entities_of_a_page_together_around_an_inner_iteration(
    host, seven, small_pages, user
):
    with host.database.queries() as recorded:
        for number, one in enumerate(seven):
            if number == 0:
                list(seven)
            assert one.actor == "ann"
    asked = [host.database.entities_asked(query) for query in recorded]
    # Of each of the three pages, and of the action that was in hand meanwhile.
    assert len([number for number in asked if number is not None]) <= 3 + 1


def test_stores_changes_around_an_inner_iteration(host, seven, small_pages):
    for one in seven:
        list(seven)
        one.extra = "changed"
    host.save()
    host.database.forget()
    assert {action["extra"] for action in host.database.raw_actions()} == {"changed"}


def test_iterates_on_in_a_new_session(host, seven, small_pages):
    verbs = []
    for action in seven:
        verbs.append(action.verb)
        host.database.forget()
    assert verbs == SEVEN
