"""What listeners to SQLAlchemy's flush may do with actions."""

import warnings
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
import tg
import transaction

from activitystream import am


@contextmanager
def listening(target, name, listen):
    sa.event.listen(target, name, listen)
    try:
        yield
    finally:
        sa.event.remove(target, name, listen)


def listener(name, do):
    """Return a function with the arguments of an event."""
    if name in ("before_insert", "after_insert", "before_update", "after_update"):
        return lambda mapper, connection, entity: do(entity)
    if name in ("before_delete", "after_delete"):
        return lambda mapper, connection, entity: do(entity)
    if name == "before_flush":
        return lambda session, context, instances: do(None)
    return lambda session, *arguments: do(arguments[0])


IN_SESSION = ("before_flush", "after_flush", "after_flush_postexec")
OF_MAPPER = ("before_insert", "after_insert")
ALL = (*IN_SESSION, *OF_MAPPER)


def store_a_post(host, name, do, title="new"):
    """Store a post, with a listener that does something once."""
    done = []

    def once(*arguments):
        if not done:
            done.append(do(*arguments))

    target = host.database.session.registry() if name in IN_SESSION else host.model.Post
    post = host.model.Post(title=title)
    with listening(target, name, listener(name, once)), warnings.catch_warnings():
        warnings.simplefilter("error", sa.exc.SAWarning)
        host.database.session.add(post)
        transaction.commit()
    assert done
    return post, done[0]


@pytest.mark.parametrize("name", ALL)
def test_creates_an_action_of_stored_entities(host, user, other, name):
    _, action = store_a_post(
        host, name, lambda _: am.create(user, "wrote", other, recipients=[user, other])
    )
    assert (action.actor, action.target) == ("ann", "bob")
    host.database.forget()
    (stored,) = am.get_by_recipient(host.model.user_named("bob"))
    assert (stored._id, stored.actor, len(stored.recipients)) == (action._id, "ann", 2)


@pytest.mark.parametrize("name", ["after_insert", "after_flush", "after_flush_postexec"])
def test_creates_an_action_about_a_new_entity(host, user, name):
    new = []

    def create(entity):
        post = new[0] if name in IN_SESSION else entity
        return am.create(user, "wrote", post, post, recipients=[user])

    sa.event.listen(host.model.Post, "init", lambda post, *arguments: new.append(post), once=True)
    post, action = store_a_post(host, name, create)
    assert action.target_id == post._id is not None
    host.database.forget()
    assert am.get_by_recipient(host.model.user_named("ann")).first().target == "new"


@pytest.mark.parametrize("name", ["before_insert", "before_flush"])
def test_rejects_an_entity_without_a_key_and_says_what_to_do(host, user, name):
    def create(entity):
        (post,) = host.database.session.new
        with pytest.raises(ValueError, match="this Post gets its key in the flush.*after_flush"):
            am.create(user, "wrote", post, recipients=[user])
        with pytest.raises(ValueError, match="this Post gets its key in the flush"):
            am.create(user, "wrote", recipients=[post])
        with pytest.raises(ValueError, match="this Post gets its key in the flush"):
            am.create_many([{"actor": post, "verb": "was written"}])

    store_a_post(host, name, create)
    assert host.database.raw_actions() == []


@pytest.mark.parametrize("name", ["before_insert", "before_flush"])
def test_accepts_a_pending_entity_with_its_own_key(host, user, name):
    coded = host.model.Coded(_id="x")
    target = host.database.session.registry() if name in IN_SESSION else host.model.Coded
    create = listener(name, lambda _: am.create(user, "coded", coded, recipients=[coded]))
    with listening(target, name, create):
        host.database.session.add(coded)
        host.database.session.flush()
    transaction.commit()
    host.database.forget()
    coded = host.database.get(host.model.Coded, "x")
    assert am.get_by_recipient(coded).first().entity("target") is coded


@pytest.mark.parametrize("name", ["before_update", "after_update"])
def test_creates_upon_a_change(host, user, post, name):
    create = listener(name, lambda entity: am.create(user, "changed", entity, recipients=[user]))
    with listening(host.model.Post, name, create):
        post.title = "changed"
        transaction.commit()
    host.database.forget()
    assert am.get_by_recipient(host.model.user_named("ann")).first().target == "changed"


@pytest.mark.parametrize("name", ["before_delete", "after_delete"])
def test_creates_upon_a_deletion(host, user, post, name):
    create = listener(name, lambda entity: am.create(user, "deleted", entity, recipients=[user]))
    with listening(host.model.Post, name, create):
        host.database.delete(post)
    action = am.get_by_recipient(host.model.user_named("ann")).first()
    assert (action.target, action.name_of("target")) == (None, "A post")


def test_creates_upon_an_attribute_event(host, user, post):
    def create(entity, value, before, initiator):
        am.create(user, f"renamed to {value}", entity, recipients=[user])

    new = host.model.Post(title="another")
    host.database.session.add(new)
    with listening(host.model.Post.title, "set", create):
        post.title = "changed"
    transaction.commit()
    assert host.verbs(host.model.user_named("ann")) == ["renamed to changed"]


@pytest.mark.parametrize("name", ALL)
def test_imports_and_reads(host, user, name):
    def work(_):
        am.create_many({"actor": user, "verb": verb, "recipients": [user]} for verb in "ab")
        return (
            [action.verb for action in am.get_by_recipient(user)],
            am.count_not_seen_by_recipient(user),
            am.get_actions()[0],
        )

    _, read = store_a_post(host, name, work)
    assert (set(read[0]), *read[1:]) == ({"a", "b"}, 2, 2)


@pytest.mark.parametrize("name", ALL)
def test_marks_as_seen(host, user, name):
    am.create(user, "one", recipients=[user])
    _, before = store_a_post(host, name, lambda _: am.mark_seen(user))
    assert before is None
    assert user.last_activity_seen is not None
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 0


@pytest.mark.parametrize("name", ALL)
def test_marks_as_read_and_unread(host, user, name):
    am.create_many({"actor": user, "verb": verb} for verb in "abc")
    transaction.commit()
    c, b, _ = am.get_by_recipient(user)

    def mark(_):
        am.mark_read(user, [c, b])
        am.mark_unread(user, b)
        am.mark_seen(user)
        am.mark_unread(user, c)

    store_a_post(host, name, mark)
    user = host.database.reload(user)
    assert [each.verb for each in am.get_by_recipient(user).unread()] == ["c", "b", "a"]
    assert am.count_not_seen_by_recipient(user) == 0
    store_a_post(host, name, lambda _: am.mark_all_read(user))
    assert am.count_unread_by_recipient(host.database.reload(user)) == 0


def test_marks_as_seen_for_a_new_user(host):
    with listening(host.model.User, "after_insert", listener("after_insert", am.mark_seen)):
        new = host.save(host.model.User(user_name="new"))
    assert host.database.reload(new).last_activity_seen is not None


@pytest.mark.parametrize("name", ALL)
def test_forgets_and_purges(host, user, other, name):
    told = am.create(other, "told", user, recipients=[user, other])
    am.create(user, "by ann", recipients=[other])
    old = am.create(other, "long ago", recipients=[other])
    old.timestamp = told.timestamp.replace(year=2000)
    host.save()

    def work(_):
        return am.forget(user), am.purge(told.timestamp.replace(year=2001))

    _, (forgotten, purged) = store_a_post(host, name, work)
    assert (tuple(forgotten), purged) == ((1, 1, 0, 1, 0), 1)
    host.database.forget()
    (stored,) = host.database.raw_actions()
    assert (stored["verb"], stored["target_id"], len(stored["_recipients"])) == ("told", None, 1)


def test_a_failed_flush_stores_no_action(host, user):
    host.save(host.model.Coded(_id="taken"))
    host.database.session.expunge_all()
    user = host.model.user_named("ann")
    create = listener("before_insert", lambda _: am.create(user, "coded", recipients=[user]))
    with listening(host.model.Coded, "before_insert", create):
        host.database.session.add(host.model.Coded(_id="taken"))
        with pytest.raises(sa.exc.IntegrityError):
            host.database.session.flush()
    transaction.abort()
    assert host.database.raw_actions() == []


def test_a_failed_create_stores_nothing_and_the_flush_goes_on(host, user):
    def fail(connection, cursor, statement, *arguments):
        if "INTO activity_stream_recipient" in statement:
            raise OSError("the disk is full")

    def create(entity):
        with pytest.raises(OSError, match="the disk is full"):
            am.create(user, "lost", entity, recipients=[user])

    with listening(host.database.engine, "before_cursor_execute", fail):
        store_a_post(host, "after_insert", create)
    assert host.database.raw_actions() == []
    assert host.database.session.scalars(sa.select(host.model.Post.title)).all() == ["new"]


def test_calls_hooks(host, user):
    called = []

    def hook(action):
        called.append((action.actor, action._recipients))

    tg.hooks.register("activitystream.after_create", hook)
    store_a_post(host, "after_insert", lambda post: am.create(user, "wrote", recipients=[]))
    assert called == [("ann", [])]


def test_creates_before_the_commit_what_a_flush_collected(host, user):
    """The docs have this recipe for what must be known as a whole."""
    written = []

    def collect(session, context):
        written.extend(each for each in session.new if isinstance(each, host.model.Post))

    def create(session):
        while written:
            am.create(user, "wrote", written.pop(), recipients=[user])

    session = host.database.session.registry()
    with (
        listening(session, "after_flush", collect),
        listening(session, "before_commit", create),
    ):
        session.add(host.model.Post(title="new"))
        transaction.commit()
    host.database.forget()
    assert am.get_by_recipient(host.model.user_named("ann")).first().target == "new"
