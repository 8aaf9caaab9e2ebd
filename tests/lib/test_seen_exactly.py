"""What counts as seen and as read, compared with what a reader could see when they marked.

An action may become visible after its timestamp, if its transaction took long or its server's clock
is behind; or before it, if the clock is ahead. These tests store each action at the moment when it
would become visible, with the timestamp that it would have.
"""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activitystream import am, model
from activitystream.lib.fields import Given, fields_of
from activitystream.lib.seen import Shown, shown
from activitystream.model import clock
from activitystream.model.cursors import cursor_of

START = datetime(2026, 1, 31, 12)
LATE = 60

seconds = st.integers(0, 3 * LATE)
#: How long after its timestamp an action becomes visible; negative if the clock is ahead.
delays = st.sampled_from([0, 0, 0, 0.001, 1, 30, LATE - 1, -1, -20])
readers = st.sampled_from(["ann", "ann", "ann", "everyone", "team", "bob"])
events = st.one_of(
    st.tuples(st.just("create"), readers, delays),
    st.tuples(st.just("create"), readers, delays),
    st.tuples(st.just("create"), readers, delays),
    st.tuples(st.just("wait"), st.sampled_from([0.001, 1, 20, LATE + 1, 5 * LATE])),
    st.tuples(st.just("open a page"), st.integers(1, 30)),
    st.tuples(st.just("mark a page"), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("mark a time"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("mark all"), st.booleans()),
    st.tuples(st.just("read"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("set the field"), st.none() | st.integers(0, 5)),
    st.tuples(st.just("delete"), st.integers(0, 5)),
    st.tuples(st.just("reload")),
)


class Reader:
    """Ann, and what she can see, has seen and has read, as the documentation promises it."""

    def __init__(self, host, set_time):
        host.database.clean()
        self.host = host
        self.set_time = set_time
        self.now = START
        self.ann, self.bob = host.user("ann"), host.user("bob")
        self.team = host.post("the team")
        self.visible = []  # (timestamp, id)
        self.pages = []
        self.seen, self.read = set(), {}
        self.field = None  # up to which everything is seen that comes later, too
        self.everything_read_to = None
        #: Marked by itself before the host set the field: maybe seen from the next mark on.
        self.maybe_seen = set()
        self.has_marked = False
        self.wait(0)

    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)
        self.set_time(self.now)

    def create(self, whom, delay):
        recipients = {
            "ann": [self.ann],
            "everyone": None,
            "team": [self.team],
            "bob": [self.bob],
        }[whom]
        fields, _ = fields_of(Given(self.bob, "did", recipients=recipients))
        stamp = clock.naive_utc(self.now - timedelta(seconds=delay))
        action = model.orm.insert_action({**fields, "timestamp": stamp})
        if whom != "bob":
            self.visible.append((stamp, action._id))

    def stream(self):
        return am.get_by_recipient(self.ann, also=[self.team])

    def page(self, size):
        as_of = clock.now()
        actions = self.stream().limit(size).all()
        page = shown(self.stream(), list(map(cursor_of, actions)), as_of)
        if page is not None:
            self.pages.append((page, set(self.visible)))

    def mark(self, until, could_see, read):
        newest = until.until if isinstance(until, Shown) else until
        if read:
            am.mark_all_read(self.ann, until, also=[self.team])
        else:
            am.mark_seen(self.ann, until, also=[self.team])
        covered = {each for each in could_see if newest is None or each[0] <= newest}
        self.begin()
        self.seen |= covered
        if read:
            self.read.update(dict.fromkeys(covered, True))

    def begin(self):
        """Begin the read mark: at the first mark, what was seen before is read."""
        if not self.has_marked:
            self.has_marked = True
            self.everything_read_to = self.field

    def mark_one(self, place, is_read):
        found = self.stream().skip(place).first()
        if found is None:
            return
        one = (clock.naive_utc(found.timestamp), found._id)
        (am.mark_read if is_read else am.mark_unread)(self.ann, found)
        self.begin()
        self.seen.add(one)
        self.maybe_seen.discard(one)
        self.read[one] = is_read

    def set_field(self, place):
        times = sorted(each[0] for each in self.visible)
        field = None if place is None or not times else times[min(place, len(times) - 1)]
        if field == self.ann.last_activity_seen:  # no mark can tell that the host has set it
            return
        self.ann.last_activity_seen = field
        self.host.save(self.ann)
        self.ann = self.host.database.reload(self.ann)
        self.field, self.seen = field, set()
        self.maybe_seen = set(self.read)

    def delete(self, place):
        found = self.stream().skip(place).first()
        if found is not None:
            self.visible.remove((clock.naive_utc(found.timestamp), found._id))
            model.orm.delete_actions([found._id])
            self.host.database.forget()
            self.ann = self.host.database.reload(self.ann)

    def is_seen(self, one):
        return one in self.seen or (self.field is not None and one[0] <= self.field)

    def is_read(self, one):
        if not self.has_marked:
            return self.is_seen(one)
        floor = self.everything_read_to
        return self.read.get(one, floor is not None and one[0] <= floor)

    def check(self):
        newest_first = sorted(self.visible, reverse=True)
        unseen = [one for one in newest_first if not self.is_seen(one)]
        unread = [one for one in newest_first if not self.is_read(one)]
        also = [self.team]
        counted = am.count_not_seen_by_recipient(self.ann, also=also)
        found = [each._id for each in self.stream() if each.is_unseen_by(self.ann)]
        assert counted == len(found)
        assert am.count_not_seen_by_recipient(self.ann, 2, also=also) == min(2, counted)
        surely = [one[1] for one in unseen if one not in self.maybe_seen]
        assert set(surely) <= set(found) <= {one[1] for one in unseen}
        assert am.count_unread_by_recipient(self.ann, also=also) == len(unread)
        stream = self.stream().all()
        assert [each._id for each in stream] == [each[1] for each in newest_first]
        assert [each._id for each in stream if not each.is_read_by(self.ann)] == [
            each[1] for each in unread
        ]
        assert [each._id for each in self.stream().unread()] == [each[1] for each in unread]

    def do(self, event):
        name, *given = event
        if name == "create":
            self.create(*given)
        elif name == "wait":
            self.wait(*given)
        elif name == "open a page":
            self.page(*given)
        elif name == "mark a page" and self.pages:
            page, could_see = self.pages[-1 - given[0] % len(self.pages)]
            self.mark(page, could_see & set(self.visible), given[1])
        elif name == "mark a time" and self.visible:
            until = sorted(self.visible)[given[0] % len(self.visible)][0]
            self.mark(until, set(self.visible), given[1])
        elif name == "mark all":
            self.mark(None, set(self.visible), given[0])
        elif name == "read":
            self.mark_one(*given)
        elif name == "set the field":
            self.set_field(*given)
        elif name == "delete":
            self.delete(*given)
        elif name == "reload":
            self.host.save()
            self.ann = self.host.database.reload(self.ann)


@pytest.fixture
def set_time(monkeypatch):
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: clock.naive_utc(moment))


@settings(max_examples=12)
@given(st.lists(events, max_size=20))
def test_seen_is_what_could_be_seen_at_the_mark(host, set_time, happened):
    reader = Reader(host, set_time)
    for event in happened:
        reader.do(event)
        reader.check()
