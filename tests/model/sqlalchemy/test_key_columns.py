"""Keys of any kind are found again, on any SQL database."""

import uuid
from decimal import Decimal

import pytest
import sqlalchemy as sa
import transaction

from activitystream import am
from tests.helpers.databases import on


def test_keys_are_sensitive_to_case_and_spaces(host, user):
    keys = ["a", "A", "ä", " a", "ａ"]
    if host.database.name != "mariadb":  # where "a" and "a " are the same to the host, too
        keys.append("a ")
    coded = host.save(*(host.model.Coded(_id=key) for key in keys))
    for entity in coded:
        am.create(user, f"to {entity._id!r}", entity, recipients=[entity])
    assert [host.verbs(entity) for entity in coded] == [[f"to {key!r}"] for key in keys]
    host.database.forget()
    for action, key in zip(am.get_actions(desc=False)[1], keys, strict=True):
        assert (action.entity("target")._id, action.recipients[0]._id) == (key, key)


@on("mariadb")
def test_rejects_a_trailing_space_that_the_database_ignores(host, user, define):
    distinct = sa.Column(sa.String(20, collation="utf8mb4_nopad_bin"), primary_key=True)
    cls = define("Member", "member", _id=distinct)
    ann, other = host.save(cls(_id="ann"), cls(_id="ann "))
    am.create(user, "told a secret", recipients=[ann])
    for call in (
        lambda: am.create(user, "did", recipients=[other]),
        lambda: am.get_by_recipient(other).all(),
        lambda: am.forget(other),
    ):
        with pytest.raises(ValueError, match="the key of Member ends with a space"):
            call()
    assert host.verbs(ann) == ["told a secret"]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (sa.Uuid(as_uuid=False), "FCC792DA-2C0E-4B5B-A2C2-6A1F9B0D4A11"),
        (sa.Uuid(as_uuid=False), "fcc792da2c0e4b5ba2c26a1f9b0d4a11"),
        (sa.Numeric(12, 2), 5),
    ],
)
def test_finds_a_key_in_any_spelling(host, user, define, kind, given):
    cls = define("Spelled", "spelled", _id=sa.Column(kind, primary_key=True))
    new = host.save(cls(_id=given))
    am.create(user, "did", new, recipients=[new])
    transaction.commit()
    host.database.forget()
    found = host.database.session.scalars(sa.select(cls)).one()
    assert host.verbs(found) == ["did"]
    # SQLite stores a UUID in capitals as it is given, and finds it by no other spelling.
    if host.database.name != "sqlite" or not str(given).isupper():
        assert am.get_by_recipient(found).first().entity("target") is found


@on("postgresql", "mariadb")  # SQLite stores numbers of fifteen digits
def test_finds_a_long_decimal_key(host, user, define):
    number = Decimal("1234567890123456789012345678.1234567891")
    near = Decimal("1234567890123456789012345678.1234567892")
    numeric = sa.Column(sa.Numeric(38, 10), primary_key=True)
    cls = define("Precise", "precise", _id=numeric)
    one, other = host.save(cls(_id=number), cls(_id=near))
    am.create(user, "to one", one, recipients=[one])
    am.create(user, "to the other", other, recipients=[other])
    transaction.commit()
    host.database.forget()
    one, other = host.database.get(cls, number), host.database.get(cls, near)
    assert (host.verbs(one), host.verbs(other)) == (["to one"], ["to the other"])
    assert am.get_by_recipient(one).first().entity("target") is one


def test_accepts_long_keys_up_to_the_limit(host, user, define):
    wide = sa.Column(sa.String(600), primary_key=True)
    if host.database.name == "mariadb":
        wide = sa.Column(sa.String(600, collation="utf8mb4_bin"), primary_key=True)
    cls = define("Wide", "wide", _id=wide)
    long = host.save(cls(_id="\U0001f514" * 255))
    am.create(user, "did", long, recipients=[long])
    assert host.verbs(long) == ["did"]
    assert am.get_by_recipient(long).first().entity("target") is long
    with pytest.raises(ValueError, match="longer than 255"):
        am.create(user, "did", host.save(cls(_id="x" * 256)))


def test_rejects_a_composite_key(host, user):
    pair = host.save(host.model.Composite(_id=1, part=2))
    for refer in (
        lambda: am.create(pair, "did"),
        lambda: am.create(user, "did", pair),
        lambda: am.create(user, "did", recipients=[pair]),
        lambda: am.get_by_recipient(pair),
        lambda: am.count_not_seen_by_recipient(pair),
        lambda: am.mark_seen(pair),
    ):
        with pytest.raises(ValueError, match="has several columns"):
            refer()
    assert host.database.raw_actions() == []


def test_rejects_a_composite_key_in_a_request(host, user):
    host.save(host.model.Composite(_id=1, part=2))
    host.plug(may_update=lambda user, recipient: True)
    ajax = "/activitystream/ajax_update_last_seen_of_a_recipient?_type=Composite&_id=1"
    answer = host.browser(user).get(ajax, expect_errors=True)
    assert answer.status_int in (400, 404)


def test_shows_an_action_about_a_class_whose_key_type_changed(host, user, app):
    """It shows the entity as deleted."""
    number = [{"_type": "Numbered", "_id": "not a number"}]
    host.database.insert_action(
        verb="did",
        actor_type="Numbered",
        actor_id="not a number",
        target_type="Composite",
        target_id="1",
        action_obj_type="Unique",
        action_obj_id="no UUID",
        _recipients=None,
    )
    host.database.insert_action(verb="told", _recipients=number)
    (action,) = am.get_by_recipient(user)
    assert (action.actor, action.target, action.action_obj) == (None, None, None)
    (_, (told,)) = am.get_actions(filters={"verb": "told"})
    assert told.recipients == []
    assert "did" in app.get("/activitystream/")


def test_accepts_any_spelling_of_a_uuid_in_a_request(host, user):
    host.plug(may_update=lambda user, recipient: True)
    key = uuid.uuid4()
    host.save(host.model.Unique(_id=key))
    ajax = "/activitystream/ajax_update_last_seen_of_a_recipient"
    browser = host.browser(user)
    answer = browser.post(ajax, {"_type": "Unique", "_id": str(key)})
    assert answer.json == {"last_activity_seen": None}
    for bad in ("no UUID", "1", ""):
        answer = browser.post(ajax, {"_type": "Unique", "_id": bad}, expect_errors=True)
        assert answer.status_int == 400


def test_filters_actions_by_keys_of_any_type(host, user):
    entities = host.save(
        host.model.Numbered(_id=7),
        host.model.Coded(_id="x"),
        host.model.Unique(_id=uuid.uuid4()),
    )
    for entity in entities:
        am.create(user, f"did {type(entity).__name__}", entity)
    for entity in entities:
        total, (action,) = am.get_actions(filters={"target_id": entity._id})
        assert (total, action.verb) == (1, f"did {type(entity).__name__}")
        assert action.target_id == entity._id
