"""Servers are killed while a host writes: what was acknowledged is there, once, and complete."""

import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import datetime

import pytest
import sqlalchemy as sa
from pymongo.errors import PyMongoError

from activitystream.model import clock
from tests.helpers.databases.ming import MingDatabase
from tests.helpers.databases.sql import SQLDatabase
from tests.helpers.disks import small_disk
from tests.helpers.processes import wait_until
from tests.helpers.replica_set import ReplicaSet

pytestmark = pytest.mark.faults

#: The settings that the docs recommend, but with a timeout that is enough for this machine.
URL_OPTIONS = {"w": "majority", "retryWrites": "true", "serverSelectionTimeoutMS": 30_000}

#: The number of requests before a server is killed, and after it is back.
ENOUGH = 60

WRITERS = 4


class Load:
    """Browsers that do one thing after the other, and one that marks its stream as seen."""

    def __init__(self, host):
        self.host = host
        #: The requests that were answered by 200, and those by an error.
        self.done, self.errors = [], []
        #: For each mark: its ``until``, and the value before that was answered.
        self.marked = []
        users = [host.user(f"user{number}") for number in range(WRITERS)]
        self._threads = [threading.Thread(target=self._do, args=(user,)) for user in users]
        self._threads.append(threading.Thread(target=self._mark, args=(host.user("marker"),)))
        self._stop = threading.Event()
        host.database.forget()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self):
        """Wait until each kind of request has been answered often enough from now on."""
        done, marked = len(self.done) + ENOUGH, len(self.marked) + ENOUGH // WRITERS
        wait_until(lambda: len(self.done) >= done and len(self.marked) >= marked)

    def _do(self, user):
        browser = self.host.browser(user)
        number = 0
        while not self._stop.is_set():
            number += 1
            verb = f"{user.user_name} no. {number}"
            with self._noting_errors(verb):
                browser.post("/do", {"verb": verb})
                self.done.append(verb)

    def _mark(self, user):
        browser = self.host.browser(user)
        while not self._stop.is_set():
            until = clock.now()
            with self._noting_errors("mark"):
                url = "/activitystream/ajax_update_last_seen_of_a_recipient"
                answer = browser.post(url, {"until": clock.as_text(until)})
                self.marked.append((until, answer.json["last_activity_seen"]))

    @contextmanager
    def _noting_errors(self, what):
        asked = time.monotonic()
        try:
            yield
        except Exception as error:
            self.errors.append((what, asked, error))

    def check(self):
        """Check that what was answered is stored once, and nothing is stored in part."""
        stored = self.host.database.raw_actions()
        times = Counter(action["verb"] for action in stored)
        assert set(times.values()) == {1}
        assert set(self.done) <= times.keys()
        assert times.keys() <= {*self.done, *(what for what, _, _ in self.errors)}
        assert all(len(action["_recipients"]) == 1 for action in stored)
        # What was seen stays seen.
        seen = None
        for until, before in self.marked:
            assert seen is None or datetime.fromisoformat(before) >= seen
            seen = until
        marker = self.host.model.user_named("marker")
        assert marker.last_activity_seen >= seen


def test_mongodb_elects_another_primary_under_load(host_on, replica_set):
    host = host_on(MingDatabase("mongodb", replica_set.url(**URL_OPTIONS)))
    with Load(host) as load:
        load.wait_for_more()
        killed = replica_set.primary()
        replica_set.kill(killed)
        load.wait_for_more()
        assert replica_set.primary() != killed
        replica_set.start(killed)
        replica_set.wait_until_whole()
        load.wait_for_more()
    # By retryWrites all have waited for the new primary.
    assert load.errors == []
    load.check()


def test_mongodb_says_so_where_nobody_waits_for_the_election(host_on, replica_set):
    options = {**URL_OPTIONS, "serverSelectionTimeoutMS": 200}
    host = host_on(MingDatabase("mongodb", replica_set.url(**options)))
    with Load(host) as load:
        load.wait_for_more()
        replica_set.kill(replica_set.primary())
        load.wait_for_more()
    assert load.errors
    for _, _, error in load.errors:
        assert isinstance(error, PyMongoError) or "503" in str(error)
    load.check()


@pytest.fixture
def replica_set_and_disk(tmp_path):
    """Return three MongoDB servers, and the disk of their first primary."""
    replica_set = ReplicaSet(tmp_path, "activitystream_tests")
    with small_disk(replica_set.folder_of(replica_set.ports[0]), 600) as disk, replica_set:
        yield replica_set, disk


def test_the_disk_of_a_mongodb_is_full_and_the_others_go_on(replica_set_and_disk, host_on):
    replica_set, disk = replica_set_and_disk
    full = replica_set.ports[0]
    host = host_on(MingDatabase("mongodb", replica_set.url(**URL_OPTIONS)))
    with Load(host) as load:
        load.wait_for_more()
        disk.fill()
        wait_until(lambda: replica_set.dies_of_writing(full))
        load.wait_for_more()
        disk.make_room()
        replica_set.mend()
        load.wait_for_more()
    assert load.errors == []
    load.check()


def test_postgresql_is_killed_and_started_again_under_load(host_on, postgres):
    host = host_on(
        SQLDatabase("postgresql", postgres.url), blueprint={"sqlalchemy.pool_pre_ping": "true"}
    )
    with Load(host) as load:
        load.wait_for_more()
        postgres.kill()
        wait_until(lambda: len(load.errors) >= WRITERS)
        postgres.start()
        back = time.monotonic()
        load.wait_for_more()
    # None by a connection of before.
    assert [each for each in load.errors if each[1] > back] == []
    for _, _, error in load.errors:
        assert isinstance(error, sa.exc.OperationalError) or "503" in str(error)
    load.check()


@pytest.mark.parametrize("pre_ping", [True, False])
def test_pool_pre_ping_avoids_an_error_after_a_restart(host_on, postgres, pre_ping):
    host = host_on(
        SQLDatabase("postgresql", postgres.url), blueprint={"sqlalchemy.pool_pre_ping": pre_ping}
    )
    browser = host.browser(host.user("ann"))
    browser.post("/do", {"verb": "before"})
    postgres.kill()
    postgres.start()
    if not pre_ping:
        with pytest.raises(sa.exc.OperationalError):
            browser.post("/do", {"verb": "lost"})
    browser.post("/do", {"verb": "after"})
    assert [action["verb"] for action in host.database.raw_actions()] == ["before", "after"]
