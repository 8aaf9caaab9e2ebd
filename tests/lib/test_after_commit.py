"""``activitystream.after_commit`` is told of each action that is stored for good, once."""

import contextvars
import logging
import threading

import pytest
import tg

from activitystream import am
from tests.helpers.databases import MING, SQL, on

HOOK = "activitystream.after_commit"


@pytest.fixture
def told():
    """Return the verbs that the hook is told of."""
    told = []
    tg.hooks.register(HOOK, lambda action: told.append(action.verb))
    return told


def commit(host):
    host.database.end_request()


def test_is_told_once_of_each_action(host, user, told):
    am.create(user, "joined")
    am.create(user, "waved")
    commit(host)
    assert told == ["joined", "waved"]
    commit(host)
    assert told == ["joined", "waved"]


def test_reads_the_action_and_all_that_it_refers_to(host, user, other, post):
    read = []

    def hook(action):
        names = [each.user_name for each in action.recipients]
        read.append((action.sentence, action.target_link, names, action.entity("actor").user_name))

    tg.hooks.register(HOOK, hook)
    am.create(user, "liked", post, recipients=[other])
    commit(host)
    assert read == [("ann liked A post", post.as_link, ["bob"], "ann")]


def test_comes_after_the_hook_after_create(host, user):
    called = []
    tg.hooks.register(HOOK, lambda action: called.append("after_commit"))
    tg.hooks.register("activitystream.after_create", lambda action: called.append("after_create"))
    am.create(user, "joined")
    commit(host)
    assert called == ["after_create", "after_commit"]


def test_is_not_told_of_an_action_that_was_there(host, user, told):
    for _ in range(2):
        am.create(user, "joined", once="joined:ann")
        commit(host)
    assert told == ["joined"]


def test_is_not_told_of_what_create_many_stores(host, user, told):
    am.create_many([{"actor": user, "verb": "joined"}])
    commit(host)
    assert told == []


def test_an_error_harms_nobody(host, user, caplog):
    told = []

    def fail(action):
        raise RuntimeError("the mail server is away")

    tg.hooks.register(HOOK, fail)
    tg.hooks.register(HOOK, lambda action: told.append(action.verb))
    with caplog.at_level(logging.ERROR):
        am.create(user, "joined")
        commit(host)
    assert "the mail server is away" in caplog.text
    assert "Traceback" in caplog.text
    assert told == ["joined"]
    am.create(user, "waved")
    assert host.verbs(user) == ["waved", "joined"]


def test_creates_actions_of_which_hooks_are_told_too(host, user, other):
    told = []

    def follow_up(action):
        told.append(action.verb)
        if action.verb == "joined":
            am.create(other, "welcomed", action.entity("actor"), recipients=[user])
            am.create(other, "waved")

    tg.hooks.register(HOOK, follow_up)
    am.create(user, "joined")
    commit(host)
    host.database.close()  # what is not committed is gone
    assert told == ["joined", "welcomed", "waved"]
    stored = [action["verb"] for action in host.database.raw_actions()]
    assert stored == ["joined", "welcomed", "waved"]


def test_stores_what_a_hook_changes(host, user):
    def rename(action):
        action.entity("actor").user_name = "anna"

    tg.hooks.register(HOOK, rename)
    am.create(user, "joined")
    commit(host)
    host.database.close()
    assert host.database.reload(user).user_name == "anna"


def test_stores_nothing_that_a_hook_changes_before_it_fails(host, user, caplog):
    def fail(action):
        action.entity("actor").user_name = "anna"
        raise RuntimeError("the reason")

    tg.hooks.register(HOOK, fail)
    am.create(user, "joined")
    commit(host)
    assert host.database.reload(user).user_name == "ann"


def test_leaves_what_the_host_has_in_hand(host, user):
    def forget(action):
        host.database.close()

    tg.hooks.register(HOOK, forget)
    am.create(user, "joined", recipients=[user])
    commit(host)
    user.user_name = "anna"
    host.save(user)
    assert host.database.reload(user).user_name == "anna"


def test_hooks_that_call_themselves_without_end_are_stopped(host, user, caplog):
    tg.hooks.register(HOOK, lambda action: am.create(user, "echoed"))
    with caplog.at_level(logging.ERROR):
        am.create(user, "joined")
        commit(host)
    assert "call themselves" in caplog.text
    assert len(host.database.raw_actions()) == 33


@pytest.mark.parametrize("hooks", [1, 2], ids=["one hook creates two", "two hooks create one each"])
def test_hooks_that_multiply_without_end_are_stopped(host, user, caplog, hooks):
    def echo(action):
        for _ in range(2 // hooks):
            am.create(user, "echoed")

    class Stopped(BaseException):
        """Raised to end a test that would not end by itself."""

    called = []

    def guard(action):
        called.append(action)
        if len(called) > 100:
            raise Stopped

    tg.hooks.register(HOOK, guard)
    for _ in range(hooks):
        tg.hooks.register(HOOK, echo)
    with caplog.at_level(logging.ERROR):
        am.create(user, "joined")
        commit(host)
    assert "call themselves" in caplog.text
    assert len(host.database.raw_actions()) == 65


def test_is_not_told_of_what_a_hook_creates_before_it_fails(host, user, told, caplog):
    def fail(action):
        if action.verb == "joined":
            am.create(user, "lost")
            raise RuntimeError("the reason")

    tg.hooks.register(HOOK, fail)
    am.create(user, "joined")
    commit(host)
    assert told == ["joined"]
    assert "the reason" in caplog.text


def test_tells_of_what_an_action_caused_before_the_next_action(host, user, told):
    def follow_up(action):
        if action.verb.isupper():
            am.create(user, action.verb.lower())
            am.create(user, f"{action.verb.lower()}, too")

    tg.hooks.register(HOOK, follow_up)
    am.create(user, "A")
    am.create(user, "B")
    commit(host)
    assert told == ["A", "a", "a, too", "B", "b", "b, too"]


def test_is_told_of_the_actions_of_a_job_that_outlives_the_hook(host, user, told):
    """The job runs in another thread, with a copy of the context."""
    jobs = []

    def job(name):
        am.create(host.model.user_named(name), "worked")
        host.database.end_request()
        host.database.close()

    def start(action):
        if action.verb == "joined":
            context = contextvars.copy_context()
            jobs.append(threading.Thread(target=context.run, args=(job, "ann")))

    tg.hooks.register(HOOK, start)
    am.create(user, "joined")
    commit(host)
    (thread,) = jobs
    thread.start()
    thread.join()
    assert told == ["joined", "worked"]


# Within a request


@pytest.mark.parametrize(("end", "is_told"), [("redirect", True), ("404", False), ("500", False)])
@on(*MING)
def test_on_ming_it_is_told_if_the_request_succeeds(host, user, told, end, is_told):
    seen_in_request = []
    tg.hooks.register("after_render", lambda *arguments: seen_in_request.append(told.copy()))
    status = int(end) if end.isdigit() else "*"
    host.browser(user).get(f"/do_and_end?end={end}", status=status)
    assert told == (["tried"] if is_told else [])
    assert not any(seen_in_request)


@on(*MING)
def test_on_ming_it_is_not_told_of_a_request_that_raises(host, user, told):
    with pytest.raises(RuntimeError):
        host.browser(user).get("/do_and_end?end=error")
    assert told == []
    am.create(user, "joined")
    assert told == ["joined"]


@pytest.mark.parametrize("end", ["redirect", "404", "500"])
@on(*SQL)
def test_on_sqlalchemy_it_is_told_of_what_is_committed(host, user, told, end):
    status = int(end) if end.isdigit() else "*"
    host.browser(user).get(f"/do_and_end?end={end}", status=status)
    assert told == ["tried"]


@pytest.mark.parametrize("end", ["error", "doomed"])
@on(*SQL)
def test_on_sqlalchemy_it_is_not_told_of_what_is_rolled_back(host, user, told, end):
    browser = host.browser(user)
    if end == "error":
        with pytest.raises(RuntimeError):
            browser.get("/do_and_end?end=error")
    else:
        browser.get("/do_and_end?end=doomed", status="*")
    assert told == []


def test_a_hook_may_create_within_a_request(host, user, told):
    def follow_up(action):
        if action.verb == "tried":
            am.create(action.entity("actor"), "tried again")

    tg.hooks.register(HOOK, follow_up)
    host.browser(user).get("/do_and_end?end=redirect", status="*")
    host.database.close()
    assert told == ["tried", "tried again"]
    assert len(host.database.raw_actions()) == 2
