"""Several apps in one process, and other pluggables in one app."""

import sys

import pytest
import tg
import transaction
from tg import FullStackApplicationConfigurator
from tg.configuration import milestones
from tg.configuration.utils import TGConfigError
from tgext.pluggable import plug

import tests.helpers.host
from activitystream import am, bootstrap, model
from tests.helpers.databases import SQL, on
from tests.helpers.host.app import configurator
from tests.helpers.written_host import FIELDS, IN_ONE_MODULE, written_hosts

FIELDS_NAMED = "\n    activity_type = 'other.User'" + FIELDS.format("")

NAMED = IN_ONE_MODULE.replace(FIELDS.format(""), FIELDS_NAMED)


@pytest.fixture
def write(tmp_path):
    with written_hosts(tmp_path) as write:
        yield write


@pytest.fixture
def other(write, tmp_path):
    """Return an app on a session and a database of its own, which has not started."""
    # Asked for before the host, since both begin anew.
    return write(f"sqlite:///{tmp_path}/other.db", NAMED, name="other")


def verbs_of(host):
    return [action["verb"] for action in host.database.raw_actions()]


def test_rejects_a_second_app_with_another_session(other, host):
    ann = host.user("ann")
    with pytest.raises(TGConfigError, match="run each app in a process of its own"):
        other.start()
    am.create(ann, "waved", recipients=[ann])
    assert "waved" in host.browser(ann).get("/activitystream/")
    host.browser(host.model.user_named("ann")).post("/do", {"verb": "jumped"})
    assert verbs_of(host) == ["waved", "jumped"]


@on(*SQL)
def test_rejects_a_second_app_with_another_orm(host, database_named):
    ann = host.user("ann")
    mim = database_named("mim")
    base_config = FullStackApplicationConfigurator()
    base_config.update_blueprint({"package": tests.helpers.host, **mim.blueprint})
    plug(base_config, "activitystream")
    am.create(ann, "waved")  # what is only plugged changes nothing
    with pytest.raises(TGConfigError, match="run each app in a process of its own"):
        base_config.make_wsgi_app()
    am.create(ann, "jumped")
    assert verbs_of(host) == ["waved", "jumped"]


def test_recreates_the_app_with_the_same_session(host):
    ann = host.user("ann")
    host.plug()
    first = host.browser(ann)
    milestones.environment_loaded.reach()
    host.plug()
    second = host.browser(host.model.user_named("ann"))
    for browser, verb in ((first, "waved"), (second, "jumped"), (first, "sang")):
        browser.post("/do", {"verb": verb})
    assert verbs_of(host) == ["waved", "jumped", "sang"]


def test_accepts_another_session_once_the_milestones_are_reset(other, host):
    ann = host.user("ann")
    host.save()
    milestones._reset_all()
    tg.hooks._clear()
    other.start()
    other.make_tables()
    bootstrap.bootstrap(None, {}, {})
    other.model.DBSession.add(other.model.User(user_name="ann"))
    transaction.commit()
    # The earlier app does not write into the database of this one.
    before = host.browser(ann)
    with pytest.raises(RuntimeError, match="create this app again"):
        before.post("/do", {"verb": "waved"})
    am.create(other.user_named("ann"), "jumped")
    transaction.commit()
    assert [action.verb for action in am.get_actions()[1]] == ["jumped"]
    other.model.DBSession.remove()
    assert verbs_of(host) == []


# Other pluggables


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Write a pluggable that fails to plug."""
    package = tmp_path / "broken"
    package.mkdir()
    (package / "__init__.py").write_text("def plugme(*_):\n    return {'appid': 'broken'}\n")
    (package / "model.py").write_text("raise RuntimeError('the reason')\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("broken", None)


@pytest.mark.parametrize("first", ["activitystream", "broken"])
def test_leaves_the_error_of_another_pluggable_to_tgext_pluggable(database, broken, first):
    base_config = configurator(database)
    for name in sorted(["activitystream", "broken"], key=lambda name: name != first):
        plug(base_config, name)
    with pytest.raises(RuntimeError, match="broken failed. look at the exception logged above"):
        base_config.make_wsgi_app()


def test_sets_up_although_another_pluggable_failed(database, broken):
    base_config = configurator(database)
    plug(base_config, "broken")
    plug(base_config, "activitystream")
    # As gearbox setup-app does: without an app.
    base_config.setup(base_config.configure())
    database.clean()
    bootstrap.bootstrap(None, {}, {})
    ann = database.model.User(user_name="ann")
    database.save(ann)
    am.create(ann, "waved")
    assert am.get_actions()[0] == 1
    assert am.forget(ann).as_actor == 1
    assert model.Action
    database.close()
