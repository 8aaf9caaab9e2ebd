"""An optional part that fails never breaks a page: the log says why, and the rest is shown."""

from types import SimpleNamespace

import pytest
import tg.appwrappers.caching
from tgext.pluggable import replace_template

from activitystream import am
from tests.helpers.databases import EACH_ORM, on
from tests.helpers.host.app import AuthMetadata

PAGES = (
    "/with_bell",
    "/partials",
    "/activitystream/",
    "/activitystream/more",
    "/activitystream/bell",
    "/activitystream/newest",
    "/activitystream/stream.json",
    "/activitystream/unseen.json",
)

RAISING = "tests.helpers.host.templates.raising"


def lines(browser, path):
    return [" ".join(each.text.split()) for each in found(browser, path, ".activitystream-line")]


def found(browser, path, selector):
    return browser.get(path).html.select(selector)


def number_on(browser, path="/with_bell"):
    (count,) = found(browser, path, ".activitystream-bell .activitystream-count")
    return None if count.has_attr("hidden") else count.select_one("[aria-hidden]").text


# Parts of us that the host leaves out


@on(*EACH_ORM)
def test_needs_no_static_files(host, user, post):
    am.create(user, "liked", post)
    host.plug(plug_statics=False)
    browser = host.browser(user)
    for path in ("/with_bell", "/partials", "/activitystream/", "/activitystream/bell"):
        page = browser.get(path)
        assert "_pluggable" not in page
        assert not page.html.select("[hx-get], .activitystream-hidden")
    assert number_on(browser) == "1"
    (link,) = found(browser, "/with_bell", ".activitystream-bell a")
    assert (link["href"], link["title"]) == ("/activitystream/", "Your activity stream")


@on(*EACH_ORM)
def test_shows_just_a_number_without_its_urls(host, user, post):
    am.create(user, "liked", post)
    host.plug(plug_controller=False)
    browser = host.browser(user)
    for path in ("/with_bell", "/partials", "/widget", "/listed?marked=1", "/notifications"):
        page = browser.get(path)
        assert "/activitystream/" not in page.text.replace("/_pluggable/activitystream/", "")
        assert not page.html.select("[hx-get], [hx-post], script")
    assert number_on(browser) == "1"
    assert not found(browser, "/with_bell", ".activitystream-bell a")
    links = {each["href"] for each in found(browser, "/partials", "a")}
    assert links == {f"/post/{post._id}"}


@on(*EACH_ORM)
def test_needs_neither_urls_nor_static_files(host, user):
    am.create(user, "joined")
    host.plug(plug_controller=False, plug_statics=False)
    browser = host.browser(user)
    assert number_on(browser) == "1"
    assert "_pluggable" not in browser.get("/partials")


# The cache


@pytest.fixture(params=["turned off", "without Beaker"])
def without_cache(request, monkeypatch):
    if request.param == "turned off":
        return {"cache.enabled": False}
    monkeypatch.setattr(tg.appwrappers.caching, "CacheManager", None)
    return {}


@on(*EACH_ORM)
def test_renders_a_panel_each_time_where_there_is_no_cache(host, user, without_cache):
    am.create(user, "joined")
    host.plug(blueprint=without_cache)
    browser = host.browser(user)
    assert lines(browser, "/widget?cache_key=ann") == ["ann joined"]
    am.create(user, "left")
    assert lines(browser, "/widget?cache_key=ann") == ["ann left", "ann joined"]


# Who is logged in


class Giving(AuthMetadata):
    """Metadata that takes everybody for this user."""

    def __init__(self, model, user):
        super().__init__(model)
        self.user = user

    def get_user(self, identity, userid):
        return self.user


def browser_of(host, user, **options):
    host.plug(blueprint={"sa_auth.authmetadata": Giving(host.model, user)}, **options)
    return host.browser(SimpleNamespace(user_name="ann"))


@pytest.mark.parametrize(
    "kind", ["a dict", "a text", "an object", "one that was never stored", "a class"]
)
def test_shows_nothing_to_a_user_who_is_not_stored(host, user, other, kind, caplog):
    am.create(other, "joined")
    given = {
        "a dict": {"cn": "ann"},
        "a text": "cn=ann",
        "an object": SimpleNamespace(user_name="ann"),
        "one that was never stored": host.model.User(user_name="eve"),
        "a class": host.model.User,
    }[kind]
    host.database.forget()
    browser = browser_of(host, given)
    page = browser.get("/with_bell")
    assert "The host's own header" in page
    assert not page.html.select(".activitystream-bell")
    assert "The logged-in user has no stream" in caplog.text
    assert lines(browser, "/public") == ["bob joined"]
    for path in ("bell", "newest", "more", "stream.json", "unseen.json"):
        assert browser.get(f"/activitystream/{path}", status=401).json["detail"] == "log in first"


def test_shows_no_number_to_a_user_without_last_activity_seen(host, user, caplog):
    guest = host.save(host.model.Note())
    am.create(user, "invited", recipients=[guest])
    browser = browser_of(host, guest)
    for path in ("/with_bell", "/partials", "/activitystream/bell"):
        assert number_on(browser, path) is None
    assert "last_activity_seen" in caplog.text
    for path in ("/partials", "/activitystream/", "/activitystream/newest"):
        assert set(lines(browser, path)) == {"ann invited"}
        assert not found(browser, path, ".activitystream-badge, .activitystream-dot, form")
    opened = browser.post("/activitystream/newest")
    assert [line.text for line in opened.html.select(".activitystream-line")] == ["ann invited"]
    assert browser.get("/activitystream/stream.json").json["orderedItems"]
    assert browser.get("/activitystream/see?target_link=/x").location.endswith("/x")
    for path in ("unseen.json", "ajax_update_last_seen_of_a_recipient"):
        answer = browser.get(f"/activitystream/{path}", status=404)
        assert answer.content_type == "application/json"


# What the host calls


def raising(*arguments):
    raise RuntimeError("hunter2")


@pytest.mark.parametrize(
    ("audiences", "reason"),
    [
        (raising, "the option audiences failed"),
        (lambda user: user, "must be a list, like"),
        (lambda user: "teams", "got str"),
        (lambda user: 5, "got int"),
        (lambda user: [None], "was ignored"),
        (lambda user: ["team", object()], "was ignored"),
        (lambda user: (raising() for _ in range(1)), "the option audiences failed"),
    ],
)
def test_shows_the_users_own_stream_if_audiences_raises(host, user, audiences, reason, caplog):
    am.create(user, "joined", recipients=[user])
    host.plug(audiences=audiences)
    browser = host.browser(user)
    for path in PAGES:
        assert browser.get(path).status_int == 200
    assert number_on(browser) == "1"
    assert lines(browser, "/activitystream/") == ["ann joined"]
    assert reason in caplog.text


def test_accepts_none_from_audiences(host, user, caplog):
    am.create(user, "joined", recipients=[user])
    host.plug(audiences=lambda user: None)
    assert number_on(host.browser(user)) == "1"
    assert "audiences" not in caplog.text


def test_ignores_audiences_that_are_not_stored(host, user, other, caplog):
    am.create(user, "joined", recipients=[other])
    host.plug(audiences=lambda user: [None, other, "team"])
    assert number_on(host.browser(user)) == "1"
    assert caplog.text.count("was ignored") == 2


@on(*EACH_ORM)
@pytest.mark.parametrize("template", [RAISING, "tests.helpers.host.templates.broken"])
@pytest.mark.parametrize("path", ["/activitystream/", "/activitystream/newest", "/partials"])
def test_shows_a_notice_where_a_verbs_template_raises(host, user, path, template, caplog):
    am.create(user, "joined")
    am.create(user, "liked")
    am.create(user, "left")
    host.plug(templates={"liked": template})
    browser = host.browser(user)
    shown = lines(browser, path)
    assert shown[:3] == ["ann left", "This cannot be shown.", "ann joined"]
    assert "of its verb 'liked'" in caplog.text
    assert any(record.exc_info for record in caplog.records)


@on(*EACH_ORM)
def test_shows_a_notice_where_the_template_of_all_raises(host, user):
    am.create(user, "joined")
    host.plug(configure=replaced("action"))
    assert lines(host.browser(user), "/activitystream/") == ["This cannot be shown."]


def replaced(name):
    return lambda base_config: replace_template(
        base_config, f"activitystream.templates.{name}", RAISING
    )


@on(*EACH_ORM)
@pytest.mark.parametrize("name", ["bell", "newest", "stream", "partials.bootstrap_widget"])
def test_shows_the_page_without_a_template_that_raises(host, user, name, caplog):
    am.create(user, "joined")
    host.plug(configure=replaced(name))
    page = host.browser(user).get("/partials")
    others = {"bell": 3, "newest": 2, "stream": 0, "partials.bootstrap_widget": 2}
    assert len(page.html.select(".activitystream-line")) == others[name]
    assert len(page.html.select(".activitystream-bell")) == (name != "bell")
    assert ("This cannot be shown." in page) == (name != "bell")
    assert "cannot be shown" in caplog.text or "has no bell" in caplog.text


def test_shows_the_page_without_a_wrongly_called_partial(host, user, caplog):
    am.create(user, "joined", recipients=[user])
    nothing = host.browser(user).get("/partials?actions=nothing")
    assert number_on(host.browser(user)) == "1"
    assert "This cannot be shown." in nothing
    assert "A list of actions cannot be shown" in caplog.text


def test_marks_no_other_stream_if_may_update_raises(host, user, other, caplog):
    host.plug(may_update=raising)
    url = f"/activitystream/ajax_update_last_seen_of_a_recipient?_type=User&_id={other._id}"
    host.browser(user).post(url, status=404)
    assert host.database.reload(other).last_activity_seen is None
    assert "the option may_update failed" in caplog.text
