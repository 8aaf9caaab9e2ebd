"""One peer's process."""

import json
import os
import sys
from importlib.metadata import version
from typing import Any

import psycopg
import sqlalchemy as sa

from ..lines import UNSEEN, Scene, lines
from ..load import SEEN, VERSION, Load, title, user_name
from ..progress import say, track
from ..sql import copy_rows, libpq, make_database


def main(name: str, url: str, users: int, actions: int, depth: int) -> None:
    """
    :param name: the peer's.
    :param url: of a database of the server.
    :param users: how many the load has.
    :param actions: how many it has.
    :param depth: where the page that is far down begins.
    """
    load = Load(users, actions)
    server = sa.make_url(url).set(drivername="postgresql+psycopg")
    database = f"{load.name}_{name.replace('-', '_')}"
    make_database(libpq(server), database)
    server = server.set(database=database)
    _set_up_django(server)

    from .contenders import CONTENDERS

    contender = CONTENDERS[name]()
    with psycopg.connect(libpq(server)) as connection:
        if not _is_full(connection):
            say(f"  filling {database}")
            _fill(connection, contender, load)
    # Of a row that is read or unread, they want to know how many are.
    scene = Scene(load, UNSEEN[-1], depth, None, {unseen: unseen for unseen in UNSEEN})
    known = {line.key: line for line in lines(scene) if _can(line, contender)}
    versions = {each: version(each) for each in ("Django", name)}
    print(json.dumps({"lines": list(known), "versions": versions}), flush=True)
    for asked in sys.stdin:
        print(json.dumps(known[asked.strip()].once(contender, scene)), flush=True)


def _can(line: Any, contender: Any) -> bool:
    # Row by row, 100,000 recipients would take them minutes.
    return line.can(contender) and line.key != "create-100000"


def _set_up_django(url: sa.URL) -> None:
    import django
    from django.core.management import call_command

    host = url.query.get("host", url.host or "")
    settings = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.database,
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": host,
        "PORT": str(url.query.get("port", url.port or "")),
    }
    os.environ["BENCHMARK_PEER_DATABASE"] = json.dumps(settings)
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.peers.settings"
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)


def _is_full(connection: Any) -> bool:
    known = connection.execute("SELECT to_regclass('benchmark') IS NOT NULL").fetchone()[0]
    return known and connection.execute("SELECT version FROM benchmark").fetchone()[0] == VERSION


def _fill(connection: Any, contender: Any, load: Load) -> None:
    table = contender.model._meta.db_table
    connection.execute("DROP TABLE IF EXISTS benchmark")
    connection.execute(f'TRUNCATE auth_user, board_post, "{table}" RESTART IDENTITY CASCADE')
    columns = (
        *("username", "password", "first_name", "last_name", "email"),
        *("is_superuser", "is_staff", "is_active", "date_joined"),
    )
    users = (
        (user_name(number), "", "", "", "", False, False, True, SEEN)
        for number in range(load.users)
    )
    copy_rows(connection, "auth_user", columns, track(users, "users", load.users))
    posts = ((title(number),) for number in range(load.users))
    copy_rows(connection, "board_post", ["title"], track(posts, "posts", load.users))
    made_again = _without_indexes(connection, table)
    rows = track(contender.rows(load), "recipients", 3 * load.actions)
    copy_rows(connection, table, contender.columns, rows)
    say("  making the indexes of its migrations again")
    for statement in made_again:
        connection.execute(statement)
    connection.execute("CREATE TABLE benchmark (version INTEGER)")
    connection.execute("INSERT INTO benchmark VALUES (%s)", [VERSION])
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")


def _without_indexes(connection: Any, table: str) -> list[str]:
    """Drop what makes a COPY slow, and give the statements that make it again."""
    keys = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = %s::regclass AND contype = 'f'",
        [table],
    ).fetchall()
    for name, _ in keys:
        connection.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        [table],
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    added = [f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {text}' for name, text in keys]
    return [*(text for _, text in indexes), *added]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
