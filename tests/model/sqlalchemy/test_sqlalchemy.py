"""What is special to SQLAlchemy: the host's transaction, query plans, and each database's ways."""

import json
import logging
import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
import sqlalchemy as sa
import tg
import transaction
import zope.sqlalchemy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import declarative_base, scoped_session, sessionmaker
from tg.configuration.utils import TGConfigError

import tests.helpers.host
from activitystream import am, model
from activitystream.model.values import Cursor
from tests.conftest import Host
from tests.helpers.databases import SQL, on
from tests.helpers.host.app import make_app
from tests.helpers.threads import at_once

START = datetime(2020, 1, 1)


@pytest.fixture(scope="session", params=SQL)
def database(request, database_named):
    return database_named(request.param)


def committed(host):
    """What is there for everyone else."""
    transaction.abort()
    return [action["verb"] for action in host.database.raw_actions()]


# The host's transaction


def test_an_aborted_transaction_leaves_nothing(host, user):
    am.create(user, "joined", recipients=[user])
    assert len(host.database.raw_actions()) == 1
    transaction.abort()
    assert host.database.raw_actions() == []
    recipients = host.database.tables["activity_stream_recipient"]
    assert host.database.execute(sa.select(recipients)).all() == []
    assert host.verbs(host.database.reload(user)) == []


def test_a_request_that_fails_leaves_nothing(host, user, app):
    def fail(*arguments):
        raise RuntimeError("the request fails")

    am.create(user, "joined")
    tg.hooks.register("before_render", fail)
    tg.hooks.register("before_call", lambda *arguments: am.create(user, "lost"))
    with pytest.raises(RuntimeError, match="the request fails"):
        app.get("/activitystream/")
    assert committed(host) == ["joined"]


def test_a_request_that_marks_and_fails_marks_nothing(host, user, app):
    host.plug(may_update=lambda user, recipient: True)

    def fail(*arguments):
        raise SystemError("after all was done")

    tg.hooks.register("after_render", fail)
    with pytest.raises(SystemError):
        host.browser(user).get("/activitystream/ajax_update_last_seen_of_a_recipient")
    assert host.database.reload(user).last_activity_seen is None


def test_nothing_commits_but_the_host(host, user, post):
    with committing(host) as committed_by:
        am.create(user, "liked", post, recipients=[user])
        am.mark_seen(user)
        am.get_by_recipient(user).all()
        am.count_not_seen_by_recipient(user)
        am.get_actions()
        assert committed_by == []
        transaction.commit()
        assert committed_by == ["commit"]


class committing:
    """Records each commit and rollback on the database."""

    def __init__(self, host):
        self.engine = host.database.engine
        self.recorded = []

    def commit(self, connection):
        self.recorded.append("commit")

    def rollback(self, connection):
        self.recorded.append("rollback")

    def __enter__(self):
        sa.event.listen(self.engine, "commit", self.commit)
        sa.event.listen(self.engine, "rollback", self.rollback)
        return self.recorded

    def __exit__(self, *error):
        sa.event.remove(self.engine, "commit", self.commit)
        sa.event.remove(self.engine, "rollback", self.rollback)


def test_an_entity_that_was_only_added_is_flushed_and_referred_to(host, user):
    post = host.model.Post(title="new")
    host.database.session.add(post)
    action = am.create(user, "wrote", post)
    assert action.target_id == post._id is not None
    transaction.commit()
    host.database.forget()
    assert am.get_by_recipient(user).first().target == "new"


def test_entities_that_no_session_holds_may_be_named(host, user, post):
    host.database.session.expunge_all()
    am.create(user, "liked", post, recipients=[user])
    am.mark_seen(user)
    assert host.verbs(user) == ["liked"]


def test_an_entity_whose_values_are_expired_is_read_again(host, user, post):
    host.database.session.expire_all()
    action = am.create(user, "liked", post, recipients=[user])
    assert (action.actor_name, action.target_name) == ("ann", "A post")
    host.database.session.expire_all()
    assert (action.actor, action.target, action.recipients) == ("ann", "A post", [user])
    host.database.session.expire_all()
    am.mark_seen(user)
    assert am.count_not_seen_by_recipient(user) == 0


def test_a_write_that_fails_is_not_written_later(host, user):
    def fail(connection, cursor, statement, *arguments):
        if "INTO activity_stream_action" in statement:
            raise OSError("the server is gone")

    sa.event.listen(host.database.engine, "before_cursor_execute", fail)
    try:
        with pytest.raises(OSError, match="the server is gone"):
            am.create(user, "lost")
    finally:
        sa.event.remove(host.database.engine, "before_cursor_execute", fail)
    transaction.abort()
    am.create(host.model.user_named("ann"), "joined")
    transaction.commit()
    assert committed(host) == ["joined"]


@pytest.mark.parametrize("record", ["create", "create_many"])
def test_a_request_that_does_nothing_but_record_is_committed(host, user, record):
    transaction.commit()
    user = host.model.user_named("ann")
    if record == "create":
        am.create(user, "joined", recipients=[user])
    else:
        am.create_many([{"actor": user, "verb": "joined"}])
    transaction.commit()
    assert committed(host) == ["joined"]


def test_a_host_that_commits_by_itself_may_do_so(host, user):
    transaction.commit()
    session = scoped_session(sessionmaker(host.database.engine))
    model.init_model(session)
    try:
        user = session.get(type(user), user._id)
        am.create(user, "joined", recipients=[user])
        session.commit()
        am.create(user, "left", recipients=[user])
        session.rollback()
        assert host.verbs(user) == ["joined"]
    finally:
        session.remove()
        model.init_model(host.database.session)
    assert committed(host) == ["joined"]


def test_what_was_seen_in_a_savepoint_is_not_when_it_is_rolled_back(host, user):
    am.create(user, "joined", recipients=[user])
    with host.database.session.begin_nested() as savepoint:
        am.mark_seen(user)
        assert am.count_not_seen_by_recipient(user) == 0
        savepoint.rollback()
    assert user.last_activity_seen is None
    assert am.count_not_seen_by_recipient(user) == 1


def test_after_a_rollback_an_action_in_hand_is_in_nobodys_way(host, user):
    transaction.commit()
    session = host.database.session
    user = host.model.user_named("ann")
    with session.begin_nested() as savepoint:
        rolled_back = am.create(user, "left", recipients=[user])
        savepoint.rollback()
    stored = am.create(user, "joined", recipients=[user])
    assert stored in session
    assert rolled_back not in session or rolled_back._id != stored._id
    assert host.verbs(user) == ["joined"]
    transaction.commit()
    assert committed(host) == ["joined"]


# Hooks


def test_a_hook_runs_inside_the_transaction(host, user):
    def add(action):
        host.database.session.add(host.model.Post(title=f"because of {action._id}"))

    tg.hooks.register("activitystream.after_create", add)
    action = am.create(user, "joined")
    transaction.abort()
    assert titles(host) == []
    action = am.create(user, "joined")
    transaction.commit()
    assert titles(host) == [f"because of {action._id}"]


def titles(host):
    return host.database.session.scalars(sa.select(host.model.Post.title)).all()


def test_a_hook_that_dispatches_after_the_commit_sees_what_is_there(host, user):
    told = []

    def dispatch(committed, key):
        told.append((committed, key))

    def hook(action):
        transaction.get().addAfterCommitHook(dispatch, args=(action._id,))

    tg.hooks.register("activitystream.after_create", hook)
    action = am.create(user, "joined")
    key = action._id
    assert told == []
    transaction.commit()
    assert told == [(True, key)]


@pytest.mark.parametrize(
    ("hook", "verb"),
    [
        ("activitystream.after_create", lambda user: am.create(user, "joined")),
        ("activitystream.after_seen", am.mark_seen),
    ],
    ids=["create", "mark_seen"],
)
def test_a_hook_that_breaks_the_transaction_propagates(host, user, hook, verb, caplog):
    host.save(host.model.Coded(_id="taken"))
    host.database.session.expunge_all()

    def fail(*arguments):
        host.database.session.add(host.model.Coded(_id="taken"))
        host.database.session.flush()

    tg.hooks.register(hook, fail)
    with pytest.raises(sa.exc.IntegrityError):
        verb(user)
    transaction.abort()
    assert host.database.raw_actions() == []
    assert host.database.reload(user).last_activity_seen is None


def test_a_hook_that_raises_where_nothing_was_written_leaves_the_request_to_go_on(
    host, user, caplog
):
    am.mark_seen(user)
    host.save()
    user = host.model.user_named("ann")

    def fail(*arguments):
        raise sa.exc.OperationalError("SELECT", {}, Exception("another database is away"))

    tg.hooks.register("activitystream.after_seen", fail)
    am.mark_seen(user, until=START)
    assert "another database is away" in caplog.text


def test_a_hook_that_raises_leaves_the_transaction_to_go_on(host, user, caplog):
    def fail(action):
        host.database.session.add(host.model.Post(title="kept"))
        raise RuntimeError("the mail server is away")

    tg.hooks.register("activitystream.after_create", fail)
    with caplog.at_level(logging.ERROR):
        am.create(user, "joined")
    transaction.commit()
    assert "the mail server is away" in caplog.text
    assert committed(host) == ["joined"]
    assert titles(host) == ["kept"]


# What the tables hold


def test_deleting_an_action_by_the_session_deletes_its_recipients(host, user, other):
    action = am.create(user, "to be deleted", recipients=[user, other])
    am.create(user, "kept", recipients=[user])
    transaction.commit()
    host.database.session.delete(host.database.get(model.Action, action._id))
    transaction.commit()
    recipients = host.database.tables["activity_stream_recipient"]
    assert len(host.database.execute(sa.select(recipients)).all()) == 1
    assert (host.verbs(user), host.verbs(other)) == (["kept"], [])


@on("postgresql", "mariadb")  # SQLite heeds foreign keys only when the host says so
def test_deleting_an_action_by_sql_deletes_its_recipients(host, user):
    am.create(user, "to be deleted", recipients=[user])
    host.database.execute(sa.delete(host.database.tables["activity_stream_action"]))
    recipients = host.database.tables["activity_stream_recipient"]
    assert host.database.execute(sa.select(recipients)).all() == []


def test_a_timestamp_that_the_host_changes_moves_the_action_in_streams(host, user, other):
    first = am.create(user, "first", recipients=[user, other])
    second = am.create(user, "second", recipients=[user])
    first.timestamp = second.timestamp + timedelta(milliseconds=1)
    host.save(first)
    assert host.verbs(user) == ["first", "second"]
    am.mark_seen(user, until=second.timestamp)
    assert am.count_not_seen_by_recipient(user) == 1
    am.mark_seen(other, until=second.timestamp)
    assert am.count_not_seen_by_recipient(other) == 1


def test_keys_that_differ_in_case_or_in_spaces_are_different(host, user):
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
def test_a_key_that_ends_with_a_space_is_refused_where_it_would_be_anothers(host, user, define):
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
def test_a_key_is_known_again_however_the_host_spelled_it_at_first(host, user, define, kind, given):
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
def test_a_decimal_key_of_many_digits_is_found_again(host, user, define):
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


def test_a_long_key_is_found_again_and_one_too_long_is_refused(host, user, define):
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


def test_milliseconds_are_kept(host, user):
    moment = datetime(2020, 1, 31, 12, 30, 15, 123000)
    action = am.create(user, "joined", recipients=[user])
    action.timestamp = moment
    host.save(action)
    am.mark_seen(user, until=moment - timedelta(milliseconds=1))
    host.database.forget()
    user = host.model.user_named("ann")
    assert am.get_by_recipient(user).first().timestamp == moment
    assert user.last_activity_seen == moment - timedelta(milliseconds=1)
    assert am.count_not_seen_by_recipient(user) == 1
    am.mark_seen(user, until=moment)
    assert am.count_not_seen_by_recipient(user) == 0


def test_a_key_of_several_columns_is_refused(host, user):
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


def test_a_key_of_several_columns_cannot_be_asked_for(host, user):
    host.save(host.model.Composite(_id=1, part=2))
    host.plug(may_update=lambda user, recipient: True)
    ajax = "/activitystream/ajax_update_last_seen_of_a_recipient?_type=Composite&_id=1"
    answer = host.browser(user).get(ajax, expect_errors=True)
    assert answer.status_int in (400, 404)


def test_an_action_that_names_a_class_whose_key_is_now_of_another_kind_is_shown(host, user, app):
    """As if the entity were deleted."""
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


def test_a_uuid_is_the_same_in_any_spelling_of_a_request(host, user):
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


def test_actions_are_filtered_by_keys_of_any_kind(host, user):
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


def test_a_nul_character_is_kept_or_refused_and_never_cut(host, user):
    text = "a\x00b"
    try:
        am.create(user, "did", description=text)
    except (ValueError, sa.exc.DataError):
        assert host.database.name == "postgresql"
        transaction.abort()
        assert committed(host) == []
        return
    host.database.forget()
    (action,) = am.get_by_recipient(user)
    assert action.description == text


def crowd_of(host, number):
    numbered = host.database.tables["numbered"]
    rows = sa.select(sa.literal_column("n")).select_from(numbers(number))
    host.database.execute(sa.insert(numbered).from_select(["_id"], rows))
    transaction.commit()
    return host.database.session.scalars(sa.select(host.model.Numbered).order_by("_id")).all()


@pytest.mark.large
def test_a_hundred_thousand_recipients_are_stored(host, user):
    crowd = crowd_of(host, 100_000)
    assert len(crowd) == 100_000
    am.create(user, "announced", recipients=crowd)
    transaction.commit()
    for each in (crowd[0], crowd[54_321], crowd[-1]):
        assert host.verbs(each) == ["announced"]
    (stored,) = host.database.raw_actions()
    assert stored["_recipients"][-1] == {"_type": "Numbered", "_id": str(crowd[-1]._id)}
    assert len(stored["_recipients"]) == 100_000
    assert host.verbs(user) == []


@on("postgresql")
def test_a_million_recipients_are_stored(host, user):
    crowd = crowd_of(host, 1_000_000)
    action = am.create(user, "announced", recipients=crowd)
    transaction.commit()
    assert action.number_of_recipients == 1_000_000
    for each in (crowd[0], crowd[543_210], crowd[-1]):
        assert host.verbs(each) == ["announced"]
    assert host.verbs(user) == []


def numbers(count):
    """A subquery of the numbers ``n`` from 0, which any SQL database can make."""
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    power = len(str(count - 1))
    value = " + ".join(f"t{each}.d * {10**each}" for each in range(power))
    source = ", ".join(f"({digits}) AS t{each}" for each in range(power))
    return sa.text(f"(SELECT n FROM (SELECT {value} AS n FROM {source}) AS a WHERE n < {count}) b")


# The host's classes


def test_a_subclass_with_a_joined_table_is_named_by_its_root(host, user, define):
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


def test_a_field_may_be_stored_in_a_column_of_another_name(host, define):
    seen = sa.Column("seen_at", sa.DateTime)
    cls = define("Renamed", "renamed", last_activity_seen=seen)
    entity = host.save(cls())
    am.mark_seen(entity, until=START)
    assert host.database.reload(entity).last_activity_seen == START


def test_a_key_may_be_an_attribute_and_a_column_of_other_names(host, user, define):
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


def test_a_computed_field_is_refused(host, define):
    seen = hybrid_property(lambda self: None)
    entity = host.save(define("Computed", "computed", last_activity_seen=seen)())
    with pytest.raises(AttributeError, match=r"last_activity_seen = Column\(DateTime\)"):
        am.mark_seen(entity)


def test_a_class_on_another_base_is_known(host, user):
    base = declarative_base()

    class Elsewhere(base):
        __tablename__ = "elsewhere"
        _id = sa.Column(sa.Integer, primary_key=True)
        last_activity_seen = sa.Column(host.model.Moment)

    base.metadata.create_all(host.database.engine)
    try:
        entity = host.save(Elsewhere())
        am.create(user, "did", entity, recipients=[entity])
        host.database.forget()
        entity = host.database.get(Elsewhere, entity._id)
        (action,) = am.get_by_recipient(entity)
        assert (action.target, action.recipients) == (entity, [entity])
        am.mark_seen(entity)
    finally:
        host.database.close()
        base.metadata.drop_all(host.database.engine)
        base.registry.dispose()


@on("postgresql")
def test_aware_moments_of_the_host_are_right(host, user, define):
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


# Many at once


@on("postgresql", "mariadb")
def test_creating_and_marking_at_once_loses_nothing_and_never_deadlocks(host):
    users = host.save(*(host.user(f"user{number}") for number in range(4)))
    names = [user.user_name for user in users]
    host.database.forget()

    def work(order):
        """A request each time: all are told, some mark."""

        def requests():
            for number in range(15):
                people = [host.model.user_named(name) for name in order]
                am.create(people[0], f"did {number}", people[1], recipients=people)
                am.mark_seen(people[0])
                host.database.forget()

        return requests

    at_once(host, work(names), work(names[::-1]), work(names[2:] + names[:2]))
    for name in names:
        assert am.get_by_recipient(host.model.user_named(name)).count() == 45
    assert len(host.database.raw_actions()) == 45


@on("postgresql", "mariadb")
def test_two_that_mark_at_once_both_know_the_value_before(host, user):
    key, before = user._id, []

    def mark():
        before.append(am.mark_seen(host.database.get(host.model.User, key), until=START))
        host.database.forget()

    at_once(host, *[mark] * 4)
    assert sorted(map(str, before)) == [str(START)] * 3 + ["None"]


# Query plans

MANY = 50_000


@pytest.fixture(scope="module")
def crowded(database):
    """50,000 recipients of 25,000 actions: one has half of them, one none; one in 100 for all."""
    host = Host(database)
    if database.name == "postgresql":
        # What was deleted before leaves its indexes large, and so dear to the planner.
        with database.engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE activity_stream_action, activity_stream_recipient")
    busy, quiet = host.save(host.user("busy"), host.user("quiet"))
    others = host.save(*(host.model.User(user_name=f"user{number}") for number in range(500)))
    keys = [str(user._id) for user in others]
    actions = database.tables["activity_stream_action"]
    recipients = database.tables["activity_stream_recipient"]
    rows, addressed = [], []
    for number in range(MANY // 2):
        for_everyone = number % 100 == 0
        moment = START + timedelta(minutes=number)
        rows.append(
            {
                "_id": number + 1,
                "verb": "did",
                "timestamp": moment,
                "number_of_recipients": None if for_everyone else 2,
            }
        )
        pair = [("User", str(busy._id)), ("User", keys[number * 7 % 500])]
        for position, (type_name, key) in enumerate([("", "")] if for_everyone else pair):
            addressed.append(
                {
                    "recipient_type": type_name,
                    "recipient_id": key,
                    "timestamp": moment,
                    "action_id": number + 1,
                    "position": position,
                }
            )
    for start in range(0, len(rows), 5000):
        database.session.connection().execute(sa.insert(actions), rows[start : start + 5000])
    for start in range(0, len(addressed), 5000):
        batch = addressed[start : start + 5000]
        database.session.connection().execute(sa.insert(recipients), batch)
    statement = {"mariadb": "ANALYZE TABLE {}"}.get(database.name, "ANALYZE {}")
    for table in (actions, recipients):
        database.execute(sa.text(statement.format(table.name)).columns())
    zope.sqlalchemy.mark_changed(database.session())  # or nothing of this would be committed
    database.save(busy, quiet)
    yield host
    database.close()
    database.clean()


PLACE = Cursor(START + timedelta(minutes=MANY // 2), MANY // 2)
LOWER = Cursor(START + timedelta(minutes=MANY // 2 - 50), MANY // 2 - 50)


def audiences():
    """Both kinds of user at once."""
    return [tests.helpers.host.model.user_named(name) for name in ("busy", "quiet")]


READS = {
    "the newest ten": lambda user: am.get_by_recipient(user).limit(10).all(),
    "the newest": lambda user: am.get_by_recipient(user).first(),
    "a deep page": lambda user: am.get_by_recipient(user).skip(10_000).limit(10).all(),
    "the page before": lambda user: am.get_by_recipient(user).before(PLACE).limit(10).all(),
    "a page between": lambda user: am.get_by_recipient(user).before(PLACE).after(LOWER).all(),
    "with audiences": lambda user: am.get_by_recipient(user, also=audiences()).limit(10).all(),
    "the count with audiences": lambda user: am.count_not_seen_by_recipient(
        user, limit=100, also=audiences()
    ),
    "all, page by page": lambda user: list(am.get_by_recipient(user)),
    "the count of all": lambda user: am.get_by_recipient(user).count(),
    "the count of those not seen": am.count_not_seen_by_recipient,
    "the count up to 100": lambda user: am.count_not_seen_by_recipient(user, limit=100),
}


@pytest.fixture(params=["busy", "quiet"])
def reader(request, crowded):
    user = crowded.model.user_named(request.param)
    user.last_activity_seen = START + timedelta(minutes=MANY // 2 - 200)
    yield user
    crowded.database.close()


def plans(host, call, explain):
    """How the database goes about each query of a call."""
    with host.database.queries() as recorded:
        call()
    assert recorded
    connection = host.database.session.connection()
    return [
        connection.exec_driver_sql(f"{explain} {query.text}", query.parameters).all()
        for query in recorded
        if "activity_stream" in query.text
    ]


@pytest.mark.parametrize("read", READS)
@on("sqlite")
def test_sqlite_reads_by_the_indexes(crowded, reader, read):
    for plan in plans(crowded, lambda: READS[read](reader), "EXPLAIN QUERY PLAN"):
        steps = [row[3] for row in plan]
        of_tables = [step for step in steps if "activity_stream" in step]
        assert of_tables
        for step in of_tables:
            assert step.startswith("SEARCH"), steps
            if "activity_stream_recipient" in step:
                assert "recipient_type=? AND recipient_id=?" in step, steps
            else:
                assert "PRIMARY KEY" in step, steps


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@pytest.mark.parametrize("read", READS)
@on("postgresql")
def test_postgresql_reads_by_the_indexes(crowded, reader, read):
    for ((plan,),) in plans(crowded, lambda: READS[read](reader), "EXPLAIN (FORMAT JSON)"):
        (plan,) = plan if isinstance(plan, list) else json.loads(plan)
        found = list(nodes(plan["Plan"]))
        if reader.user_name == "busy" and read in ("all, page by page", "the count of all"):
            continue  # half of the table is counted best by reading all of it
        assert not [node for node in found if node["Node Type"] == "Seq Scan"], plan
        scans = [node for node in found if node.get("Index Name")]
        of_recipients = [node for node in scans if "recipient" in node["Index Name"]]
        assert of_recipients
        for scan in of_recipients:
            assert "recipient_type" in scan["Index Cond"], plan
            assert "recipient_id" in scan["Index Cond"], plan


@on("postgresql")
def test_of_the_actions_postgresql_reads_those_that_are_shown(crowded):
    user = crowded.model.user_named("busy")
    for read in ("the newest ten", "a deep page", "with audiences"):
        explain = "EXPLAIN (ANALYZE, FORMAT JSON)"
        (((plan,),),) = plans(crowded, lambda read=read: READS[read](user), explain)
        (plan,) = plan if isinstance(plan, list) else json.loads(plan)
        of_actions = [
            node
            for node in nodes(plan["Plan"])
            if node.get("Relation Name") == "activity_stream_action"
        ]
        assert sum(node["Actual Rows"] * node["Actual Loops"] for node in of_actions) == 10, read
    crowded.database.close()


@pytest.mark.parametrize("read", READS)
@on("mariadb")
def test_mariadb_reads_by_the_indexes(crowded, reader, read):
    for plan in plans(crowded, lambda: READS[read](reader), "EXPLAIN"):
        # A derived table is called <derived2>; any other may be called by an alias.
        of_tables = [step for step in plan if not (step._mapping["table"] or "<").startswith("<")]
        assert of_tables
        for step in of_tables:
            assert step._mapping["key"] is not None, plan
            assert step._mapping["type"] in ("eq_ref", "const", "ref", "range"), plan


OF_ALL = {
    "the newest": lambda: am.get_actions(limit=10),
    "a dry run": lambda: am.purge(START + timedelta(minutes=10), dry_run=True),
    "the oldest": lambda: next(model.orm.ids_before(START + timedelta(minutes=10))),
}


def plans_of_all(host, read, explain):
    """But for that of the total, which reads all."""
    with_total = plans(host, OF_ALL[read], explain)
    return with_total[1:] if read == "the newest" else with_total


@pytest.mark.parametrize("read", OF_ALL)
@on("sqlite")
def test_sqlite_finds_the_newest_and_the_oldest_of_all_by_an_index(crowded, read):
    (plan,) = plans_of_all(crowded, read, "EXPLAIN QUERY PLAN")
    (step,) = [row[3] for row in plan]
    assert "INDEX actions_by_time" in step


@pytest.mark.parametrize("read", OF_ALL)
@on("postgresql")
def test_postgresql_finds_the_newest_and_the_oldest_of_all_by_an_index(crowded, read):
    (((plan,),),) = plans_of_all(crowded, read, "EXPLAIN (FORMAT JSON)")
    (plan,) = plan if isinstance(plan, list) else json.loads(plan)
    found = list(nodes(plan["Plan"]))
    (scan,) = [node for node in found if "Scan" in node["Node Type"]]
    assert scan["Index Name"] == "actions_by_time"
    assert not [node for node in found if "Sort" in node["Node Type"]]


@pytest.mark.parametrize("read", OF_ALL)
@on("mariadb")
def test_mariadb_finds_the_newest_and_the_oldest_of_all_by_an_index(crowded, read):
    ((step,),) = plans_of_all(crowded, read, "EXPLAIN")
    assert step._mapping["key"] == "actions_by_time"
    assert "filesort" not in step._mapping["Extra"]


@on("mariadb")
def test_what_is_deleted_is_found_by_indexes(crowded):
    """Else it would lock the rows of others."""
    with crowded.database.queries() as recorded:
        model.orm.delete_actions(list(range(1, 1001)))
    connection = crowded.database.session.connection()
    assert len(recorded) == 3
    for query in recorded[1:]:
        (step,) = connection.exec_driver_sql(f"EXPLAIN {query.text}", query.parameters).all()
        assert step._mapping["type"] == "range"
    crowded.database.close()


def test_no_index_on_the_timestamp_alone_may_tempt_the_planner(host):
    """What PostgreSQL makes of one is seen with millions of rows only."""
    inspector = sa.inspect(host.database.session.connection())
    table = "activity_stream_recipient"
    key = inspector.get_pk_constraint(table)["constrained_columns"]
    assert key == ["recipient_type", "recipient_id", "timestamp", "action_id"]
    for index in inspector.get_indexes(table):
        assert index["column_names"][0] != "timestamp"


# Start-up


@on("sqlite")
def test_renamed_tables_are_refused_with_the_reason(database):
    with pytest.raises(TGConfigError, match="rename_tables") as caught:
        make_app(database, rename_tables=True)
    assert "refers to" in str(caught.value)


@on("sqlite", "mariadb")
def test_a_key_that_was_spelled_anew_breaks_no_page(host, user, define):
    collation = {"sqlite": "NOCASE", "mariadb": "utf8mb4_general_ci"}[host.database.name]
    key = sa.Column(sa.String(20, collation=collation), primary_key=True)
    cls = define("Spelled", "spelled", _id=key)
    named = host.save(cls(_id="Ann"))
    am.create(user, "greeted", named, recipients=[named])
    host.database.raw_update(named, _id="ann")
    host.database.forget()
    host.plug(may_update=lambda user, recipient: True)
    browser = host.browser(user)
    (action,) = am.get_actions()[1]
    assert (action.target, action.recipients) == (None, [])
    assert "deleted" in browser.get("/public")
    # Nor does an error tell how it is spelled.
    ajax = "/activitystream/ajax_update_last_seen_of_a_recipient?_type=Spelled&_id=ANN"
    assert "Ann" not in browser.get(ajax, status=404)


@on("sqlite")
def test_the_tables_are_the_hosts(host):
    ours = [name for name in host.database.tables if name.startswith("activity_stream")]
    assert sorted(ours) == ["activity_stream_action", "activity_stream_recipient"]


@on("sqlite")
def test_a_host_may_have_the_models_in_its_own(database):
    make_app(database, global_models=True)
    try:
        assert database.model.Action is model.Action
    finally:
        for name in ("Action", "ActionRecipient"):
            vars(database.model).pop(name, None)


@on("sqlite")
def test_a_host_with_both_orms_uses_sqlalchemy(database):
    both = {"use_ming": True, "ming.url": "mim:///activitystream"}
    host = Host(database, blueprint=both)
    user = host.user("ann")
    am.create(user, "joined")
    assert model.orm.__name__ == "activitystream.model.sqlalchemy"
    assert host.verbs(user) == ["joined"]
    assert "joined" in host.browser(user).get("/activitystream/")
    database.close()


def test_the_model_is_the_one_of_sqlalchemy(host):
    assert model.orm.__name__ == "activitystream.model.sqlalchemy"
    assert model.Action is model.orm.Action
