"""What is said outside of a request, as in a mail: its language, its time zone and its links."""

import threading
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import tg
from bs4 import BeautifulSoup
from tg.configuration.utils import TGConfigError
from tg.i18n import lazy_ugettext, ugettext

import activitystream
from activitystream import am, helpers, partials
from activitystream.web.days import name_of
from activitystream.web.templates import render
from tests.helpers.databases import EACH_ORM, on

pytestmark = on(*EACH_ORM)

SITE = "https://example.org/app"


@pytest.fixture
def site(host):
    host.plug(site_url=SITE)
    return host


@pytest.fixture
def action(site, user, post):
    return am.create(user, "liked", post, recipients=[user])


def in_request():
    try:
        tg.request.environ
    except TypeError:
        return False
    return True


def parameters(url):
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def test_links_are_absolute(action, post):
    link = {"target_link": post.as_link, "action": str(action._id)}
    for url in (helpers.see_url(action), helpers.link_of(action)):
        assert url.startswith(f"{SITE}/activitystream/see?")
        assert parameters(url) == link
    until = action.timestamp
    assert parameters(helpers.see_url(action, until=until))["until"] == until.isoformat(
        timespec="milliseconds"
    )
    assert helpers.own_link_of(action) == f"{SITE}{post.as_link}"
    assert helpers.see_url() == f"{SITE}/activitystream/see"
    assert not in_request()


@pytest.fixture
def shell(site):
    """Leave behind what ``gearbox tgshell`` does for its script."""
    sent = tg.Request.blank("/_test_vars", environ={"paste.testing_variables": {}})
    sent.send(site.app)
    yield
    tg.request_local.context._pop_object()
    tg.request_local.config._pop_object()


def test_links_are_absolute_in_gearbox_tgshell(action, user, post, shell):
    assert in_request()
    for url in (helpers.see_url(action), helpers.link_of(action)):
        assert url.startswith(f"{SITE}/activitystream/see?")
    assert helpers.own_link_of(action) == f"{SITE}{post.as_link}"
    assert f'href="{SITE}/' in partials.stream([action], recipient=user)
    with activitystream.speaking("it"):
        assert action.timestamp_since == "meno di 1 minuto fa"
    assert action.timestamp_since == "less than 1 minute ago"
    assert tg.request.path == "/_test_vars"
    tg.config["activitystream"]["site_url"] = None
    with pytest.raises(RuntimeError, match=r"site_url='https://example.org'"):
        helpers.see_url(action)


def test_links_of_another_mount_point_and_without_our_urls(host, user, post):
    host.plug(site_url="http://localhost:8080/", appid="news")
    action = am.create(user, "liked", post)
    assert helpers.see_url(action).startswith("http://localhost:8080/news/see?")
    host.plug(site_url="http://localhost:8080", plug_controller=False)
    action = am.create(user, "liked", post)
    assert helpers.see_url(action) == f"http://localhost:8080{post.as_link}"
    assert helpers.link_of(action) == f"http://localhost:8080{post.as_link}"
    assert helpers.see_url() == "http://localhost:8080/"


def test_an_action_without_a_link_of_this_site_leads_to_the_stream(site, user):
    action = am.create(user, "joined")
    assert helpers.see_url(action) == f"{SITE}/activitystream/see?action={action._id}"
    assert helpers.link_of(action) is None
    assert helpers.own_link_of(action) is None


def test_a_link_without_the_address_of_the_site_says_what_to_write(host, user, post):
    host.plug()
    action = am.create(user, "liked", post)
    calls = (
        lambda: helpers.see_url(action),
        lambda: helpers.link_of(action),
        lambda: helpers.own_link_of(action),
        lambda: partials.stream([action], recipient=user),
        lambda: partials.bootstrap_widget([action], "News", ""),
    )
    for call in calls:
        with pytest.raises(RuntimeError, match=r"site_url='https://example.org'"):
            call()
    with activitystream.speaking("it"):
        assert action.sentence == "ann liked A post"


def test_words_are_in_the_language_of_the_block(action, user):
    new = {"en": "less than 1 minute ago", "it": "meno di 1 minuto fa", "ru": "меньше минуты назад"}
    for language, text in new.items():
        with activitystream.speaking(language):
            assert text in action.timestamp_since
            assert text in type(action).render_str(action, timestamp_since=True)
            assert str(lazy_ugettext("x")) == "x"
    assert action.timestamp_since == new["en"]
    with activitystream.speaking("it-IT"):
        assert name_of(datetime(2020, 1, 31).date()) == "31 gennaio 2020"
        with activitystream.speaking("en"):
            assert action.timestamp_since == new["en"]
        assert action.timestamp_since == new["it"]
    assert action.sentence == "ann liked A post"
    assert action.name_of("target") == "A post"


def test_as_str_and_as_link_may_use_turbogears_in_a_script(site, user, post, monkeypatch, caplog):
    cls = site.model.Post
    monkeypatch.setattr(cls, "as_str", property(lambda self: ugettext("Yesterday")))
    monkeypatch.setattr(cls, "as_link", property(lambda self: tg.url("/post")))
    monkeypatch.delattr(site.model.User, "as_str")
    monkeypatch.setattr(site.model.User, "__str__", lambda self: ugettext("Today"))
    action = am.create(user, "liked", post)
    assert action.target_name == "Yesterday"
    assert action.sentence == "Today liked Yesterday"
    assert (action.target, action.name_of("target")) == ("Yesterday", "Yesterday")
    assert action.target_link == "/app/post"
    with activitystream.speaking("it"):
        assert action.sentence == "Oggi liked Ieri"
    assert caplog.text == ""


def test_the_apps_own_language_is_the_default(action, monkeypatch):
    monkeypatch.setitem(tg.config, "i18n.lang", "it")
    with activitystream.speaking():
        assert action.timestamp_since == "meno di 1 minuto fa"
    with activitystream.speaking("en"):
        assert action.timestamp_since == "less than 1 minute ago"


def test_lists_are_rendered_with_links_that_mark(action, user, post):
    for shown in (
        partials.stream([action], recipient=user),
        partials.stream(am.get_by_recipient(user).grouped(), recipient=user),
    ):
        html = BeautifulSoup(shown, "html.parser")
        line = html.select_one(".activitystream-line")
        assert line.get_text(" ", strip=True) == "ann liked A post"
        url = line.find_parent("a")["href"] if line.name != "a" else line["href"]
        assert url.startswith(f"{SITE}/activitystream/see?")
        assert parameters(url)["action"] == str(action._id)
        assert not html.select("script, link, form")
    panel = BeautifulSoup(partials.bootstrap_widget([action], "News", ""), "html.parser")
    assert panel.select_one(".activitystream-line").get_text(" ", strip=True) == "ann liked A post"
    with activitystream.speaking("it"):
        assert "Oggi" in partials.stream([action], recipient=user)
    assert partials.bell() == partials.newest() == ""


def test_every_link_of_a_list_is_absolute(host, user, other, post):
    host.plug(site_url=SITE, groups={"liked": ("verb", "target")})
    for actor in (user, other):
        am.create(actor, "liked", post, recipients=[user])
    am.create(user, "shared", post, recipients=[user])
    stream = am.get_by_recipient(user).grouped()
    more = partials.stream(stream.page(1), recipient=user, more="/app/news?tag=a")
    lists = (
        partials.stream(stream, recipient=user),
        partials.stream(stream),
        partials.bootstrap_widget(stream, "News", ""),
        more,
    )
    for html in lists:
        links = BeautifulSoup(html, "html.parser").select("[href], [src], [hx-get]")
        assert links
        for each in links:
            for name in {"href", "src", "hx-get"} & each.attrs.keys():
                assert each[name].startswith(f"{SITE}/"), each
    assert f'href="{SITE}/news?tag=a&amp;before=' in more


def test_a_template_of_the_hosts_is_rendered_in_the_block(action):
    with activitystream.speaking("it"):
        assert "liked" in render("action", action=action, group=None, words_of_group=None)
        assert tg.url("/x") == "/app/x"


def test_a_block_inside_of_a_request_speaks_to_somebody_else(site, user, post, app):
    """Like a hook that mails the recipients of what is created in a request."""
    said = []

    def mail(action):
        before = helpers.see_url(action), action.timestamp_since
        with activitystream.speaking("it"):
            said.append((helpers.see_url(action), action.timestamp_since))
        assert (helpers.see_url(action), action.timestamp_since) == before

    with activitystream.speaking("en"):
        mail(am.create(user, "liked", post))
    ((url, text),) = said
    assert url.startswith(SITE)
    assert text == "meno di 1 minuto fa"


def test_requests_make_relative_links_as_before(action, app):
    assert app.get("/activitystream/").html.select_one(".activitystream-line a, a")["href"]
    assert SITE not in app.get("/activitystream/")


def test_threads_speak_their_own_language(action):
    found = {}

    def speak(language):
        with activitystream.speaking(language):
            ready.wait(10)
            found[language] = action.timestamp_since

    ready = threading.Barrier(2)
    threads = [threading.Thread(target=speak, args=(each,)) for each in ("it", "en")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {"it": "meno di 1 minuto fa", "en": "less than 1 minute ago"}


def test_an_error_in_the_block_ends_it(action):
    with pytest.raises(ZeroDivisionError), activitystream.speaking("it"):
        1 / 0
    assert not in_request()
    assert action.timestamp_since == "less than 1 minute ago"


@pytest.mark.parametrize("language", [1, ["it"], b"it"])
def test_rejects_what_is_no_language(site, language):
    with pytest.raises(TypeError, match="language must be a text like 'it'"):
        activitystream.speaking(language).__enter__()


def test_days_and_times_are_in_the_time_zone_of_the_block(action, user):
    am.create_many([{"actor": user, "verb": "woke", "timestamp": datetime(2020, 1, 31, 23, 30)}])
    woke = am.get_by_recipient(user).all()[-1]
    found = {}
    for zone in (None, "Europe/Rome", "Asia/Tokyo"):
        with activitystream.speaking("en", zone):
            html = BeautifulSoup(partials.stream([woke]), "html.parser")
            found[zone] = html.h2.text, html.select_one("li time").text
    assert found[None] == ("January 31, 2020", "11:30\u202fPM UTC")
    assert found["Europe/Rome"] == ("February 1, 2020", "12:30\u202fAM")
    assert found["Asia/Tokyo"] == ("February 1, 2020", "8:30\u202fAM")


@pytest.mark.parametrize("timezone", [1, "Europe/Nowhere", "../etc/passwd"])
def test_rejects_what_is_no_time_zone(site, timezone):
    with pytest.raises((TypeError, ValueError), match="time zone .*Europe/Rome"):
        activitystream.speaking(timezone=timezone).__enter__()


@pytest.mark.parametrize(
    "value",
    [
        "example.org",
        "ftp://example.org",
        "https://",
        "https://a b.example",
        "https://x/?a=b",
        "https://x/#y",
        "https://u@x",
        "https://x//y",
        "http://[::1",
        "http://[x]",
        "//x",
        "",
        1,
        ["https://x"],
        "https://x\n",
    ],
)
def test_rejects_what_is_no_address_of_a_site(host, value):
    with pytest.raises(TGConfigError, match=r"site_url='https://example.org'"):
        host.plug(site_url=value)
    host.plug()


@pytest.mark.parametrize(
    "value",
    [
        "http://localhost:8080",
        "https://example.org/a/b/",
        "https://example.org/caf%C3%A9/a%20b",
        "http://[2001:db8::1]:8080",
        "http://[::1]/app",
        SITE,
    ],
)
def test_accepts_the_address_of_a_site(host, user, post, value):
    host.plug(site_url=value)
    assert helpers.see_url() == f"{value.rstrip('/')}/activitystream/see"
    action = am.create(user, "liked", post)
    assert helpers.own_link_of(action) == f"{value.rstrip('/')}{post.as_link}"
    host.plug()


def followed(browser, url):
    """Follow a link of a mail, as a mail program opens it."""
    parts = urlsplit(url)
    path = parts.path.removeprefix("/app")
    return browser.get(f"{path}?{parts.query}", headers={"Sec-Fetch-Site": "none"})


def test_a_link_of_a_mail_marks_its_action_as_read(site, user, other, post, app):
    actions = [am.create(other, verb, post, recipients=[user]) for verb in ("liked", "shared")]
    am.mark_seen(user, until=actions[0].timestamp - timedelta(days=1))
    urls = [helpers.see_url(each, until=actions[1].timestamp) for each in actions]
    assert followed(app, urls[0]).location == f"http://localhost{post.as_link}"
    reader = site.database.reload(user)
    found = {each.verb: each.is_read_by(reader) for each in am.get_by_recipient(reader)}
    assert found == {"liked": True, "shared": False}
    assert am.count_not_seen_by_recipient(reader) == 0
