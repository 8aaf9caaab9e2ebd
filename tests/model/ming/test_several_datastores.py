"""Entities on Ming that are not in the database of the app's own session."""

from datetime import datetime
from types import SimpleNamespace

import pytest
from ming import Session, create_datastore
from ming import schema as s
from ming.odm import FieldProperty, Mapper, ThreadLocalODMSession
from ming.odm.declarative import MappedClass

from activitystream import am


@pytest.fixture
def elsewhere(host, define):
    """Define classes on another datastore; both datastores have a collection ``post``."""
    session = Session()
    url = f"{host.database.url}_elsewhere"
    session.bind = create_datastore(url, **host.database.connection)
    OtherSession = ThreadLocalODMSession(session)

    class Member(MappedClass):
        class __mongometa__:
            session = OtherSession
            name = "member"

        _id = FieldProperty(s.ObjectId)
        user_name = FieldProperty(s.String)
        last_activity_seen = FieldProperty(s.DateTime)

        @property
        def as_str(self):
            return self.user_name

    class Copy(host.model.Post):
        class __mongometa__:
            session = OtherSession
            name = "post"

    Mapper.compile_all()
    yield SimpleNamespace(db=session.db, session=OtherSession, Member=Member, Copy=Copy)
    session.db.client.drop_database(session.db.name)


@pytest.fixture
def bob(elsewhere):
    bob = elsewhere.Member(user_name="bob")
    elsewhere.session.flush_all()
    return bob


def test_shows_entities_of_another_datastore(host, user, elsewhere, bob):
    copy = elsewhere.Copy(title="A copy")
    elsewhere.session.flush_all()
    am.create(bob, "copied", host.post("A post"), copy, recipients=[user, bob])
    host.database.forget()
    browser = host.browser(host.model.user_named("ann"))
    assert "bob copied A copy A post" in " ".join(browser.get("/activitystream/").html.text.split())
    host.database.forget()
    (action,) = am.get_by_recipient(elsewhere.Member.query.find().first())
    assert [each.user_name for each in action.recipients] == ["ann", "bob"]
    assert type(action.action_obj) is elsewhere.Copy
    assert "member" not in host.database.db.list_collection_names()


def test_marks_the_stream_of_an_entity_of_another_datastore(host, user, elsewhere, bob):
    am.create(user, "greeted", bob, recipients=[bob])
    host.plug(may_update=lambda user, recipient: True)
    browser = host.browser(user)
    ajax = "/activitystream/ajax_update_last_seen_of_a_recipient"
    assert browser.post(ajax, {"_type": "Member", "_id": str(bob._id)}).status_int == 200
    assert elsewhere.db.member.find_one()["last_activity_seen"] is not None
    host.database.forget()
    bob = elsewhere.Member.query.find().first()
    assert am.count_not_seen_by_recipient(bob) == 0
    assert am.mark_seen(bob) is not None


def test_forgets_an_entity_of_another_datastore(host, user, bob):
    am.create(bob, "left", recipients=[bob])
    am.create(user, "greeted", bob, recipients=[bob])
    report = am.forget(bob)
    assert (report.as_actor, report.as_target, report.as_recipient) == (1, 1, 1)


def test_what_is_for_everyone_concerns_no_readers_of_another_datastore(host, user, elsewhere, bob):
    def found(**arguments):
        return [
            each.user_name for each in am.readers_with_unseen(datetime(2020, 1, 1), **arguments)
        ]

    am.create(user, "announced")
    assert found() == ["ann"]
    assert found(of=elsewhere.Member) == ["bob"]
    am.create(user, "greeted", bob, recipients=[bob])
    assert sorted(found()) == ["ann", "bob"]


def test_a_class_of_another_datastore_does_not_take_a_name_away(host, user, elsewhere, define):
    define("User", stored_in="elsewhere_user", session=elsewhere.session)
    am.create(user, "greeted", user, recipients=[user])
    host.database.forget()
    (action,) = am.get_by_recipient(host.model.user_named("ann"))
    assert action.actor == "ann"
