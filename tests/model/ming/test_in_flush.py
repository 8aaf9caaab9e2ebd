"""What the host's extensions of Ming's flush may do with actions."""

from contextlib import contextmanager

import pytest
from ming.odm import MapperExtension, mapper
from ming.odm.base import state
from ming.odm.odmsession import SessionExtension

from activitystream import am


@contextmanager
def extending(extensions, kind, name, do, owner):
    """Add an extension that calls a function at each call of a method."""
    methods = {name: lambda self, *arguments: do(arguments[0] if arguments else None)}
    extension = type("Extension", (kind,), methods)(owner)
    extensions.append(extension)
    try:
        yield
    finally:
        extensions.remove(extension)


def extended(host, name, do):
    if name.endswith("_flush"):
        session = host.model.DBSession._get()
        return extending(session.extensions, SessionExtension, name, do, session)
    its_mapper = mapper(host.model.Post)
    return extending(its_mapper.extensions, MapperExtension, name, do, its_mapper)


def store_posts(host, name, do):
    """Flush three posts, with an extension that does something once."""
    done = []

    def once(entity):
        if not done:
            done.append(None)
            done[0] = do(entity)

    posts = [host.model.Post(title=title) for title in "abc"]
    with extended(host, name, once):
        host.model.DBSession.flush_all()
    assert done
    host.database.forget()
    assert sorted(post.title for post in host.model.Post.query.find()) == ["a", "b", "c"]
    return posts, done[0]


ALL = ("before_insert", "after_insert", "before_flush", "after_flush")


@pytest.mark.parametrize("name", ALL)
def test_creates_an_action_of_stored_entities(host, user, other, name):
    store_posts(host, name, lambda _: am.create(user, "wrote", other, recipients=[user, other]))
    (stored,) = am.get_by_recipient(host.model.user_named("bob"))
    assert (stored.actor, stored.target, len(stored.recipients)) == ("ann", "bob", 2)


def test_creates_an_action_about_each_new_entity(host, user):
    def create(post):
        am.create(user, "wrote", post, post, recipients=[user])

    for title in "abc":
        host.model.Post(title=title)
    with extended(host, "after_insert", create):
        host.model.DBSession.flush_all()
    host.database.forget()
    stream = am.get_by_recipient(host.model.user_named("ann"))
    assert sorted(action.target for action in stream) == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["before_insert", "before_flush"])
def test_rejects_an_unstored_entity_and_says_what_to_do(host, user, name):
    new = []

    def create(_):
        new.extend(each for each in host.model.DBSession.uow.new)
        with pytest.raises(ValueError, match="in an extension wait for after_insert"):
            am.create(user, "wrote", new[0], recipients=[user])

    store_posts(host, name, create)
    assert host.database.raw_actions() == []


@pytest.mark.parametrize("name", ["before_update", "after_update", "before_delete", "after_delete"])
def test_creates_upon_a_change_or_a_deletion(host, user, name):
    posts = host.save(*(host.model.Post(title=title) for title in "abc"))

    def create(post):
        am.create(user, name, post, recipients=[user])

    for post in posts:
        if "delete" in name:
            post.delete()
        else:
            post.title += "!"
    with extended(host, name, create):
        host.model.DBSession.flush_all()
    host.database.forget()
    shown = sorted(each.name_of("target") for each in am.get_by_recipient(user))
    assert shown == (["a", "b", "c"] if "delete" in name else ["a!", "b!", "c!"])


@pytest.mark.parametrize("name", ALL)
def test_imports_and_marks_as_seen(host, user, name):
    def work(_):
        am.create_many({"actor": user, "verb": verb, "recipients": [user]} for verb in "ab")
        return am.count_not_seen_by_recipient(user), am.mark_seen(user)

    _, done = store_posts(host, name, work)
    assert done == (2, None)
    reader = host.model.user_named("ann")
    assert am.count_not_seen_by_recipient(reader) == 0
    assert am.get_by_recipient(reader).count() == 2


@pytest.mark.parametrize("name", ALL)
def test_marks_as_read_and_unread(host, user, name):
    am.create_many({"actor": user, "verb": verb} for verb in "abc")
    c, b, _ = am.get_by_recipient(user)

    def work(_):
        am.mark_read(user, [c, b])
        am.mark_unread(user, b)
        am.mark_seen(user)

    store_posts(host, name, work)
    reader = host.model.user_named("ann")
    assert [each.verb for each in am.get_by_recipient(reader).unread()] == ["b", "a"]
    assert am.count_not_seen_by_recipient(reader) == 0


@pytest.mark.parametrize("name", ALL)
def test_forgets_and_purges_loaded_actions(host, user, other, name):
    told = am.create(other, "told", user, recipients=[user, other])
    by_ann = am.create(user, "by ann", recipients=[other])
    old = am.create(other, "long ago", recipients=[other])
    old.timestamp = told.timestamp.replace(year=2000)
    host.save()

    def work(_):
        by_ann.extra = "changed"
        forgotten, purged = am.forget(user), am.purge(told.timestamp.replace(year=2001))
        by_ann.description = old.description = "changed too"
        return forgotten, purged

    _, (forgotten, purged) = store_posts(host, name, work)
    assert (tuple(forgotten), purged) == ((1, 1, 0, 1, 0), 1)
    (stored,) = host.database.raw_actions()
    assert (stored["verb"], stored["target_id"], len(stored["_recipients"])) == ("told", None, 1)


def test_the_action_is_in_the_session_that_created_it(host, user):
    action = am.create(user, "joined", recipients=[user])
    assert am.get_by_recipient(user).first() is action
    action.verb = "left"
    host.save()
    assert host.database.raw_actions()[0]["verb"] == "left"
    action.delete()
    host.save()
    assert host.database.raw_actions() == []
    assert state(user).status == "clean"
