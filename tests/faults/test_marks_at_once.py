"""Requests that mark at once raise no errors, at whatever isolation the host's database has."""

import threading

import pytest
import sqlalchemy as sa
import tg

from activitystream import am
from tests.helpers.databases import SERVERS, on
from tests.helpers.databases.sql import SQLDatabase
from tests.helpers.host.app import AuthMetadata
from tests.helpers.marks_story import ACTIONS
from tests.helpers.stories import told_at_once
from tests.helpers.threads import at_once

SEE = "/activitystream/see"
AJAX = "/activitystream/ajax_update_last_seen_of_a_recipient"
READ = "/activitystream/read"
NEWEST = "/activitystream/newest"

ROUNDS = 5


class Together(AuthMetadata):
    """Metadata that finds the users of all requests before any of these goes on."""

    def __init__(self, model, number=2, note=lambda user: None):
        super().__init__(model)
        self.note = note
        self.barrier = threading.Barrier(number, timeout=60)

    def get_user(self, identity, userid):
        user = super().get_user(identity, userid)
        self.note(user)
        self.barrier.wait()
        return user


ISOLATED = [
    "postgresql READ COMMITTED",
    "postgresql REPEATABLE READ",
    "postgresql SERIALIZABLE",
    "mariadb READ COMMITTED",
    "mariadb REPEATABLE READ",
    "mariadb SERIALIZABLE",
    "mariadb REPEATABLE READ, innodb_snapshot_isolation=ON",
    "mariadb SERIALIZABLE, innodb_snapshot_isolation=ON",
]


@pytest.fixture(params=ISOLATED)
def isolated(request, host_on, database_named):
    """Return a host whose transactions are isolated as far as the database can."""
    name, _, rest = request.param.partition(" ")
    level, _, setting = rest.partition(", ")
    url = sa.make_url(database_named(name).url)
    if setting:
        url = url.update_query_dict({"init_command": f"SET SESSION {setting}"})
    host = host_on(SQLDatabase(name, url.render_as_string(hide_password=False)))
    host.blueprint = {"sqlalchemy.isolation_level": level}
    return host


def mark_at_once(host, *paths_of_users, note=lambda user: None):
    """Have these users mark at once, each by a path; return the answers."""
    metadata = Together(host.model, len(paths_of_users), note)
    blueprint = getattr(host, "blueprint", {})
    host.plug(blueprint={"sa_auth.authmetadata": metadata, **blueprint})
    browsers = [(host.browser(user), path) for user, path in paths_of_users]
    host.database.forget()
    answers = {}

    def ask(number):
        browser, path = browsers[number]
        answers[number] = browser.post(path, expect_errors=True)

    at_once(host, *(lambda number=number: ask(number) for number in range(len(browsers))))
    return [answers[number] for number in range(len(browsers))]


def is_fine(path, answer):
    return answer.status_int == {SEE: 302, READ: 303}.get(path, 200)


@pytest.mark.parametrize(
    "paths", [(SEE, SEE), (AJAX, AJAX), (SEE, AJAX, SEE), (READ, NEWEST, READ)]
)
def test_one_user_may_mark_several_times_at_once(isolated, paths):
    ann = isolated.user("ann")
    for _ in range(ROUNDS):
        am.create(isolated.database.reload(ann), "joined")
        before = isolated.database.reload(ann).last_activity_seen
        answers = mark_at_once(isolated, *((ann, path) for path in paths))
        assert all(map(is_fine, paths, answers)), answers
        ann = isolated.database.reload(ann)
        assert am.count_not_seen_by_recipient(ann) == 0
        if paths == (AJAX, AJAX):
            told = {answer.json["last_activity_seen"] for answer in answers}
            # One moved it from where it was, the other from where the one had moved it.
            assert len(told) == 2
            assert (before and str(before)) in told


def test_several_users_may_mark_at_once(isolated):
    users = isolated.save(*(isolated.model.User(user_name=name) for name in "abcd"))
    for _ in range(ROUNDS):
        am.create(isolated.database.reload(users[0]), "joined")
        answers = mark_at_once(isolated, *((user, AJAX) for user in users))
        assert all(is_fine(AJAX, answer) for answer in answers), answers
        for user in users:
            assert am.count_not_seen_by_recipient(isolated.database.reload(user)) == 0


@pytest.mark.parametrize("path", [SEE, AJAX])
def test_keeps_what_the_host_wrote_before(isolated, path):
    ann = isolated.user("ann")
    notes = isolated.model.Note
    session = isolated.model.DBSession

    def note(user):
        session.add(notes(secret=user.user_name))
        session.flush()

    fine = 0
    for _ in range(ROUNDS):
        answers = mark_at_once(isolated, (ann, path), (ann, path), note=note)
        fine += sum(is_fine(path, answer) for answer in answers)
        assert session.scalar(sa.select(sa.func.count()).select_from(notes)) == fine
    assert fine == 2 * ROUNDS


def test_a_hook_reads_and_writes_whatever_the_request_had_in_hand(isolated):
    ann = isolated.user("ann", password="x")
    session = isolated.model.DBSession

    def note(recipient, before, after):
        user = tg.request.identity["user"]
        session.add(isolated.model.Note(secret=f"{user.user_name} {recipient.password}"))

    def register(base_config):
        tg.hooks.register("activitystream.after_seen", note)

    isolated.plug(blueprint=isolated.blueprint, configure=register)
    browser = isolated.browser(ann)
    for path in (SEE, AJAX):
        assert is_fine(path, browser.post(path))
    assert session.scalars(sa.select(isolated.model.Note.secret)).all() == ["ann x"] * 2


@pytest.mark.parametrize("isolated", [*ISOLATED[1:3], ISOLATED[6]], indirect=True)
def test_in_the_hosts_own_transaction_the_error_is_the_hosts(isolated):
    """Only the host knows whether all that it did may be done again."""
    ann = isolated.user("ann")
    key = ann._id
    isolated.plug(blueprint=isolated.blueprint)
    session = isolated.model.DBSession
    reader = session.get(isolated.model.User, key)
    session.add(isolated.model.Note(secret="written"))
    session.flush()

    def mark_elsewhere():
        am.mark_seen(session.get(isolated.model.User, key))
        isolated.database.save()

    at_once(isolated, mark_elsewhere)
    with pytest.raises(sa.exc.OperationalError):
        am.mark_seen(reader)
    with pytest.raises(sa.exc.SQLAlchemyError):
        isolated.database.save()
    isolated.database.close()
    assert session.scalar(sa.select(sa.func.count()).select_from(isolated.model.Note)) == 0


@on(*SERVERS)
def test_marks_at_once_lose_nothing(host, user):
    for _ in range(ROUNDS):
        am.create(host.database.reload(user), "joined")
        paths = (SEE, AJAX, SEE, AJAX)
        answers = mark_at_once(host, *((user, path) for path in paths))
        assert all(map(is_fine, paths, answers)), answers
        assert am.count_not_seen_by_recipient(host.database.reload(user)) == 0


@pytest.mark.faults
@on("sqlite", *SERVERS)
@pytest.mark.parametrize("number", [2, 3])
def test_processes_that_mark_one_stream_at_once_lose_nothing(host, user, number):
    am.create_many({"actor": user, "verb": str(place)} for place in reversed(range(ACTIONS)))
    host.database.forget()
    common = (host.database.name, host.database.url, "ann")
    told_at_once(
        "tests.helpers.marks_story", [(*common, str(each), str(number)) for each in range(number)]
    )
    user = host.model.user_named("ann")
    assert am.count_not_seen_by_recipient(user) == 0
    unread = [str(place) for place in range(ACTIONS) if place // number % 2]
    assert [each.verb for each in am.get_by_recipient(user).unread()] == unread
