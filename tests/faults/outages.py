"""A host that remembers who is logged in, so that only activitystream asks the database."""

import pytest
import sqlalchemy as sa
from pymongo.errors import PyMongoError

from tests.helpers.host.app import AuthMetadata

DATABASE_ERRORS = (PyMongoError, sa.exc.DBAPIError, sa.exc.TimeoutError)


class Remembering(AuthMetadata):
    """Metadata that finds users without asking the database."""

    def __init__(self, model, user):
        super().__init__(model)
        self.user = user

    def get_user(self, identity, userid):
        return self.user


def remember(host, user, **blueprint):
    """(Re)start the app with :class:`Remembering`; return a browser of this user's."""
    metadata = Remembering(host.model, user)
    host.plug(blueprint={"sa_auth.authmetadata": metadata, **blueprint})
    return host.browser(user)


def number_on(page):
    """Return the number on a bell; None if it has none."""
    count = page.html.select_one(".activitystream-bell .activitystream-count")
    return None if count.has_attr("hidden") else count.select_one("[aria-hidden]").text


def with_options(url, **options):
    url = sa.make_url(url).update_query_dict(options)
    return url.render_as_string(hide_password=False)


OUTAGES = [
    "mongodb_down",
    "mongodb_standing_still",
    "mongodb_without_a_free_connection",
    "postgresql_down",
    "postgresql_without_a_free_connection",
    "postgresql_too_slow",
    "mariadb_standing_still",
    "mariadb_without_a_free_connection",
    "mariadb_too_slow",
]


def of(*outages):
    return pytest.mark.parametrize("outage", outages, indirect=True)
