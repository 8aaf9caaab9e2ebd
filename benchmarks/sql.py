"""The load in a PostgreSQL or SQLite database, and who is timed there."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from tests.databases import SQLDatabase
from tests.host.app import make_app

from .load import ANNOUNCED, SEEN, VERSION, Load, title, user_name
from .progress import say, track

_COLUMNS = {
    "tg_user": ("_id", "kind", "user_name", "password", "last_activity_seen"),
    "post": ("_id", "title"),
    "activity_stream_action": (
        *("_id", "actor_type", "actor_id", "actor_name", "verb"),
        *("target_type", "target_id", "target_name", "timestamp", "number_of_recipients"),
    ),
    "activity_stream_recipient": (
        *("recipient_type", "recipient_id", "timestamp", "action_id", "position"),
    ),
}


def key(number: int) -> int:
    """The key of the user, post or action of this number."""
    return number + 1


class SQL:
    """One load in one SQL database."""

    name: str
    host: SQLDatabase
    url: str
    load: Load

    def open(self) -> None:
        """Start the host app, and fill the database unless it is full already."""
        make_app(self.host)
        if not self._is_full():
            self._fill()

    def close(self) -> None:
        engine = self.host.engine
        self.host.close()
        engine.dispose()

    def contenders(self) -> list[Any]:
        from .contenders.ours import Ours
        from .contenders.sql_raw import Raw
        from .contenders.sqlalchemy_by_hand import SQLAlchemyByHand, SQLAlchemyHost

        return [Ours(SQLAlchemyHost()), SQLAlchemyByHand(), Raw(self.connect(), self.mark)]

    #: What stands for a parameter in a statement.
    mark: str

    def connect(self) -> Any:
        """A connection of the database's own driver, beside SQLAlchemy."""
        raise NotImplementedError

    def settle(self) -> None:
        """After a lot was written."""
        raise NotImplementedError

    def _is_full(self) -> bool:
        engine = self.host.engine
        if not sa.inspect(engine).has_table("benchmark"):
            return False
        with engine.connect() as connection:
            return connection.exec_driver_sql("SELECT version FROM benchmark").scalar() == VERSION

    def _fill(self) -> None:
        say(f"  filling {self.load.name} on {self.version}")
        metadata, engine = self.host.model.metadata, self.host.engine
        metadata.drop_all(engine)
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE INDEX users_by_name ON tg_user (user_name)")
        load = self.load
        users = (
            (key(number), "user", user_name(number), None, SEEN) for number in range(load.users + 1)
        )
        posts = ((key(number), title(number)) for number in range(load.users))
        actions = map(_action, chain(load.done(), load.announced()))
        rows = chain.from_iterable(map(_rows, chain(load.done(), load.announced())))
        counted = {"users": load.users, "posts": load.users, "actions": load.actions}
        counted["recipients"] = 3 * load.actions + ANNOUNCED * load.crowd
        with closing(self.connect()) as connection:
            for (text, number), table, each in zip(
                counted.items(), _COLUMNS, (users, posts, actions, rows), strict=True
            ):
                self._copy(connection, table, track(each, text, number))
            connection.commit()
        self._go_on_numbering()
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE IF EXISTS benchmark")
            connection.exec_driver_sql("CREATE TABLE benchmark (version INTEGER)")
            connection.exec_driver_sql(f"INSERT INTO benchmark VALUES ({VERSION})")
        self.settle()

    def _copy(self, connection: Any, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        raise NotImplementedError

    def _go_on_numbering(self) -> None:
        """The next action has the next number."""

    @property
    def version(self) -> str:
        raise NotImplementedError


class PostgreSQL(SQL):
    name = "postgresql"
    mark = "%s"

    def __init__(self, url: str, load: Load) -> None:
        """
        :param url: of a database of the server, beside which ours are made.
        :param load: what the database holds, which is filled if it doesn't.
        """
        server = sa.make_url(url).set(drivername="postgresql+psycopg")
        make_database(libpq(server), load.name)
        self._server = server.set(database=load.name)
        self.url = self._server.render_as_string(hide_password=False)
        self.host = SQLDatabase("postgresql", self.url)
        self.load = load

    @property
    def version(self) -> str:
        with closing(self.connect()) as connection:
            return f"PostgreSQL {connection.execute('SHOW server_version').fetchone()[0]}"

    def connect(self) -> Any:
        return psycopg.connect(libpq(self._server))

    def settle(self) -> None:
        """As autovacuum would, a little later."""
        with psycopg.connect(libpq(self._server), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def _copy(self, connection: Any, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        copy_rows(connection, table, _COLUMNS[table], rows)

    def _go_on_numbering(self) -> None:
        with closing(self.connect()) as connection:
            connection.execute(
                "SELECT setval(pg_get_serial_sequence('activity_stream_action', '_id'), %s)",
                [self.load.actions + ANNOUNCED],
            )
            connection.commit()


class SQLite(SQL):
    name = "sqlite"
    mark = "?"

    def __init__(self, folder: str, load: Load) -> None:
        """
        :param folder: where the file is.
        :param load: what it holds; it is filled if it doesn't.
        """
        self._file = Path(folder, f"{load.name}.sqlite")
        self.url = f"sqlite:///{self._file}"
        self.host = SQLDatabase("sqlite", self.url)
        self.load = load

    @property
    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def connect(self) -> Any:
        return sqlite3.connect(self._file)

    def settle(self) -> None:
        """A host's SQLite does nothing by itself."""

    def _copy(self, connection: Any, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        names = _COLUMNS[table]
        marks = ", ".join("?" * len(names))
        # As SQLAlchemy stores moments there.
        texts = (tuple(_text(value) for value in row) for row in rows)
        connection.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",
            texts,
        )


def libpq(url: sa.URL) -> str:
    """The URL as PostgreSQL's own library reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def make_database(server: str, name: str) -> None:
    """Make a database, unless it is there.

    :param server: the URL of another one of that server.
    :param name: what it is called.
    """
    with psycopg.connect(server, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is None:
            connection.execute(f'CREATE DATABASE "{name}"')


def copy_rows(
    connection: Any, table: str, columns: Iterable[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Fill a table of PostgreSQL by COPY.

    :param connection: psycopg's.
    :param table: its name.
    :param columns: their names, in the rows' order.
    :param rows: the values.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _action(done: Any) -> tuple[Any, ...]:
    return (
        key(done.number),
        "User",
        str(key(done.actor)),
        user_name(done.actor),
        done.verb,
        "Post",
        str(key(done.target)),
        title(done.target),
        done.timestamp,
        None if done.recipients is None else len(done.recipients),
    )


def _rows(done: Any) -> Iterator[tuple[Any, ...]]:
    addressed = [("", "")]
    if done.recipients is not None:
        addressed = [("User", str(key(each))) for each in done.recipients]
    for position, (type_name, each) in enumerate(addressed):
        yield type_name, each, done.timestamp, key(done.number), position


def _text(value: Any) -> Any:
    return value.isoformat(" ", timespec="microseconds") if hasattr(value, "isoformat") else value
