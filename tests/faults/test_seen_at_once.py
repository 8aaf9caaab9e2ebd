"""What is seen and read is exact, whoever commits late and whoever marks at once.

On MongoDB, an action is visible once it is written. It is late if its server stops between the
timestamp and the write.
"""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest

from activitystream import am, model
from activitystream.model import clock
from tests.conftest import Host
from tests.helpers.databases import SERVERS, on
from tests.helpers.databases.sql import SQLDatabase
from tests.helpers.threads import at_once

pytestmark = pytest.mark.faults

SEE = "/activitystream/see"
AJAX = "/activitystream/ajax_update_last_seen_of_a_recipient"

MARKS = {
    "all": lambda host, reader, until: am.mark_seen(reader),
    "until": lambda host, reader, until: am.mark_seen(reader, until),
    "see": lambda host, reader, until: host.browser(reader).post(SEE),
    "see until": lambda host, reader, until: host.browser(reader).post(
        SEE, {"until": clock.as_text(until)}
    ),
    "ajax": lambda host, reader, until: host.browser(reader).post(AJAX),
    "ajax until": lambda host, reader, until: host.browser(reader).post(
        AJAX, {"until": clock.as_text(until)}
    ),
    "all read": lambda host, reader, until: am.mark_all_read(reader),
    "read until": lambda host, reader, until: am.mark_all_read(reader, until),
}


@pytest.fixture(params=MARKS)
def mark(request):
    return MARKS[request.param]


@pytest.fixture
def late(host, monkeypatch):
    """Return a context in which a function's actions have timestamps, but are not visible yet."""
    store = {name: getattr(model.orm, name) for name in ("insert_action", "insert_actions")}

    @contextmanager
    def late(create):
        done, may_go_on = threading.Event(), threading.Event()

        def wait():
            done.set()
            assert may_go_on.wait(60)

        def store_late(name):
            def stored(fields):
                if threading.get_ident() == writer[0] and host.database.name == "mongodb":
                    wait()
                return store[name](fields)

            return stored

        def work():
            writer[0] = threading.get_ident()
            try:
                create()
                if host.database.name != "mongodb":
                    wait()
                host.database.save()
            finally:
                done.set()
                host.database.close()

        writer = [None]
        for name in store:
            monkeypatch.setattr(model.orm, name, store_late(name))
        with ThreadPoolExecutor(1) as threads:
            written = threads.submit(work)
            try:
                assert done.wait(60)
                assert not written.done() or written.result()
                yield
            finally:
                may_go_on.set()
            written.result()

    return late


def unseen_verbs(host, reader):
    """Return the verbs of what is new to a reader; check that all interfaces agree on it."""
    host.database.forget()
    reader = host.database.reload(reader)
    new = [each.verb for each in am.get_by_recipient(reader) if each.is_unseen_by(reader)]
    assert am.count_not_seen_by_recipient(reader) == len(new)
    assert host.browser(reader).get("/activitystream/unseen.json").json["unseen"] == len(new)
    page = host.browser(reader).get("/activitystream/")
    assert len(page.html.select(".activitystream-new")) == len(new)
    return new


def unread_verbs(host, reader):
    host.database.forget()
    reader = host.database.reload(reader)
    unread = [each.verb for each in am.get_by_recipient(reader).unread()]
    assert am.count_unread_by_recipient(reader) == len(unread)
    found = am.get_by_recipient(reader).all()
    assert [each.verb for each in found if not each.is_read_by(reader)] == unread
    return unread


def create(host, key, verb):
    reader = host.database.get(host.model.User, key)
    return am.create(reader, verb, recipients=[reader])


@on(*SERVERS)
@pytest.mark.parametrize("clocks", ["apart", "alike", "20 ms behind"])
def test_what_is_committed_after_a_mark_is_new(host, user, late, mark, clocks, monkeypatch):
    key = user._id
    if clocks == "alike":
        moment = clock.now()
        monkeypatch.setattr(clock, "now", lambda: moment)
    host.database.forget()

    def create_late():
        if clocks == "20 ms behind":
            now, ours = clock.now, threading.get_ident()
            behind = timedelta(milliseconds=20)
            here = lambda: now() - behind if threading.get_ident() == ours else now()  # noqa: E731
            monkeypatch.setattr(clock, "now", here)
        create(host, key, "late")

    if clocks == "20 ms behind":
        newest = create(host, key, "in time").timestamp
        host.database.forget()
        with late(create_late):
            mark(host, host.database.get(host.model.User, key), newest)
            host.database.forget()
    else:
        with late(create_late):
            newest = create(host, key, "in time").timestamp
            host.database.forget()
            mark(host, host.database.get(host.model.User, key), newest)
            host.database.forget()
    assert unseen_verbs(host, user) == ["late"]
    mark(host, host.database.reload(user), newest)
    assert set(unread_verbs(host, user)) >= set(unseen_verbs(host, user))
    am.mark_all_read(host.database.reload(user))
    assert unseen_verbs(host, user) == unread_verbs(host, user) == []


@on(*SERVERS)
def test_actions_stored_during_a_mark_are_new(host, user, late):
    key = user._id
    host.database.forget()

    def create_many():
        reader = host.database.get(host.model.User, key)
        am.create_many({"actor": reader, "verb": "late", "recipients": [reader]} for _ in range(20))

    with late(create_many):
        am.mark_seen(host.database.get(host.model.User, key))
        host.database.forget()
    assert unseen_verbs(host, user) == ["late"] * 20


@on(*SERVERS)
def test_polling_unread_handles_each_action_once(host, user, late):
    key = user._id
    host.database.forget()
    handled = []

    def poll():
        reader = host.database.get(host.model.User, key)
        for action in am.get_by_recipient(reader).unread().all():
            handled.append(action.verb)
            am.mark_read(reader, action)
        host.database.forget()

    for number in range(3):
        with late(lambda number=number: create(host, key, f"late {number}")):
            create(host, key, f"in time {number}")
            host.database.forget()
            poll()
            poll()
        poll()
    poll()
    assert handled == [f"{when} {number}" for number in range(3) for when in ("in time", "late")]


URLS = [
    "mongodb",
    "postgresql READ COMMITTED",
    "postgresql SERIALIZABLE",
    "mariadb READ COMMITTED",
    "mariadb REPEATABLE READ",
]

ROUNDS = 15


@pytest.fixture(params=URLS)
def isolated(request, host_on, database_named):
    """Return a host whose transactions are isolated as far as the database can."""
    name, _, level = request.param.partition(" ")
    database = database_named(name)
    if not level:
        return Host(database)
    host = host_on(SQLDatabase(name, database.url))
    host.plug(blueprint={"sqlalchemy.isolation_level": level})
    return host


@pytest.mark.parametrize("number", [2, 5])
def test_requests_that_mark_one_stream_at_once_lose_nothing(isolated, number):
    host = isolated
    user = host.user("ann")

    def post(path, **params):
        reader = host.database.get(host.model.User, user._id)
        answer = host.browser(reader).post(path, params, expect_errors=True)
        assert answer.status_int in (200, 302), answer

    for time in range(ROUNDS):
        before = host.database.reload(user).last_activity_seen
        newest = create(host, user._id, f"round {time}").timestamp
        host.database.forget()
        until, lower = (clock.as_text(newest - timedelta(seconds=each)) for each in (0, 1))
        works = [
            lambda: post(SEE),
            lambda until=until: post(AJAX, until=until),
            lambda: post(AJAX),
            lambda lower=lower: post(SEE, until=lower),
            lambda until=until: post(SEE, until=until),
        ]
        at_once(host, *random.Random(time).sample(works[:3] if number == 2 else works, number))
        after = host.database.reload(user).last_activity_seen
        assert after >= max(newest, before or newest)
        assert unseen_verbs(host, user) == []
        host.database.forget()


# At a higher level, an error in the host's own transaction is the host's.
@pytest.mark.parametrize("isolated", [each for each in URLS if "SERIAL" not in each], indirect=True)
@pytest.mark.parametrize("readers", [1, 4])
def test_concurrent_marks_of_all_kinds_succeed_and_lose_nothing(isolated, readers):
    """Each thread has a reader of its own, or all share one."""
    host = isolated
    keys = [host.user(f"user{number}")._id for number in range(readers)]
    host.database.forget()
    threads = 4
    seen = {key: set() for key in keys}
    read = {key: set() for key in keys}

    def work(number):
        key = keys[number % readers]
        chance = random.Random(number)

        def reader():
            return host.database.get(host.model.User, key)

        for time in range(ROUNDS):
            mine = create(host, key, f"{number}: {time}")
            host.database.forget()
            what = chance.choice(["all", "until", "read", "all read", "read until"])
            if what == "read":
                (mine,) = [each for each in am.get_by_recipient(reader()) if each._id == mine._id]
                am.mark_read(reader(), mine)
            elif "read" in what:
                am.mark_all_read(reader(), mine.timestamp if "until" in what else None)
            else:
                am.mark_seen(reader(), mine.timestamp if "until" in what else None)
            host.database.forget()
            seen[key].add(mine.verb)
            if "read" in what:
                read[key].add(mine.verb)

    at_once(host, *(lambda number=number: work(number) for number in range(threads)))
    for key in keys:
        reader = host.database.get(host.model.User, key)
        assert unseen_verbs(host, reader) == []
        assert not read[key] & set(unread_verbs(host, reader))
