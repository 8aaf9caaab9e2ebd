"""The private names of Ming that ``activitystream.model.ming.private`` uses still mean the same."""

import ast
import gc
import weakref
from pathlib import Path

import pytest
from ming.odm import session, state

import activitystream.model.ming
from activitystream.model.ming import private

#: The private names that private.py uses. No other module may use them.
PRIVATE = {
    "__ming__",
    "_objects",
    "soil",
    "tracker",
    "i_document",
    "state",
    "ObjectState",
    "_registry",
}


@pytest.fixture(scope="session", params=["mim"])
def database(request, database_named):
    return database_named(request.param)


def names_in(module):
    """Return the attributes that a module uses, and what it imports of Ming."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ming"):
            yield from (alias.name for alias in node.names)


def test_only_one_module_uses_private_names():
    modules = Path(activitystream.model.ming.__file__).parent.glob("*.py")
    users = [each.name for each in modules if PRIVATE & {*names_in(each)}]
    assert users == ["private.py"]


def test_keeps_the_document_as_read(user):
    assert private.document_of(user)["user_name"] == "ann"
    assert private.document_of(user)["_id"] == user._id


def test_never_flushes_an_object_put_into_the_session(host, user):
    private.put(user, "user_name", "changed")
    assert user.user_name == "changed"
    assert private.is_unchanged(user)
    host.model.DBSession.flush_all()
    assert host.database.raw_values(user)["user_name"] == "ann"


def test_knows_what_a_flush_would_do(host, user):
    assert not private.is_new(user)
    assert private.is_unchanged(user)
    user.user_name = "changed"
    assert not private.is_unchanged(user)
    new = host.model.Post(title="new")
    assert private.is_new(new)
    session(new).expunge(new)
    assert not private.is_unchanged(new)


def test_saves_only_the_fields_of_a_made_object(host, user):
    key = user._id
    before = host.database.db.tg_user.find_one({"_id": key})
    host.database.forget()
    made = private.make_read(host.model.User, {"_id": key, "user_name": "ann"}, ("user_name",))
    assert session(made) is None
    assert private.fields_to_save(state(made)) == ("user_name",)
    host.model.DBSession.save(made)
    assert private.is_unchanged(made)
    made.user_name = "changed"
    host.model.DBSession.flush_all()
    assert host.database.db.tg_user.find_one({"_id": key}) == {**before, "user_name": "changed"}


def test_sets_the_fields_to_save(host, user):
    private.set_fields_to_save(state(user), ("password",))
    assert private.fields_to_save(state(user)) == ("password",)


def test_a_session_can_grow_during_an_iteration(host, user):
    posts = host.save(*(host.model.Post(title=title) for title in "abc"))
    its_session = host.model.DBSession
    its_session.expunge(posts[0])
    for _ in its_session.uow:
        private.let_grow(its_session)
        its_session.save(posts[0])
    assert posts[0] in list(its_session.uow)


@pytest.fixture
def no_collection():
    gc.disable()
    yield
    gc.enable()


def test_frees_unused_objects_without_a_garbage_collection(host, user, no_collection):
    post = host.post()
    parts = [weakref.ref(post), weakref.ref(state(post))]
    forgotten = private.Forgotten(post)
    assert post not in list(host.model.DBSession.uow)
    del post
    forgotten.settle()
    del forgotten
    assert [part() for part in parts] == [None, None]


def test_keeps_objects_in_use(host, user):
    post = host.post()
    before = {**vars(post.__ming__)}
    private.Forgotten(post).settle()
    assert vars(post.__ming__) == before
    assert private.is_unchanged(post)
    assert post in list(host.model.DBSession.uow)
    post.title = "changed"
    host.model.DBSession.flush_all()
    assert host.database.raw_values(post)["title"] == "changed"


def test_gives_a_thread_other_sessions_for_a_while(host, user):
    its_session = host.model.DBSession
    with private.set_aside([its_session]):
        assert user not in list(its_session.uow)
        its_session.save(host.model.Post(title="not flushed"))
    assert user in list(its_session.uow)
    its_session.flush_all()
    assert list(host.model.Post.query.find()) == []
    its_session.close()
    with private.set_aside([its_session]):
        pass
    assert list(its_session.uow) == []
