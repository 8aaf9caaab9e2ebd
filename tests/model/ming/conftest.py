"""What the tests of Ming share."""

import pytest

from tests.helpers.databases import MING


@pytest.fixture(scope="session", params=MING)
def database(request, database_named):
    """Return each database of Ming's in turn."""
    return database_named(request.param)
