"""The stream and the count for scripts: /activitystream/stream.json and unseen.json."""

from datetime import timedelta

import pytest

from activitystream import am
from activitystream.model import clock
from tests.helpers.databases import COUNTED, EACH_ORM, on


@pytest.fixture(params=[False, True], ids=["extensions", "no extensions"])
def app(request, host, user):
    host.plug(blueprint={"disable_request_extensions": request.param})
    return host.browser(user)


TERMS = "https://pypi.org/project/tgapp-activitystream/"


def items(answer):
    return answer.json["orderedItems"]


def test_is_a_page_of_activitystreams(host, user, other, post, app):
    note = host.save(host.model.Note(secret="hunter2"))
    action = am.create(other, "commented", post, note, recipients=[user])
    answer = app.get("/activitystream/stream.json")
    assert answer.content_type == "application/activity+json"
    assert answer.json == {
        "@context": [
            "https://www.w3.org/ns/activitystreams",
            {"seen": f"{TERMS}#seen", "read": f"{TERMS}#read"},
        ],
        "id": "http://localhost/activitystream/stream.json",
        "type": "OrderedCollectionPage",
        "partOf": "http://localhost/activitystream/stream.json",
        "orderedItems": [
            {
                "id": f"http://localhost/activitystream/stream.json#{action._id}",
                "type": "Activity",
                "summary": "bob commented Note A post",
                "published": f"{clock.as_text(action.timestamp)}Z",
                "actor": {"type": "Object", "name": "bob"},
                "object": {"type": "Object", "name": "Note"},
                "target": {
                    "type": "Object",
                    "name": "A post",
                    "url": f"http://localhost/post/{post._id}",
                },
                "seen": False,
                "read": False,
            }
        ],
    }


def test_an_action_without_object_is_intransitive(user, app):
    am.create(user, "joined")
    (item,) = items(app.get("/activitystream/stream.json"))
    assert item["type"] == "IntransitiveActivity"
    assert set(item) == {"id", "type", "summary", "published", "actor", "seen", "read"}


def test_next_continues_where_the_page_ended(host, user, app):
    for number in range(60):
        am.create(user, f"no. {number}")
    answer = app.get("/activitystream/stream.json")
    summaries = []
    pages = 0
    while answer:
        summaries += [item["summary"] for item in items(answer)]
        am.create(user, "came meanwhile")
        assert answer.json["partOf"] == "http://localhost/activitystream/stream.json"
        following = answer.json.get("next")
        answer = following and app.get(following)
        if answer:
            assert answer.json["id"] == following
        pages += 1
    assert summaries == [f"ann no. {number}" for number in range(59, -1, -1)]
    assert pages == 3


def test_shows_only_the_users_own_stream(host, user, other, app):
    am.create(user, "for bob", recipients=[other])
    assert items(app.get("/activitystream/stream.json")) == []


def test_a_deleted_entity_is_a_tombstone(host, user, other, post, app):
    note = host.save(host.model.Note(secret="x"))
    am.create(other, "liked", post, note, recipients=[user])
    for entity in (other, post, note):
        host.database.delete(entity)
    host.database.forget()
    (item,) = items(app.get("/activitystream/stream.json"))
    assert item["actor"] == {"type": "Tombstone", "name": "bob"}
    assert item["object"] == {"type": "Tombstone", "name": "deleted"}
    assert item["target"] == {"type": "Tombstone", "name": "A post"}


def test_uses_the_as_activitystreams_of_an_entity(host, user, post, app, monkeypatch):
    am.create(user, "liked", post)
    monkeypatch.setattr(
        host.model.Post,
        "as_activitystreams",
        property(lambda self: {"type": "Article", "name": f"An article: {self.title}"}),
        raising=False,
    )
    (item,) = items(app.get("/activitystream/stream.json"))
    assert item["target"] == {"type": "Article", "name": "An article: A post"}


def test_the_summary_is_html_and_the_names_are_text(host, user, app):
    am.create(host.user("<b>&"), "liked", host.post("<i>"), recipients=[user])
    (item,) = items(app.get("/activitystream/stream.json"))
    assert item["summary"] == "&lt;b&gt;&amp; liked &lt;i&gt;"
    assert item["actor"]["name"] == "<b>&"


def test_says_what_is_seen_and_read(host, user, app):
    for verb in ("one", "two", "three"):
        am.create(user, verb)
    _, two, one = am.get_by_recipient(user)
    am.mark_read(user, one)
    am.mark_unread(user, two)
    answer = app.get("/activitystream/stream.json")
    assert [(item["seen"], item["read"]) for item in items(answer)] == [
        (False, False),
        (True, False),
        (True, True),
    ]
    am.mark_all_read(host.database.reload(user))
    answer = app.get("/activitystream/stream.json")
    assert {(item["seen"], item["read"]) for item in items(answer)} == {(True, True)}


def test_answers_304_until_the_count_changes(host, user, app):
    answer = app.get("/activitystream/unseen.json")
    assert (answer.content_type, answer.json) == ("application/json", {"unseen": 0, "more": False})
    asked_again = {"If-None-Match": answer.headers["ETag"]}
    assert app.get("/activitystream/unseen.json", headers=asked_again, status=304).body == b""
    action = am.create(user, "joined")
    action.timestamp -= timedelta(seconds=1)
    host.save(action)
    answer = app.get("/activitystream/unseen.json", headers=asked_again)
    assert answer.json == {"unseen": 1, "more": False}
    asked_again = {"If-None-Match": answer.headers["ETag"]}
    am.mark_seen(user)
    answer = app.get("/activitystream/unseen.json", headers=asked_again)
    assert answer.json == {"unseen": 0, "more": False}


def test_counts_up_to_100_and_whether_there_are_more(host, user, app):
    am.create_many({"actor": user, "verb": "joined"} for _ in range(99))
    host.save()
    etags = []
    for expected in (
        {"unseen": 99, "more": False},
        {"unseen": 100, "more": False},
        {"unseen": 100, "more": True},
    ):
        answer = app.get("/activitystream/unseen.json")
        assert answer.json == expected
        etags.append(answer.headers["ETag"])
        am.create(host.database.reload(user), "joined")
    assert len(set(etags)) == 3
    many = app.get("/activitystream/unseen.json")
    assert (many.json, many.headers["ETag"]) == ({"unseen": 100, "more": True}, etags[-1])


@on(*COUNTED)
def test_counts_no_further_than_it_shows(host, user, app):
    am.create_many({"actor": user, "verb": "joined"} for _ in range(300))
    host.save()
    with host.database.queries() as queries:
        assert app.get("/activitystream/unseen.json").json["more"] is True
    asked = [str(getattr(each, "command", each)) for each in queries]
    *_, count = [each for each in asked if "activity_stream" in each]
    assert "101" in count


@on(*EACH_ORM)
@pytest.mark.parametrize("path", ["stream.json", "unseen.json"])
@pytest.mark.parametrize("accept", ["text/html", "application/json", "image/png", "*/*", ""])
def test_answers_json_whatever_the_request_accepts(user, app, path, accept):
    answer = app.get(f"/activitystream/{path}", headers={"Accept": accept})
    assert answer.json is not None
    assert answer.content_type in ("application/activity+json", "application/json")
