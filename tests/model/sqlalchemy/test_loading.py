"""How the entities of a page are loaded, however SQLAlchemy's mappers load them elsewhere."""

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.declarative import ConcreteBase

from activitystream import am


@pytest.fixture
def reads(host):
    """Return a function that reads a page of a user's stream anew, and counts its queries."""

    def reads(user, show=lambda action: action.name_of("target")):
        host.database.forget()
        user = host.database.get(type(user), user._id)
        with host.database.queries() as recorded:
            shown = [show(action) for action in am.get_by_recipient(user).limit(10)]
        return shown, len(recorded)

    return reads


# Relationships


@pytest.mark.parametrize(
    "lazy", ["joined", "subquery", "selectin", "select", "raise", "write_only"]
)
def test_shows_entities_however_they_load_their_collections(host, user, define, reads, lazy):
    part_of = sa.Column(sa.ForeignKey("album._id"))
    album = define("Album", "album", title=sa.Column(sa.String(50)))
    album.as_str = property(lambda self: self.title)
    photo = define("Photo", "photo", album_id=part_of)
    album.photos = orm.relationship(photo, lazy=lazy, passive_deletes=True)
    albums = host.save(album(title="sea"), album(title="wood"))
    host.save(*(photo(album_id=each._id) for each in albums for _ in range(3)))
    for each in albums:
        am.create(user, "filled", each, recipients=[user, *albums])
    shown, _ = reads(user, lambda action: (action.name_of("target"), len(action.recipients)))
    assert shown == [("wood", 3), ("sea", 3)]
    assert "wood" in host.browser(host.model.user_named("ann")).get("/activitystream/")


def test_shows_a_recipient_with_a_joined_collection(host, define):
    part_of = sa.Column(sa.ForeignKey("team._id"))
    team = define("Team", "team")
    team.members = orm.relationship(define("Member", "member", team_id=part_of), lazy="joined")
    entity = host.save(team())
    am.create(entity, "won", recipients=[entity])
    host.database.forget()
    assert [each._id for each in am.get_actions()[1][0].recipients] == [entity._id]
    host.plug(may_update=lambda user, recipient: True)
    ajax = "/activitystream/ajax_update_last_seen_of_a_recipient"
    answer = host.browser(host.user()).post(ajax, {"_type": "Team", "_id": str(entity._id)})
    assert answer.json == {"last_activity_seen": None}


# Inheritance


def animals(define, **options):
    """Define an Animal, and a Cat with a table of its own, with names in columns of their own.

    :param options: of the mapper of the subclass.
    """
    kind = sa.Column(sa.String(16))
    polymorphic = {"polymorphic_on": kind, "polymorphic_identity": "animal"}
    animal = define("Animal", "animal", kind=kind, __mapper_args__=polymorphic)
    animal.as_str = "an animal"
    key = sa.Column(sa.ForeignKey("animal._id"), primary_key=True)
    cat = define(
        "Cat",
        "cat",
        base=animal,
        _id=key,
        called=sa.Column(sa.String(50)),
        last_activity_seen=animal.last_activity_seen,
        __mapper_args__={"polymorphic_identity": "cat", **options},
    )
    cat.as_str = property(lambda self: self.called)
    return animal, cat


def greet(host, user, *entities):
    host.save(*entities)
    for entity in entities:
        am.create(user, "greeted", entity, recipients=[user])


@pytest.mark.parametrize(
    ("options", "queries"),
    [({}, 2), ({"polymorphic_load": "inline"}, 2), ({"polymorphic_load": "selectin"}, 3)],
)
def test_loads_joined_subclasses_by_one_query(host, user, define, reads, options, queries):
    animal, cat = animals(define, **options)
    greet(host, user, animal(), *(cat(called=f"cat {number}") for number in range(9)))
    shown, number = reads(user)
    assert shown == [*(f"cat {number}" for number in range(8, -1, -1)), "an animal"]
    assert number == queries


def test_loads_subclasses_with_own_columns_by_one_query(host, user, define, reads):
    kind = sa.Column(sa.String(16))
    polymorphic = {"polymorphic_on": kind, "polymorphic_identity": "page"}
    page = define(
        "Page",
        "page",
        kind=kind,
        title=sa.Column(sa.String(50)),
        __mapper_args__=polymorphic,
    )
    nickname = orm.column_property(page.__table__.c.title + "!")
    article = define(
        "Article",
        "page",
        base=page,
        shown=nickname,
        as_str=property(lambda self: self.shown),
        __mapper_args__={"polymorphic_identity": "article"},
    )
    greet(host, user, *(article(title=f"article {number}") for number in range(10)))
    shown, number = reads(user)
    assert shown == [f"article {number}!" for number in range(9, -1, -1)]
    assert number == 2


def test_shows_more_subclasses_than_a_database_can_join(host, user, define, reads, monkeypatch):
    monkeypatch.setattr("activitystream.model.sqlalchemy.entities._MOST_JOINED", 0)
    _, cat = animals(define)
    greet(host, user, *(cat(called=f"cat {number}") for number in range(10)))
    shown, number = reads(user)
    assert shown == [f"cat {number}" for number in range(9, -1, -1)]
    assert number == 3


def test_distinguishes_concrete_subclasses_with_one_key(host, user, reads):
    base = orm.declarative_base()

    class Ship(ConcreteBase, base):
        __tablename__ = "ship"
        __mapper_args__ = {"polymorphic_identity": "ship", "concrete": True}
        _id = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
        as_str = "a ship"

    class Boat(Ship):
        __tablename__ = "boat"
        __mapper_args__ = {"polymorphic_identity": "boat", "concrete": True}
        _id = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
        as_str = "a boat"

    base.metadata.create_all(host.database.engine)
    try:
        greet(host, user, Ship(_id=1), Boat(_id=1))
        shown, number = reads(user)
    finally:
        host.database.close()
        base.metadata.drop_all(host.database.engine)
        base.registry.dispose()
    assert shown == ["a boat", "a ship"]
    assert number == 3


def test_never_shows_deleted_if_the_table_is_missing(host, user, define):
    thing = host.save(define("Thing", "thing")())
    am.create(user, "made", thing)
    host.save()
    host.database.forget()
    with host.database.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE thing"))
    browser = host.browser(host.model.user_named("ann"))
    assert browser.get("/activitystream/stream.json", status=503)
