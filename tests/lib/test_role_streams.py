"""The streams of an actor, a target and an action_obj, compared with what a viewer may see."""

from datetime import datetime
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activitystream import EVERYTHING, am, model
from activitystream.lib import role_streams
from activitystream.model.cursors import cursor_of
from tests.helpers.databases import COUNTED, on

READS = {
    "actor": am.get_by_actor,
    "target": am.get_by_target,
    "action_obj": am.get_by_action_obj,
}

people = st.sampled_from(["ann", "bob", "carl"])
drawn = st.lists(
    st.fixed_dictionaries(
        {
            "actor": people,
            "target": st.none() | people,
            "action_obj": st.none() | people,
            "recipients": st.none() | st.sets(st.sampled_from(["ann", "bob", "team", "other"])),
        }
    ),
    max_size=8,
)
viewers = st.sampled_from(["ann", "bob", None, EVERYTHING])


def may_see(viewer, teams, one):
    if viewer is EVERYTHING or one["recipients"] is None:
        return True
    if viewer is None:
        return False
    return one["actor"] == viewer or bool({viewer, *teams} & one["recipients"])


@pytest.fixture
def people_of(host):
    """Return a function that returns all people by name, in a database without actions."""

    def people_of():
        host.database.clean()
        found = {name: host.user(name) for name in ("ann", "bob", "carl")}
        return {**found, "team": host.post("team"), "other": host.post("other")}

    return people_of


@settings(max_examples=15)
@given(
    drawn,
    st.sampled_from(sorted(READS)),
    st.sampled_from(["ann", "bob"]),
    viewers,
    st.booleans(),
    st.integers(1, 4),
)
def test_a_viewer_sees_what_they_may_and_no_more(
    host, people_of, drawn, role, whose, viewer, is_in_team, size
):
    them = people_of()
    actions = []
    for one in drawn:
        to = one["recipients"]
        made = {name: them[one[name]] for name in READS if one[name] is not None}
        recipients = None if to is None else [them[name] for name in sorted(to)]
        actions.append(am.create(verb="did", recipients=recipients, **made))
    teams = ["team"] if is_in_team and isinstance(viewer, str) else []
    wanted = [
        action._id
        for action, one in zip(actions, drawn, strict=True)
        if one[role] == whose and may_see(viewer, teams, one)
    ][::-1]
    visible_to = them[viewer] if isinstance(viewer, str) else viewer
    also = [them[name] for name in teams]
    stream = READS[role](them[whose], visible_to=visible_to, also=also)
    newest_first = [each._id for each in stream]
    assert sorted(newest_first) == sorted(wanted)
    assert stream.count() == len(wanted)
    assert [each._id for each in stream.skip(1).limit(size)] == newest_first[1 : 1 + size]
    pages, page = [], stream.page(size)
    while True:
        pages.append([each._id for each in page])
        if page.next is None:
            break
        page = stream.page(size, before=page.next)
    assert pages == ([newest_first[at : at + size] for at in range(0, len(wanted), size)] or [[]])
    for place, one in enumerate(stream.all()):
        assert [each._id for each in stream.before(one)] == newest_first[place + 1 :]
        assert [each._id for each in stream.after(one)] == newest_first[:place]


def test_a_limit_holds_from_a_place_among_actions_of_one_timestamp(host, user):
    for hour in (1, 2):
        done = {"actor": user, "timestamp": datetime(2020, 1, 1, hour)}
        am.create_many({**done, "verb": f"{hour}-{number}"} for number in range(3))
    host.save()
    every = am.get_by_actor(user, visible_to=EVERYTHING).all()
    rest = am.get_by_actor(user, visible_to=EVERYTHING).before(every[1])
    assert [each._id for each in rest.limit(2)] == [each._id for each in every[2:4]]


def test_whoever_looks_has_to_be_named(host, user):
    for read in READS.values():
        with pytest.raises(TypeError, match="visible_to"):
            read(user)


@pytest.mark.parametrize("bad", ["ann", 1, object()])
def test_rejects_a_viewer_that_is_not_stored(host, user, bad):
    for read, given_ in product(READS.values(), [{"visible_to": bad}]):
        with pytest.raises(TypeError, match="visible_to must be an object"):
            read(user, **given_)


def test_rejects_an_entity_that_is_not_stored(host):
    with pytest.raises(TypeError, match="entity must be an object"):
        am.get_by_actor("ann", visible_to=None)


def test_rejects_also_without_a_viewer(host, user, post):
    with pytest.raises(ValueError, match="also needs a viewer"):
        am.get_by_actor(user, visible_to=None, also=[post])


def test_a_page_ends_early_where_little_may_be_seen(host, user, other, monkeypatch):
    monkeypatch.setattr(role_streams, "_MOST_HIDDEN", 6)
    monkeypatch.setattr(role_streams, "_BATCH_SIZES", (2, 4, 6))
    for number in range(25):
        secret = number % 8  # all but no. 0, 8, 16 and 24
        am.create(user, f"no. {number}", recipients=[] if secret else None)
    stream = am.get_by_actor(user, visible_to=other)
    pages, tested = [], []
    with monkeypatch.context() as patched:
        patched.setattr(model.orm, "cursors_about", recording(model.orm.cursors_about, tested))
        while not pages or pages[-1].next is not None:
            tested.append(0)
            pages.append(stream.page(5, before=pages[-1].next if pages else None))
    assert [[each.verb for each in page] for page in pages] == [
        ["no. 24"],
        [],
        ["no. 16"],
        [],
        ["no. 8"],
        [],
        ["no. 0"],
    ]
    assert max(tested) == 6
    assert [each.verb for each in stream] == ["no. 24", "no. 16", "no. 8", "no. 0"]
    assert stream.count() == 4
    assert stream.first().verb == "no. 24"


def recording(cursors_about, hidden):
    """Add to the last item the number of tested actions that are hidden from the viewer."""

    def recorded(*arguments):
        found = cursors_about(*arguments)
        hidden[-1] += sum(not is_visible for _, is_visible in found)
        return found

    return recorded


@pytest.mark.large
@on(*COUNTED)
def test_a_page_tests_ten_thousand_actions_that_may_not_be_seen(host, user, other, monkeypatch):
    am.create_many(
        {"actor": user, "verb": f"no. {number}", "recipients": None if number < 10 else []}
        for number in range(21_010)
    )
    host.save()
    user, other = (host.database.reload(each) for each in (user, other))
    stream = am.get_by_actor(user, visible_to=other)
    tested, pages = [], []
    with monkeypatch.context() as patched:
        patched.setattr(model.orm, "cursors_about", recording(model.orm.cursors_about, tested))
        while not pages or pages[-1].next is not None:
            tested.append(0)
            pages.append(stream.page(25, before=pages[-1].next if pages else None))
    assert tested == [10_000, 10_000, 1_000]
    assert [len(page) for page in pages] == [0, 0, 10]
    assert {each.verb for each in stream.all()} == {f"no. {number}" for number in range(10)}
    assert stream.count() == 10


def test_a_page_does_not_reveal_hidden_actions_by_a_next(host, user, other):
    for number in range(20):
        am.create(user, "did", recipients=[other] if number >= 15 else [])
    page = am.get_by_actor(user, visible_to=other).page(5)
    assert (len(page), page.end) == (5, None)
    page = am.get_by_actor(user, visible_to=other).page(4)
    assert page.end == cursor_of(page[-1])


def test_a_subclass_is_known_by_its_root(host, user):
    admin = host.save(host.model.Admin(user_name="admin"))
    am.create(admin, "did")
    assert am.get_by_actor(admin, visible_to=None).one().verb == "did"


def test_entities_are_loaded_by_the_page(host, user, post):
    for _ in range(3):
        am.create(user, "liked", post)
    host.database.forget()
    user = host.database.reload(user)
    assert [each.target for each in am.get_by_actor(user, visible_to=user)] == ["A post"] * 3
