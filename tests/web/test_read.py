"""/activitystream/read, the action of /see, and what the page and the bell show as unread."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
import tg

from activitystream import am
from tests.helpers.databases import COUNTED, EACH_ORM, on
from tests.web.test_links import EVIL
from tests.web.test_see import FOR_NOBODY, FOREIGN, OWN

URL = "/activitystream/read"

JSON = {"Accept": "application/json"}


@pytest.fixture
def actions(host, user, post):
    """Store three new actions; return them, newest first."""
    for seconds, verb in enumerate(("newest", "middle", "oldest")):
        action = am.create(user, verb, post)
        action.timestamp -= timedelta(seconds=seconds)
        host.save(action)
    return am.get_by_recipient(user).all()


def read(app, *actions, headers=None, status=303, **parameters):
    given = [("action", str(each._id)) for each in actions]
    return app.post(URL, [*given, *parameters.items()], headers=headers or {}, status=status)


def unread(host, user):
    host.database.end_request()
    return [action.verb for action in am.get_by_recipient(host.database.reload(user)).unread()]


def test_marks_one_as_read_and_returns_to_the_page(host, user, app, actions):
    assert read(app, actions[1]).location == "http://localhost/activitystream/"
    assert unread(host, user) == ["newest", "oldest"]
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 2


def test_marks_several(host, user, app, actions):
    read(app, actions[0], actions[2])
    assert unread(host, user) == ["middle"]
    read(app, *actions, unread="1")
    assert unread(host, user) == ["newest", "middle", "oldest"]


def test_marks_one_as_unread_again(host, user, app, actions):
    am.mark_all_read(user)
    read(app, actions[1], unread="1")
    assert unread(host, user) == ["middle"]
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 0


def test_marks_all_or_those_up_to_a_time(host, user, app, actions):
    read(app, until=actions[1].timestamp.isoformat(timespec="milliseconds"))
    assert unread(host, user) == ["newest"]
    read(app)
    assert unread(host, user) == []


def test_answers_scripts_in_json(host, user, app, actions):
    answer = read(app, actions[0], headers=JSON, status=200)
    assert (answer.content_type, answer.json) == ("application/json", {"unread": 2, "more": False})
    assert "no-store" in answer.headers["Cache-Control"]
    am.create_many({"actor": user, "verb": "did"} for _ in range(100))
    host.save()
    assert read(app, actions[0], headers=JSON, status=200).json == {"unread": 100, "more": True}


@on(*EACH_ORM)
@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("application/json, text/html;q=0.9", 200),
        ("application/json, text/javascript, */*; q=0.01", 200),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 303),
        ("*/*", 303),
        ("", 303),
        ("image/png", 303),
    ],
)
def test_answers_json_only_if_it_is_preferred(app, actions, accept, status):
    read(app, actions[0], headers={"Accept": accept}, status=status)


@pytest.fixture
def json_app(host, user):
    host.plug(blueprint={"decode_json_params": True})
    return host.browser(user)


def test_accepts_json_if_the_host_decodes_it(host, user, json_app, actions):
    ids = [str(actions[0]._id), str(actions[1]._id)]
    json_app.post_json(URL, {"action": ids}, headers=JSON)
    assert unread(host, user) == ["oldest"]


@on(*EACH_ORM)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-y"])
def test_a_body_that_is_not_decoded_does_not_mark_all(host, user, app, actions, kind):
    body = f'{{"action": "{actions[0]._id}"}}'
    answer = app.post(URL, body, content_type=kind, status=400)
    assert "form" in answer.json["detail"]
    assert len(unread(host, user)) == 3


def test_goes_to_the_link(host, user, app, actions):
    assert read(app, actions[0], target_link="/x").location == "http://localhost/x"
    below = host.browser(user, SCRIPT_NAME="/app")
    link = "/app/activitystream/?unread=1"
    assert read(below, actions[0], target_link=link).location == f"http://localhost{link}"


@on(*EACH_ORM)
@pytest.mark.parametrize("link", [link for link in EVIL if link.isprintable()], ids=ascii)
def test_never_leads_to_another_site(host, user, app, actions, link):
    form = urlencode({"target_link": link, "action": actions[0]._id})
    for headers in ({}, JSON):
        assert "Location" not in app.post(URL, form, headers=headers, status=400).headers
    assert len(unread(host, user)) == 3


@on(*EACH_ORM)
@pytest.mark.parametrize(
    "form",
    [
        "action=",
        "action=x",
        "action=ID&action=x",
        "action=ID&action=",
        "action=1.5",
        "action=-1",
        "action=%00",
        "action=%7B%22%24ne%22%3A1%7D",
        "unread=1",
        "action=ID&unread=2",
        "action=ID&unread=1&unread=1",
        "action=ID&until=yesterday",
        "action=ID&target_link=/a&target_link=/b",
        "until=x",
        "&".join(["action=ID"] * 101),
    ],
)
def test_rejects_what_is_malformed_and_marks_nothing(host, user, app, actions, form):
    answer = app.post(URL, form.replace("ID", str(actions[0]._id)), status=400)
    assert answer.json["detail"]
    assert len(unread(host, user)) == 3
    assert host.database.reload(user).last_activity_seen is None


@on(*EACH_ORM)
@pytest.mark.parametrize(
    "body", [{"action": []}, {"action": {"$ne": 1}}, {"action": [["x"]]}, {"action": True}, []]
)
def test_rejects_malformed_json(host, user, json_app, actions, body):
    json_app.post_json(URL, body, status=400)
    assert len(unread(host, user)) == 3


def test_only_post_marks(host, user, app, actions):
    for method in (app.get, app.head, app.put, app.delete, app.patch, app.options):
        assert method(URL, expect_errors=True).status_int == 405
    assert len(unread(host, user)) == 3


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", [*FOREIGN, *FOR_NOBODY, {"Ping-To": "http://x.example/"}])
def test_answers_403_to_other_sites_and_prefetches(host, user, app, actions, headers):
    answer = app.post(URL, headers=headers, status=403)
    assert answer.content_type == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
    assert len(unread(host, user)) == 3


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", OWN)
def test_accepts_the_sites_own_pages(host, user, app, actions, headers):
    read(app, headers=headers)
    assert unread(host, user) == []


def test_answers_401_without_a_stored_user(host, user, other, actions):
    gone = host.browser(other)
    host.database.delete(other)
    for browser in (host.browser(), gone):
        assert browser.post(URL, status=401).json["detail"] == "log in first"
    assert len(unread(host, user)) == 3


def test_answers_401_to_a_user_deleted_meanwhile(host, user, app, actions, monkeypatch):
    found = host.database.reload(user)
    host.database.delete(host.database.reload(user))
    monkeypatch.setattr(f"{host.model.__name__}.user_named", lambda name: found)
    assert app.post(URL, status=401).json["detail"] == "this User is not stored any more"


def test_calls_the_hook(host, user, app, actions):
    told = []
    tg.hooks.register(
        "activitystream.after_read",
        lambda who, which, is_read: told.append((which and [a.verb for a in which], is_read)),
    )
    read(app, actions[0])
    read(app, actions[1], unread="1")
    read(app)
    assert told == [(["newest"], True), (["middle"], False), (None, True)]


def test_marks_what_is_for_an_audience(host, user, other):
    team = host.post("the team")
    host.plug(audiences=lambda user: [team])
    app = host.browser(user)
    action = am.create(other, "cheered", recipients=[team])
    for page in (app.get("/activitystream/?unread=1"), app.post("/activitystream/newest")):
        assert "cheered" in page
    read(app, action)
    assert "cheered" not in app.get("/activitystream/?unread=1")


@on(*COUNTED)
def test_looks_several_up_together(host, user, app, actions):
    def reads(*given):
        with host.database.queries() as recorded:
            read(app, *given)
        return [host.database.kind_of(query) for query in recorded].count("read")

    read(app, actions[0])
    assert reads(*actions) == reads(actions[0])


# /see


def see(app, action_id, **parameters):
    return app.get("/activitystream/see", {"target_link": "/x", "action": action_id, **parameters})


def test_following_a_line_reads_it(host, user, app, actions):
    page = app.get("/activitystream/")
    page.click("A post", index=1)
    assert unread(host, user) == ["newest", "oldest"]
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 0


def test_an_unknown_action_is_passed_over(host, user, other, app, actions):
    private = am.create(other, "private", recipients=[other])
    for each in (private._id, host.database.unknown_key):
        assert see(app, each).location == "http://localhost/x"
    assert len(unread(host, user)) == 3
    assert am.count_unread_by_recipient(host.database.reload(other)) == 4


@on(*EACH_ORM)
@pytest.mark.parametrize("bad", ["", "x", "-1", "\0"])
def test_a_malformed_action_marks_nothing(host, user, app, actions, bad):
    app.get("/activitystream/see", {"action": bad}, status=400)
    assert host.database.reload(user).last_activity_seen is None


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", FOREIGN)
def test_links_on_other_sites_read_nothing(host, user, app, actions, headers):
    app.get("/activitystream/see", {"action": actions[0]._id}, headers=headers)
    assert len(unread(host, user)) == 3


# What is shown


def dots(page):
    return [
        bool(line.select(".activitystream-dot:not([hidden])")) for line in page.html.select("li")
    ]


def buttons(page):
    lines = page.html.select("li")
    return [
        [b.text for b in each.select(".activitystream-toggle button:not([hidden])")]
        for each in lines
    ]


@pytest.mark.parametrize("path", ["/activitystream/", "/activitystream/newest"])
def test_each_line_says_whether_it_is_read(host, user, app, actions, path):
    am.mark_read(user, actions[1])
    page = app.get(path)
    assert dots(page) == [True, False, True]
    assert buttons(page) == [["Mark as read"], ["Mark as unread"], ["Mark as read"]]
    assert "unread" in page.html.select_one(".activitystream-dot").text


def test_the_button_toggles_read(host, user, app, actions):
    for expected in (["newest", "oldest"], ["newest", "middle", "oldest"]):
        page = app.get("/activitystream/")
        form = [form for form in page.forms.values() if "unread" in form.fields][1]
        name, value = ("unread", "1") if len(expected) == 3 else ("", "")
        submitted = [*((n, v) for n, v in form.submit_fields() if n != "unread")]
        answer = app.post(form.action, [*submitted, *([(name, value)] if name else [])])
        assert answer.location == "http://localhost/activitystream/"
        assert unread(host, user) == expected


def test_the_unread_are_a_page_of_their_own(host, user, app):
    am.create_many({"actor": user, "verb": f"no. {number}"} for number in range(60))
    host.save()
    stream = am.get_by_recipient(user)
    am.mark_read(user, [action for action in stream if int(action.verb[4:]) % 2])
    page = app.get("/activitystream/").click("Unread")
    assert [a.text for a in page.html.select("[aria-current=page]")] == ["Unread"]
    older = page.html.select_one(".activitystream-older a")["hx-get"]
    rest = page.click("Load more")
    told = [line.text for each in (page, rest) for line in each.html.select(".activitystream-line")]
    assert told == [f"ann no. {number}" for number in range(58, -1, -2)]
    assert dots(app.get(older)) == [True] * 5
    assert {form["target_link"].value for form in page.forms.values()} == {
        "/activitystream/?unread=1"
    }
    (mark_all,) = [f for f in page.forms.values() if f.action == URL and "action" not in f.fields]
    page = mark_all.submit().follow()
    assert page.request.url.endswith("?unread=1")
    assert "Nothing is unread." in page
    assert len(page.click("All").html.select("li")) == 25


@on(*EACH_ORM)
@pytest.mark.parametrize("odd", ["unread=0", "unread=", "unread=x", "unread=1&unread=1"])
def test_any_other_filter_shows_all(app, user, actions, odd):
    am.mark_all_read(user)
    assert len(app.get(f"/activitystream/?{odd}").html.select("li")) == 3


def test_the_page_does_not_offer_to_mark_what_the_bell_marked(app, user, actions):
    app.post("/activitystream/newest")
    page = app.get("/activitystream/?new_since=")
    assert len(page.html.select(".activitystream-badge")) == 3
    assert "Mark all as seen" not in page
    assert "Mark all as read" in page


def test_a_list_of_the_hosts_has_dots_and_no_buttons(host, app, user, actions):
    am.mark_read(user, actions[0])
    page = app.get("/listed?marked=1")
    assert dots(page) == [False, True, True]
    assert not page.html.select("li form")
    assert not any(dots(app.get("/listed")))
