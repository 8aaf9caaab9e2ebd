"""Our requests end their transaction if nobody else does."""

import pytest
import sqlalchemy as sa
import tg
import transaction

from activitystream import am, bootstrap
from tests.helpers.databases import SQL, on
from tests.helpers.written_host import IN_ONE_MODULE

pytestmark = on(*SQL)

REGISTER = "zope.sqlalchemy.register(DBSession)\n"

WITH_ZOPE = IN_ONE_MODULE

WITHOUT_ZOPE = IN_ONE_MODULE.replace(REGISTER, "")

KEEPING = IN_ONE_MODULE.replace(REGISTER, REGISTER.replace(")", ", keep_session=True)"))

OWN_MANAGER = IN_ONE_MODULE.replace(
    REGISTER,
    "import transaction\n"
    "manager = transaction.ThreadTransactionManager()\n"
    + REGISTER.replace(")", ", transaction_manager=manager)"),
)

#: TurboGears removes another session at the end of a request, and so not the one that was used.
_REMOVES_ANOTHER = "    return orm.scoped_session(orm.sessionmaker())\n\n"

HOSTS = {
    f"{kind}, {manager}": (model, {"tm.enabled": manager == "managed"})
    for kind, model in {
        "registered": WITH_ZOPE,
        "registered and kept": KEEPING,
        "registered with another manager": OWN_MANAGER,
        "plain": WITHOUT_ZOPE,
        "registered, never removed": WITH_ZOPE,
        "plain, never removed": WITHOUT_ZOPE,
    }.items()
    for manager in ("managed", "unmanaged")
}

AJAX = "/activitystream/ajax_update_last_seen_of_a_recipient"

URLS = {
    "/activitystream/": 200,
    "/activitystream/more": 200,
    "/activitystream/bell": 200,
    "/activitystream/newest": 200,
    "/activitystream/stream.json": 200,
    "/activitystream/unseen.json": 200,
    "/activitystream/settings": 200,
    "/activitystream/see": 302,
    AJAX: 200,
    "/activitystream/see?until=nonsense": 400,
    AJAX + "?_type=User&_id=999999": 404,
    "/activitystream/nothing": 404,
    "/activitystream/see?self=1&controller=2": 302,
}


def removing_another(model):
    before, bind, after = model.partition("    DBSession.configure(bind=engine)\n")
    return before + bind + _REMOVES_ANOTHER + after


@pytest.fixture(params=HOSTS)
def host(request, write, url):
    model, blueprint = HOSTS[request.param]
    if "never removed" in request.param:
        model = removing_another(model)
    return started(write(url, model), blueprint)


def started(host, blueprint):
    host.start(blueprint=blueprint, kinds={"waved": "Waves"})
    host.engine = sa.create_engine(host.url, poolclass=sa.NullPool)
    host.make_tables()
    bootstrap.bootstrap(None, {}, {})
    with host.engine.begin() as connection:
        connection.execute(host.model.User.__table__.insert().values(user_name="ann"))
    host.model.DBSession.remove()
    return host


def of_ann(host, column="last_activity_seen"):
    """Return what is stored of Ann, as somebody else reads it."""
    with host.engine.connect() as connection:
        return connection.scalar(sa.select(host.model.User.__table__.c[column]))


def nothing_is_open(host):
    pool = host.model.DBSession.get_bind(host.model.User).pool
    return pool.checkedout() == 0


def test_stores_what_is_marked(host):
    browser = host.browser("ann")
    users = host.model.User.__table__
    for mark, status in (
        (lambda: browser.get("/activitystream/see"), 302),
        (lambda: browser.post("/activitystream/read"), 303),
        (lambda: browser.post(AJAX), 200),
    ):
        with host.engine.begin() as connection:
            connection.execute(users.update().values(last_activity_seen=None))
        answer = mark()
        assert answer.status_int == status
        assert nothing_is_open(host)
        assert of_ann(host) is not None
    assert answer.json == {"last_activity_seen": None}


def test_stores_what_is_muted_and_taken_back(host):
    mutes = sa.select(sa.func.count()).select_from(sa.table("activity_stream_mute"))
    for form, expected in (({"shown": "waved"}, 1), ({"shown": "waved", "told": "waved"}, 0)):
        host.browser("ann").post("/activitystream/settings", form, status=303)
        assert nothing_is_open(host)
        with host.engine.connect() as connection:
            assert connection.scalar(mutes) == expected


def test_stores_what_a_hook_writes(host):
    def rename(recipient, before, after):
        recipient.user_name = "anna"

    tg.hooks.register("activitystream.after_seen", rename)
    host.browser("ann").post(AJAX)
    assert of_ann(host, "user_name") == "anna"


def test_leaves_no_transaction_open(host):
    for url_of_ours, status in URLS.items():
        host.browser("ann").get(url_of_ours, status=status)
        assert nothing_is_open(host), url_of_ours
        host.browser("nobody").get(url_of_ours, expect_errors=True)
        assert nothing_is_open(host), url_of_ours


def test_stores_nothing_of_a_failed_request(host, monkeypatch):
    def mark_and_fail(user, moment=None):
        type(am).mark_seen(am, user, moment)
        raise RuntimeError("the reason")

    monkeypatch.setattr(am, "mark_seen", mark_and_fail)
    with pytest.raises(RuntimeError, match="the reason"):
        host.browser("ann").post(AJAX)
    assert nothing_is_open(host)
    assert of_ann(host) is None


@pytest.mark.parametrize("model", [WITH_ZOPE, removing_another(WITH_ZOPE)])
@pytest.mark.parametrize("commits", [True, False])
def test_leaves_the_commit_to_repoze_tm(write, url, model, commits):
    host = started(write(url, model), {"tm.enabled": False})
    app = host.app

    def repoze_tm(environ, start_response):
        transaction.begin()
        environ["repoze.tm.active"] = True
        answer = app(environ, start_response)
        (transaction.commit if commits else transaction.abort)()
        return answer

    host.app = repoze_tm
    host.browser("ann").post(AJAX)
    assert (of_ann(host) is not None) == commits


def test_leaves_a_doomed_transaction_alone(write, url):
    host = started(write(url, WITH_ZOPE), {"tm.enabled": False})
    app = host.app

    def dooming(environ, start_response):
        transaction.doom()
        return app(environ, start_response)

    host.app = dooming
    host.browser("ann").post(AJAX)
    assert of_ann(host) is None
    assert nothing_is_open(host)


@pytest.mark.parametrize("model", [WITH_ZOPE, WITHOUT_ZOPE])
def test_leaves_the_commit_to_the_hosts_own_controllers(write, url, model):
    host = started(write(url, model), {"tm.enabled": False})
    ann = host.user_named("ann")
    am.create(ann, "waved")
    host.browser("ann").get("/bell")
    host.model.DBSession.remove()
    transaction.abort()
    assert am.get_actions()[0] == 0
