"""Empty databases on the servers that the tests run on."""

import uuid
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def empty_database(database, folder):
    """Yield the URL of a new database of the same kind, which exists until the block ends.

    :param folder: where an SQLite file may be.
    """
    url = sa.make_url(database.url)
    if url.get_backend_name() == "sqlite":
        yield url.set(database=str(folder / f"empty_{uuid.uuid4().hex}.db"))
    else:
        with new_database(url) as url:
            yield url


@contextmanager
def new_database(url):
    """Yield the URL of a new database on the same server, which exists until the block ends.

    :param url: of any database of that server.
    """
    name = f"empty_{uuid.uuid4().hex}"
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield url.set(database=name)
        # A host's pool may hold a connection still.
        force = " WITH (FORCE)" if url.get_backend_name() == "postgresql" else ""
        connection.exec_driver_sql(f"DROP DATABASE {name}{force}")
