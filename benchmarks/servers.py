"""The database servers: started in the same way as for the tests, or given by a URL."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psycopg
import sqlalchemy as sa

from .contenders import CLASSES, kind_of


@contextmanager
def opened(given: str, folder: Path) -> Iterator[str]:
    """Run a server until the block ends, and return its URL.

    :param given: a kind of database, of which a server is started; or a URL already.
    """
    # This imports activitystream, which the workers take from their own trees.
    from tests.helpers.databases import servers

    if kind_of(given) not in CLASSES:
        raise ValueError(f"{given!r} is none of {', '.join(CLASSES)}, and no URL of such a server")
    own = folder / kind_of(given)
    own.mkdir(parents=True, exist_ok=True)
    started = {"mongodb": servers.mongodb_url, "postgresql": servers.postgres_url}
    with started[given](own) if given in started else nullcontext(given) as url:
        yield f"sqlite:///{own}" if url == "sqlite" else url


def database(server: str, name: str) -> str:
    """Return the URL of a server's database. On PostgreSQL, create it if it is missing."""
    if kind_of(server) == "sqlite":
        return f"{server}/{name}.sqlite"
    url = sa.make_url(server)
    if kind_of(server) == "postgresql":
        with psycopg.connect(server.replace("+psycopg", "", 1), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if known.fetchone() is None:
                connection.execute(f'CREATE DATABASE "{name}"')
        url = url.set(drivername="postgresql+psycopg")
    return url.set(database=name).render_as_string(hide_password=False)
