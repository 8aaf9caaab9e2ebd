"""activitystream in an app that ``gearbox quickstart`` made, by ``gearbox plug``."""

import uuid
from pathlib import Path

import pymongo
import pytest

from tests.stock_host import NAME, StockHost

START = "from paste.deploy import loadapp; loadapp('config:development.ini', relative_to='.')"

INDEXES = {"stream_of_recipient", "stream_of_everyone"}


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    return StockHost(tmp_path_factory.mktemp("stock"))


@pytest.fixture
def stored(host, mongodb):
    """The host's own, empty database on the MongoDB server, in its development.ini."""
    server, name = mongodb.url.rpartition("/")[0], f"newsroom_{uuid.uuid4().hex}"
    with (
        host.edited("development.ini", r"^ming\.url = .*$", f"ming.url = {server}/"),
        host.edited("development.ini", r"^ming\.db = .*$", f"ming.db = {name}"),
        pymongo.MongoClient(server) as client,
    ):
        yield client[name]
        client.drop_database(name)


@pytest.fixture(params=["mim", "mongodb"])
def ini(request, host):
    """The host's configuration on each database, set up."""
    if request.param == "mim":
        return "test.ini"
    request.getfixturevalue("stored")
    host.gearbox("setup-app")
    return "development.ini"


def indexes(stored):
    return INDEXES & stored.activity_stream_action.index_information().keys()


def test_the_host_runs_the_wheel(host):
    place = host.python("-c", "import activitystream; print(activitystream.__file__)").strip()
    assert Path(place).resolve().is_relative_to(host.environment.resolve())


def test_users_follow_each_other(host, ini):
    host.play_the_story(ini)


def test_users_follow_each_other_under_another_url(host):
    moved = 'plug(base_config, "activitystream", appid="news")'
    with host.edited(f"{NAME}/config/app_cfg.py", r"^plug\(.*\)$", moved):
        host.play_the_story("test.ini", appid="news")


def test_the_hosts_own_tests_still_pass(host):
    host.pytest(f"{NAME}/tests")


def test_setup_app_makes_the_indexes(host, stored):
    host.gearbox("setup-app")
    assert indexes(stored) == INDEXES


def test_setup_app_makes_the_indexes_when_nothing_else_does(host, stored):
    off = "[app:main]\nming.connection.auto_ensure_indexes = false"
    by_host = r"^    for mapper in .*\n.*ensure_indexes\(.*\)$"
    with (
        host.edited("development.ini", r"^\[app:main\]$", off),
        host.edited(f"{NAME}/model/__init__.py", by_host, ""),
    ):
        host.python("-c", START)
        assert indexes(stored) == set()
        host.gearbox("setup-app")
    assert indexes(stored) == INDEXES


def test_setup_app_may_be_run_again(host, stored):
    host.gearbox("setup-app")
    before = stored.activity_stream_action.index_information()
    # The stock app's own part cannot: it would store its two users again.
    for collection in ("tg_user", "tg_group", "tg_permission"):
        stored[collection].delete_many({})
    host.gearbox("setup-app")
    assert stored.activity_stream_action.index_information() == before
