"""Storing actions, each with the rows of its recipients."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm.attributes import instance_state

from .. import DBSession
from ..action import ROLES
from ..values import Reference
from .session import all_or_nothing, engine_of_session, open_connection, session_has_changed
from .sessions import is_flushing
from .statements import ADDRESSED
from .tables import ACTIONS, EVERYONE, ROWS, Action

#: The most characters of a statement that any server takes: 4 bytes each are below a megabyte.
_MUCH_TEXT = 200_000


#: What a driver for MySQL puts a backslash before.
_ESCAPED = "\0\n\r\x1a\"'\\"


#: More bytes than there are in an INSERT of an action beside its texts.
_BESIDE_TEXT = 4096


def insert_action(fields: dict[str, Any]) -> Action:
    """Write one action inside the host's transaction.

    Past the unit of work, which takes as long as all the rest; the session holds the action then as
    if it had read it.
    """
    check_fields(fields)
    row, recipients = _row(fields), fields["_recipients"]
    to = _TO_EVERYONE if recipients is None else recipients
    connection = open_connection()
    with all_or_nothing():
        if connection.dialect.name == "postgresql" and len(to) <= _ROWS_AT_ONCE:
            types, keys = [each["_type"] for each in to], [each["_id"] for each in to]
            if len(to) == 1:
                one = {"type": types[0], "key": keys[0]}
                number = connection.scalar(_INSERT_FOR_ONE, {**row, **one})
            else:
                several = {"types": types, "keys": keys}
                number = connection.scalar(_INSERT_FOR_SEVERAL, {**row, **several})
        else:
            inserted = connection.execute(_INSERT_ACTION, row)
            number = inserted.inserted_primary_key[0]  # type: ignore[index]  # there is one
            _address([(number, fields["timestamp"], recipients)])
    rows = [Reference(each["_type"], each["_id"]) for each in recipients or ()]
    action = restore_action({**_attributes(row), "_id": number, "_rows": rows})
    # SQLite gives a number again that was rolled back, of which the host may hold the action yet.
    session = DBSession.registry()
    rolled_back = session.identity_map.get(instance_state(action).key)
    if rolled_back is not None:
        session.expunge(rolled_back)
    # Within a flush SQLAlchemy takes no object: what the host changes of it then is not stored.
    if not is_flushing(session):
        session.add(action)
    session_has_changed()
    return action


def restore_action(fields: dict[str, Any]) -> Action:
    """An action as it was stored, which no session holds.

    :param fields: its ``_in_hand()``.
    """
    # As a query makes it: by no constructor.
    action: Action = orm.class_mapper(Action).class_manager.new_instance()
    # As one that was read has them, which spares a history of each.
    vars(action).update(fields)
    orm.make_transient_to_detached(action)
    return action


def insert_actions(actions: list[dict[str, Any]]) -> None:
    """Write many actions inside the host's transaction, and give the session none.

    :param actions: the fields of each, checked.
    """
    numbers: list[int] = []
    with all_or_nothing():
        for part in _by_length(actions):
            numbers += _insert_actions([_row(fields) for fields in part])
        _address(
            (number, fields["timestamp"], fields["_recipients"])
            for number, fields in zip(numbers, actions, strict=True)
        )
    session_has_changed()


def _insert_actions(rows: list[dict[str, Any]]) -> Iterable[int]:
    """Write actions without their recipients, and give their numbers."""
    connection = open_connection()
    if connection.dialect.insert_executemany_returning:
        insert = _INSERT_ACTION.returning(Action._id, sort_by_parameter_order=True)
        return connection.scalars(insert, rows)
    # MySQL tells the number of one at a time.
    inserted = (connection.execute(_INSERT_ACTION, row).inserted_primary_key for row in rows)
    return [each[0] for each in inserted]  # type: ignore[index]  # there is one


def _row(fields: dict[str, Any]) -> dict[str, Any]:
    """What is stored of an action beside the rows of its recipients."""
    row = dict(fields)
    recipients = row.pop("_recipients")
    row["number_of_recipients"] = None if recipients is None else len(recipients)
    return row


def _attributes(row: dict[str, Any]) -> dict[str, Any]:
    """The same by the names that they are mapped to."""
    attributes = dict(row)
    for role in ROLES:
        attributes[f"_{role}_key"] = attributes.pop(f"{role}_id")
    return attributes


def _by_length(actions: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Parts whose text any server takes in one statement, unless it is that of one action."""
    part: list[dict[str, Any]] = []
    length = 0
    for fields in actions:
        its_length = _length(fields)
        if part and length + its_length > _MUCH_TEXT:
            yield part
            part, length = [], 0
        part.append(fields)
        length += its_length
    if part:
        yield part


def _length(fields: dict[str, Any]) -> int:
    return sum(len(value) for value in fields.values() if isinstance(value, str))


def check_fields(fields: dict[str, Any]) -> None:
    """
    :raises ValueError: if this is nothing that the database stores.
    """
    kind = engine_of_session().dialect.name
    if kind == "postgresql":
        for name, value in fields.items():
            if isinstance(value, str) and "\0" in value:
                raise ValueError(f"PostgreSQL stores no NUL character, as there is in {name}")
    # A server of MySQL's kind would end the connection, and with it the host's transaction.
    if kind in ("mysql", "mariadb") and _length(fields) > _MUCH_TEXT:
        connection = DBSession.connection(bind_arguments={"mapper": Action})
        most = connection.exec_driver_sql("SELECT @@max_allowed_packet").scalar_one()
        size = _BESIDE_TEXT + sum(
            len(value.encode()) + sum(map(value.count, _ESCAPED))
            for value in fields.values()
            if isinstance(value, str)
        )
        if size > most:
            raise ValueError(
                f"the database takes at most {most} bytes at once, and this action is {size}: "
                f"store less text, or raise the server's max_allowed_packet"
            )


def check_filters(filters: dict[str, Any]) -> None:
    """
    :raises ValueError: if no action can have these values.
    """
    number = filters.get("_id")
    if number is not None and not (isinstance(number, int) and abs(number) < 2**63):
        raise ValueError(f"the _id of an action is a number below 2**63, not {number!r}")
    check_fields(filters)


def _address(actions: Iterable[tuple[int, datetime, list[dict[str, Any]] | None]]) -> None:
    """Write the rows of the recipients of actions: of each its number, its time, and for whom."""
    rows = (
        (to["_type"], to["_id"], timestamp, number, position)
        for number, timestamp, recipients in actions
        for position, to in enumerate(_TO_EVERYONE if recipients is None else recipients)
    )
    connection = open_connection()
    on_postgresql = connection.dialect.name == "postgresql"
    while chunk := list(islice(rows, _ROWS_AT_ONCE)):
        if on_postgresql and len(chunk) > 10:
            columns = zip(*chunk, strict=True)
            connection.execute(_INSERT_ARRAYS, dict(zip(_ROW, map(list, columns), strict=True)))
        else:
            connection.execute(_INSERT, [dict(zip(_ROW, row, strict=True)) for row in chunk])


_TO_EVERYONE = [{"_type": EVERYONE.type, "_id": EVERYONE.key}]


#: How many rows of recipients are written by one statement.
_ROWS_AT_ONCE = 10_000


_ROW = ("recipient_type", "recipient_id", "timestamp", "action_id", "position")


_INSERT_ACTION = sa.insert(ACTIONS)


_INSERT = sa.insert(ROWS)


def _insert_arrays() -> Any:
    arrays = [sa.bindparam(name, type_=postgresql.ARRAY(ROWS.c[name].type)) for name in _ROW]
    rows = sa.func.unnest(*arrays).table_valued(*_ROW).render_derived()
    return sa.insert(ROWS).from_select(_ROW, sa.select(*rows.c))


def _insert_with_rows() -> tuple[Any, Any]:
    """What writes an action and the rows of its recipients, and gives its number.

    For one recipient, whose type and key are given, and for several, of whom these are arrays.
    """
    values = {
        each.name: sa.bindparam(each.name, type_=each.type)
        for each in ACTIONS.c
        if each is not ACTIONS.c._id
    }
    action = sa.insert(ACTIONS).values(values).returning(ACTIONS.c._id).cte("action")

    def rows(type_name: Any, key: Any, position: Any) -> Any:
        return sa.select(type_name, key, values["timestamp"], action.c._id, position)

    _type, _key = ROWS.c.recipient_type.type, ROWS.c.recipient_id.type
    row = rows(sa.bindparam("type", type_=_type), sa.bindparam("key", type_=_key), sa.literal(0))
    for_one = sa.insert(ROWS).from_select(_ROW, row).returning(ROWS.c.action_id)

    place = sa.cast(ADDRESSED.c.place, sa.Integer) - 1
    several = rows(ADDRESSED.c.type, ADDRESSED.c.key, place)
    several = several.select_from(action.join(ADDRESSED, sa.true()))
    writing = sa.insert(ROWS).from_select(_ROW, several).cte("writing")
    return for_one, sa.select(action.c._id).add_cte(writing)


# PostgreSQL takes many rows as arrays in less than half the time, and all of an action at once.
_INSERT_ARRAYS = _insert_arrays()


_INSERT_FOR_ONE, _INSERT_FOR_SEVERAL = _insert_with_rows()
