"""Many threads at once on real servers: no wrong count, no loss, no endless wait."""

import random
import threading
from datetime import datetime
from time import perf_counter

import pytest
import sqlalchemy as sa
import tg

from activitystream import am
from activitystream.model import clock
from tests.helpers.databases import SERVERS, on
from tests.helpers.processes import wait_until
from tests.helpers.threads import at_once, purge

pytestmark = pytest.mark.faults

THREADS = 6
TIMES = 40


@on(*SERVERS)
def test_counts_are_exact_after_concurrent_creates_marks_counts_and_purges(host):
    database = host.database
    *users, gone = host.save(*(host.model.User(user_name=name) for name in "abcdefg"))
    keys = [user._id for user in users]
    old = {"actor": gone, "verb": "left", "recipients": [gone], "timestamp": datetime(2020, 1, 1)}
    am.create_many([old] * 2500)
    database.forget()
    created = []
    last_marked = {}

    def get(key):
        return database.get(host.model.User, key)

    def create(number):
        for time in range(TIMES):
            actor = get(keys[number])
            for_everyone = time % 4 == 0
            recipients = None if for_everyone else [get(key) for key in keys[number // 2 :]]
            action = am.create(actor, f"{number}: {time}", recipients=recipients)
            timestamp = action.timestamp
            database.forget()
            told = keys if for_everyone else keys[number // 2 :]
            created.append((timestamp, told, perf_counter()))

    def see(number):
        for _ in range(TIMES):
            last_marked[keys[number]] = perf_counter()
            am.mark_seen(get(keys[number]), until=clock.now())
            database.forget()

    def count():
        chance = random.Random(1)
        for _ in range(TIMES):
            user = get(chance.choice(keys))
            counted = am.count_not_seen_by_recipient(user)
            assert 0 <= counted <= am.get_by_recipient(user).count()
            database.forget()

    deleted: list[int] = []
    at_once(
        host,
        *(lambda number=number: create(number) for number in range(THREADS)),
        # The first two never mark. The others may make their last mark before the last action.
        *(lambda number=number: see(number) for number in range(2, THREADS)),
        count,
        count,
        *[purge(datetime(2021, 1, 1), deleted)] * 2,
    )
    assert sum(deleted) == 2500
    assert len(created) == THREADS * TIMES
    assert am.get_actions(limit=0)[0] == len(created)
    for key in keys:
        user = get(key)
        told = [(timestamp, stored) for timestamp, readers, stored in created if key in readers]
        seen = user.last_activity_seen or datetime.min
        unseen = sum(timestamp > seen for timestamp, _ in told)
        # An action stamped before the last mark, but stored during it, may be new as well.
        beside = sum(timestamp <= seen and stored > last_marked[key] for timestamp, stored in told)
        assert am.get_by_recipient(user).count() == len(told)
        assert len(am.get_by_recipient(user).all()) == len(told)
        assert unseen <= am.count_not_seen_by_recipient(user) <= unseen + beside


@on(*SERVERS)
def test_concurrent_requests_keep_the_hosts_fields_and_do_not_hang(host):
    """One transaction creates, marks and changes the user; others do so to the same."""
    database = host.database
    user = host.user("ann")
    key = user._id
    database.forget()

    def get():
        return database.get(host.model.User, key)

    fields = ["user_name", "password"]

    def steps(number, value):
        return [
            lambda: am.create(get(), f"{number}: {value}", recipients=[get()]),
            lambda: am.mark_seen(get()),
            # Each thread has a field of its own.
            lambda: database.raw_update(get(), **{fields[number]: value}),
        ]

    def work(number):
        chance = random.Random(number)
        for time in range(TIMES):
            value = str(time)
            for step in chance.sample(steps(number, value), 3):
                step()
            database.forget()
            assert database.raw_values(get())[fields[number]] == value
            database.forget()

    def see():
        for _ in range(TIMES):
            am.mark_seen(get())
            database.forget()

    at_once(
        host, *(lambda number=number: work(number) for number in range(len(fields))), see, see, see
    )
    stored = database.raw_values(get())
    assert [stored[field] for field in fields] == [f"{TIMES - 1}"] * len(fields)
    assert am.get_by_recipient(get()).count() == len(fields) * TIMES
    am.mark_seen(get())
    assert am.count_not_seen_by_recipient(get()) == 0


@on("mariadb")
def test_a_deadlock_in_a_hook_raises(host, user, other):
    """MariaDB has rolled back the whole transaction: without an error, its loss would be silent."""
    database = host.database
    engine = database.engine
    table = database.tables["tg_user"]
    keys = [user._id, other._id]
    database.forget()
    ours_is_locked, theirs_is_locked = threading.Event(), threading.Event()

    def change(key):
        return sa.update(table).where(table.c._id == key).values(password="changed")

    def another():
        with engine.connect() as connection:
            # In a deadlock, the transaction that wrote less is rolled back.
            notes = [{"secret": f"{number}"} for number in range(200)]
            connection.execute(sa.insert(database.tables["note"]), notes)
            connection.execute(change(keys[1]))
            theirs_is_locked.set()
            assert ours_is_locked.wait(30)
            connection.execute(change(keys[0]))
            connection.rollback()

    def waits():
        with engine.connect() as connection:
            query = (
                "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
            )
            return connection.exec_driver_sql(query).scalar()

    def hook(action):
        wait_until(waits)
        database.execute(change(keys[1]))

    tg.hooks.register("activitystream.after_create", hook)
    thread = threading.Thread(target=another)
    thread.start()
    assert theirs_is_locked.wait(30)
    database.execute(change(keys[0]))
    ours_is_locked.set()
    with pytest.raises(sa.exc.OperationalError, match="Deadlock"):
        am.create(database.get(host.model.User, keys[0]), "joined")
    thread.join()
    database.close()
    assert database.raw_actions() == []
