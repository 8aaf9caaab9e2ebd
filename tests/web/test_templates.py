"""A host shows actions its own way: one template for one action, everywhere."""

import re
from datetime import timedelta

import pytest
from kajiki.loader import FileLoader
from tg.configuration.utils import TGConfigError
from tgext.pluggable import replace_template

from activitystream import am
from tests.helpers.databases import EACH_ORM, on

# The hosts' templates, and ours, show what the databases' other tests load.
pytestmark = on(*EACH_ORM)

OWN = "tests.helpers.host.templates.own_action"
APPLAUSE = "tests.helpers.host.templates.applause"

#: Wherever we show actions.
PLACES = (
    "/activitystream/",
    "/activitystream/more",
    "/activitystream/newest",
    "/widget",
    "/listed",
)


def replaced(old, new):
    return lambda base_config: replace_template(base_config, old, new)


@pytest.fixture(params=PLACES)
def place(request):
    return request.param


def words(browser, place):
    return [" ".join(line.text.split()) for line in lines(browser, place)]


def lines(browser, place):
    return browser.get(place).html.select(".activitystream-line")


def test_one_template_shows_an_action_everywhere(host, user, post, place):
    am.create(user, "liked", post)
    host.plug(configure=replaced("activitystream.templates.action", OWN))
    browser = host.browser(user)
    assert words(browser, place) == [f"ann: liked, /x, {place}"]
    assert lines(browser, place)[0].select(".own")


def test_uses_the_template_of_a_verb(host, user, post, place):
    am.create(user, "liked", post)
    am.create(user, "joined")
    for configure in (None, replaced("activitystream.templates.action", OWN)):
        host.plug(templates={"liked": APPLAUSE}, configure=configure)
        first, second = words(host.browser(user), place)
        assert second == "ann applauds A post"
        assert first == ("ann joined" if configure is None else f"ann: joined, /x, {place}")


def test_accepts_a_template_with_its_engine(host, user, post, place):
    am.create(user, "liked", post)
    host.plug(templates={"liked": f"kajiki:{APPLAUSE}"})
    assert words(host.browser(user), place) == ["ann applauds A post"]


@pytest.mark.parametrize("name", ["stream", "newest", "bell", "partials.bootstrap_widget"])
def test_each_fragment_can_be_replaced(host, user, name):
    am.create(user, "joined")
    configure = replaced(
        f"activitystream.templates.{name}", "tests.helpers.host.templates.replacement"
    )
    host.plug(configure=configure)
    browser = host.browser(user)
    places = {
        "stream": PLACES,
        "newest": ["/activitystream/newest"],
        "bell": ["/activitystream/bell", "/with_bell"],
        "partials.bootstrap_widget": ["/widget"],
    }
    for place in places[name]:
        page = browser.get(place)
        assert "The host's own fragment" in page
        assert page.text.upper().count("<!DOCTYPE") <= 1


def test_supports_a_panel_template_of_0_1_1(host, user):
    am.create(user, "joined")
    own = "tests.helpers.host.templates.panel_of_0_1_1"
    host.plug(configure=replaced("activitystream.templates.partials.bootstrap_widget", own))
    panel = host.browser(user).get("/widget?timestamp_since=1").html.select_one(".old-panel")
    assert " ".join(panel.text.split()) == "What <happened> joined, long since"


@pytest.mark.parametrize("name", ["bootstrap_widget", "partials.bell", "", "stream.xhtml"])
@pytest.mark.parametrize("engine", ["", "kajiki:"])
def test_names_the_templates_that_may_be_replaced(host, engine, name):
    wrong = f"{engine}activitystream.templates.{name}"
    with pytest.raises(TGConfigError, match="may be replaced are .*templates.bell, ") as caught:
        host.plug(configure=replaced(wrong, OWN))
    assert repr(wrong) in str(caught.value)


@pytest.mark.parametrize("reload", [True, False])
def test_a_template_is_compiled_once_a_page(host, user, post, place, reload, monkeypatch):
    for number in range(20):
        am.create(user, "liked" if number % 2 else "commented on", post)
    host.plug(templates={"liked": APPLAUSE}, blueprint={"auto_reload_templates": reload})
    browser = host.browser(user)
    compiled = []
    load = FileLoader._load

    def recorded(self, name, *arguments, **options):
        compiled.append(name)
        return load(self, name, *arguments, **options)

    monkeypatch.setattr(FileLoader, "_load", recorded)
    browser.get(place)
    assert APPLAUSE in compiled
    assert len(compiled) == len(set(compiled))


def test_reloads_changed_templates_if_the_host_does(host, user, tmp_path, monkeypatch):
    package = tmp_path / f"of_{host.database.name}"
    package.mkdir()
    (package / "__init__.py").touch()
    template = package / "changing.xhtml"
    monkeypatch.syspath_prepend(tmp_path)
    am.create(user, "liked")
    template.touch()
    host.plug(
        templates={"liked": f"{package.name}.changing"},
        blueprint={"auto_reload_templates": True},
    )
    browser = host.browser(user)
    for text in ("before", "after"):
        template.write_text(f"<span>{text}</span>")
        assert words(browser, "/activitystream/") == [text]


KAJIKI_OPTIONS = [
    {"templating.kajiki.strip_text": True},
    {"templating.kajiki.force_mode": "xml"},
    {"templating.kajiki.force_mode": "html"},
    {"templating.kajiki.cdata_scripts": False},
    {"templating.kajiki.xml_autoblocks": "span p"},
    {"templating.kajiki.template_extension": ".kajiki"},
    {"auto_reload_templates": True},
    {"use_dotted_templatenames": False},
]


@pytest.mark.parametrize("options", KAJIKI_OPTIONS, ids=str)
def test_looks_the_same_whatever_the_hosts_options_for_kajiki(host, user, post, options):
    action = am.create(user, "liked", post)
    action.timestamp -= timedelta(hours=1)  # of newer ones, a link tells when its page was read
    host.save(action)
    paths = ("bell", "newest", "more")

    def parts():
        browser = host.browser(user)
        return [browser.get(f"/activitystream/{path}").text for path in paths]

    plain = parts()
    host.plug(blueprint=options)
    assert parts() == plain
    page = host.browser(user).get("/activitystream/")
    assert [" ".join(line.text.split()) for line in page.html.select(".activitystream-line")] == [
        "ann liked A post"
    ]


def test_finds_the_hosts_master_by_its_extension(host, user, tmp_path):
    master = "<html><body><h1>Its master</h1><py:block name='body'></py:block></body></html>"
    (tmp_path / "master.kajiki").write_text(master)
    host.plug(
        blueprint={
            "paths": {"templates": [str(tmp_path)]},
            "templating.kajiki.template_extension": ".kajiki",
        }
    )
    page = host.browser(user).get("/activitystream/")
    assert page.html.h1.text == "Its master"
    assert page.html.select(".activitystream")


@pytest.mark.parametrize(
    ("master", "reason"),
    [
        ("<html><body>None of our blocks</body></html>", "has no block body"),
        ("<html><body>${nothing.of_the_kind}</body></html>", "NameError"),
        ("<html><body>", "KajikiSyntaxError|XMLTemplate|ParseError"),
    ],
)
def test_stands_alone_where_the_master_does_not_show_it(
    host, user, tmp_path, caplog, master, reason
):
    am.create(user, "joined")
    (tmp_path / "master.xhtml").write_text(master)
    host.plug(blueprint={"paths": {"templates": [str(tmp_path)]}})
    page = host.browser(user).get("/activitystream/")
    assert page.html.title.text == "Your activity stream"
    assert "ann joined" in page.html.text
    assert re.search(reason, caplog.text)
    assert "stands alone" in caplog.text


def test_loads_one_template_as_page_and_as_fragment(host, user, post, place):
    am.create(user, "liked", post)
    host.plug(templates={"liked": "tests.helpers.host.templates.applause"})
    browser = host.browser(user)
    assert browser.get("/applause").text.startswith("<!DOCTYPE")
    assert "<!DOCTYPE" not in browser.get(place).text[9:]
    assert browser.get("/applause").text.startswith("<!DOCTYPE")


@pytest.mark.parametrize("engine", ["genshi", "jinja", "mako", "kajiki"])
def test_rejects_missing_templates_of_any_engine(host, engine):
    blueprint = {"renderers": ["json", "kajiki", "genshi", "jinja", "mako"]}
    for name in ("tests.helpers.host.templates.nowhere", "nowhere.txt", "no.such.package"):
        with pytest.raises(TGConfigError, match=rf"liked.*there is no {re.escape(name)}"):
            host.plug(templates={"liked": f"{engine}:{name}"}, blueprint=dict(blueprint))
    host.plug(
        templates={"liked": f"{engine}:tests.helpers.host.templates.applause"},
        blueprint=dict(blueprint),
    )


@pytest.mark.parametrize("engine", ["json", "jinja", "activitystream", "x"])
def test_rejects_an_engine_that_the_app_lacks(host, engine):
    with pytest.raises(TGConfigError, match=f"no template engine {engine}; use one of .*kajiki"):
        host.plug(templates={"liked": f"{engine}:tests.helpers.host.templates.applause"})


@pytest.mark.parametrize(
    "templates", [None, "x", {"liked": None}, {"liked": ""}, {1: "x"}, [("liked", "x")]]
)
def test_rejects_invalid_templates(host, templates):
    with pytest.raises(TGConfigError, match=r"templates=\{'liked': 'myproject.templates.liked'\}"):
        host.plug(templates=templates)


def test_rejects_a_missing_template(host):
    with pytest.raises(TGConfigError, match=r"liked.*tests\.helpers\.host\.templates\.nowhere"):
        host.plug(templates={"liked": "tests.helpers.host.templates.nowhere"})


@pytest.mark.parametrize("interval", [0, -1, "30", True, float("nan"), float("inf"), 10**9])
def test_rejects_an_invalid_poll_interval(host, interval):
    with pytest.raises(TGConfigError, match="poll_interval"):
        host.plug(poll_interval=interval)


def test_a_list_of_any_actions_marks_what_is_new_to_whom_it_is_told(host, user, app):
    am.create(user, "joined")
    assert not app.get("/listed").html.select(".activitystream-badge")
    assert app.get("/listed?marked=1").html.select(".activitystream-badge")
    am.mark_seen(user)
    assert not app.get("/listed?marked=1").html.select(".activitystream-badge")


def test_a_list_for_nobody_in_particular_marks_nothing(host, user, other, post):
    am.create(user, "liked", post, recipients=[other])
    (marking,) = lines(host.browser(other), "/listed?marked=1")
    assert marking["href"].startswith("/activitystream/see?target_link=")
    (plain,) = lines(host.browser(other), "/listed")
    assert plain["href"] == f"/post/{post._id}"


def test_a_public_list_sends_nobody_to_log_in(host, user, post):
    am.create(user, "liked", post)
    for path in ("/public", "/public?marked=1"):
        (line,) = lines(host.browser(), path)
        assert line["href"] == f"/post/{post._id}"


def test_a_list_says_that_it_is_empty(app, place):
    assert "Nothing has happened yet." in app.get(place)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "mailto:a@example.com",
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "http://[",
        "",
    ],
)
def test_shows_no_link_that_leaves_the_site(host, user, app, place, link, monkeypatch):
    am.create(user, "liked", host.post("A post"))
    monkeypatch.setattr(host.model.Post, "as_link", link)
    (line,) = lines(app, place)
    assert line.name == "span"
    assert "evil" not in app.get(place)
    assert "script:" not in app.get(place)
    feed = app.get("/activitystream/stream.json").json
    assert "url" not in feed["orderedItems"][0]["target"]


def test_shows_links_to_allowed_hosts(host, user, place, monkeypatch):
    host.plug(allowed_hosts=["www.example.com"])
    am.create(user, "liked", host.post("A post"))
    monkeypatch.setattr(host.model.Post, "as_link", "https://www.example.com/a")
    (line,) = lines(host.browser(user), place)
    marking = "target_link=https%3A%2F%2Fwww.example.com%2Fa" in line["href"]
    assert marking or (place, line["href"]) == ("/listed", "https://www.example.com/a")
