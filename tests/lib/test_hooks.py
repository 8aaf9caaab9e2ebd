"""Which hooks are called, and with what."""

import logging

import pytest
import tg

from activitystream import am


@pytest.fixture
def calls():
    return []


def test_after_create_is_called_with_the_stored_action(host, user, other, calls):
    def hook(action):
        calls.append((action, host.database.raw_actions()[-1]["_id"], action.recipients))

    tg.hooks.register("activitystream.after_create", hook)
    action = am.create(user, "liked", recipients=[other])
    assert calls == [(action, action._id, [other])]


def test_after_seen_is_called_with_recipient_before_and_after(host, user, calls):
    tg.hooks.register("activitystream.after_seen", lambda *arguments: calls.append(arguments))
    am.mark_seen(user)
    assert calls == [(user, None, user.last_activity_seen)]


@pytest.mark.parametrize("hook", ["activitystream.after_create", "activitystream.after_seen"])
def test_logs_a_hook_that_raises_and_continues(host, user, other, app, calls, caplog, hook):
    def fail(*arguments):
        raise RuntimeError("the mail server is away")

    tg.hooks.register(hook, fail)
    tg.hooks.register(hook, lambda *arguments: calls.append(arguments))
    with caplog.at_level(logging.ERROR):
        action = am.create(user, "liked", recipients=[user])
        assert app.get("/activitystream/see").status_int == 302
    assert "the mail server is away" in caplog.text
    assert "Traceback" in caplog.text
    assert len(calls) == 1
    assert [stored["_id"] for stored in host.database.raw_actions()] == [action._id]
    assert am.count_not_seen_by_recipient(host.database.reload(user)) == 0


def test_calls_no_hook_for_what_is_rejected(host, user, calls):
    tg.hooks.register("activitystream.after_create", calls.append)
    with pytest.raises(ValueError, match="verb"):
        am.create(user, "")
    assert calls == []
