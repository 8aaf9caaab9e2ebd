"""What the tests of SQLAlchemy share."""

from contextlib import suppress

import pytest
import sqlalchemy as sa
import tg
import transaction

from activitystream import am
from tests.helpers.databases import SQL


@pytest.fixture(scope="session", params=SQL)
def database(request, database_named):
    """Return each SQL database in turn."""
    return database_named(request.param)


VERBS = {
    "after_create": lambda user: am.create(user, "joined", recipients=[user]),
    "after_seen": am.mark_seen,
}


class Request:
    """A request that writes something, then calls a verb whose hook does what a test says."""

    def __init__(self, host, verb):
        self.host = host
        self.verb = verb
        self.session = host.database.session

    def with_hook(self, hook, before=lambda: None):
        """Call the verb, and the hook in it.

        :param before: what the host does first.
        """
        tg.hooks.register(f"activitystream.{self.verb}", lambda *_: hook())
        transaction.commit()
        self.session.remove()
        before()
        user = self.host.model.user_named("ann")
        self.session.add(self.host.model.Post(title="earlier"))
        self.session.flush()
        VERBS[self.verb](user)

    def is_stored(self):
        """Commit; return whether everything is stored. False means that nothing is."""
        with suppress(Exception):
            transaction.commit()
        self.host.database.close()
        posts = self.session.scalars(sa.select(self.host.model.Post)).all()
        done = {
            "after_create": self.host.database.raw_actions(),
            "after_seen": self.host.model.user_named("ann").last_activity_seen,
        }[self.verb]
        assert bool(posts) == bool(done), "a half is stored"
        numbers = self.session.scalars(sa.select(self.host.model.Numbered)).all()
        assert posts or not numbers, "what came later is stored alone"
        return bool(posts)

    # What hooks do.

    def execute(self, text):
        """Execute a statement whose meaning SQLAlchemy does not know."""
        return self.session.connection().exec_driver_sql(text)

    def add_two_of_one_key(self):
        self.session.add_all(self.host.model.Numbered(_id=1) for _ in range(2))
        self.session.flush()

    def write(self):
        self.session.execute(sa.insert(self.host.model.Numbered).values(_id=7))


@pytest.fixture(params=VERBS)
def request_with(request, host, user, other):
    yield Request(host, request.param)
    # What a test set for its connection is for no other's.
    host.database.close()
    host.database.engine.dispose()
