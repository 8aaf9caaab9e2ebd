"""Actions that are taken back or deleted."""

import pytest
import sqlalchemy as sa

from activitystream import am
from tests.helpers.databases import LARGE, SQL, on


@pytest.fixture
def liked(host, user, other, post):
    """Store likes, of which only some say the same."""
    for actor, verb, target, comment in (
        (user, "liked", post, None),
        (user, "liked", post, None),
        (user, "liked", post, other),
        (user, "liked", None, None),
        (user, "shared", post, None),
        (other, "liked", post, None),
        (user, "liked", other, None),
    ):
        am.create(actor, verb, target, comment, recipients=[other])
    host.save()


def test_withdraws_what_says_exactly_so(host, liked, user, other, post):
    assert am.withdraw(user, "liked", post) == 2
    assert am.withdraw(user, "liked", post) == 0
    assert am.get_by_recipient(other).count() == 5
    assert am.withdraw(user, "liked") == 1
    assert am.withdraw(user, "liked", post, other) == 1
    assert am.count_not_seen_by_recipient(other) == 3


@pytest.mark.parametrize("bad", [None, "ann"])
def test_rejects_an_actor_that_is_not_stored(host, liked, other, bad):
    with pytest.raises(TypeError, match="actor must be an object"):
        am.withdraw(bad, "liked")
    with pytest.raises(TypeError, match="verb must be a string"):
        am.withdraw(other, None)
    assert am.get_by_recipient(other).count() == 7


def test_deletes_one_action(host, liked, other):
    newest, *rest = am.get_by_recipient(other).all()
    assert am.delete(newest) == 1
    assert am.delete(newest) == 0
    host.save()
    assert [each._id for each in am.get_by_recipient(other)] == [each._id for each in rest]


def test_rejects_what_is_no_action(host, other):
    with pytest.raises(TypeError, match="action must be an Action; got User"):
        am.delete(other)


WAYS = {
    "withdraw": lambda user, post, action: am.withdraw(user, "liked", post),
    "delete": lambda user, post, action: am.delete(action),
}


@pytest.fixture(params=WAYS)
def take_back(request):
    return WAYS[request.param]


def numbers(reader):
    """Return what a reader's counts say: all, unseen, unread."""
    return (
        am.get_by_recipient(reader).count(),
        am.count_not_seen_by_recipient(reader),
        am.count_unread_by_recipient(reader),
    )


@pytest.mark.parametrize("before", ["unseen", "seen", "read", "unread again"])
def test_what_is_taken_back_is_gone_from_counts_pages_and_marks(
    host, user, other, post, take_back, before
):
    am.create(user, "posted", post, recipients=[other])
    action = am.create(user, "liked", post, recipients=[other])
    page = am.get_by_recipient(other).all()
    if before != "unseen":
        am.mark_seen(other)
    if before in ("read", "unread again"):
        am.mark_read(other, page)
    if before == "unread again":
        am.mark_unread(other, page)
    host.save()
    all_, unseen, unread = numbers(other)
    is_unseen, is_unread = before == "unseen", before != "read"
    if before in ("read", "unread again"):
        assert marks_of(host, action._id) == 1

    assert take_back(user, post, action) == 1
    for _ in range(2):  # at once, and after the commit
        assert numbers(other) == (all_ - 1, unseen - is_unseen, unread - is_unread)
        assert host.verbs(other) == ["posted"]
        for stream in (
            am.get_by_actor(user, visible_to=other),
            am.get_by_target(post, visible_to=other),
            am.get_by_recipient(other).before(page[0]),
        ):
            assert [each.verb for each in stream] == ["posted"]
            assert [each.verb for each in stream.page(5)] == ["posted"]
        assert [each.verb for each in am.get_by_recipient(other).unread()] == (
            ["posted"] if is_unread else []
        )
        total, found = am.get_actions()
        assert (total, [each.verb for each in found]) == (1, ["posted"])
        assert marks_of(host, page[0]._id) == 0
        host.save()
    for mark in (am.mark_unread, am.mark_read):  # by a page that was there before
        mark(other, page[0])
        host.save()
        assert numbers(other) == (all_ - 1, unseen - is_unseen, unread - is_unread)
    assert take_back(user, post, page[0]) == 0


def marks_of(host, action_id):
    """Return how many rows say what readers know of an action."""
    if host.database.name in ("mim", "mongomock", "mongodb"):
        return len(list(host.database.db.activity_stream_reader.find({"action": action_id})))
    table = host.database.tables["activity_stream_seen_action"]
    rows = sa.select(table).where(table.c.action_id == action_id)
    return len(host.database.execute(rows).all())


def test_the_pages_follow_what_is_taken_back(host, user, other, post, take_back):
    am.create(user, "posted", post, recipients=[other])
    action = am.create(user, "liked", post, recipients=[other])
    host.save()
    browser = host.browser(other)

    def shown():
        bell = browser.get("/activitystream/bell").html.select_one("[aria-hidden]:not(svg)").text
        unseen = browser.get("/activitystream/unseen.json")
        items = browser.get("/activitystream/stream.json").json["orderedItems"]
        lists = [
            len(browser.get(f"/activitystream/{path}").html.select(".activitystream-line"))
            for path in ("", "more", "newest")
        ]
        return bell, unseen.json["unseen"], len(items), *lists

    assert shown() == ("2", 2, 2, 2, 2, 2)
    asked_again = {"If-None-Match": browser.get("/activitystream/unseen.json").headers["ETag"]}
    user, post = host.database.reload(user), host.database.reload(post)
    take_back(user, post, am.get_by_recipient(other).first() or action)
    host.save()
    assert shown() == ("1", 1, 1, 1, 1, 1)
    browser.get("/activitystream/unseen.json", headers=asked_again, status=200)
    # A link that was shown before.
    browser.get("/activitystream/see", {"action": str(action._id)}, status=302)


def test_what_was_changed_in_hand_does_not_come_back(host, user, other, post, take_back):
    am.create(user, "liked", post, recipients=[other])
    host.save()
    (action,) = am.get_by_recipient(other).all()
    action.extra = "changed"
    assert take_back(user, post, action) == 1
    host.database.forget()
    assert am.get_actions(limit=0)[0] == 0


def test_a_cached_recipe_does_not_show_what_is_taken_back(host, app, user, post, take_back):
    action = am.create(user, "liked", post, recipients=[user])
    host.save()
    assert len(app.get("/kept").json["notifications"]) == 1
    user, post = host.database.reload(user), host.database.reload(post)
    take_back(user, post, am.get_by_recipient(user).first() or action)
    host.save()
    assert app.get("/kept").json["notifications"] == []


@on(*SQL)
def test_what_is_taken_back_in_a_savepoint_is_back_after_its_rollback(
    host, user, other, post, take_back
):
    action = am.create(user, "liked", post, recipients=[other])
    am.mark_unread(other, action)
    host.save()
    with host.database.session.begin_nested() as savepoint:
        assert take_back(user, post, action) == 1
        assert numbers(other) == (0, 0, 0)
        savepoint.rollback()
    assert numbers(other) == (1, 0, 1)
    assert am.get_by_recipient(other).first().verb == "liked"


@pytest.mark.large
@on(*LARGE)
def test_a_busy_like_is_taken_back_in_batches(host, user, post):
    am.create_many({"actor": user, "verb": "liked", "target": post} for _ in range(1203))
    host.save()
    assert am.withdraw(user, "liked", post) == 1203
    assert am.get_actions() == (0, [])
