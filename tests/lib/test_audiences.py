"""Streams of a recipient and of the audiences that it belongs to, with no copy for each person."""

import pytest
from tg.configuration.utils import TGConfigError

from activitystream import am
from tests.helpers.databases import COUNTED, LARGE, on


@pytest.fixture
def teams(host):
    return host.save(*(host.model.Post(title=f"team {number}") for number in range(3)))


def verbs(actions):
    return [action.verb for action in actions]


def test_members_see_the_actions_of_their_audience(host, user, other, teams):
    am.create(other, "for the user", recipients=[user])
    am.create(other, "for the first team", recipients=[teams[0]])
    am.create(other, "for the second team", recipients=[teams[1]])
    am.create(other, "for everyone")
    am.create(other, "for bob", recipients=[other])
    am.create(other, "for nobody", recipients=[])
    assert verbs(am.get_by_recipient(user, also=teams[:2])) == [
        "for everyone",
        "for the second team",
        "for the first team",
        "for the user",
    ]
    assert verbs(am.get_by_recipient(user, also=[])) == ["for everyone", "for the user"]
    assert verbs(am.get_by_recipient(user)) == ["for everyone", "for the user"]


def test_shows_an_action_for_several_audiences_once(host, user, other, teams):
    am.create(other, "for all of them", recipients=[user, *teams])
    am.create(other, "for two", recipients=teams[1:])
    stream = am.get_by_recipient(user, also=teams)
    assert verbs(stream) == ["for two", "for all of them"]
    assert stream.count() == len(stream) == 2
    assert am.count_not_seen_by_recipient(user, also=teams) == 2
    assert am.count_not_seen_by_recipient(user, also=teams, limit=1) == 1


def test_a_mark_covers_the_audiences_that_it_names(host, user, other, teams):
    am.create(other, "before", recipients=teams)
    am.mark_seen(user, also=teams)
    assert am.count_not_seen_by_recipient(user, also=teams) == 0
    assert am.count_not_seen_by_recipient(user) == 0


def test_accepts_repeated_audiences_and_the_recipient(host, user, teams):
    am.create(user, "joined", recipients=[user, teams[0]])
    stream = am.get_by_recipient(user, also=[teams[0], user, teams[0]])
    assert (verbs(stream), stream.count()) == (["joined"], 1)


def test_accepts_any_iterable_of_any_classes(host, user, teams):
    note = host.save(host.model.Note(secret="x"))
    am.create(user, "noted", recipients=[note])
    am.create(user, "joined", recipients=[teams[2]])
    for also in ([note, teams[2]], (note, teams[2]), iter([note, teams[2]]), {note, teams[2]}):
        assert verbs(am.get_by_recipient(user, also=also)) == ["joined", "noted"]


@pytest.mark.parametrize("wrong", [None, "team", 1, {"a": 1}, [None], ["team"]])
def test_rejects_invalid_audiences(host, user, wrong):
    for call in (am.get_by_recipient, am.count_not_seen_by_recipient):
        with pytest.raises(TypeError, match="also"):
            call(user, also=wrong)


def test_rejects_an_audience_without_a_list(host, user, teams):
    with pytest.raises(TypeError, match=r"also must be a list, like \[…\]; got one"):
        am.get_by_recipient(user, also=teams[0])


@pytest.fixture(params=[1, 40, 64, 330])
def many(request, host, user):
    """Store actions for some of many audiences; return the audiences."""
    audiences = host.save(*(host.model.Note(secret=str(n)) for n in range(request.param)))
    audiences = audiences if isinstance(audiences, tuple) else (audiences,)
    for number in range(60):
        to = [audiences[number * 37 % len(audiences)], audiences[number * 53 % len(audiences)]]
        am.create(user, f"no. {number}", recipients=None if number % 10 == 0 else to)
    return audiences


@pytest.mark.large
@on(*LARGE)
def test_hundreds_of_audiences_make_one_stream(host, user, many):
    expected = [f"no. {number}" for number in range(59, -1, -1)]
    stream = am.get_by_recipient(user, also=many)
    assert verbs(stream) == expected
    assert verbs(stream.limit(10)) == expected[:10]
    assert verbs(stream.skip(20).limit(10)) == expected[20:30]
    assert verbs(stream.limit(0)) == []
    assert stream.first().verb == "no. 59"
    assert stream.count() == len(stream) == 60
    assert am.count_not_seen_by_recipient(user, also=many) == 60
    for limit in (0, 1, 59, 60, 61):
        assert am.count_not_seen_by_recipient(user, also=many, limit=limit) == min(limit, 60)
    shown = stream.limit(7).all()
    while page := stream.before(shown[-1]).limit(7).all():
        shown += page
    assert verbs(shown) == expected
    assert verbs(stream.after(shown[5])) == expected[:5]
    assert stream.before(shown[5]).count() == 54


@on(*COUNTED)
def test_audiences_cost_a_query_for_a_hundred_of_them(host, user, many):
    def queries(call):
        with host.database.queries() as recorded:
            call()
        return len(recorded)

    parts = 1 if host.database.name == "postgresql" else 1 + len(many) // 60
    # What is muted is asked for alone, where the page is not one query.
    mutes = len(host.database.to_read_mutes) or int(parts > 1)
    read = queries(lambda: am.get_by_recipient(user, also=many).limit(10).all())
    assert read <= parts + mutes
    marks = host.database.to_count_unseen[1:]
    counted = queries(lambda: am.count_not_seen_by_recipient(user, also=many, limit=100))
    assert counted <= parts + (len(marks) or mutes)


def test_pages_show_the_audiences_of_the_option(host, user, other, teams):
    am.create(other, "for the team", recipients=[teams[0]])
    keys = [team._id for team in teams]

    def audiences(user):
        return [host.database.get(host.model.Post, keys[0])] if user.user_name == "ann" else []

    host.plug(audiences=audiences)
    ann, bob = host.browser(user), host.browser(other)
    for path in ("", "more", "newest", "stream.json"):
        assert "for the team" in ann.get(f"/activitystream/{path}")
        assert "for the team" not in bob.get(f"/activitystream/{path}")
    assert ann.get("/activitystream/unseen.json").json == {"unseen": 1, "more": False}
    assert bob.get("/activitystream/unseen.json").json == {"unseen": 0, "more": False}
    count = ann.get("/activitystream/bell").html.select_one(".activitystream-count")
    assert not count.has_attr("hidden")


@pytest.mark.parametrize("wrong", ["teams", 1, lambda: [], lambda user, other: []])
def test_rejects_an_invalid_option(host, wrong):
    with pytest.raises(TGConfigError, match=r"audiences=….*function of \(user\)"):
        host.plug(audiences=wrong)
