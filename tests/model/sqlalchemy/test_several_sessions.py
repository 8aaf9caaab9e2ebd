"""Entities that are not stored by the app's own session, or not where its actions are."""

import pytest
import sqlalchemy as sa
import tg
import transaction

from activitystream import am, bootstrap
from activitystream.model import sqlalchemy as orm
from activitystream.model.names import class_named
from activitystream.model.sqlalchemy import sessions as sqlalchemy_sessions
from tests.helpers.written_host import IN_ONE_MODULE

OTHER = """
OtherSession = orm.scoped_session(orm.sessionmaker(expire_on_commit=False))
zope.sqlalchemy.register(OtherSession)

class OtherBase(DeclarativeBase):
    BASE

class Member(OtherBase):
    CLASS
    __tablename__ = "member"
    member_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_name: orm.Mapped[str] = orm.mapped_column(sa.String(50))
    last_activity_seen: orm.Mapped[datetime | None] = orm.mapped_column(Moment)

    @property
    def as_str(self):
        return self.user_name

def init_model(engine):
    DBSession.configure(bind=engine)
    OtherSession.configure(bind=sa.create_engine(OTHER_URL))
"""


def other(base="pass", cls="pass", init=None):
    model = IN_ONE_MODULE + OTHER.replace("    BASE", f"    {base}").replace(
        "    CLASS", f"    {cls}"
    )
    return model if init is None else model.replace("bind=sa.create_engine(OTHER_URL)", init)


BY_TABLE = other()
NAMED_BY_CLASS = other(cls="activity_session = OtherSession")
NAMED_BY_BASE = other(base="activity_session = OtherSession")
BY_QUERY = other(base="query = OtherSession.query_property()")
BOUND_BY_BASE = other(init="binds={OtherBase: sa.create_engine(OTHER_URL)}")
ALL_BOUND_BY_BASE = BOUND_BY_BASE.replace(
    "DBSession.configure(bind=engine)\n    Other",
    "DBSession.configure(binds={Base: engine})\n    Other",
)
ONE_SESSION = ALL_BOUND_BY_BASE.replace(
    "binds={Base: engine}", "binds={Base: engine, OtherBase: sa.create_engine(OTHER_URL)}"
)
NOT_REGISTERED = BY_TABLE.replace("zope.sqlalchemy.register(OtherSession)\n", "")

MODELS = {
    "another session": BY_TABLE,
    "a session that the class names": NAMED_BY_CLASS,
    "a session that its base names": NAMED_BY_BASE,
    "a session by which the class is queried": BY_QUERY,
    "a session with an engine for the base": BOUND_BY_BASE,
    "sessions that each have an engine for a base": ALL_BOUND_BY_BASE,
    "one session with engines for two bases": ONE_SESSION,
}

NOWHERE = "sqlite:////nowhere/at/all.db"

AJAX = "/activitystream/ajax_update_last_seen_of_a_recipient"


@pytest.fixture
def other_url(new_url):
    return new_url()


@pytest.fixture
def start(write, url, other_url):
    """Return a function that starts a host with a class in another, empty database."""

    def start(model, blueprint=None, **options):
        host = write(url, f"OTHER_URL = {other_url!r}\n{model}")
        host.start(blueprint=blueprint, may_update=lambda user, recipient: True, **options)
        host.other = sa.create_engine(other_url, poolclass=sa.NullPool)
        engine = host.model.DBSession.get_bind(host.model.User)
        host.model.Base.metadata.create_all(engine)
        host.model.OtherBase.metadata.tables["member"].create(host.other)
        bootstrap.bootstrap(None, {}, {})
        session = host.model.DBSession
        if "OtherBase: " not in model.partition("OtherSession.configure")[0]:
            session = host.model.OtherSession
        host.session_of_members = session
        host.model.DBSession.add(host.model.User(user_name="ann"))
        session.add(host.model.Member(user_name="bob"))
        transaction.commit()
        session.commit() if "register(OtherSession)" not in model else None
        forget(host)
        return host

    return start


def forget(host):
    """Begin a new request, or process."""
    host.model.DBSession.remove()
    host.model.OtherSession.remove()
    sqlalchemy_sessions._known.clear()


def ann_of(host):
    return host.user_named("ann")


def bob_of(host):
    return host.session_of_members.scalars(sa.select(host.model.Member)).one()


def seen_by_bob(host):
    with host.other.connect() as connection:
        return connection.scalar(sa.text("SELECT last_activity_seen FROM member"))


@pytest.mark.parametrize("model", MODELS)
def test_shows_entities_of_another_database(start, model):
    host = start(MODELS[model])
    ann, bob = ann_of(host), bob_of(host)
    am.create(bob, "greeted", ann, bob, recipients=[ann, bob])
    am.create_many([{"actor": ann, "verb": "met", "target": bob, "recipients": [bob]}])
    transaction.commit()
    forget(host)
    for _ in range(2):  # the session is found, and then known
        assert "bob greeted bob ann" in " ".join(
            host.browser("ann").get("/activitystream/").html.text.split()
        )
    forget(host)
    met, greeted = am.get_by_recipient(bob_of(host))
    assert (met.actor, met.target) == ("ann", "bob")
    assert (greeted.actor, greeted.target) == ("bob", "ann")
    assert {each.user_name for each in greeted.recipients} == {"ann", "bob"}
    assert greeted.entity("actor") is bob_of(host)


@pytest.mark.parametrize("model", MODELS)
def test_marks_the_stream_of_an_entity_of_another_database(start, model):
    host = start(MODELS[model])
    bob = bob_of(host)
    am.create(ann_of(host), "greeted", recipients=[bob])
    transaction.commit()
    assert am.count_not_seen_by_recipient(bob_of(host)) == 1
    bob = bob_of(host)
    assert am.mark_seen(bob) is None
    assert bob.last_activity_seen is not None
    transaction.commit()
    forget(host)
    assert seen_by_bob(host) is not None
    assert am.count_not_seen_by_recipient(bob_of(host)) == 0


@pytest.mark.parametrize("model", MODELS)
def test_reads_one_by_one_for_an_entity_of(start, model):
    host = start(MODELS[model])
    ann, bob = ann_of(host), bob_of(host)
    am.create_many({"actor": ann, "verb": verb, "recipients": [bob]} for verb in "abc")
    transaction.commit()
    for mark, verb in ((am.mark_read, "a"), (am.mark_read, "b"), (am.mark_unread, "a")):
        bob = bob_of(host)
        mark(bob, [each for each in am.get_by_recipient(bob) if each.verb == verb])
        transaction.commit()
        forget(host)
    bob = bob_of(host)
    assert {each.verb for each in am.get_by_recipient(bob).unread()} == {"a", "c"}
    assert am.count_not_seen_by_recipient(bob) == 1
    actions = am.get_by_recipient(bob).all()
    transaction.commit()
    with host.other.begin() as connection:
        connection.execute(sa.text("DELETE FROM member"))
    with pytest.raises(LookupError, match="this Member is not stored any more"):
        am.mark_read(bob, actions)


def test_logs_an_error_of_an_entity_though_another_session_has_begun_nothing(
    start, monkeypatch, caplog
):
    host = start(BY_TABLE)
    am.create(ann_of(host), "waved", recipients=[bob_of(host)])
    transaction.commit()

    def fail(user):
        raise ValueError("no name today")

    monkeypatch.setattr(host.model.User, "as_str", property(fail))
    host.model.DBSession.add(host.model.User(user_name="kim"))
    (waved,) = am.get_actions().actions
    assert not host.model.OtherSession().in_transaction()
    assert waved.sentence.endswith("waved")
    assert "no name today" in caplog.text
    transaction.commit()
    assert host.user_named("kim") is not None


@pytest.mark.parametrize("managed", [True, False])
@pytest.mark.parametrize("model", [BY_TABLE, NOT_REGISTERED, ONE_SESSION])
def test_our_urls_commit_marks_in_another_database(start, model, managed):
    host = start(model, {"tm.enabled": managed})
    key = bob_of(host).member_id
    forget(host)
    host.browser("ann").post(AJAX, {"_type": "Member", "_id": str(key)})
    assert seen_by_bob(host) is not None
    assert host.session_of_members.get_bind(host.model.Member).pool.checkedout() == 0


def break_database_of_members(host):
    binding = {"bind_arguments": {"mapper": host.model.Member}}
    host.session_of_members.execute(sa.text("SELECT nothing FROM nowhere"), **binding)


def lose_database_of_members(host):
    factory, nowhere = host.session_of_members.session_factory, sa.create_engine(NOWHERE)
    if "binds" in factory.kw:
        factory.configure(binds={**factory.kw["binds"], host.model.OtherBase: nowhere})
    else:
        factory.configure(bind=nowhere)


@pytest.mark.parametrize("model", [BY_TABLE, ONE_SESSION])
def test_goes_on_after_an_error_of_another_database(start, model):
    host = start(model)
    assert am.get_by_recipient(bob_of(host)).all() == []
    with pytest.raises(sa.exc.DBAPIError):
        break_database_of_members(host)
    assert orm.recover()
    assert bob_of(host).user_name == "bob"
    assert ann_of(host).user_name == "ann"


@pytest.mark.parametrize("model", [BY_TABLE, ONE_SESSION])
def test_answers_503_while_another_database_is_away(start, model):
    host = start(model)
    am.create(bob_of(host), "greeted", recipients=[ann_of(host)])
    transaction.commit()
    forget(host)
    lose_database_of_members(host)
    assert host.browser("ann").get("/activitystream/stream.json", status=503)
    assert "bob" not in host.browser("ann").get("/bell").json["bell"]


def test_raises_the_error_of_a_hook_that_broke_another_database(start, database, caplog):
    host = start(BY_TABLE)
    bob = bob_of(host)
    tg.hooks.register("activitystream.after_create", lambda _: break_database_of_members(host))
    if database.name == "postgresql":  # the others go on as if nothing had been
        with pytest.raises(sa.exc.DBAPIError):
            am.create(bob, "greeted")
    else:
        am.create(bob, "greeted")
        assert "The hook activitystream.after_create failed" in caplog.text


@pytest.mark.parametrize("model", [BY_TABLE, ONE_SESSION])
def test_forgets_entities_of_another_database(start, model):
    host = start(model)
    bob = bob_of(host)
    am.create(bob, "left", recipients=[bob])
    am.create(ann_of(host), "greeted", bob)
    report = am.forget(bob)
    assert (report.as_actor, report.as_target) == (1, 1)


def test_rejects_an_entity_that_a_page_could_not_find_again(start):
    host = start(BY_TABLE)
    # A table of this name is in both databases.
    host.model.OtherBase.metadata.create_all(host.model.DBSession.get_bind())
    forget(host)
    with pytest.raises(ValueError, match=r"written\.model\.Member is not in .*activity_session"):
        am.create(ann_of(host), "greeted", bob_of(host))
    transaction.abort()
    assert am.get_actions()[0] == 0
    host.model.Member.activity_session = host.model.OtherSession
    forget(host)
    am.create(ann_of(host), "greeted", bob_of(host))
    (action,) = am.get_actions()[1]
    assert action.target == "bob"


def test_rejects_a_session_that_is_none(start):
    host = start(BY_TABLE)
    host.model.Member.activity_session = "OtherSession"
    with pytest.raises(TypeError, match="activity_session must be a scoped_session"):
        am.create(ann_of(host), "greeted", bob_of(host))


def test_accepts_an_entity_of_a_session_on_the_same_database(start):
    host = start(BY_TABLE)
    with sa.orm.Session(host.model.DBSession.get_bind()) as session:
        ann = session.scalars(sa.select(host.model.User)).one()
        am.create(ann, "waved", recipients=[ann])
    assert [action.actor for action in am.get_by_recipient(ann_of(host))] == ["ann"]


def test_a_page_needs_only_the_databases_that_it_shows(start):
    host = start(BY_TABLE)
    am.create(ann_of(host), "waved")
    transaction.commit()
    forget(host)
    lose_database_of_members(host)
    assert "ann waved" in host.browser("ann").get("/activitystream/").html.text


def test_knows_a_class_before_one_of_its_entities_is_loaded(write, url, other_url):
    reports = """
    import sqlalchemy as sa
    from sqlalchemy import orm

    class ReportBase(orm.DeclarativeBase):
        pass

    class Report(ReportBase):
        __tablename__ = "report"
        report_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    """
    model = "import written.reports\n" + IN_ONE_MODULE
    write(url, model, reports=reports).start()
    assert class_named("Report").__module__ == "written.reports"
