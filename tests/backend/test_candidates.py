"""Whom new actions may concern: their addressees, and the readers who have marked nothing since."""

from datetime import timedelta

from hypothesis import given

from activitystream.model.values import Cursor, Window
from tests.backend import strategies
from tests.backend.actions import MOMENTS, store
from tests.backend.oracle import Oracle, recipients_of
from tests.helpers.databases import SQL, on


@given(strategies.drawn_actions, strategies.moments, strategies.moments)
def test_yields_the_newest_timestamp_of_each_addressee(host, orm, keys, drawn, since, until):
    host.database.clean()
    for number in (1, 2):
        host.save(host.model.Numbered(_id=number))
    oracle = Oracle(store(orm, [strategies.action_fields(each, keys) for each in drawn]))
    found = {}
    window = Window(Cursor(until + timedelta(milliseconds=1), None), Cursor(since, None))
    for to, moment in orm.read_addressees(window):
        found[to] = max(moment, found.get(to, moment))
    expected = {}
    for action in oracle.actions:
        moment, recipients = action["timestamp"], recipients_of(action)
        for to in [None] if recipients is None else recipients:
            if since < moment <= until:
                expected[to] = max(moment, expected.get(to, moment))
    assert found == expected
    assert {to for to, _ in orm.read_addressees(Window(None, Cursor(since, None)))} == {
        to
        for action in oracle.actions
        if action["timestamp"] > since
        for to in ([None] if action["_recipients"] is None else recipients_of(action))
    }


def test_yields_the_keys_of_readers_who_have_marked_nothing_since(host, orm):
    never, before, at, after = host.save(
        *(host.model.Numbered(_id=number) for number in (1, 2, 3, 4))
    )
    for reader, moment in zip((before, at, after), MOMENTS, strict=False):
        host.database.raw_update(reader, last_activity_seen=moment)
    found = list(orm.reader_keys(host.model.Numbered, MOMENTS[1]))
    assert sorted(found) == [orm.key_of(never), orm.key_of(before)]


@on(*SQL)
def test_a_class_with_a_key_of_several_columns_has_no_readers(host, orm):
    assert list(orm.reader_keys(host.model.Composite, MOMENTS[1])) == []
