"""The databases that the tests run on."""

import os

import pytest

MING = ("mim", "mongomock", "mongodb")
SQL = ("sqlite", "postgresql", "mariadb")
#: One of each ORM, for what is decided before a database is asked, or after: of the headers and
#: parameters of a request, its language, and templates.
EACH_ORM = ("mim", "sqlite")
#: Where thousands of actions are stored in seconds. mim compares each new document with all others,
#: and took longer than the rest together.
LARGE = ("mongomock", "mongodb", *SQL)
#: Where threads meet each other.
SERVERS = ("mongodb", "postgresql", "mariadb")
#: Where each query is seen.
COUNTED = ("mongodb", *SQL)
#: Where a key may be a UUID.
UUIDS = ("mongodb", *SQL)


def on(*names):
    """Run a test, or a module's tests, on these databases only."""
    return pytest.mark.parametrize("database", names, indirect=True)


def without(reason):
    """Skip a test whose server is missing, but fail where CI relies on the test."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
