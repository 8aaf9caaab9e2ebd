"""/activitystream/mute and /activitystream/unmute, as pages, scripts and attackers call them."""

from urllib.parse import urlencode
from uuid import UUID

import pytest

from activitystream import am
from tests.helpers.databases import COUNTED, EACH_ORM, UUIDS, on
from tests.web.test_links import EVIL
from tests.web.test_read import JSON
from tests.web.test_see import FOR_NOBODY, FOREIGN, OWN

MUTE, UNMUTE = "/activitystream/mute", "/activitystream/unmute"

HTMX = {"HX-Request": "true"}

#: As long as the digest of a mute.
ZEROS = "0" * 64


@pytest.fixture
def action(host, user, other, post):
    """Store that Bob liked a post, then that Ann shared it, for everyone; return the first."""
    action = am.create(other, "liked", post)
    am.create(user, "shared", post)
    host.save()
    return action


def mute(app, action, by, headers=None, status=303, **parameters):
    form = {"action": str(action._id), "by": by, **parameters}
    return app.post(MUTE, form, headers=headers or {}, status=status)


def mutes(host, user):
    host.database.end_request()
    return [
        (each.verb, each.actor and each.actor.as_str, each.target and each.target.as_str)
        for each in am.mutes_of(host.database.reload(user))
    ]


MUTED = {
    "verb": ("liked", None, None),
    "actor": (None, "bob", None),
    "target": (None, None, "A post"),
}

LEFT = {"verb": ["shared"], "actor": ["shared"], "target": []}


@pytest.mark.parametrize("by", MUTED)
def test_mutes_what_an_action_is_about_and_takes_it_back(host, user, app, action, by):
    mute(app, action, by)
    assert mutes(host, user) == [MUTED[by]]
    assert host.verbs(user) == LEFT[by]
    mute(app, action, by)  # which the stream does not show any more
    assert mutes(host, user) == [MUTED[by]]
    for _ in range(2):
        app.post(UNMUTE, {"action": str(action._id), "by": by}, status=303)
        assert mutes(host, user) == []
    assert len(host.verbs(user)) == 2


@pytest.mark.parametrize("by", MUTED)
def test_unmutes_by_the_digest_in_the_answer(host, user, other, app, action, by):
    am.mute(user, verb="else")
    am.mute(other, **{by: {"verb": "liked", "actor": other, "target": action.entity("target")}[by]})
    answer = mute(app, action, by, headers=JSON, status=200)
    assert len(mutes(host, user)) == 2
    for _ in range(2):
        app.post(UNMUTE, {"mute": answer.json["mute"]}, status=303)
        assert mutes(host, user) == [("else", None, None)]
    assert mutes(host, other) == [MUTED[by]]


@on(*UUIDS)
@pytest.mark.parametrize(
    ("kind", "key"), [("Numbered", 7), ("Coded", "é 7"), ("Unique", UUID(int=7))]
)
def test_takes_back_by_a_digest_whatever_the_key(host, user, app, kind, key):
    entity = host.save(getattr(host.model, kind)(_id=key))
    action = am.create(user, "named", entity)
    host.save()
    digest = mute(app, action, "target", headers=JSON, status=200).json["mute"]
    assert host.verbs(user) == []
    (listed,) = am.mutes_of(host.database.reload(user))
    assert listed.digest == digest
    app.post(UNMUTE, {"mute": digest})
    assert host.verbs(user) == ["named"]


def test_takes_back_a_mute_of_somebody_deleted_since(host, user, other, app, action):
    digest = mute(app, action, "actor", headers=JSON, status=200).json["mute"]
    host.database.delete(host.database.reload(other))
    app.post(UNMUTE, {"mute": digest})
    assert host.verbs(user) == ["shared", "liked"]


@on(*EACH_ORM)
def test_answers_scripts_in_json(host, user, app, action):
    answer = mute(app, action, "actor", headers=JSON, status=200)
    assert answer.content_type == "application/json"
    assert answer.json == {"mute": am.mutes_of(user)[0].digest, "words": "What bob does"}
    assert "no-store" in answer.headers["Cache-Control"]
    answer = app.post(UNMUTE, {"mute": answer.json["mute"]}, headers=JSON)
    assert answer.json == {"mute": None, "words": None}


@on(*EACH_ORM)
def test_answers_htmx_with_what_takes_the_place_of_the_line(host, user, app, action):
    answer = mute(app, action, "actor", headers=HTMX, status=200)
    muted = answer.html.select_one(".activitystream-muted")
    assert muted.select_one("span").text == muted["aria-label"] == "Muted: What bob does"
    answer.form.submit()
    assert mutes(host, user) == []
    boosted = {**HTMX, "HX-Boosted": "true"}
    assert mute(app, action, "verb", headers=boosted).location.startswith("http://localhost/")


@on(*EACH_ORM)
def test_the_page_then_tells_of_it_and_leads_to_where_it_is_undone(host, user, app, action):
    page = mute(app, action, "actor", target_link="/activitystream/?unread=1").follow()
    assert "unread=1&" in page.request.url
    (notice,) = page.html.select(".activitystream-notice")
    assert notice.text == "Muted: What bob does Undo"
    digest = am.mutes_of(user)[0].digest
    assert notice.a["href"] == f"/activitystream/settings#mute-{digest}"
    app.get(notice.a["href"]).html.select_one(f"#mute-{digest} button")
    again = mute(app, action, "verb", target_link=page.request.path_qs).follow()
    assert again.request.url.count("muted=") == 1
    assert "Muted: “liked”" in again.html.select_one(".activitystream-notice").text


@on(*EACH_ORM)
@pytest.mark.parametrize("muted", ["", "x", ZEROS, "theirs", "twice"])
def test_the_page_tells_of_no_other_mute(host, user, other, app, action, muted):
    am.mute(other, verb="liked")
    theirs = am.mutes_of(other)[0].digest
    queries = {"theirs": f"muted={theirs}", "twice": f"muted={theirs}&muted={theirs}"}
    page = app.get(f"/activitystream/?{queries.get(muted, f'muted={muted}')}")
    assert not page.html.select(".activitystream-notice")


@on(*EACH_ORM)
def test_goes_to_the_link(host, user, app, action):
    assert mute(app, action, "verb", target_link="/x?y=1").location == "http://localhost/x?y=1"
    below = host.browser(user, SCRIPT_NAME="/app")
    page = mute(below, action, "verb", target_link="/app/activitystream/")
    assert page.location.startswith("http://localhost/app/activitystream/?muted=")
    for form in ({"mute": ZEROS}, {"action": str(action._id), "by": "verb"}):
        answer = app.post(UNMUTE, {**form, "target_link": "/x"})
        assert answer.location == "http://localhost/x"
        assert app.post(UNMUTE, form).location == "http://localhost/activitystream/"


@pytest.mark.parametrize("headers", [{}, JSON, HTMX])
def test_answers_alike_for_a_private_and_a_missing_action(host, user, other, app, headers):
    private = am.create(other, "whispered", host.post("secret"), recipients=[other])
    host.save()
    answers = []
    for key in (private._id, host.database.unknown_key):
        for url in (MUTE, UNMUTE):
            form = {"action": str(key), "by": "actor"}
            answer = app.post(url, form, headers=headers)
            answers.append((answer.status_int, answer.location, answer.text))
    assert answers[:2] == answers[2:]
    assert mutes(host, user) == []
    if headers is JSON:
        assert answers[0][2] == '{"mute": null, "words": null}'
    if headers is HTMX:
        assert "This is gone." in answers[0][2]
        assert "form" not in answers[0][2]


@on(*EACH_ORM)
@pytest.mark.parametrize("by", ["actor", "target"])
def test_a_missing_or_deleted_entity_mutes_nothing(host, user, other, post, app, by):
    bare, full = am.create(user, "joined"), am.create(other, "liked", post)
    host.save()
    host.database.delete(host.database.reload(post))
    host.database.delete(host.database.reload(other))
    for action in (full, bare) if by == "target" else (full,):
        assert mute(app, action, by, headers=JSON, status=200).json["mute"] is None
    assert mutes(host, user) == []


def test_mutes_what_is_for_an_audience(host, user, other):
    team = host.post("the team")
    host.plug(audiences=lambda user: [team])
    app = host.browser(user)
    action = am.create(other, "cheered", recipients=[team])
    host.save()
    mute(app, action, "verb")
    assert mutes(host, user) == [("cheered", None, None)]
    assert "cheered" not in app.get("/activitystream/")


@on(*EACH_ORM)
def test_nobody_learns_that_they_are_muted(host, user, other, app, action):
    def shown():
        pages = map(host.browser(other).get, ("/activitystream/", "/activitystream/settings"))
        return [page.html.text for page in pages]

    before = shown()
    mute(app, action, "actor")
    assert shown() == before


@on(*EACH_ORM)
def test_the_thousand_and_first_is_refused(host, user, app, action, monkeypatch):
    monkeypatch.setattr("activitystream.lib.mutes.MOST_MUTES", 1)
    mute(app, action, "verb")
    assert "unmute something first" in mute(app, action, "actor", status=400).json["detail"]
    assert mutes(host, user) == [MUTED["verb"]]


# Guards


@on(*EACH_ORM)
@pytest.mark.parametrize("link", [link for link in EVIL if link.isprintable()], ids=ascii)
def test_never_leads_to_another_site(host, user, app, action, link):
    am.mute(user, verb="kept")
    kept = am.mutes_of(user)[0].digest
    for url, form in ((MUTE, {"action": action._id, "by": "verb"}), (UNMUTE, {"mute": kept})):
        body = urlencode({**form, "target_link": link})
        for headers in ({}, JSON, HTMX):
            assert "Location" not in app.post(url, body, headers=headers, status=400).headers
    assert mutes(host, user) == [("kept", None, None)]


BAD_OF_BOTH = [
    "action=ID",
    "action=ID&by=",
    "action=ID&by=role",
    "action=ID&by=action_obj",
    "action=ID&by=verb&by=actor",
    "by=verb",
    "action=&by=verb",
    "action=x&by=verb",
    "action=ID&action=ID&by=verb",
    "action=%00&by=verb",
    "action=ID&by=verb&target_link=/a&target_link=/b",
]


@on(*EACH_ORM)
@pytest.mark.parametrize(
    ("url", "form"),
    [
        *((url, form) for url in (MUTE, UNMUTE) for form in BAD_OF_BOTH),
        (MUTE, ""),
        (UNMUTE, ""),
        (UNMUTE, "mute="),
        (UNMUTE, "mute=x"),
        (UNMUTE, f"mute={ZEROS}0"),
        (UNMUTE, f"mute={ZEROS}&mute={ZEROS}"),
        (UNMUTE, f"mute={ZEROS}&by=verb"),
        (UNMUTE, f"mute={ZEROS}&action=ID"),
    ],
)
def test_rejects_what_is_malformed_and_changes_nothing(host, user, app, action, url, form):
    am.mute(user, verb="liked")
    answer = app.post(url, form.replace("ID", str(action._id)), status=400)
    assert answer.json["detail"]
    assert mutes(host, user) == [MUTED["verb"]]


@on(*EACH_ORM)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-y"])
def test_rejects_a_body_that_is_not_decoded(host, user, app, action, kind):
    for url in (MUTE, UNMUTE):
        body = f'{{"action": "{action._id}", "by": "verb"}}'
        assert "form" in app.post(url, body, content_type=kind, status=400).json["detail"]


@on(*EACH_ORM)
def test_accepts_json_if_the_host_decodes_it(host, user, action):
    host.plug(blueprint={"decode_json_params": True})
    app = host.browser(user)
    app.post_json(MUTE, {"action": str(action._id), "by": "verb"}, headers=JSON)
    assert mutes(host, user) == [MUTED["verb"]]
    for bad in ({"mute": {"$ne": 1}}, {"action": str(action._id), "by": {"$ne": 1}}, {"mute": 1}):
        app.post_json(UNMUTE, bad, status=400)
    assert mutes(host, user) == [MUTED["verb"]]


@pytest.mark.parametrize("url", [MUTE, UNMUTE])
def test_only_post_changes_anything(host, user, app, action, url):
    query = urlencode({"action": action._id, "by": "verb"})
    for method in (app.get, app.head, app.put, app.delete, app.patch, app.options):
        assert method(f"{url}?{query}", expect_errors=True).status_int == 405
    assert mutes(host, user) == []


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", [*FOREIGN, *FOR_NOBODY, {"Ping-To": "http://x.example/"}])
def test_answers_403_to_other_sites_and_prefetches(host, user, app, action, headers):
    for url in (MUTE, UNMUTE):
        form = {"action": str(action._id), "by": "verb"}
        answer = app.post(url, form, headers=headers, status=403)
        assert answer.content_type == "application/json"
        assert "no-store" in answer.headers["Cache-Control"]
    assert mutes(host, user) == []


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", OWN)
def test_accepts_the_sites_own_pages(host, user, app, action, headers):
    mute(app, action, "verb", headers=headers)
    assert mutes(host, user) == [MUTED["verb"]]


def test_answers_401_without_a_stored_user(host, user, other, action):
    gone = host.browser(other)
    host.database.delete(host.database.reload(other))
    for browser in (host.browser(), gone):
        for url in (MUTE, UNMUTE):
            assert browser.post(url, status=401).json["detail"] == "log in first"


def test_answers_401_to_a_user_deleted_meanwhile(host, user, app, action, monkeypatch):
    found = host.database.reload(user)
    host.database.delete(host.database.reload(user))
    monkeypatch.setattr(f"{host.model.__name__}.user_named", lambda name: found)
    assert "deleted" in mute(app, action, "verb", status=401).json["detail"]


@on(*COUNTED)
def test_a_repeated_mute_costs_no_more(host, user, app, action):
    mute(app, action, "actor")
    with host.database.queries() as recorded:
        mute(app, action, "actor")
    assert [host.database.kind_of(query) for query in recorded].count("read") <= 5
