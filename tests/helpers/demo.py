"""The demo, started again and again in one process, on databases with nothing in them."""

import sys
from contextlib import contextmanager

import tg
from tg.configuration import milestones
from webtest import TestApp

from tests.helpers.empty_databases import empty_database

DATABASES = ["sqlite", "postgresql", "mongodb", "mim"]


@contextmanager
def empty_db_url(name, database_named, folder):
    """Yield the URL, as the demo takes it, of a database that is empty when the block begins.

    :param database_named: the fixture.
    :param folder: where an SQLite file may be.
    """
    if name in ("sqlite", "postgresql"):
        with empty_database(database_named(name), folder) as url:
            yield url.render_as_string(hide_password=False)
            stop()
    else:
        url = "mim:///demo_tests"
        if name == "mongodb":
            url = f"{database_named('mongodb').url}_demo"
        start(url)
        wipe()
        yield url
        wipe()


def start(db_url):
    # Imported late: flush_all() in other tests meets every session there is, and one that was
    # never bound to a database is an error.
    from demo import websetup
    from demo.config.application import make_app

    stop()
    # tgext.pluggable wraps it for each app of this process.
    while (unplugged := getattr(websetup.bootstrap, "previous_bootstrap", None)) is not None:
        websetup.bootstrap = unplugged
    milestones._reset_all()
    tg.hooks._clear()
    return make_app(db_url)


def login(app, name):
    """Return the browser in which this neighbour is logged in."""
    browser = TestApp(app)
    page = browser.post("/enter", {"name": name}).follow()
    assert page.status_int == 200
    return browser


def stop():
    """Keep what an app of this process left behind from the next."""
    orm = getattr(sys.modules.get("demo.model"), "orm", None)
    if hasattr(orm, "DeclarativeBase"):
        orm.DBSession.remove()
        orm.DBSession.get_bind().dispose()
        metadata = orm.DeclarativeBase.metadata
        for table in [each for name, each in metadata.tables.items() if "activity_stream" in name]:
            metadata.remove(table)


def wipe():
    from demo import model

    model.orm.DBSession.close_all()
    db = model.orm.DBSession.db
    db.client.drop_database(db.name)
