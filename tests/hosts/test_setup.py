"""What stops an app from starting, and what it says then."""

import sys

import pytest
from tg import MinimalApplicationConfigurator
from tg.configuration.utils import TGConfigError
from tgext.pluggable import plug

import activitystream
from activitystream import am, model
from tests.helpers.databases import on
from tests.helpers.host.app import configurator
from tests.helpers.host.app import make_app as start

# Nothing here asks a server.
pytestmark = on("mim", "mongomock", "sqlite")


def test_a_missing_session_raises_with_the_line_to_add(database):
    with pytest.raises(TGConfigError) as caught:
        start(database, blueprint={"DBSession": None})
    assert "base_config.update_blueprint({'DBSession': model.DBSession})" in str(caught.value)
    assert "config/app_cfg.py" in str(caught.value)


def test_a_missing_orm_raises_with_the_line_to_add(database):
    with pytest.raises(TGConfigError) as caught:
        start(database, blueprint={"use_ming": False, "use_sqlalchemy": False})
    assert "base_config.update_blueprint({'use_sqlalchemy': True})" in str(caught.value)
    assert "'use_ming'" in str(caught.value)
    assert "config/app_cfg.py" in str(caught.value)


def test_a_missing_package_raises_with_the_line_to_add(database):
    with pytest.raises(TGConfigError, match="update_blueprint.{'package': myproject}"):
        start(database, blueprint={"package": None})


def test_accepts_a_package_that_is_named_after_plugging(database):
    import tests.helpers.host

    base_config = configurator(database)
    base_config.update_blueprint({"package": None})
    plug(base_config, "activitystream", plug_bootstrap=False)
    base_config.update_blueprint({"package": tests.helpers.host})
    assert base_config.make_wsgi_app()


@pytest.mark.parametrize(
    "bad",
    [
        {"allowed_hosts": "www.example.com"},
        {"allowed_hosts": None},
        {"allowed_hosts": [""]},
        {"allowed_hosts": [5]},
        {"allowed_hosts": ["https://www.example.com"]},
        {"allowed_hosts": ["www.example.com/path"]},
        {"allowed_hosts": ["me@www.example.com"]},
        {"allowed_hosts": ["www.example.com:port"]},
        {"allowed_hosts": ["*"]},
        {"allowed_hosts": ["*.example.com"]},
        {"allowed_hosts": [".example.com"]},
        {"allowed_hosts": ["example.com."]},
        {"allowed_hosts": ["a.example,b.example"]},
        {"allowed_hosts": ["a.example\nb.example"]},
        {"allowed_hosts": ["[::1"]},
        {"empty_text": ""},
        {"empty_text": 7},
        {"icons": "♥"},
        {"icons": {"liked": None}},
        {"icons": {"liked": ""}},
        {"icons": None},
        {"icons": {"liked": "heart"}},
        {"icons": {"liked": "img/heart.svg"}},
        {"icons": {"liked": "//example.org/heart.svg"}},
        {"timezone": "Europe/Rome"},
        {"timezone": lambda: "Europe/Rome"},
        {"may_update": True},
        {"may_update": "everybody"},
        {"may_update": lambda user: True},
        {"may_update": lambda user, recipient, reason: True},
        {"appid": "/news/"},
        {"appid": ""},
        {"appid": "my-news"},
        {"appid": "новости"},
        {"appid": 5},
    ],
)
def test_rejects_invalid_options(database, bad):
    (name,) = bad
    with pytest.raises(TGConfigError, match=rf"{name}=…\) takes .* got") as caught:
        start(database, **bad)
    assert repr(bad[name]) in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "a-b.example", "WWW.Example.com:8080", "10.0.0.1"])
def test_accepts_valid_hosts(database, host):
    assert start(database, allowed_hosts={host})


def test_accepts_a_built_in_function(database):
    assert start(database, may_update=max)


def test_the_model_exists_once_plugged(database, monkeypatch):
    monkeypatch.delitem(vars(model), "orm", raising=False)
    plug(configurator(database), "activitystream")
    assert model.Action.__name__ == "Action"


def test_rejects_an_unknown_option_and_lists_the_known(database):
    with pytest.raises(TGConfigError, match="unknown option allowed_host") as caught:
        start(database, allowed_host=["www.example.com"])
    assert (
        "use one of allowed_hosts, audiences, empty_text, groups, icons, kinds, late, "
        "max_recipients, max_text, may_update, notify_actor, poll_interval, site_url, "
        "system_name, templates, timezone, or one of tgext.pluggable's" in str(caught.value)
    )


def test_accepts_tgext_pluggables_options(database):
    assert start(
        database,
        appid="news",
        plug_helpers=True,
        global_helpers=False,
        global_models=False,
        static_middlewares=[],
        rename_tables=False,
    )


@pytest.mark.parametrize("name", ["controllers", "partials", "helpers", "bootstrap"])
def test_raises_if_a_module_cannot_be_imported(database, monkeypatch, name):
    monkeypatch.setitem(sys.modules, f"activitystream.{name}", None)
    monkeypatch.delattr(activitystream, name, raising=False)
    with pytest.raises(ModuleNotFoundError, match=f"activitystream.{name}"):
        start(database)


def test_raises_if_tgext_pluggable_plugs_only_half(database, monkeypatch, caplog):
    def fail(self):
        raise RuntimeError("the reason")

    monkeypatch.setattr("tgext.pluggable.adapt_websetup.WebSetupAdapter.adapt_bootstrap", fail)
    monkeypatch.setattr("activitystream.web.configuration._has_websetup", lambda app_config: True)
    with pytest.raises(TGConfigError, match="see its error in the log above"):
        start(database)
    assert "the reason" in caplog.text


def test_works_in_a_minimal_host(database, monkeypatch):
    full = configurator(database)
    base_config = MinimalApplicationConfigurator()
    base_config.register(database.configuration_component)
    base_config.update_blueprint(
        {"package": full.get_blueprint_value("package"), **database.blueprint}
    )
    plug(base_config, "activitystream")
    base_config.make_wsgi_app()
    database.clean()
    user = database.model.User(user_name="ann")
    database.save(user)
    am.create(user, "joined")
    assert am.get_by_recipient(user).count() == 1


def test_each_app_of_a_process_has_its_own_options(database):
    from tests.conftest import Host

    one = Host(database, allowed_hosts=["one.example"])
    first = one.browser(one.user("ann"))
    one.plug(allowed_hosts=["two.example"])
    second = one.browser(one.model.user_named("ann"))
    for browser, own, others in (
        (first, "one.example", "two.example"),
        (second, "two.example", "one.example"),
    ):
        see = "/activitystream/see?target_link=https://"
        assert browser.get(see + own).status_int == 302
        assert browser.get(see + others, expect_errors=True).status_int == 400


def test_the_model_raises_before_an_app_is_configured(database, monkeypatch):
    monkeypatch.delitem(vars(model), "orm", raising=False)
    with pytest.raises(AttributeError, match="no app with activitystream was configured"):
        model.Action
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        model.Nonsense
