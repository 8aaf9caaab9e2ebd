"""/activitystream/ajax_update_last_seen_of_a_recipient."""

import uuid
from datetime import datetime, timedelta

import pytest

from activitystream import am
from tests.helpers.databases import COUNTED, EACH_ORM, MING, UUIDS, on
from tests.web.test_see import FOR_NOBODY, FOREIGN, OWN

URL = "/activitystream/ajax_update_last_seen_of_a_recipient"

LONG_AGO = datetime(2020, 1, 1, 12, 30)


def seen(host, entity):
    return host.database.reload(entity).last_activity_seen


def call(app, **parameters):
    headers = parameters.pop("headers", {})
    answer = app.post(URL, parameters, headers=headers, expect_errors=True)
    assert answer.content_type == "application/json"
    return answer


def named(entity, **parameters):
    return {"_type": type(entity).__name__, "_id": str(entity._id), **parameters}


@pytest.fixture
def friends(host):
    """Let anybody update bob and what isn't a user."""

    def may_update(user, recipient):
        return getattr(recipient, "user_name", "bob") == "bob" and user.user_name == "ann"

    host.plug(may_update=may_update, blueprint={"decode_json_params": True})


def test_marks_the_user_and_returns_the_previous_value(host, user, app):
    assert call(app).json == {"last_activity_seen": None}
    before = seen(host, user)
    assert before is not None
    assert call(app).json == {"last_activity_seen": str(before)}


def test_encodes_the_date_as_turbogears_does(host, user, app):
    am.mark_seen(user, until=LONG_AGO)
    assert call(app).json == {"last_activity_seen": "2020-01-01 12:30:00"}


def test_accepts_get_as_release_0_1_1_did(host, user, app):
    assert app.get(URL).json == {"last_activity_seen": None}
    assert seen(host, user) is not None


def test_rejects_other_methods(host, user, app):
    for method in (app.put, app.delete, app.patch):
        assert method(URL, expect_errors=True).status_int == 405
    assert seen(host, user) is None


def test_marks_no_further_than_until(host, user, app):
    call(app, until="2020-01-01T12:30:00.000")
    assert seen(host, user) == LONG_AGO
    call(app, until="2999-01-01T12:30:00.000")
    assert LONG_AGO < seen(host, user) < datetime(2998, 1, 1)


def test_accepts_the_users_own_type_and_key(host, user, app):
    assert call(app, **named(user)).json == {"last_activity_seen": None}
    assert seen(host, user) is not None


def test_accepts_the_name_of_the_class_or_its_base(host):
    admin = host.save(host.model.Admin(user_name="root"))
    app = host.browser(admin)
    assert call(app, **named(admin)).status_int == 200
    assert call(app, **named(admin, _type="User")).status_int == 200


def test_never_marks_another_user(host, user, other, app):
    assert call(app, **named(other)).status_int == 404
    assert seen(host, other) is None


@pytest.mark.parametrize("may_update", [None, lambda user, recipient: False], ids=["own", "asked"])
def test_never_reveals_whether_a_user_exists(host, user, other, may_update):
    numbered = host.save(host.model.Numbered(_id=7))
    host.plug(may_update=may_update)
    unknown = {"_type": "User", "_id": host.database.unknown_key}
    deleted = host.user("gone")
    named_deleted = named(deleted)
    host.database.delete(deleted)
    names = [unknown, named_deleted, named(other), named(numbered), named(numbered, _id="8")]
    browser = host.browser(user)
    answers = [call(browser, **each) for each in [*names, named(other, _type="Nonsense")]]
    assert {answer.status_int for answer in answers} == {404}
    assert len({answer.body for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert (seen(host, user), seen(host, other), seen(host, numbered)) == (None, None, None)


@on(*COUNTED)
def test_does_the_same_work_whether_or_not_a_user_exists(host, user, other, app):
    queries = []
    for name in ({"_type": "User", "_id": host.database.unknown_key}, named(other)):
        with host.database.queries() as recorded:
            assert call(app, **name).status_int == 404
        queries.append([host.database.kind_of(each) for each in recorded])
    assert queries[0] == queries[1]


@on(*MING)
def test_never_reveals_a_second_entity_of_a_name(host, user):
    number, text = host.save(host.model.Unique(_id=7), host.model.Unique(_id="7"))
    for allowed, status in (((), 404), ((7,), 200), ((7, "7"), 400)):
        host.plug(may_update=lambda user, recipient, allowed=allowed: recipient._id in allowed)
        assert call(host.browser(user), **named(number)).status_int == status
    assert (seen(host, number) is None, seen(host, text)) == (False, None)


def test_marks_another_user_if_may_update_allows_it(host, user, other, friends):
    third = host.user("cec")
    app = host.browser(user)
    assert call(app, **named(other)).json == {"last_activity_seen": None}
    assert seen(host, other) is not None
    assert call(app, **named(third)).status_int == 404
    assert call(host.browser(other), **named(user)).status_int == 404
    assert (seen(host, third), seen(host, user)) == (None, None)


@pytest.mark.parametrize(
    ("kind", "key"), [("Numbered", 7), ("Numbered", 2**63 - 1), ("Coded", "7")]
)
def test_marks_recipients_with_other_types_of_keys(host, user, friends, kind, key):
    recipient = host.save(getattr(host.model, kind)(_id=key))
    assert call(host.browser(user), **named(recipient)).json == {"last_activity_seen": None}
    assert seen(host, recipient) is not None


def test_accepts_each_name_of_a_class(host, user, friends):
    topic = host.save(host.model.Topic())
    for name in ("forum.Topic", "Thread"):
        assert call(host.browser(user), **named(topic, _type=name)).status_int == 200
    assert call(host.browser(user), **named(topic, _type="Topic")).status_int == 404


@pytest.mark.parametrize(
    "unknown",
    [
        {"_type": "User"},
        {"_type": "Nonsense"},
        {"_type": "Action"},
        {"_type": "Numbered", "_id": "7"},
        {"_type": "Coded", "_id": ""},
        {"_type": "", "_id": "x"},
        {"_type": "__class__", "_id": "x"},
    ],
)
def test_answers_404_for_an_unknown_recipient(host, user, app, friends, unknown):
    unknown = {"_id": host.database.unknown_key, **unknown}
    assert call(host.browser(user), **unknown).status_int == 404
    assert seen(host, user) is None


@pytest.mark.parametrize(
    "malformed",
    [
        {"_type": "User"},
        {"_id": "1"},
        {"_type": "User", "_id": ""},
        {"_type": "User", "_id": "z" * 24},
        {"_type": "User", "_id": '{"$ne": null}'},
        {"_type": "Numbered", "_id": "one"},
        {"_type": "Numbered", "_id": "9" * 40},
        {"_type": "Numbered", "_id": str(2**63)},
        {"_type": "Numbered", "_id": "65f1b2c3d4e5f60718293a4b"},
        {"_type": "Numbered", "_id": "\u0667"},
        {"_type": "Numbered", "_id": "1.5"},
        {"until": "yesterday"},
    ],
)
def test_rejects_malformed_requests(host, user, friends, malformed):
    answer = call(host.browser(user), **malformed)
    assert answer.status_int == 400
    assert answer.json["detail"]
    assert seen(host, user) is None


def test_rejects_a_key_of_the_wrong_type(host, user, friends):
    key = host.database.malformed_key
    assert call(host.browser(user), _type="User", _id=key).status_int == 400
    assert seen(host, user) is None


@on(*EACH_ORM)
@pytest.mark.parametrize(
    "body",
    [
        {"_type": {"$ne": None}, "_id": {"$ne": None}},
        {"_type": "User", "_id": {"$ne": None}},
        {"_type": ["User"], "_id": "x"},
        {"_type": "User", "_id": 5},
        {"until": {"$gt": ""}},
        {"until": 5},
        ["User", "x"],
        5,
    ],
)
def test_rejects_injected_operators(host, user, other, friends, body):
    answer = host.browser(user).post_json(URL, body, expect_errors=True)
    assert answer.status_int == 400
    assert (seen(host, user), seen(host, other)) == (None, None)


def test_accepts_a_recipient_in_json(host, user, other, friends):
    browser = host.browser(user)
    assert browser.post_json(URL, named(other)).json == {"last_activity_seen": None}
    assert (seen(host, user), seen(host, other) is None) == (None, False)


def test_rejects_invalid_json(host, user, friends):
    answer = host.browser(user).post(URL, "{", content_type="application/json", expect_errors=True)
    assert answer.status_int == 400
    assert seen(host, user) is None


def test_rejects_repeated_parameters(host, user, other, app):
    query = f"_type=User&_id={user._id}&_id={other._id}"
    assert app.get(f"{URL}?{query}", expect_errors=True).status_int == 400
    assert (seen(host, user), seen(host, other)) == (None, None)


def test_answers_401_in_json_without_a_stored_user(host, user, other):
    gone = host.browser(other)
    host.database.delete(other)
    for browser in (host.browser(), gone):
        for parameters in ({}, named(user)):
            answer = call(browser, **parameters)
            assert (answer.status_int, answer.json["status"]) == (401, 401)
    assert seen(host, user) is None


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", FOREIGN)
def test_answers_403_to_other_sites(host, user, app, headers):
    assert call(app, headers=headers).status_int == 403
    assert seen(host, user) is None


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", OWN)
def test_accepts_requests_of_the_sites_own_pages(host, user, app, headers):
    assert call(app, headers=headers).status_int == 200
    assert seen(host, user) is not None


@on(*EACH_ORM)
@pytest.mark.parametrize("headers", [*FOR_NOBODY, {"Ping-To": "http://elsewhere.example/"}])
@pytest.mark.parametrize("method", ["get", "post"])
def test_prefetching_marks_nothing(host, user, app, headers, method):
    answer = getattr(app, method)(URL, headers=headers, status=403)
    assert "no-store" in answer.headers["Cache-Control"]
    assert seen(host, user) is None


@on(*EACH_ORM)
@pytest.mark.parametrize("kind", ["image", "script", "style", "iframe", "document", "object", ""])
def test_get_marks_only_if_a_script_sends_it(host, user, app, kind):
    headers = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": kind}
    app.get(URL, headers=headers, status=403)
    assert seen(host, user) is None
    answer = app.get(URL, headers={**headers, "Sec-Fetch-Dest": "empty"})
    assert "no-store" in answer.headers["Cache-Control"]
    assert seen(host, user) is not None


def test_answers_404_for_an_entity_that_stores_no_mark(host, user, post, friends):
    assert call(host.browser(user), **named(post)).status_int == 404


@on(*MING)
def test_rejects_an_ambiguous_key(host, user, friends):
    number, text = host.save(host.model.Unique(_id=7), host.model.Unique(_id="7"))
    assert call(host.browser(user), **named(number)).status_int == 400
    assert (seen(host, number), seen(host, text)) == (None, None)


@on(*UUIDS)
def test_accepts_a_uuid_as_key(host):
    host.plug(may_update=lambda user, recipient: True)
    recipient = host.save(host.model.Unique(_id=uuid.uuid4()))
    assert call(host.browser(host.user()), **named(recipient)).status_int == 200
    assert seen(host, recipient) is not None


def test_head_marks_nothing(host, user, app):
    assert app.head(URL, expect_errors=True).status_int == 405
    assert seen(host, user) is None


def test_until_leaves_newer_actions_new(host, user, app):
    shown = am.create(user, "shown")
    newer = am.create(user, "newer")
    newer.timestamp = shown.timestamp + timedelta(milliseconds=1)
    host.save(newer)
    call(app, until=shown.timestamp.isoformat(timespec="milliseconds"))
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 1
