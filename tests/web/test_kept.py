"""TurboGears' cache keeps what was rendered: it shows it for nothing else, and within a bound."""

import threading

import pytest
from beaker.cache import CacheManager, cache_managers, clsmap

from activitystream import am
from activitystream.web import caching
from tests.helpers.databases import COUNTED, SQL, on

NOTIFICATION = "tests.helpers.host.templates.notification"
PANEL = "activitystream.templates.partials.bootstrap_widget"


def kept(browser, **headers):
    answer = browser.get("/kept", headers=headers)
    return [" ".join(text[6:-7].split()) for text in answer.json["notifications"]]


def recent(namespace):
    """Return what is cached of a template."""
    found = [each.namespace for each in cache_managers.values() if each.namespace_name == namespace]
    (namespace,) = found
    return namespace.dictionary


@pytest.fixture(autouse=True)
def nothing_is_kept():
    for cache in cache_managers.values():
        cache.clear()


@on(*SQL)
def test_shows_nothing_of_what_was_rolled_back(host, user, other):
    undone = host.browser(other).get("/kept_and_rolled_back?verb=told+bob+a+secret").json
    assert "told bob a secret" in undone["notification"]
    action = am.create(user, "joined", recipients=[user])
    if host.database.name == "sqlite":
        assert action._id == undone["_id"], "it is given again"
    assert kept(host.browser(user)) == ["ann joined"]


def test_shows_no_forgotten_name(host, user, other, post, app):
    am.create(user, "followed", other)
    assert kept(app) == ["ann followed bob"]
    other = host.database.reload(other)
    am.forget(other)
    host.database.delete(other)
    assert kept(app) == ["ann followed"]


def test_shows_changes_of_an_action(host, user, app):
    action = am.create(user, "followed")
    assert kept(app) == ["ann followed"]
    host.database.update_actions(verb="left")
    assert kept(app) == ["ann left"]
    assert action._id


def test_renders_a_notification_once(host, user, post, app):
    am.create(user, "liked", post)
    assert kept(app) == ["ann liked A post"]
    host.database.raw_update(post, title="Another title")
    assert kept(app) == ["ann liked A post"]
    assert kept(app, **{"Accept-Language": "it"}) == ["ann liked Another title"]


@on(*COUNTED)
def test_costs_no_query_if_all_is_kept(host, user, post, app):
    def queries(url):
        with host.database.queries() as recorded:
            app.get(url)
        return len(recorded)

    for number in range(10):
        am.create(user, f"no. {number}", post)
    assert len(kept(app)) == 10
    one = 1 + len(host.database.to_read_mutes)
    assert queries("/kept") == queries("/notifications?number=0") + one


def test_drops_the_oldest_when_full(host, user, app, monkeypatch):
    monkeypatch.setattr(caching, "_MAX_BYTES", 14_000)
    for number in range(60):
        am.create(user, f"no. {number}")
        assert kept(app)[0] == f"ann no. {number}"
        app.get(f"/widget?cache_key=key+{number}")
    for namespace in (NOTIFICATION, PANEL):
        texts = [rendered for _, _, rendered in recent(namespace).values()]
        assert 1 <= len(texts) <= 28
        assert any("no. 59" in text for text in texts)
        assert not any("no. 19" in text for text in texts)


def test_a_panel_is_kept_under_its_key(host, user, app):
    am.create(user, "joined")
    app.get("/widget?cache_key=ann")
    am.create(user, "left")
    assert "left" not in app.get("/widget?cache_key=ann")
    assert "left" in app.get("/widget?cache_key=bob")


@pytest.fixture
def cache():
    cache = CacheManager().get_cache("a template", type="activitystream")
    yield cache
    cache.clear()


def test_renders_what_is_too_large_to_keep(cache, monkeypatch):
    monkeypatch.setattr(caching, "_MAX_BYTES", 5000)
    for _ in range(2):
        assert cache.get_value("large", createfunc=lambda: "x" * 6000) == "x" * 6000
    assert not cache.namespace.dictionary
    assert cache.get_value("small", createfunc=lambda: "x") == "x"
    assert "small" in cache


def test_removing_frees_its_room(cache, monkeypatch):
    monkeypatch.setattr(caching, "_MAX_BYTES", 2200)
    for _ in range(20):
        cache.put("a key", "x" * 500)
        cache.remove_value("a key")
        cache.remove_value("a key")
    cache.put("one", "x" * 500)
    cache.put("other", "x" * 500)
    cache.put("other", "y" * 500)
    assert (cache.get("one"), cache.get("other")) == ("x" * 500, "y" * 500)


def test_keeps_what_many_threads_render(cache, monkeypatch):
    monkeypatch.setattr(caching, "_MAX_BYTES", 20_000)
    wrong = []

    def render(number):
        for each in range(500):
            text = cache.get_value(f"{each % 90}", createfunc=lambda each=each: f"{each % 90}")
            if text != f"{each % 90}":
                wrong.append((number, each))

    threads = [threading.Thread(target=render, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(cache.namespace.dictionary) <= 50


def test_beaker_finds_the_backend_by_its_entry_point():
    assert clsmap["activitystream"] is caching.RecentNamespaceManager
