"""Readers of any kind: what they have seen and read is theirs alone, and is found again."""

import uuid

import pytest

from activitystream import am
from tests.helpers.databases import on

KEYS = {
    "Numbered": (1, 2**53 + 1, -1),
    "Coded": ("1", "a b/ü🔔", "A B/ü🔔"),
    "Unique": tuple(uuid.UUID(int=number) for number in (1, 2**127, 2**128 - 1)),
}


def marks(reader):
    """Return the verbs of what is new to a reader, and of what is unread."""
    stream = am.get_by_recipient(reader).all()
    new = [each.verb for each in stream if each.is_unseen_by(reader)]
    unread = [each.verb for each in stream if not each.is_read_by(reader)]
    assert am.count_not_seen_by_recipient(reader) == len(new)
    assert am.count_unread_by_recipient(reader) == len(unread)
    assert [each.verb for each in am.get_by_recipient(reader).unread()] == unread
    return new, unread


def check(host, user, readers):
    first, other, *_ = readers
    for verb in "abc":
        am.create(user, verb, recipients=readers)
    b = am.get_by_recipient(first)[1]
    am.mark_read(first, b)
    first = host.database.reload(first)
    assert marks(first) == (["c", "a"], ["c", "a"])
    am.mark_seen(first)
    am.mark_unread(first, b)
    first = host.database.reload(first)
    assert marks(first) == ([], ["c", "b", "a"])
    assert all(marks(each) == (["c", "b", "a"],) * 2 for each in readers[1:])
    am.mark_all_read(other)
    assert marks(host.database.reload(other)) == ([], [])
    assert marks(host.database.reload(first)) == ([], ["c", "b", "a"])
    assert am.forget(first).as_reader > 0
    assert marks(host.database.reload(other)) == ([], [])


@pytest.mark.parametrize("name", ["Numbered", "Coded"])
def test_readers_have_keys_of_any_kind(host, user, name):
    cls = getattr(host.model, name)
    check(host, user, host.save(*(cls(_id=key) for key in KEYS[name])))


@on("mongodb", "sqlite", "postgresql", "mariadb")
def test_readers_have_uuids(host, user):
    check(host, user, host.save(*(host.model.Unique(_id=key) for key in KEYS["Unique"])))


def test_readers_of_one_key_and_two_classes_are_two(host, user):
    one, other = host.save(host.model.Numbered(_id=7), host.model.Counted(_id=7))
    check(host, user, [one, other])


def test_a_reader_whose_class_is_renamed_keeps_its_marks(host, user, monkeypatch):
    topic = host.save(host.model.Topic())
    monkeypatch.setattr(host.model.Topic, "activity_type", "Thread")
    am.create_many({"actor": user, "verb": verb, "recipients": [topic]} for verb in "abc")
    host.save()
    _, b, a = am.get_by_recipient(topic)
    am.mark_read(topic, [b])
    am.mark_unread(topic, [a])
    before = marks(host.database.reload(topic))
    assert before == (["c"], ["c", "a"])
    monkeypatch.undo()
    topic = host.database.reload(topic)
    assert topic.activity_type == ("forum.Topic", "Thread")
    assert marks(topic) == before
    am.mark_seen(topic)
    assert marks(host.database.reload(topic)) == ([], ["c", "a"])
    assert am.forget(topic).as_reader > 0
