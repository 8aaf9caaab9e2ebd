"""Classes as hosts map them."""

from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import declarative_base

from activitystream import am, model
from tests.helpers.databases import on

START = datetime(2020, 1, 1)

# The host's classes


def test_names_a_joined_subclass_by_its_root(host, user, define):
    base = define("Animal", "animal")
    key = sa.Column(sa.ForeignKey("animal._id"), primary_key=True)
    attributes = {"last_activity_seen": base.last_activity_seen, "__mapper_args__": {}}
    cat = define("Cat", "cat", base=base, _id=key, **attributes)
    entity = host.save(cat())
    am.create(user, "fed", entity, recipients=[entity])
    (stored,) = host.database.raw_actions()
    assert (stored["target_type"], stored["_recipients"][0]["_type"]) == ("Animal", "Animal")
    assert am.count_not_seen_by_recipient(entity) == 1
    am.mark_seen(entity)
    assert am.count_not_seen_by_recipient(host.database.reload(entity)) == 0
    action = am.get_by_recipient(host.database.reload(entity)).first()
    assert action.entity("target")._id == entity._id


def test_accepts_a_seen_column_of_another_name(host, define):
    seen = sa.Column("seen_at", sa.DateTime)
    cls = define("Renamed", "renamed", last_activity_seen=seen)
    entity = host.save(cls())
    am.mark_seen(entity, until=START)
    assert host.database.reload(entity).last_activity_seen == START


def test_accepts_a_key_column_of_another_name(host, user, define):
    key = sa.Column("user_no", sa.Integer, primary_key=True)
    cls = define("Member", "member", _id=None, number=key)
    entity = host.save(cls())
    am.create(entity, "joined", entity, recipients=[entity])
    am.mark_seen(entity, until=START)
    host.database.forget()
    entity = host.database.get(cls, entity.number)
    (action,) = am.get_by_recipient(entity)
    assert (action.actor, action.recipients) == (entity, [entity])
    assert entity.last_activity_seen == START


def test_rejects_a_computed_field(host, define):
    seen = hybrid_property(lambda self: None)
    entity = host.save(define("Computed", "computed", last_activity_seen=seen)())
    with pytest.raises(AttributeError, match=r"last_activity_seen = Column\(DateTime\)"):
        am.mark_seen(entity)


@pytest.fixture
def map_apart(host):
    """Map a class on a base of its own, in no module of the host's."""
    bases = []

    def map_apart(name, **attributes):
        base = declarative_base()
        bases.append(base)
        columns = {
            "_id": sa.Column(sa.Integer, primary_key=True),
            "last_activity_seen": sa.Column(host.model.Moment),
        }
        table = {"__tablename__": f"apart_{name.lower()}"}
        cls = type(name, (base,), {**table, **columns, **attributes})
        base.metadata.create_all(host.database.engine)
        return cls

    yield map_apart
    host.database.close()
    for base in bases:
        base.metadata.drop_all(host.database.engine)
        base.registry.dispose()


def test_finds_a_class_on_another_base(host, user, map_apart):
    cls = map_apart("Elsewhere")
    entity = host.save(cls())
    am.create(user, "did", entity, recipients=[entity])
    host.database.forget()
    entity = host.database.get(cls, entity._id)
    (action,) = am.get_by_recipient(entity)
    assert (action.target, action.recipients) == (entity, [entity])
    am.mark_seen(entity)


@pytest.mark.parametrize("mapped", ["before us", "after us"])
def test_finds_a_class_on_another_base_after_a_restart(host, user, map_apart, mapped, monkeypatch):
    cls = map_apart("Elsewhere")
    if mapped == "before us":
        monkeypatch.setitem(globals(), "Elsewhere", cls)
        model.orm.entities.all_registries.discard(cls.registry)
        model.orm.entities.learn_of_earlier_classes.cache_clear()
    key = host.save(cls())._id
    am.create(user, "did", host.database.get(cls, key), recipients=[user])
    host.save()
    host.database.forget()
    host.plug()
    (action,) = am.get_by_recipient(host.model.user_named("ann"))
    assert action.target is host.database.get(cls, key)


def test_rejects_a_class_on_another_base_with_a_used_name(host, user, post, map_apart):
    cls = map_apart("Post")
    am.create(user, "wrote", post)
    with pytest.raises(ValueError, match="all use the name 'Post'"):
        am.create(user, "wrote", host.save(cls()))
    host.database.forget()
    (action,) = am.get_by_recipient(host.model.user_named("ann"))
    assert isinstance(action.entity("target"), host.model.Post)


@on("postgresql")
def test_accepts_aware_datetimes(host, user, define):
    aware = sa.Column(sa.DateTime(timezone=True))
    entity = host.save(define("Aware", "aware", last_activity_seen=aware)())
    am.create(user, "one", recipients=[entity])
    assert am.mark_seen(entity) is None
    newer = am.create(user, "two", recipients=[entity])
    newer.timestamp = am.mark_seen(entity, until=START) + timedelta(milliseconds=1)
    host.save(newer)
    host.database.session.execute(sa.text("SET LOCAL TIME ZONE 'Asia/Kolkata'"))
    entity = host.database.get(type(entity), entity._id)
    assert entity.last_activity_seen.tzinfo is not None
    assert am.count_not_seen_by_recipient(entity) == 1
    newest, older = am.get_by_recipient(entity)
    assert (newest.is_unseen_by(entity), older.is_unseen_by(entity)) == (True, False)
    before = am.mark_seen(entity, until=newest.timestamp)
    assert before == newest.timestamp - timedelta(milliseconds=1)
    assert entity.last_activity_seen.astimezone(timezone.utc).replace(tzinfo=None) <= (
        newest.timestamp
    )
    host.database.forget()
    assert am.count_not_seen_by_recipient(host.database.get(type(entity), entity._id)) == 0
