"""The floor on SQL: the same statements by the database's driver alone, rows instead of objects."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from activitystream.lib import clock

from ..lines import AUDIENCES, CAP, MANY, Scene
from ..load import SEEN, USER_TYPES, title, user_name
from ..sql import key

_COLUMNS = (
    *("_id", "actor_type", "actor_id", "actor_name", "verb", "description", "extra"),
    *("target_type", "target_id", "target_name"),
    *("action_obj_type", "action_obj_id", "action_obj_name", "timestamp", "number_of_recipients"),
)

_ROWS = "FROM activity_stream_recipient WHERE recipient_type = ? AND recipient_id = ?"

_BEFORE = "AND timestamp <= ? AND (timestamp < ? OR action_id < ?)"


def _page_statement(also: str = "", recipients: int = 1) -> str:
    branches = [
        f"SELECT * FROM (SELECT timestamp, action_id {_ROWS} {also} "
        f"ORDER BY timestamp DESC, action_id DESC LIMIT ?) AS rows_{number}"
        for number in range(len(USER_TYPES) * recipients + 1)
    ]
    return _actions_of((" UNION ALL " if recipients == 1 else " UNION ").join(branches))


def _actions_of(rows: str) -> str:
    columns = ", ".join(f"action.{name}" for name in _COLUMNS)
    return (
        f"SELECT {columns} FROM activity_stream_action AS action "
        f"JOIN ({rows} ORDER BY timestamp DESC, action_id DESC LIMIT ? OFFSET ?) AS page "
        "ON action._id = page.action_id ORDER BY page.timestamp DESC, page.action_id DESC"
    )


def _count_statement(also: str, limit: str = "") -> str:
    counted = f"(SELECT count(*) FROM (SELECT action_id {_ROWS} {also} {limit}) AS counted)"
    return "SELECT " + " + ".join([counted] * (len(USER_TYPES) + 1))


_PAGE = _page_statement()
_PAGE_OF_SEVERAL = _page_statement(recipients=1 + AUDIENCES)
#: On PostgreSQL.
_PAGE_OF_ARRAYS = _actions_of(
    "SELECT DISTINCT timestamp, action_id "
    "FROM unnest(?::varchar[], ?::varchar[]) AS addressed (type, key) "
    "JOIN LATERAL (SELECT timestamp, action_id FROM activity_stream_recipient "
    "WHERE recipient_type = addressed.type AND recipient_id = addressed.key "
    "ORDER BY timestamp DESC, action_id DESC LIMIT ?) AS newest ON true"
)
_PAGE_BEFORE = _page_statement(_BEFORE)
_NEWER = "AND timestamp > ?"

_ACTION = f"({', '.join('?' * (len(_COLUMNS) - 1))})"
_INSERT = (
    f"INSERT INTO activity_stream_action ({', '.join(_COLUMNS[1:])}) VALUES {{rows}} RETURNING _id"
)
#: Both tables, on PostgreSQL.
_CREATE_FOR_ONE = (
    f"WITH action AS ({_INSERT.format(rows=_ACTION)}) INSERT INTO activity_stream_recipient "
    "SELECT ?, ?, ?::timestamp, _id, 0 FROM action RETURNING action_id"
)
_CREATE = (
    f"WITH action AS ({_INSERT.format(rows=_ACTION)}), writing AS ("
    "INSERT INTO activity_stream_recipient SELECT type, key, ?::timestamp, _id, place::integer - 1 "
    "FROM action, unnest(?::varchar[], ?::varchar[]) WITH ORDINALITY AS a (type, key, place)"
    ") SELECT _id FROM action"
)
#: How many rows are written by one statement.
_AT_ONCE = 10_000


def _addresses(*keys: int) -> list[tuple[str, str]]:
    return [*((name, str(key)) for key in keys for name in USER_TYPES), ("", "")]


def _each(addresses: list[tuple[str, str]], *bounds: Any) -> Iterator[Any]:
    """The values of branches that are all bounded alike."""
    for address in addresses:
        yield from (*address, *bounds)


class Raw:
    name = "raw"

    def __init__(self, connection: Any, mark: str) -> None:
        """
        :param connection: the driver's own.
        :param mark: what stands for a parameter in its statements.
        """
        self._connection = connection
        self._mark = mark

    def fresh(self) -> None:
        self._connection.rollback()
        self._execute("SELECT 1").fetchall()

    def user(self, number: int, seen: datetime | None = SEEN) -> tuple[int, str, datetime | None]:
        return key(number), user_name(number), seen

    def post(self, number: int) -> tuple[int, str]:
        return key(number), title(number)

    def crowd(self, number: int) -> list[int]:
        return [key(each) for each in range(number)]

    def place(self, scene: Scene) -> Any:
        return scene.place

    def create(self, actor: Any, target: Any, recipients: list[int]) -> None:
        now = self._at(clock.now())
        action = self._action(actor, target, now, len(recipients))
        if self._mark == "%s" and len(recipients) == 1:
            self._execute(_CREATE_FOR_ONE, *action, "User", str(recipients[0]), now).fetchone()
            return
        if self._mark == "%s" and len(recipients) <= _AT_ONCE:
            keys = [str(recipient) for recipient in recipients]
            self._execute(_CREATE, *action, now, ["User"] * len(keys), keys).fetchone()
            return
        (action_id,) = self._execute(_INSERT.format(rows=_ACTION), *action).fetchone()
        self._address(
            ("User", str(recipient), now, action_id, position)
            for position, recipient in enumerate(recipients)
        )

    def create_many(self, actor: Any, target: Any, recipient: int) -> None:
        now = self._at(clock.now())
        values = self._action(actor, target, now, 1) * MANY
        actions = self._execute(_INSERT.format(rows=", ".join([_ACTION] * MANY)), *values)
        self._address(("User", str(recipient), now, number, 0) for (number,) in actions.fetchall())

    def _action(self, actor: Any, target: Any, now: Any, recipients: int) -> tuple[Any, ...]:
        return (
            *("User", str(actor[0]), actor[1], "commented", None, None),
            *("Post", str(target[0]), target[1], None, None, None, now, recipients),
        )

    def _address(self, rows: Iterable[tuple[Any, ...]]) -> None:
        rows = list(rows)
        if self._mark == "%s" and len(rows) > 10:  # PostgreSQL's arrays, as ours
            types = ("varchar", "varchar", "timestamp", "bigint", "integer")
            arrays = ", ".join(f"%s::{each}[]" for each in types)
            statement = f"INSERT INTO activity_stream_recipient SELECT * FROM unnest({arrays})"
            for start in range(0, len(rows), _AT_ONCE):
                columns = zip(*rows[start : start + _AT_ONCE], strict=True)
                self._connection.execute(statement, [list(column) for column in columns])
            return
        self._connection.cursor().executemany(
            self._written("INSERT INTO activity_stream_recipient VALUES (?, ?, ?, ?, ?)"), rows
        )

    def newest(self, user: Any) -> list[Any]:
        return self._shown(_PAGE, *_each(_addresses(user[0]), 10), 10, 0)

    def newest_also(self, user: Any, audiences: list[int]) -> list[Any]:
        addresses = _addresses(user[0], *audiences)
        if self._mark == "%s":
            types, keys = map(list, zip(*addresses, strict=True))
            return self._shown(_PAGE_OF_ARRAYS, types, keys, 10, 10, 0)
        return self._shown(_PAGE_OF_SEVERAL, *_each(addresses, 10), 10, 0)

    def before(self, user: Any, place: Any) -> list[Any]:
        moment, last = self._at(place[0]), place[1]
        values = _each(_addresses(user[0]), moment, moment, last, 10)
        return self._shown(_PAGE_BEFORE, *values, 10, 0)

    def skip(self, user: Any, depth: int) -> list[Any]:
        return self._shown(_PAGE, *_each(_addresses(user[0]), depth + 10), 10, depth)

    def count(self, user: Any) -> int:
        return self._count(user)

    def count_capped(self, user: Any) -> int:
        return min(CAP, self._count(user, CAP))

    def mark_seen(self, user: Any) -> None:
        lock = "" if self._mark == "?" else " FOR UPDATE"
        self._execute(
            f"SELECT last_activity_seen FROM tg_user WHERE _id = ?{lock}", user[0]
        ).fetchone()
        now = self._at(clock.now())
        self._execute(
            "UPDATE tg_user SET last_activity_seen = ? "
            "WHERE _id = ? AND (last_activity_seen IS NULL OR last_activity_seen < ?)",
            *(now, user[0], now),
        )

    def undo(self) -> None:
        self._connection.rollback()

    def _count(self, user: Any, limit: int | None = None) -> int:
        seen = () if user[2] is None else (self._at(user[2]),)
        limited = () if limit is None else (limit,)
        statement = _count_statement(_NEWER if seen else "", "LIMIT ?" if limited else "")
        values = _each(_addresses(user[0]), *seen, *limited)
        return self._execute(statement, *values).fetchone()[0]

    def _shown(self, statement: str, *values: Any) -> list[Any]:
        actions = self._execute(statement, *values).fetchall()
        users = self._by_key(
            "_id, kind, user_name, password, last_activity_seen FROM tg_user",
            {int(action[2]) for action in actions},
        )
        posts = self._by_key("_id, title FROM post", {int(action[8]) for action in actions})
        return [
            (users[int(action[2])][2], action[4], posts[int(action[8])][1]) for action in actions
        ]

    def _by_key(self, what: str, keys: set[int]) -> dict[int, Sequence[Any]]:
        marks = ", ".join("?" * len(keys))
        rows = self._execute(f"SELECT {what} WHERE _id IN ({marks})", *keys)
        return {row[0]: row for row in rows.fetchall()}

    def _execute(self, statement: str, *values: Any) -> Any:
        return self._connection.execute(self._written(statement), values)

    def _written(self, statement: str) -> str:
        return statement.replace("?", self._mark)

    def _at(self, moment: datetime) -> Any:
        # SQLite keeps moments as texts.
        return moment if self._mark == "%s" else moment.isoformat(" ", timespec="microseconds")
