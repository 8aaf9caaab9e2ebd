"""/activitystream/settings: what a reader has muted, in words, and a switch for each kind."""

from urllib.parse import urlencode

import pytest
from tg.configuration.utils import TGConfigError
from tg.i18n import lazy_ugettext
from tgext.pluggable import replace_template

from activitystream import am
from tests.helpers.databases import COUNTED, EACH_ORM, on
from tests.web.test_mute import mutes
from tests.web.test_optional_parts import browser_of
from tests.web.test_read import JSON
from tests.web.test_see import FOR_NOBODY, FOREIGN, OWN

URL = "/activitystream/settings"

KINDS = {"liked": "Likes", "commented on": "Comments"}


@pytest.fixture
def app(host, user):
    host.plug(kinds=KINDS)
    return host.browser(user)


def listed(app):
    return [each.span.text for each in app.get(URL).html.select(".activitystream-mutes > li")]


def switches(page):
    labels = page.html.select("label")
    return {each.text.strip(): each.input.has_attr("checked") for each in labels}


def test_says_in_words_what_is_muted(host, user, other, post, app):
    for verb in (None, "liked", "shared"):
        for actor in (None, other):
            for target in (None, post):
                if verb or actor or target:
                    am.mute(user, verb, actor, target)
    assert sorted(listed(app)) == [
        "Likes",
        "Likes: what bob does",
        "Likes: what bob does to A post",
        "Likes: what happens to A post",
        "What bob does",
        "What bob does to A post",
        "What happens to A post",
        "“shared”",
        "“shared”: what bob does",
        "“shared”: what bob does to A post",
        "“shared”: what happens to A post",
    ]


def test_takes_each_back(host, user, other, app):
    am.mute(user, verb="shared")
    am.mute(user, actor=other)
    page = app.get(URL)
    (button,) = page.html.select("[aria-label='Unmute: What bob does']")
    assert button.text == "Unmute"
    (form,) = (
        form
        for form in page.forms.values()
        if "mute" in form.fields and form["mute"].value == button.parent.input["value"]
    )
    assert form.submit().location == f"http://localhost{URL}"
    assert mutes(host, user) == [("shared", None, None)]


def test_tells_where_nothing_is_muted(host, user, app):
    page = app.get(URL)
    assert "Nothing is muted." in page
    assert page.html.select("h1")[-1].text == "Notification settings"
    assert page.html.select("a[href='/activitystream/']")
    host.plug()
    page = host.browser(user).get(URL)
    assert not page.html.select("form")


def test_does_not_show_what_was_deleted(host, user, other, app):
    am.mute(user, actor=other)
    host.database.delete(host.database.reload(other))
    assert listed(app) == []


def test_names_are_escaped_and_keep_their_direction(host, user, app):
    am.mute(user, verb="<b>", actor=host.user("<i>eve</i>"))
    page = app.get(URL)
    assert listed(app) == ["“<b>”: what <i>eve</i> does"]
    assert page.html.select_one("li bdi").text == "“<b>”"
    assert not page.html.select("li b, li i")


def test_a_switch_turns_a_kind_off_and_on(host, user, app):
    page = app.get(URL)
    assert switches(page) == {"Likes": True, "Comments": True}
    form = page.form
    form.get("told", index=0).checked = False
    page = form.submit().follow()
    assert switches(page) == {"Likes": False, "Comments": True}
    assert page.html.select_one("[role=status]").text == "Saved."
    assert mutes(host, user) == [("liked", None, None)]
    assert listed(app) == ["Likes"]
    form = page.forms[0]
    form.get("told", index=0).checked = True
    assert switches(form.submit().follow()) == {"Likes": True, "Comments": True}
    assert mutes(host, user) == []


def test_the_switches_leave_all_else_that_is_muted(host, user, other, app):
    am.mute(user, verb="shared")
    am.mute(user, verb="liked", actor=other)
    assert switches(app.get(URL)) == {"Likes": True, "Comments": True}
    app.post(URL, [("shown", "liked"), ("shown", "shared"), ("told", "commented on")])
    expected = [("liked", None, None), ("liked", "bob", None), ("shared", None, None)]
    assert sorted(mutes(host, user), key=str) == sorted(expected, key=str)


@on(*EACH_ORM)
def test_answers_scripts_in_json(host, user, app):
    form = [("shown", "liked"), ("shown", "commented on"), ("told", "liked")]
    answer = app.post(URL, form, headers=JSON, status=200)
    assert answer.json == {"kinds": {"liked": True, "commented on": False}}
    assert answer.content_type == "application/json"


@on(*EACH_ORM)
def test_a_form_without_a_kind_does_not_change_it(host, user, app):
    assert app.post(URL, {"told": "liked"}).location == f"http://localhost{URL}?saved=1"
    app.post(URL, {"shown": "no such", "target_link": "/x"})
    assert mutes(host, user) == []


# Labels


@on(*EACH_ORM)
def test_labels_are_translated_by_the_hosts_catalog(host, user, post, monkeypatch):
    monkeypatch.setattr(
        "activitystream.web.translation.RequestWords.gettext",
        lambda self, message: {"Likes": "Mi piace", "shared": "ha condiviso"}.get(message, message),
    )
    am.mute(user, verb="liked")
    am.mute(user, verb="shared")
    host.plug(kinds={"liked": "Likes"})
    assert listed(host.browser(user)) == ["Mi piace", "“ha condiviso”"]


@on(*EACH_ORM)
def test_labels_may_be_lazy(host, user, post):
    host.plug(kinds={"liked": lazy_ugettext("Likes")})
    app = host.browser(user)
    assert switches(app.get(URL)) == {"Likes": True}
    am.create(user, "liked", post)
    host.save()
    assert "Mute Likes" in app.get("/activitystream/").html.text


@on(*EACH_ORM)
@pytest.mark.parametrize("bad", [["liked"], {"": "x"}, {1: "x"}, {"liked": ""}, {"liked": None}, 1])
def test_other_kinds_stop_the_start(host, bad):
    with pytest.raises(TGConfigError, match=r"kinds=…\) takes a dict"):
        host.plug(kinds=bad)


# The page


@on(*EACH_ORM)
def test_the_page_may_be_replaced(host, user):
    def replace(base_config):
        own = "tests.helpers.host.templates.own_settings"
        replace_template(base_config, "activitystream.templates.settings", own)

    am.mute(user, verb="liked")
    host.plug(kinds=KINDS, configure=replace)
    page = host.browser(user).get(URL)
    assert page.html.select_one("title").text == "Own: Notification settings"
    assert [each.text for each in page.html.select("body > ul > li")] == ["Likes"]
    assert page.html.select("form.activitystream-kinds")
    assert "css/page.css" in page.html.select("link")[-1]["href"]
    assert "<title>Own" not in host.browser(user).get("/activitystream/")


@on(*EACH_ORM)
def test_the_hosts_page_of_the_stream_is_not_that_of_the_settings(host, user):
    def replace(base_config):
        own = "tests.helpers.host.templates.own_index"
        replace_template(base_config, "activitystream.templates.index", own)

    host.plug(configure=replace)
    assert "Nothing is muted." in host.browser(user).get(URL)


def test_the_streams_page_links_it(app, user):
    page = app.get("/activitystream/").click("Settings")
    assert page.request.path == URL
    assert not app.get("/activitystream/mine").html.select(".activitystream-settings-link")


@on(*COUNTED)
def test_costs_no_more_for_many_mutes(host, user, app):
    def reads():
        with host.database.queries() as recorded:
            app.get(URL)
        return [host.database.kind_of(query) for query in recorded].count("read")

    am.mute(user, actor=host.user("eve"))
    few = reads()
    for number in range(5):
        am.mute(user, actor=host.user(f"no. {number}"))
    assert reads() == few


# Guards


def test_asks_to_log_in(host, user, other):
    host.plug(kinds=KINDS)
    gone = host.browser(other)
    host.database.delete(host.database.reload(other))
    for browser in (host.browser(), gone):
        assert browser.get(URL, expect_errors=True).status_int in (302, 401)
        assert browser.post(URL, status=401).json["detail"] == "log in first"


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", [*FOREIGN, *FOR_NOBODY, {"Ping-To": "http://x.example/"}])
def test_answers_403_to_other_sites_and_prefetches(host, user, app, headers):
    answer = app.post(URL, {"shown": "liked"}, headers=headers, status=403)
    assert answer.content_type == "application/json"
    assert mutes(host, user) == []


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", OWN)
def test_accepts_the_sites_own_pages(host, user, app, headers):
    app.post(URL, {"shown": "liked"}, headers=headers, status=303)
    assert mutes(host, user) == [("liked", None, None)]


@on(*EACH_ORM)
def test_reading_it_changes_nothing(host, user, app):
    query = urlencode({"shown": "liked"})
    for method in (app.get, app.head):
        assert method(f"{URL}?{query}").status_int == 200
    for method in (app.put, app.delete, app.patch, app.options):
        assert method(f"{URL}?{query}", expect_errors=True).status_int == 405
    assert mutes(host, user) == []


@on(*EACH_ORM)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_rejects_a_body_that_is_not_decoded(host, user, app, kind):
    app.post(URL, '{"shown": "liked"}', content_type=kind, status=400)
    assert mutes(host, user) == []


@on(*EACH_ORM)
def test_rejects_what_is_malformed(host, user):
    host.plug(kinds=KINDS, blueprint={"decode_json_params": True})
    app = host.browser(user)
    for bad in ({"shown": {"$ne": 1}}, {"shown": "liked", "told": [1]}, {"target_link": "//evil"}):
        app.post_json(URL, {"shown": "liked", **bad}, status=400)
    assert mutes(host, user) == []


def test_a_class_without_last_activity_seen_has_none(host, user, other, caplog):
    guest = host.save(host.model.Note())
    action = am.create(other, "invited", recipients=[guest])
    host.save()
    browser = browser_of(host, guest)
    for path in ("mute", "unmute", "settings"):
        form = {"action": str(action._id), "by": "verb"}
        answer = browser.post(f"/activitystream/{path}", form, status=404)
        assert answer.content_type == "application/json"
    assert browser.get(URL, status=404)
    assert "last_activity_seen" in caplog.text
    for path in ("/activitystream/?muted=x", "/activitystream/newest"):
        page = browser.get(path)
        assert not page.html.select(".activitystream-menu, .activitystream-settings-link")


# Menus


def menus(page):
    lines = page.html.select("li")
    return [[b.text for b in each.select(".activitystream-menu button")] for each in lines]


@pytest.mark.parametrize(
    "path", ["/activitystream/", "/activitystream/more", "/activitystream/newest"]
)
def test_each_line_has_a_menu_of_what_it_is_about(host, user, other, post, app, path):
    am.create(user, "joined")
    am.create(other, "followed", host.user("<eve>"))
    am.create(other, "liked", post)
    am.create(host.user("gone"), "shared", host.post("gone, too"))
    host.save()
    host.database.delete(host.model.user_named("gone"))
    host.database.delete(am.get_by_recipient(user).first().entity("target"))
    page = app.get(path)
    assert menus(page) == [
        ["Mute this kind"],
        ["Mute Likes", "Mute bob", "Mute what happens to A post"],
        ["Mute this kind", "Mute bob", "Mute what happens to <eve>"],
        ["Mute this kind", "Mute ann"],
    ]
    summaries = page.html.select("summary")
    assert len(summaries) == 4
    assert {each.select_one(".activitystream-hidden").text for each in summaries} == {"Mute…"}
    ids = [each["value"] for each in page.html.select(".activitystream-mute [name=action]")]
    assert ids == [str(action._id) for action in am.get_by_recipient(user)]


@on(*EACH_ORM)
def test_a_menu_mutes_and_the_line_is_gone(host, user, other, post, app):
    am.create(other, "liked", post)
    am.create(user, "joined")
    host.save()
    page = app.get("/activitystream/?before=")
    form = [form for form in page.forms.values() if form.action.endswith("/mute")][1]
    page = form.submit("by", index=1).follow()
    assert menus(page) == [["Mute this kind", "Mute ann"]]
    assert "Muted: What bob does" in page.html.text


@on(*EACH_ORM)
def test_lists_without_a_reader_have_no_menus(host, user, post, app):
    am.create(user, "liked", post)
    host.save()
    for path in ("/activitystream/mine", "/listed", "/listed?marked=1", "/profile?name=ann"):
        page = app.get(path)
        assert page.html.select("li")
        assert not page.html.select("details, [action$=mute]")


@on(*EACH_ORM)
def test_needs_no_static_files(host, user, post):
    am.create(user, "liked", post)
    host.plug(plug_statics=False)
    page = host.browser(user).get("/activitystream/")
    assert page.html.select_one("summary").text == "Mute…"
    assert not page.html.select("[hx-post], svg")
