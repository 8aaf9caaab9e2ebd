"""Keys of any kind that a class may have, from the database into actions and back."""

import enum
import ipaddress
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from activitystream import am
from tests.helpers.databases import on

AJAX = "/activitystream/ajax_update_last_seen_of_a_recipient"

UUID = uuid.UUID("fcc792da-2c0e-4b5b-a2c2-6a1f9b0d4a11")

TWO_HOURS = timezone(timedelta(hours=2))


class Colour(enum.Enum):
    red = "the red one"
    blue = "the blue one"


class Level(enum.IntEnum):
    low = 1


class Name(str, enum.Enum):
    ann = "Ann's"


class Hexadecimal(sa.TypeDecorator):
    """A UUID as 32 characters, as in SQLAlchemy's documented recipe."""

    impl = sa.CHAR(32)
    cache_ok = True

    def load_dialect_impl(self, dialect):
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID())
        return dialect.type_descriptor(sa.CHAR(32))

    def process_bind_param(self, value, dialect):
        return value if value is None or dialect.name == "postgresql" else value.hex

    def process_result_value(self, value, dialect):
        return value if value is None or isinstance(value, uuid.UUID) else uuid.UUID(value)


class Slug:
    """A value of the host's own class, whose ``str`` says nothing."""

    def __init__(self, words):
        self.words = words

    def __hash__(self):
        return hash(self.words)

    def __eq__(self, other):
        return isinstance(other, Slug) and self.words == other.words


class Slugs(sa.TypeDecorator):
    impl = sa.String(50)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return "-".join(value.words)

    def process_result_value(self, value, dialect):
        return Slug(tuple(value.split("-")))


class LowerCase(sa.TypeDecorator):
    """A type whose database returns another text than the host gave."""

    impl = sa.String(50)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return value.lower()


class Shifted(sa.TypeDecorator):
    """A type that converts numbers in both directions."""

    impl = sa.Integer
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return value + 1000

    def process_result_value(self, value, dialect):
        return value - 1000


class Wrapped(sa.TypeDecorator):
    """One of the host's types around another."""

    impl = Slugs
    cache_ok = True


class Ticket(sa.types.UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **options):
        return "VARCHAR(20)"

    def bind_processor(self, dialect):
        return lambda value: f"T{value}"

    def result_processor(self, dialect, coltype):
        return lambda value: int(value[1:])


UTF_8 = sa.Unicode(50).with_variant(mysql.VARCHAR(50, charset="utf8mb4"), "mysql", "mariadb")

KEYS = {
    "a type that wants its own": (Hexadecimal, UUID),
    "a class of the host's own": (Slugs, Slug(("a", "b"))),
    "one that the type changes": (LowerCase, "ANN"),
    "one that differs in the table": (Shifted, 5),
    "a type around a type": (Wrapped, Slug(("a", "b"))),
    "a user-defined type": (Ticket, 7),
    "an enum by name": (sa.Enum(Colour), Colour.red),
    "an enum by value": (
        sa.Enum(Colour, values_callable=lambda cls: [each.value for each in cls], name="by_value"),
        Colour.red,
    ),
    "an enum as text": (sa.Enum(Colour, native_enum=False), Colour.blue),
    "an enum of texts": (sa.Enum("a b", "c", name="letters"), "a b"),
    "a number of an enum": (sa.Integer, Level.low),
    "a date": (sa.Date, date(2020, 2, 29)),
    "a datetime": (sa.DateTime, datetime(2020, 2, 29, 12, 30, 1)),
    "a datetime with a fraction": (
        sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb"),
        datetime(2020, 2, 29, 12, 30, 1, 5),
    ),
    "an aware datetime": (
        sa.DateTime(timezone=True),
        datetime(2020, 2, 29, 12, 30, tzinfo=TWO_HOURS),
    ),
    "a time": (sa.Time, time(12, 30, 1)),
    "an interval": (sa.Interval, timedelta(days=40, seconds=5)),
    "an interval that is kept as a date": (sa.Interval(native=False), timedelta(days=800_000)),
    "a negative interval": (sa.Interval, timedelta(seconds=-5)),
    "bytes": (sa.LargeBinary(16).with_variant(mysql.VARBINARY(16), "mysql", "mariadb"), b"\0\xff'"),
    "bytes that are padded": (
        sa.LargeBinary(8).with_variant(mysql.BINARY(8), "mysql", "mariadb"),
        b"ab",
    ),
    "CHAR": (sa.CHAR(8), "ab"),
    "CHAR that is full": (sa.CHAR(2), "ab"),
    "CHAR in a variant": (sa.String(8).with_variant(sa.CHAR(8), "postgresql"), "ab"),
    "CHAR in another language": (sa.NCHAR(8), "äb"),
    "a UUID": (sa.Uuid, UUID),
    "a UUID as text": (sa.Uuid(as_uuid=False), str(UUID)),
    "a UUID in CHAR": (sa.Uuid(native_uuid=False), UUID),
    "a decimal number": (sa.Numeric(12, 2), Decimal("5.1")),
    "a decimal number as another": (sa.Numeric(12, 2), 5),
    "a decimal number as a float": (sa.Numeric(12, 2, asdecimal=False), 5.25),
    "a small number": (sa.SmallInteger, -(2**15)),
    "a large number": (sa.BigInteger, -(2**63)),
    "a float": (sa.Double, 0.1),
    "a truth": (sa.Boolean, True),
    "a text with all in it": (UTF_8, "%_\\'\"\n ü\U0001f514x"),
}


@pytest.fixture(params=KEYS)
def entity(request, host, define):
    """Return an entity that was stored a moment ago, with the key as the host spelled it."""
    kind, key = KEYS[request.param]
    column = sa.Column(kind, primary_key=True, autoincrement=False)
    return host.save(define("Keyed", "keyed", _id=column)(_id=key))


def again(host, entity):
    """Return the same entity in the next request."""
    host.database.forget()
    return host.database.session.scalars(sa.select(type(entity))).one()


def test_finds_the_entity_and_its_stream(host, user, entity):
    created = am.create(entity, "did", entity, entity, recipients=[entity, entity])
    assert created._recipients[0]["_id"] == created.actor_id
    entity = again(host, entity)
    (action,) = am.get_by_recipient(entity)
    assert (action.actor, action.target, action.action_obj) == (entity, entity, entity)
    assert action.recipients == [entity]
    assert (action.actor_id, action._recipients) == (
        entity._id,
        [{"_type": "Keyed", "_id": entity._id}],
    )
    assert am.count_not_seen_by_recipient(entity) == 1
    am.mark_seen(entity)
    entity = again(host, entity)
    assert am.count_not_seen_by_recipient(entity) == 0
    am.create_many([{"actor": entity, "verb": "was imported", "recipients": [entity]}])
    entity = again(host, entity)
    assert host.verbs(entity) == ["was imported", "did"]
    am.mark_read(entity, am.get_by_recipient(entity)[1])
    entity = again(host, entity)
    assert [each.verb for each in am.get_by_recipient(entity).unread()] == ["was imported"]


def test_shows_the_entity_on_every_page(host, user, entity):
    type(entity).as_str = "the keyed one"
    am.create(entity, "did", entity, recipients=[entity, user])
    browser = host.browser(user)
    assert "the keyed one" in browser.get("/activitystream/")
    assert browser.get("/activitystream/stream.json").json["orderedItems"]


def test_filters_by_the_key(host, user, entity):
    am.create(entity, "did", entity, recipients=[])
    am.create(user, "did else", user, recipients=[])
    entity = again(host, entity)
    total, (action,) = am.get_actions(filters={"actor_type": "Keyed", "actor_id": entity._id})
    assert (total, action.verb) == (1, "did")
    # Without a type, a key is that of any class.
    _, actions = am.get_actions(filters={"target_id": entity._id})
    assert "did" in [action.verb for action in actions]
    assert am.get_actions(filters={"actor_type": "User", "actor_id": user._id})[0] == 1


def test_forgets_the_entity(host, user, entity):
    am.create(entity, "did", recipients=[entity])
    am.create(user, "told", entity, entity, recipients=[entity, user])
    entity = again(host, entity)
    assert tuple(am.forget(entity, dry_run=True)) == (1, 1, 1, 1, 0)
    assert tuple(am.forget(entity)) == (1, 1, 1, 1, 0)
    assert am.get_by_recipient(entity).count() == 0


def test_accepts_the_key_of_json_in_requests(host, user, entity):
    host.plug(may_update=lambda user, recipient: True)
    action = am.create(entity, "did", recipients=[])
    entity = again(host, entity)
    texts = [str(action.__json__()["actor_id"])]
    if not isinstance(entity._id, (enum.Enum, bytes, Slug, timedelta)):
        texts.append(str(entity._id))
    for text in texts:
        host.browser(user).post(AJAX, {"_type": "Keyed", "_id": text}, status=200)
    assert again(host, entity).last_activity_seen is not None


# What the column cannot hold

NO_KEYS = ["", " ", "x", "1.5", "-", "9" * 40, "9" * 5000, "1E999999", "\u0667", "0x1", "a\0b"]
NO_KEYS += ["2020-13-01", "infinity", "1 day", "g" * 32, str(UUID)[:-1], "{}", "[1]", "'", "ab\n"]


def test_rejects_impossible_keys_in_requests(host, user, entity):
    host.plug(may_update=lambda user, recipient: True)
    key = again(host, entity)._id
    browser = host.browser(host.model.user_named("ann"))
    for text in NO_KEYS:
        answer = browser.post(AJAX, {"_type": "Keyed", "_id": text}, expect_errors=True)
        # Some texts are keys of nobody.
        kinds = (str, Slug, float, Decimal, bytes)
        may_be = isinstance(key, kinds) and not isinstance(key, enum.Enum)
        may_be |= isinstance(type(entity).__table__.c._id.type, Ticket)
        assert answer.status_int in ((400, 404) if may_be else (400,)), text


@pytest.mark.parametrize("text", ["3000000 days, 0:00:00", "-800000 days, 0:00:00"])
@pytest.mark.parametrize("native", [False, True])
def test_rejects_an_interval_that_cannot_be_stored(host, user, define, native, text):
    define("Keyed", "keyed", _id=sa.Column(sa.Interval(native=native), primary_key=True))
    host.plug(may_update=lambda user, recipient: True)
    # Only PostgreSQL has intervals; elsewhere a date is stored, and there is none so far away.
    status = 404 if native and host.database.name == "postgresql" else 400
    host.browser(user).post(AJAX, {"_type": "Keyed", "_id": text}, status=status)


def test_rejects_a_decimal_number_that_the_column_cannot_hold(host, user, define):
    define("Keyed", "keyed", _id=sa.Column(sa.Numeric(12, 2), primary_key=True))
    host.plug(may_update=lambda user, recipient: True)
    browser = host.browser(user)
    for text, status in (("1234567890.12", 404), ("12345678901.00", 400)):
        browser.post(AJAX, {"_type": "Keyed", "_id": text}, status=status)


def test_shows_old_actions_with_impossible_keys(host, user, entity):
    type(entity).as_str = "the keyed one"
    am.create(entity, "did", recipients=[user])
    host.save()
    texts = [text for text in NO_KEYS if len(text) <= 255]
    if host.database.name == "postgresql":
        texts.remove("a\0b")
    for text in texts:
        host.database.insert_action(
            verb="did long ago",
            actor_type="Keyed",
            actor_id=text,
            actor_name="an old one",
            _recipients=[
                {"_type": "User", "_id": str(user._id)},
                {"_type": "Keyed", "_id": text},
            ],
        )
    page = host.browser(user).get("/activitystream/")
    assert page.text.count("an old one") == len(texts)
    assert "the keyed one" in page
    user = host.model.user_named("ann")
    for action in am.get_by_recipient(user):
        assert user in action.recipients
        assert action.verb == "did" or action.actor is None
        assert action.actor_id is not None
        assert len(action._recipients) > 0
    assert am.create(user, "goes on") is not None


# What is special to a database


@pytest.mark.parametrize("given", ["10.0.0.1", ipaddress.ip_address("10.0.0.1")])
@on("postgresql")
def test_accepts_keys_that_only_the_database_parses(host, user, define, given):
    host.plug(may_update=lambda user, recipient: True)
    cls = define("Machine", "machine", _id=sa.Column(postgresql.INET, primary_key=True))
    entity = host.save(cls(_id=given))
    am.create(user, "met", entity, recipients=[entity])
    host.database.insert_action(
        verb="met", target_type="Machine", target_id="no address", _recipients=None
    )
    entity = again(host, entity)
    assert {action.entity("target") for action in am.get_by_recipient(entity)} == {None, entity}
    post = host.browser(user).post
    assert post(AJAX, {"_type": "Machine", "_id": "10.0.0.1"}).status_int == 200
    for text, status in (("no address", 400), ("10.0.0.2", 404)):
        assert post(AJAX, {"_type": "Machine", "_id": text}, status=status)


@on("postgresql")
def test_strips_the_padding_of_a_char_key(host, user, define):
    host.plug(may_update=lambda user, recipient: True)
    entity = host.save(
        define("Coin", "coin", _id=sa.Column(sa.CHAR(8), primary_key=True))(_id="ab")
    )
    am.create(user, "won", entity, recipients=[])
    for text, status in (("ab", 200), ("ab      ", 200), ("ab ", 400), ("a", 404)):
        host.browser(user).post(AJAX, {"_type": "Coin", "_id": text}, status=status)
    for key in ("ab", "ab      "):
        assert am.get_actions(filters={"target_type": "Coin", "target_id": key})[0] == 1


@on("mariadb")
def test_distinguishes_keys_by_a_trailing_space(host, user):
    host.plug(may_update=lambda user, recipient: True)
    ann = host.save(host.model.Coded(_id="ann"))
    am.create(ann, "joined", recipients=[ann])
    host.save()
    browser = host.browser(user)
    browser.post(AJAX, {"_type": "Coded", "_id": "ann "}, status=400)
    with pytest.raises(ValueError, match="the database ignores"):
        am.get_actions(filters={"actor_type": "Coded", "actor_id": "ann "})
    with pytest.raises(ValueError, match="the database ignores"):
        am.get_actions(filters={"actor_id": "ann "})
    assert am.get_actions(filters={"actor_id": "ann"})[0] == 1


def test_filters_by_the_key_of_a_removed_class(host, user):
    host.database.insert_action(verb="did", actor_type="Gone", actor_id="7", _recipients=None)
    assert am.get_actions(filters={"actor_type": "Gone", "actor_id": "7"})[0] == 1
    assert am.get_actions(filters={"actor_id": "7"})[0] == 1
    assert am.get_actions(filters={"actor_id": None})[0] == 0


def test_filters_reject_impossible_keys(host, user):
    am.create(user, "joined")
    with pytest.raises(ValueError, match="the key of User"):
        am.get_actions(filters={"actor_type": "User", "actor_id": "ann"})
