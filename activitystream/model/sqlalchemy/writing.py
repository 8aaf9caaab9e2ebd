"""Storing actions, each with the rows of its recipients.

All bypass the ORM's unit of work, which doubles the time of an insert.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

from .. import DBSession
from ..action import ROLES
from ..values import Reference
from .addresses import ADDRESSED
from .compiled import execute, execute_many
from .digests import digests_of
from .mutes import hide_own
from .private import is_flushing, new_instance
from .private_zope import mark_changed
from .session import all_or_nothing, engine_of_session, open_connection
from .tables import ACTIONS, DIGESTS, EVERYONE, RECIPIENTS, Action

#: How many characters any server takes in one statement: at 4 bytes each they are under 1 MB.
_SAFE_LENGTH = 200_000

#: The characters that a driver for MySQL puts a backslash before.
_ESCAPED = "\0\n\r\x1a\"'\\"

#: An upper bound for an INSERT without its texts, in bytes.
_BESIDES_TEXTS = 4096


def insert_action(fields: dict[str, Any]) -> Action:
    """Store one action inside the host's transaction.

    The session holds the action then as if it had read it.
    """
    check_fields(fields)
    row, recipients = _row_of(fields), fields["_recipients"]
    to = _recipients_of(fields)
    connection = open_connection()
    with all_or_nothing():
        hide_own([fields])
        if connection.dialect.name == "postgresql" and len(to) <= _ROWS_AT_ONCE:
            types, keys = [each["_type"] for each in to], [each["_id"] for each in to]
            values = {**row, **digests_of(fields)}
            if len(to) == 1:
                one = {"type": types[0], "key": keys[0]}
                action_id = execute(connection, _INSERT_FOR_ONE, {**values, **one}).scalar_one()
            else:
                several = {"types": types, "keys": keys}
                found = execute(connection, _INSERT_FOR_SEVERAL, {**values, **several})
                action_id = found.scalar_one()
        else:
            action_id = _insert_row(connection, row)
            _insert_recipients([(action_id, fields)])
    references = [Reference(each["_type"], each["_id"]) for each in recipients or ()]
    action = restore_action(
        {**_attributes_of(row), "_id": action_id, "_references_read": references}
    )
    # SQLite reuses an id that was rolled back, whose action the session may still hold.
    session = DBSession.registry()
    rolled_back = session.identity_map.get(sa.inspect(action).identity_key)
    if rolled_back is not None:
        session.expunge(rolled_back)
    # In a flush a session takes no object, so that what the host changes of it then is not stored.
    if not is_flushing(session):
        session.add(action)
    mark_changed(session)
    return action


def restore_action(fields: dict[str, Any]) -> Action:
    """Make an action of what was stored. No session holds it.

    :param fields: what its ``_in_hand()`` gave.
    """
    action = new_instance(Action)
    vars(action).update(fields)
    orm.make_transient_to_detached(action)
    return action


def insert_actions(actions: list[dict[str, Any]]) -> None:
    """Store several actions inside the host's transaction. The session holds none.

    :param actions: the fields of each, which :func:`check_fields` has passed.
    """
    ids: list[int] = []
    with all_or_nothing():
        hide_own(actions)
        for batch in _batches_by_length(actions):
            ids += _insert_rows([_row_of(fields) for fields in batch])
        _insert_recipients(zip(ids, actions, strict=True))
    mark_changed(DBSession.registry())


def _insert_rows(rows: list[dict[str, Any]]) -> Iterable[int]:
    """Insert actions without their recipients, and return their ids in the same order."""
    connection = open_connection()
    dialect = connection.dialect
    if dialect.name != "sqlite" and dialect.insert_executemany_returning:
        insert = sa.insert(ACTIONS).returning(Action._id, sort_by_parameter_order=True)
        return connection.scalars(insert, rows)
    first, *others = rows
    first_id = _insert_row(connection, first)
    driver: Any = connection.connection.driver_connection
    if dialect.name != "sqlite" or not driver.in_transaction:
        # MySQL returns the id of one row only. In autocommit, others may come in between.
        return [first_id, *(_insert_row(connection, row) for row in others)]
    # SQLite does not return ids in the order of the rows, so choose them: the first INSERT has the
    # highest id, and locks the database until the transaction ends, so the next ids are free.
    ids = range(first_id, first_id + len(rows))
    if others:
        with_ids = [
            (action_id, *(row[name] for name in _FIELDS))
            for action_id, row in zip(ids[1:], others, strict=True)
        ]
        execute_many(connection, _INSERT_WITH_ID, ("_id", *_FIELDS), with_ids)
    return ids


def _insert_row(connection: sa.Connection, row: dict[str, Any]) -> int:
    """Insert an action without its recipients, and return its id."""
    if connection.dialect.name == "postgresql":
        returned: int = execute(connection, _INSERT_RETURNING, row).scalar_one()
        return returned
    return execute(connection, _INSERT_ACTION, row).lastrowid


def _row_of(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the row of an action, by the names of its columns."""
    row = dict(fields)
    row.pop("notify_actor")
    recipients = row.pop("_recipients")
    row["number_of_recipients"] = None if recipients is None else len(recipients)
    return row


def _attributes_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row keyed by attribute names."""
    attributes = dict(row)
    for role in ROLES:
        attributes[f"_{role}_key"] = attributes.pop(f"{role}_id")
    return attributes


def _batches_by_length(actions: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the actions in batches that any server takes in one statement.

    An action that is longer by itself is a batch of its own.
    """
    batch: list[dict[str, Any]] = []
    length = 0
    for fields in actions:
        its_length = _length_of(fields)
        if batch and length + its_length > _SAFE_LENGTH:
            yield batch
            batch, length = [], 0
        batch.append(fields)
        length += its_length
    if batch:
        yield batch


def _length_of(fields: dict[str, Any]) -> int:
    return sum(len(value) for value in fields.values() if isinstance(value, str))


def check_fields(fields: dict[str, Any]) -> None:
    """Refuse an action that the database would not store.

    :raises ValueError: if a text has a character or a length that the database does not take.
    """
    dialect_name = engine_of_session().dialect.name
    if dialect_name == "postgresql":
        for name, value in fields.items():
            if isinstance(value, str) and "\0" in value:
                raise ValueError(
                    f"{name} has a NUL character, which PostgreSQL cannot store: remove it"
                )
    # MariaDB and MySQL would end the connection, and with it the host's transaction.
    if dialect_name in ("mysql", "mariadb") and _length_of(fields) > _SAFE_LENGTH:
        connection = DBSession.connection(bind_arguments={"mapper": Action})
        most = connection.exec_driver_sql("SELECT @@max_allowed_packet").scalar_one()
        size = _BESIDES_TEXTS + sum(
            len(value.encode()) + sum(map(value.count, _ESCAPED))
            for value in fields.values()
            if isinstance(value, str)
        )
        if size > most:
            raise ValueError(
                f"the database takes at most {most} bytes at once, and this action has {size}: "
                f"store less text, or raise the server's max_allowed_packet"
            )


def check_filters(filters: dict[str, Any]) -> None:
    """Refuse values that no action can have.

    :raises ValueError: if there is such a value.
    """
    action_id = filters.get("_id")
    if action_id is not None and not (isinstance(action_id, int) and abs(action_id) < 2**63):
        raise ValueError(f"the _id of an action is a number below 2**63, not {action_id!r}")
    check_fields(filters)


def _insert_recipients(actions: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """Insert the rows of the recipients of actions, given by their ids and fields."""
    rows = (
        (to["_type"], to["_id"], fields["timestamp"], action_id, position, *digests)
        for action_id, fields in actions
        for digests in [digests_of(fields).values()]
        for position, to in enumerate(_recipients_of(fields))
    )
    connection = open_connection()
    on_postgresql = connection.dialect.name == "postgresql"
    while chunk := list(islice(rows, _ROWS_AT_ONCE)):
        if on_postgresql and len(chunk) > 10:
            columns = zip(*chunk, strict=True)
            arrays = dict(zip(_COLUMNS, map(list, columns), strict=True))
            connection.execute(_INSERT_ARRAYS, arrays)
        else:
            execute_many(connection, _INSERT_RECIPIENTS, _COLUMNS, chunk)


def _recipients_of(fields: dict[str, Any]) -> list[dict[str, Any]]:
    recipients = fields["_recipients"]
    return _TO_EVERYONE if recipients is None else recipients


_TO_EVERYONE = [{"_type": EVERYONE.type, "_id": EVERYONE.key}]

#: How many rows of recipients one statement inserts.
_ROWS_AT_ONCE = 10_000

#: The columns of a row of a recipient.
_COLUMNS = ("recipient_type", "recipient_id", "timestamp", "action_id", "position", *DIGESTS)


#: The columns of an action but for its id.
_FIELDS = tuple(each.name for each in ACTIONS.c if each is not ACTIONS.c._id)


def _insert(table: sa.Table, names: Sequence[str]) -> Any:
    """Build the INSERT of a row that is given by the names of its columns."""
    binds = {name: sa.bindparam(name, type_=table.c[name].type) for name in names}
    # Without RETURNING, which SQLAlchemy adds where it may be asked for the id.
    return sa.insert(table).values(binds).inline()


_INSERT_ACTION = _insert(ACTIONS, _FIELDS)

_INSERT_RETURNING = _INSERT_ACTION.returning(ACTIONS.c._id)

_INSERT_WITH_ID = _insert(ACTIONS, ("_id", *_FIELDS))

_INSERT_RECIPIENTS = _insert(RECIPIENTS, _COLUMNS)


def _insert_arrays() -> Any:
    """Build the INSERT of rows of recipients that are given as an array for each column."""
    arrays = [
        sa.bindparam(name, type_=postgresql.ARRAY(RECIPIENTS.c[name].type)) for name in _COLUMNS
    ]
    rows = sa.func.unnest(*arrays).table_valued(*_COLUMNS).render_derived()
    return sa.insert(RECIPIENTS).from_select(_COLUMNS, sa.select(*rows.c))


def _insert_with_recipients() -> tuple[Any, Any]:
    """Build the two INSERTs of an action with the rows of its recipients, which return its id.

    The first takes the type and the key of one recipient, the second arrays of them.
    """
    values = {name: sa.bindparam(name, type_=ACTIONS.c[name].type) for name in _FIELDS}
    action = sa.insert(ACTIONS).values(values).returning(ACTIONS.c._id).cte("action")

    digests = [sa.bindparam(name, type_=sa.BigInteger) for name in DIGESTS]

    def rows(type_name: Any, key: Any, position: Any) -> Any:
        return sa.select(type_name, key, values["timestamp"], action.c._id, position, *digests)

    _type, _key = RECIPIENTS.c.recipient_type.type, RECIPIENTS.c.recipient_id.type
    row = rows(sa.bindparam("type", type_=_type), sa.bindparam("key", type_=_key), sa.literal(0))
    for_one = sa.insert(RECIPIENTS).from_select(_COLUMNS, row).returning(RECIPIENTS.c.action_id)

    place = sa.cast(ADDRESSED.c.place, sa.Integer) - 1
    several = rows(ADDRESSED.c.type, ADDRESSED.c.key, place)
    several = several.select_from(action.join(ADDRESSED, sa.true()))
    writing = sa.insert(RECIPIENTS).from_select(_COLUMNS, several).cte("writing")
    return for_one, sa.select(action.c._id).add_cte(writing)


# PostgreSQL takes many rows as arrays in less than half the time, and all of an action at once.
_INSERT_ARRAYS = _insert_arrays()

_INSERT_FOR_ONE, _INSERT_FOR_SEVERAL = _insert_with_recipients()
