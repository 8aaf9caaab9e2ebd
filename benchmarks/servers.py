"""The databases, started as the tests start them, or at a URL; empty until a load fills them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import databases

from .load import Load
from .mongodb import MongoDB
from .sql import PostgreSQL, SQLite

NAMES = ("mongodb", "postgresql", "sqlite")

#: Makes the database for a load.
Open = Callable[[Load], Any]


@contextmanager
def opened(given: str, folder: Path) -> Iterator[Open]:
    """Run a database until the block ends.

    :param given: one of ``NAMES``, or the URL of a server or of SQLite's folder.
    :param folder: where one that is started keeps its files.
    :raises ValueError: if the URL is of no database that we know.
    """
    own = folder / given.partition(":")[0]
    if given in NAMES:
        own.mkdir(parents=True, exist_ok=True)
    if given == "mongodb":
        with databases.mongodb_url(own) as url:
            yield lambda load: MongoDB(url, load)
    elif given == "postgresql":
        with databases.postgres_url(own) as url:
            yield lambda load: PostgreSQL(url, load)
    elif given == "sqlite":
        yield lambda load: SQLite(str(own), load)
    elif given.startswith("mongodb"):
        yield lambda load: MongoDB(given, load)
    elif given.startswith("postgresql"):
        yield lambda load: PostgreSQL(given, load)
    elif given.startswith("sqlite:///"):
        yield lambda load: SQLite(given.removeprefix("sqlite:///"), load)
    else:
        raise ValueError(f"{given!r} is none of {', '.join(NAMES)}, and no URL of such a database")


def host_at(url: str) -> Any:
    """What ``tests.host.app.make_app`` takes for a database.

    :param url: its URL.
    """
    if url.startswith("mongodb"):
        return databases.MingDatabase("mongodb", url)
    return databases.SQLDatabase(url.partition(":")[0].partition("+")[0], url)
