"""Mutes and ``notify_actor``, compared with a model in plain Python."""

from hypothesis import given, settings
from hypothesis import strategies as st

from activitystream import am

people = st.sampled_from(["ann", "bob"])
verbs = st.sampled_from(["liked", "followed"])
targets = st.sampled_from([None, "a post", "the team", "bob"])
actions = st.fixed_dictionaries(
    {
        "actor": people,
        "verb": verbs,
        "target": targets,
        "recipients": st.sampled_from([None, ("ann",), ("bob",), ("the team",), ("ann", "bob")]),
        "notify_actor": st.sampled_from([None, True, False]),
    }
)
muted = st.fixed_dictionaries(
    {
        "verb": st.none() | verbs,
        "actor": st.none() | people,
        "target": targets,
    }
).filter(lambda each: any(each.values()))
events = st.one_of(
    st.tuples(st.just("create"), actions),
    st.tuples(st.just("create"), actions),
    st.tuples(st.just("create many"), st.lists(actions, min_size=1, max_size=3)),
    st.tuples(st.just("mute"), muted),
    st.tuples(st.just("unmute"), st.integers(0, 3)),
    st.tuples(st.just("see")),
    st.tuples(st.just("delete"), st.integers(0, 5)),
)


class Ann:
    """A reader, her actions and her mutes, as the documentation promises them."""

    def __init__(self, host):
        host.database.clean()
        self.host = host
        self.things = {"ann": host.user("ann"), "bob": host.user("bob")}
        self.things |= {"a post": host.post("a post"), "the team": host.post("the team")}
        self.me = self.things["ann"]
        self.there, self.mutes = [], []
        self.seen = set()

    def do(self, event, *arguments):
        getattr(self, event.replace(" ", "_"))(*arguments)

    def _arguments(self, drawn):
        recipients = drawn["recipients"]
        return {
            "actor": self.things[drawn["actor"]],
            "verb": drawn["verb"],
            "target": drawn["target"] and self.things[drawn["target"]],
            "recipients": recipients and [self.things[name] for name in recipients],
            "notify_actor": drawn["notify_actor"],
        }

    def _is_for_ann(self, drawn):
        recipients = drawn["recipients"]
        return recipients is None or bool({"ann", "the team"} & {*recipients})

    def create(self, drawn):
        action = am.create(**self._arguments(drawn))
        if self._is_for_ann(drawn):
            self.there.append((action._id, drawn))

    def create_many(self, drawn):
        before = {each._id for each in am.get_actions()[1]}
        am.create_many([self._arguments(each) for each in drawn])
        new = [each for each in am.get_actions(order_by="_id", desc=False)[1]]
        ids = [each._id for each in new if each._id not in before]
        for action_id, each in zip(ids, drawn, strict=True):
            if self._is_for_ann(each):
                self.there.append((action_id, each))

    def _named(self, drawn):
        return {
            "verb": drawn["verb"],
            "actor": drawn["actor"] and self.things[drawn["actor"]],
            "target": drawn["target"] and self.things[drawn["target"]],
        }

    def mute(self, drawn):
        am.mute(self.me, **self._named(drawn))
        if drawn not in self.mutes:
            self.mutes.append(drawn)

    def unmute(self, place):
        if place < len(self.mutes):
            am.unmute(self.me, **self._named(self.mutes.pop(place)))

    def see(self):
        am.mark_seen(self.me, also=[self.things["the team"]])
        self.seen = {action_id for action_id, _ in self.there}

    def delete(self, place):
        if place < len(self.there):
            action_id, _ = self.there.pop(place)
            (action,) = am.get_actions(filters={"_id": action_id})[1]
            am.delete(action)

    def is_own(self, drawn):
        return drawn["actor"] == "ann" and drawn["notify_actor"] is False

    def is_muted(self, drawn):
        return any(
            all(drawn[name] == value for name, value in each.items() if value)
            for each in self.mutes
        )

    def check(self):
        told = [one for one in self.there if not self.is_own(one[1])]
        shown = [action_id for action_id, drawn in told if not self.is_muted(drawn)]
        also = [self.things["the team"]]
        stream = am.get_by_recipient(self.me, also=also)
        newest_first = [each._id for each in stream]
        assert sorted(newest_first) == sorted(shown)
        assert stream.count() == len(shown)
        assert [each._id for each in stream.skip(1).limit(2)] == newest_first[1:3]
        for place, one in enumerate(stream.limit(2).all()):
            assert [each._id for each in stream.before(one)] == newest_first[place + 1 :]
        everything = am.get_by_recipient(self.me, also=also, include_muted=True)
        assert sorted(each._id for each in everything) == sorted(each for each, _ in told)
        assert everything.count() == len(told)
        unseen = [each for each in shown if each not in self.seen]
        assert am.count_not_seen_by_recipient(self.me, also=also) == len(unseen)
        assert am.count_not_seen_by_recipient(self.me, 1, also=also) == min(len(unseen), 1)
        unread = am.get_by_recipient(self.me, also=also).unread()
        assert sorted(each._id for each in unread) == sorted(shown)
        named = [tuple(map(known, self._named(each).values())) for each in self.mutes]
        listed = [tuple(map(known, each)) for each in am.mutes_of(self.me)]
        assert sorted(listed, key=repr) == sorted(named, key=repr)


def known(part):
    """Return a part of a mute as it can be compared: an entity by its class and key."""
    return part if part is None or isinstance(part, str) else (type(part).__name__, part._id)


@settings(max_examples=25)
@given(st.lists(events, max_size=12))
def test_a_stream_has_what_its_reader_is_told(host, drawn):
    ann = Ann(host)
    for each in drawn:
        ann.do(*each)
    ann.check()
