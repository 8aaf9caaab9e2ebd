"""Groups, compared with a model in plain Python."""

import pickle
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activitystream import am
from activitystream.model import clock
from tests.helpers.databases import on

RULES = {"liked": ("verb", "target"), "followed": ("verb",), "posted": ["actor", "verb"]}


@pytest.fixture
def grouping(host):
    host.plug(groups=RULES)
    return host


@pytest.fixture
def stamp(monkeypatch):
    """Return a function that sets the clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: clock.naive_utc(moment))


actions = st.fixed_dictionaries(
    {
        "actor": st.sampled_from(["ann", "bob", "cleo"]),
        "verb": st.sampled_from([*RULES, "said"]),
        "target": st.sampled_from([None, "a post", "bob"]),
        "recipients": st.sampled_from([None, ("ann",), ("the team",), ("bob",)]),
        "notify_actor": st.sampled_from([None, False]),
        "hours": st.sampled_from([0, 0, 0, 9]),
    }
)
events = st.one_of(
    st.tuples(st.just("create"), actions),
    st.tuples(st.just("read"), st.integers(0, 9)),
    st.tuples(st.just("unread"), st.integers(0, 9)),
    st.tuples(st.just("see")),
    st.tuples(st.just("mute"), st.sampled_from(["liked", "said"])),
    st.tuples(st.just("delete"), st.integers(0, 9)),
)


class Ann:
    """A reader and her actions, as the documentation promises them."""

    def __init__(self, host, stamp):
        host.database.clean()
        self.things = {name: host.user(name) for name in ("ann", "bob", "cleo")}
        self.things |= {name: host.post(name) for name in ("a post", "the team")}
        self.me, self.also = self.things["ann"], [self.things["the team"]]
        self.stamp, self.now = stamp, clock.now() - timedelta(days=9)
        self.there = []  # oldest first
        self.muted = set()

    def do(self, event, *arguments):
        getattr(self, event)(*arguments)

    def create(self, drawn):
        self.now += timedelta(hours=drawn["hours"], milliseconds=1)
        self.stamp(self.now)
        drawn = {name: value for name, value in drawn.items() if name != "hours"}
        named = {
            **drawn,
            "actor": self.things[drawn["actor"]],
            "target": drawn["target"] and self.things[drawn["target"]],
            "recipients": drawn["recipients"] and [self.things[n] for n in drawn["recipients"]],
        }
        drawn["action"] = am.create(**named)
        drawn |= {"day": self.now.date(), "read": False}
        is_own = drawn["actor"] == "ann" and drawn["notify_actor"] is False
        if drawn["recipients"] != ("bob",) and not is_own:
            self.there.append(drawn)

    def _mark(self, place, is_read):
        if place < len(self.there):
            self.there[-place - 1]["read"] = is_read
            mark = am.mark_read if is_read else am.mark_unread
            mark(self.me, self.there[-place - 1]["action"])

    def read(self, place):
        self._mark(place, True)

    def unread(self, place):
        self._mark(place, False)

    def see(self):
        am.mark_seen(self.me, also=self.also)

    def mute(self, verb):
        am.mute(self.me, verb)
        self.muted.add(verb)

    def delete(self, place):
        if place < len(self.there):
            am.delete(self.there.pop(-place - 1)["action"])

    def stream(self):
        """Return the actions of her stream, newest first."""
        return [each for each in reversed(self.there) if each["verb"] not in self.muted]


def key_of(drawn):
    """Return what the actions of a group have in common."""
    rule = RULES.get(drawn["verb"])
    if rule is None:
        return drawn["action"]._id
    return (drawn["day"], drawn["read"], *(drawn[name] for name in sorted(rule)))


def ids_of(drawn):
    return [each["action"]._id for each in drawn]


def expected_page(stream, size):
    """Return the groups of a page, and what is left of the stream."""
    groups = {}
    for place, drawn in enumerate(stream):
        if key_of(drawn) not in groups and len(groups) == size:
            return list(groups.values()), stream[place:]
        groups.setdefault(key_of(drawn), []).append(drawn)
    return list(groups.values()), []


def page_of(ann, size, before=None):
    grouped = am.get_by_recipient(ann.me, also=ann.also).grouped()
    return grouped.page(size, before)


@settings(max_examples=25)
@given(st.lists(events, min_size=6, max_size=16), st.integers(1, 4))
def test_a_page_of_groups_is_a_run_of_the_stream(grouping, stamp, drawn, size):
    ann = Ann(grouping, stamp)
    for each in drawn:
        ann.do(*each)
    left, end = ann.stream(), None
    while True:
        page = page_of(ann, size, end)
        groups, left = expected_page(left, size)
        assert [[each._id for each in one.actions] for one in page] == list(map(ids_of, groups))
        assert [one.count for one in page] == list(map(len, groups))
        assert [one.newest._id for one in page] == [ids_of(each)[0] for each in groups]
        assert [one.is_read for one in page] == [each[0]["read"] for each in groups]
        for one, group in zip(page, groups, strict=True):
            names = list(dict.fromkeys(each["actor"] for each in group))
            assert one.names("actor") == names
            assert one.names("actor", 2) == names[:2]
            assert one.is_shared("target") == (len({each["target"] for each in group}) == 1)
        end = page.next
        if end is None:
            break
    assert left == []


@settings(max_examples=25)
@given(
    st.lists(events, min_size=6, max_size=12),
    st.lists(st.lists(events, max_size=2), min_size=12, max_size=12),
    st.integers(1, 3),
)
def test_nothing_is_on_two_pages_or_on_none(grouping, stamp, drawn, meanwhile, size):
    ann = Ann(grouping, stamp)
    for each in drawn:
        ann.do(*each)
    at_first = ids_of(ann.stream())
    shown, end = [], None
    for happens in meanwhile:
        page = page_of(ann, size, end)
        shown += [each.id for each in page.cursors]
        end = page.end
        if end is None:
            break
        for each in happens:
            ann.do(*each)
    still = ids_of(ann.stream())
    assert len(shown) == len(set(shown))
    assert set(shown) <= set(at_first)
    if end is None:
        assert {each for each in at_first if each in still} <= set(shown)


@on("sqlite", "mim")
def test_a_page_reads_at_most_500_actions(grouping, user, post):
    am.create_many(
        {"actor": user, "verb": "liked", "target": post, "recipients": [user]} for _ in range(1003)
    )
    grouping.save()
    grouped = am.get_by_recipient(user).grouped()
    page = grouped.page(10)
    assert [each.count for each in page] == [499]
    following = grouped.page(10, before=page.next)
    assert [each.count for each in following] == [499]
    last = grouped.page(10, before=following.end)
    assert [each.count for each in last] == [5]
    assert last.next is None
    assert [each.count for each in grouped] == [499, 499, 5]
    assert [each.count for each in grouped.limit(2).all()] == [499, 499]


SENTENCES = [
    ([("ann", "liked", "A post")], "ann liked A post"),
    ([("ann", "liked", "A post"), ("bob", "liked", "A post")], "bob and ann liked A post"),
    (
        [(name, "liked", "A post") for name in ("ann", "bob", "cleo", "bob", "dan", "eve")],
        "eve, dan and 3 others liked A post",
    ),
    (
        [(name, "liked", "A post") for name in ("ann", "bob", "cleo")],
        "cleo, bob and 1 other liked A post",
    ),
    ([("ann", "liked", "A post")] * 3, "ann liked A post (3 times)"),
    ([("ann", "followed", "A post"), ("bob", "followed", "Another")], "bob and ann followed"),
    (
        [("ann", "posted", "A post"), ("ann", "posted", "Another"), ("ann", "posted", "A third")],
        "ann posted A third and 2 others",
    ),
    ([("ann", "liked", None), ("bob", "liked", None)], "bob and ann liked"),
]


@pytest.mark.parametrize(("said", "sentence"), SENTENCES)
@on("sqlite", "mim")
def test_a_group_is_one_sentence(grouping, said, sentence):
    reader = grouping.user("reader")
    people = {name: grouping.user(name) for name in ("ann", "bob", "cleo", "dan", "eve")}
    posts = {title: title and grouping.post(title) for title in ("A post", "Another", "A third")}
    posts[None] = None
    for actor, verb, target in said:
        am.create(people[actor], verb, posts[target], recipients=[reader])
    (group,) = am.get_by_recipient(reader).grouped()
    assert group.sentence == sentence


@on("sqlite", "mim")
def test_without_rules_each_action_is_a_group(host, user, post):
    for _ in range(3):
        am.create(user, "liked", post, recipients=[user])
    assert [each.count for each in am.get_by_recipient(user).grouped().limit(2)] == [1, 1]
    assert am.get_by_recipient(user).grouped().first().newest.verb == "liked"
    assert am.get_by_recipient(user).limit(0).grouped().first() is None


@on("sqlite", "mim")
def test_a_stream_is_cut_before_it_is_grouped(grouping, user, post):
    for _ in range(60):
        am.create(user, "liked", post, recipients=[user])
    counts = [each.count for each in am.get_by_recipient(user).skip(3).limit(55).grouped()]
    assert counts == [55]
    page = am.get_by_recipient(user).skip(7).grouped().page(10)
    assert [each.count for each in page] == [53]


@on("sqlite", "mim")
def test_a_reader_without_marks_has_groups(grouping, user, post):
    am.create(user, "liked", post, recipients=[post])
    am.create(user, "liked", post, recipients=[post])
    group = am.get_by_recipient(post).grouped().first()
    assert (group.count, group.is_read, group.is_seen) == (2, None, None)


@on("sqlite", "mim")
def test_a_pickled_stream_of_groups_holds_no_entity(grouping, user):
    user.password = "secret of ann"
    grouping.save()
    kept = pickle.dumps(am.get_by_recipient(user).grouped().limit(3))
    assert b"secret of ann" not in kept
    with pytest.raises(TypeError, match="read the groups before you pickle the stream"):
        pickle.loads(kept).all()


@on("sqlite", "mim")
def test_rejects_bad_input(grouping, user, post):
    am.create(user, "liked", post, recipients=[user])
    grouped = am.get_by_recipient(user).grouped()
    with pytest.raises(ValueError, match="size must be 1 or more"):
        grouped.page(0)
    with pytest.raises(ValueError, match="no role 'verb'"):
        grouped.first().names("verb")
    with pytest.raises(TypeError, match=r"before\(\) and after\(\) take an action"):
        grouped.page(1, before=3)


@on("sqlite", "mim")
def test_what_is_deleted_while_a_page_is_read_is_left_out(grouping, user, other, post, monkeypatch):
    for actor in (user, other, user, other):
        am.create(actor, "liked", post, recipients=[user])
    am.create(user, "said", recipients=[user])
    newest = [each._id for each in am.get_by_recipient(user).limit(3)]
    load = type(am.get_by_recipient(user)).outlines

    def outlines(stream, sizes):
        for batch in load(stream, sizes):
            for action in am.get_by_recipient(user):
                if action._id in newest:
                    am.delete(action)
            yield batch

    monkeypatch.setattr(type(am.get_by_recipient(user)), "outlines", outlines)
    page = am.get_by_recipient(user).grouped().page(10)
    assert [each.count for each in page] == [2]
    assert [one.newest._id for one in page] == [page[0].actions[0]._id]
