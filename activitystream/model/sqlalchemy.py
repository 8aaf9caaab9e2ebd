"""Actions on SQLAlchemy, and everything else of ours that is special to it.

Another ORM is one more module with these functions.
"""

import logging
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm.attributes import instance_state, set_committed_value
from tg.configuration.utils import TGConfigError

from ..lib.clock import naive_utc
from ..lib.gearbox import config_option
from ..lib.references import Address, Reference, class_named, classes_by_name
from ..lib.stream import Span, place_of
from . import DBSession
from .action import ROLES, ActionMixin
from .sqlalchemy_host import mappers, metadata_of, model_of, modules_of
from .sqlalchemy_keys import LONGEST, Keys
from .sqlalchemy_seen import Seen
from .sqlalchemy_sessions import (
    bind,
    connections_of,
    end_request,
    has_only_read,
    is_doomed,
    is_flushing,
    listeners_of_zope,
    session_of,
    sessions,
    was_written,
)
from .sqlalchemy_sessions import check_session as check_session  # the other half of key_of
from .sqlalchemy_transaction import watched_transaction as watched_transaction
from .sqlalchemy_types import ColumnType

log = logging.getLogger(__name__)

#: What a recipient's class must have.
SEEN_FIELD = "last_activity_seen = Column(DateTime)"

#: What to do with an entity before actions can refer to it.
STORE_IT = "DBSession.add() it first"

#: How many rows are read or written by one statement.
_CHUNK = 1000

#: How many addresses one statement asks for, where they are not given as arrays.
_ADDRESSES = 64

#: The most characters of a statement that any server takes: 4 bytes each are below a megabyte.
_MUCH_TEXT = 200_000

#: What a driver for MySQL puts a backslash before.
_ESCAPED = "\0\n\r\x1a\"'\\"

#: More bytes than there are in an INSERT of an action beside its texts.
_BESIDE_TEXT = 4096

# MySQL's own choices would lose milliseconds, cut texts at 64 kB, and take "a" for "A".
_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Name = sa.String(LONGEST).with_variant(
    mysql.VARCHAR(LONGEST, collation="utf8mb4_bin"), "mysql", "mariadb"
)
_Text = sa.Text().with_variant(mysql.LONGTEXT(collation="utf8mb4_bin"), "mysql", "mariadb")


class _Moment(sa.TypeDecorator[datetime]):
    """Naive UTC, cut to the millisecond, as Ming has it."""

    impl = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> datetime | None:
        return None if value is None else naive_utc(value)


class _Key(sa.TypeDecorator[str]):
    """The text that stands for a key; in a host's own query, the key of a simple kind too."""

    impl = _Name
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else str(value)


class _Base(orm.DeclarativeBase):
    # Names that don't depend on the database, for the migrations.
    metadata = sa.MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
        }
    )


def _key_in_role(role: str) -> Any:
    """``actor_id`` and the like: in a query the text, on an action the key of the entity's kind."""

    def read(self: Any) -> Any:
        text = getattr(self, f"_{role}_key")
        if text is None:
            return None
        return _key_in_hand(self._page().class_named(getattr(self, f"{role}_type")), text)

    def write(self: Any, key: Any) -> None:
        cls = class_named(getattr(self, f"{role}_type") or "")
        text = key if key is None or cls is None else _keys(cls).text_of(key)
        setattr(self, f"_{role}_key", None if text is None else str(text))

    read.__name__ = f"{role}_id"  # by which a hybrid property knows itself
    return hybrid_property(read, write, expr=lambda cls: getattr(cls, f"_{role}_key"))


class Action(ActionMixin, _Base):
    """One row per action; for whom it is is in :class:`ActionRecipient`."""

    __tablename__ = "activity_stream_action"

    _id: orm.Mapped[int] = orm.mapped_column(_Number, primary_key=True)
    actor_type: orm.Mapped[str | None] = orm.mapped_column(_Name)
    _actor_key: orm.Mapped[str | None] = orm.mapped_column("actor_id", _Key)
    actor_id = _key_in_role("actor")
    actor_name: orm.Mapped[str | None] = orm.mapped_column(_Text)
    verb: orm.Mapped[str] = orm.mapped_column(_Text)
    description: orm.Mapped[str | None] = orm.mapped_column(_Text)
    extra: orm.Mapped[str | None] = orm.mapped_column(_Text)
    target_type: orm.Mapped[str | None] = orm.mapped_column(_Name)
    _target_key: orm.Mapped[str | None] = orm.mapped_column("target_id", _Key)
    target_id = _key_in_role("target")
    target_name: orm.Mapped[str | None] = orm.mapped_column(_Text)
    action_obj_type: orm.Mapped[str | None] = orm.mapped_column(_Name)
    _action_obj_key: orm.Mapped[str | None] = orm.mapped_column("action_obj_id", _Key)
    action_obj_id = _key_in_role("action_obj")
    action_obj_name: orm.Mapped[str | None] = orm.mapped_column(_Text)
    timestamp: orm.Mapped[datetime] = orm.mapped_column(_Moment)
    #: Null if it is for everyone.
    number_of_recipients: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)

    __table_args__ = (
        sa.Index("actions_by_time", timestamp, _id),
        # Or SQLite would give the number of a deleted action to a new one.
        {"sqlite_autoincrement": True},
    )

    @property
    def _recipients(self) -> list[dict[str, Any]] | None:
        """As on Ming: None for everyone, else a list. Read for the whole page at once."""
        if self.number_of_recipients is None:
            return None
        class_named = self._page().class_named
        return [
            {"_type": each.type, "_id": _key_in_hand(class_named(each.type), each.key)}
            for each in self.recipient_references()
        ]

    def recipient_references(self) -> list[Reference]:
        if self.number_of_recipients is None:
            return []
        if "_rows" not in vars(self):
            self._page().read_recipients(self)
        found: list[Reference] = vars(self)["_rows"]
        return found

    def _stored(self, name: str) -> Any:
        # Of a key the text, by which entities are loaded.
        role = name.removesuffix("_id")
        return getattr(self, f"_{role}_key" if role in ROLES else name)

    def _in_hand(self) -> dict[str, Any]:
        columns = sa.inspect(type(self)).column_attrs.keys()
        fields = {name: getattr(self, name) for name in columns}
        return {**fields, "_rows": vars(self)["_rows"]} if "_rows" in vars(self) else fields


class ActionRecipient(_Base):
    """One row per recipient of an action, in the order in which streams are read.

    The primary key is the only index that a stream needs. No index may start with the timestamp:
    it would tempt PostgreSQL to look for the newest of one recipient among those of all.
    """

    __tablename__ = "activity_stream_recipient"

    recipient_type: orm.Mapped[str] = orm.mapped_column(_Name, primary_key=True)
    recipient_id: orm.Mapped[str] = orm.mapped_column(_Key, primary_key=True)
    timestamp: orm.Mapped[datetime] = orm.mapped_column(_Moment, primary_key=True)
    action_id: orm.Mapped[int] = orm.mapped_column(
        _Number, sa.ForeignKey(Action._id, ondelete="CASCADE"), primary_key=True, index=False
    )
    #: Its place among the recipients of the action.
    position: orm.Mapped[int] = orm.mapped_column(sa.Integer)

    __table_args__ = (sa.Index("recipients_of_action", action_id),)


_ACTIONS = _Base.metadata.tables[Action.__tablename__]
_ROWS = _Base.metadata.tables[ActionRecipient.__tablename__]

#: The type and key of the row of an action for everyone. No entity's type is empty.
_EVERYONE = Reference("", "")

#: An address that no row has.
_NOBODY = Reference("", "-")


def _arrays_of_addresses() -> Any:
    types = sa.bindparam("types", type_=postgresql.ARRAY(_ROWS.c.recipient_type.type))
    keys = sa.bindparam("keys", type_=postgresql.ARRAY(_ROWS.c.recipient_id.type))
    each = sa.func.unnest(types, keys).table_valued("type", "key", with_ordinality="place")
    return each.render_derived(name="addressed")


#: Addresses that PostgreSQL is given as two arrays: the type, the key and the place of each.
_ADDRESSED = _arrays_of_addresses()


@event.listens_for(Action, "after_update")
def _move_rows(mapper: Any, connection: Any, action: Action) -> None:
    if sa.inspect(action).attrs.timestamp.history.has_changes():
        rows = sa.update(ActionRecipient).where(ActionRecipient.action_id == action._id)
        connection.execute(rows.values(timestamp=action.timestamp))


@event.listens_for(Action, "before_delete")
def _delete_rows(mapper: Any, connection: Any, action: Action) -> None:
    connection.execute(sa.delete(ActionRecipient).where(ActionRecipient.action_id == action._id))


MODELS = (Action, ActionRecipient)


#: What is raised when the database cannot do what it is asked.
DATABASE_ERRORS = (sa.exc.DBAPIError, sa.exc.PendingRollbackError, sa.exc.TimeoutError)


def transaction_is_broken(error: BaseException) -> bool:
    """Whether the host's transaction may be of no use any more, after code that nobody watched.

    :param error: what was raised in it. If the database's own error is behind it, that may have
        rolled all back: MariaDB and SQLite go on as if nothing had been.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DATABASE_ERRORS):
            return True
        cause = cause.__cause__ or cause.__context__
    return any(map(_is_of_no_use, sessions()))


def _is_of_no_use(session: Any) -> bool:
    if session.get_transaction() is None or not session.is_active:
        return True
    try:
        for connection in connections_of(session):
            connection.execute(sa.select(1))
    except sa.exc.SQLAlchemyError:
        return True
    return False


def can_go_on() -> bool:
    """Whether the request can go on, and nothing of it is lost, after an error of the database's.

    Where nothing was written, the host's transaction is rolled back, as PostgreSQL does nothing
    more in it. What the host writes after all raises an error when it is committed: zope.sqlalchemy
    would commit the transaction that it knew.
    """
    if not all(session.is_active for session in sessions()):  # a flush failed
        return False
    begun = {session: connections_of(session) for session in sessions()}
    if any(was_written(session) for session in begun if not begun[session]):
        return False
    begun = {session: connections for session, connections in begun.items() if connections}
    if any(each.in_nested_transaction() or not has_only_read(each) for each in begun):
        return False
    for session, connections in begun.items():
        # Without a connection nothing is left to roll back, and what was read stays readable.
        if not all(connection.invalidated for connection in connections):
            session.rollback()
    return True


# Actions


def store(fields: dict[str, Any]) -> Action:
    """Write one action inside the host's transaction.

    Past the unit of work, which takes as long as all the rest; the session holds the action then as
    if it had read it.
    """
    check_fields(fields)
    row, recipients = _row(fields), fields["_recipients"]
    to = _TO_EVERYONE if recipients is None else recipients
    connection = _connection()
    with _all_or_nothing():
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
    action = restored({**_attributes(row), "_id": number, "_rows": rows})
    # SQLite gives a number again that was rolled back, of which the host may hold the action yet.
    session = DBSession.registry()
    rolled_back = session.identity_map.get(instance_state(action).key)
    if rolled_back is not None:
        session.expunge(rolled_back)
    # Within a flush SQLAlchemy takes no object: what the host changes of it then is not stored.
    if not is_flushing(session):
        session.add(action)
    _session_has_changed()
    return action


def restored(fields: dict[str, Any]) -> Action:
    """An action as it was stored, which no session holds.

    :param fields: its ``_in_hand()``.
    """
    action = Action()
    # As one that was read has them, which spares a history of each.
    vars(action).update(fields)
    orm.make_transient_to_detached(action)
    return action


def store_many(actions: list[dict[str, Any]]) -> None:
    """Write many actions inside the host's transaction, and give the session none.

    :param actions: the fields of each, checked.
    """
    numbers: list[int] = []
    with _all_or_nothing():
        for part in _by_length(actions):
            numbers += _insert_actions([_row(fields) for fields in part])
        _address(
            (number, fields["timestamp"], fields["_recipients"])
            for number, fields in zip(numbers, actions, strict=True)
        )
    _session_has_changed()


def _insert_actions(rows: list[dict[str, Any]]) -> Iterable[int]:
    """Write actions without their recipients, and give their numbers."""
    connection = _connection()
    if connection.dialect.insert_executemany_returning:
        insert = _INSERT_ACTION.returning(Action._id, sort_by_parameter_order=True)
        return connection.scalars(insert, rows)
    # MySQL tells the number of one at a time.
    inserted = (connection.execute(_INSERT_ACTION, row).inserted_primary_key for row in rows)
    return [each[0] for each in inserted]  # type: ignore[index]  # there is one


@contextmanager
def _all_or_nothing(cls: type[Any] = Action) -> Iterator[None]:
    """Rolls back the host's savepoint, or its transaction, as a flush that fails does.

    :param cls: whose table is written.

    Or a host that catches the error would commit a part of what was written; or, on PostgreSQL,
    nothing of its own either, without a word. Within a flush, a savepoint of its own.
    """
    session = _session_of(cls)
    if is_flushing(session):
        with _savepoint(cls):
            yield
        return
    try:
        yield
    except BaseException:
        (session.get_nested_transaction() or session).rollback()
        raise


def _session_of(cls: type[Any]) -> Any:
    # Our own at once, since each way through TurboGears' proxies takes its time.
    return DBSession.registry() if cls is Action else session_of(cls)


def _savepoint(cls: type = Action) -> Any:
    """A savepoint that the session does not know, and so flushes nothing for."""
    connection = _session_of(cls).connection(bind_arguments={"mapper": cls})
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and not driver.in_transaction:
        # Python's sqlite3 begins none for a savepoint, whose release would commit.
        connection.exec_driver_sql("BEGIN")
    return connection.begin_nested()


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


def _session_has_changed(session: Any = None) -> None:
    """Tell zope.sqlalchemy, which commits a session only if it saw it flush, or change mapped rows.

    By its own listeners, so that a session that the host did not register with it is left alone.

    :param session: another one than ``DBSession``.
    """
    session = session or DBSession.registry()
    for listener in listeners_of_zope(session):
        listener.mark_changed(session)


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
    kind = _engine().dialect.name
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
    connection = _connection()
    on_postgresql = connection.dialect.name == "postgresql"
    while chunk := list(islice(rows, _ROWS_AT_ONCE)):
        if on_postgresql and len(chunk) > 10:
            columns = zip(*chunk, strict=True)
            connection.execute(_INSERT_ARRAYS, dict(zip(_ROW, map(list, columns), strict=True)))
        else:
            connection.execute(_INSERT, [dict(zip(_ROW, row, strict=True)) for row in chunk])


_TO_EVERYONE = [{"_type": _EVERYONE.type, "_id": _EVERYONE.key}]

#: How many rows of recipients are written by one statement.
_ROWS_AT_ONCE = 10_000

_ROW = ("recipient_type", "recipient_id", "timestamp", "action_id", "position")


_INSERT_ACTION = sa.insert(_ACTIONS)

_INSERT = sa.insert(_ROWS)


def _insert_arrays() -> Any:
    arrays = [sa.bindparam(name, type_=postgresql.ARRAY(_ROWS.c[name].type)) for name in _ROW]
    rows = sa.func.unnest(*arrays).table_valued(*_ROW).render_derived()
    return sa.insert(_ROWS).from_select(_ROW, sa.select(*rows.c))


def _insert_with_rows() -> tuple[Any, Any]:
    """What writes an action and the rows of its recipients, and gives its number.

    For one recipient, whose type and key are given, and for several, of whom these are arrays.
    """
    values = {
        each.name: sa.bindparam(each.name, type_=each.type)
        for each in _ACTIONS.c
        if each is not _ACTIONS.c._id
    }
    action = sa.insert(_ACTIONS).values(values).returning(_ACTIONS.c._id).cte("action")

    def rows(type_name: Any, key: Any, position: Any) -> Any:
        return sa.select(type_name, key, values["timestamp"], action.c._id, position)

    _type, _key = _ROWS.c.recipient_type.type, _ROWS.c.recipient_id.type
    row = rows(sa.bindparam("type", type_=_type), sa.bindparam("key", type_=_key), sa.literal(0))
    for_one = sa.insert(_ROWS).from_select(_ROW, row).returning(_ROWS.c.action_id)

    place = sa.cast(_ADDRESSED.c.place, sa.Integer) - 1
    several = rows(_ADDRESSED.c.type, _ADDRESSED.c.key, place)
    several = several.select_from(action.join(_ADDRESSED, sa.true()))
    writing = sa.insert(_ROWS).from_select(_ROW, several).cte("writing")
    return for_one, sa.select(action.c._id).add_cte(writing)


# PostgreSQL takes many rows as arrays in less than half the time, and all of an action at once.
_INSERT_ARRAYS = _insert_arrays()
_INSERT_FOR_ONE, _INSERT_FOR_SEVERAL = _insert_with_rows()


def stream(to: Sequence[Address], span: Span, skip: int, limit: int | None) -> Iterator[Action]:
    """The actions for any of these addresses and for everyone, newest first.

    Further pages continue before the last action: to skip would be to read all after it.
    """
    while limit is None or limit > 0:
        size = _CHUNK if limit is None else min(limit, _CHUNK)
        page = _page(to, span, skip, size)
        yield from page
        if len(page) < size:
            return
        span, skip = span._replace(before=place_of(page[-1])), 0
        limit = None if limit is None else limit - size


def _page(to: Sequence[Address], span: Span, skip: int, size: int) -> list[Action]:
    parts = _parts(to)
    if len(parts) > 1:
        several = (_page_of(each, span, 0, skip + size, distinct=True) for each in parts)
        found = {action._id: action for actions in several for action in actions}
        newest_first = sorted(found.values(), key=place_of, reverse=True)
        return newest_first[skip : skip + size]
    return _page_of(parts[0], span, skip, size, distinct=len(to) > 1)


def _page_of(part: "_Part", span: Span, skip: int, size: int, distinct: bool) -> list[Action]:
    statement = _page_statement(_Shape.of(part, span), distinct)
    numbers = {"skip": skip, "size": size, "end": skip + size}
    return list(DBSession.scalars(statement, {**part.values, **_places(span), **numbers}))


def count_stream(
    to: Sequence[Address],
    span: Span,
    newer_than: datetime | None = None,
    limit: int | None = None,
) -> int:
    """How many actions there are for any of these addresses and for everyone.

    :param limit: stop counting there.
    """
    parts = _parts(to)
    values = {**_places(span), "newer_than": newer_than, "end": limit}
    if len(to) == 1 or parts[0].length is None:
        statement = _count_statement(_Shape.of(parts[0], span, newer_than, limit))
        total = _connection().scalar(statement, {**parts[0].values, **values})
        return total if limit is None else min(total, limit)
    found: set[int] = set()  # an action may be for several of them
    for part in parts:
        ids = _ids_statement(_Shape.of(part, span, newer_than, limit))
        found.update(_connection().scalars(ids, {**part.values, **values}))
    return len(found) if limit is None else min(len(found), limit)


def _engine() -> sa.Engine:
    # Of the session itself, as TurboGears' BalancedSession wants to be asked.
    engine: sa.Engine = DBSession.registry().get_bind(Action)
    return engine


def _connection(cls: type[Any] = Action) -> sa.Connection:
    """Past the session, which takes as long as the database.

    :param cls: of whose table something is asked.
    """
    session = _session_of(cls)
    if session.autoflush and not is_flushing(session):
        session.flush()
    connection: sa.Connection = session.connection(bind_arguments={"mapper": cls})
    return connection


class _Part(NamedTuple):
    """Addresses that one statement asks for."""

    #: How many they are; None for arrays of them, of any length.
    length: int | None
    #: The parameters of the statement that hold them.
    values: dict[str, Any]


def _parts(to: Sequence[Address]) -> list[_Part]:
    """These addresses and everyone, by as few statements as the database can be asked."""
    references = [Reference(name, each.key) for each in to for name in each.names]
    references.append(_EVERYONE)
    if len(to) == 1:
        return [_numbered(references)]
    if _engine().dialect.name == "postgresql":
        types, keys = map(list, zip(*references, strict=True))
        return [_Part(None, {"types": types, "keys": keys})]
    parts = []
    for start in range(0, len(references), _ADDRESSES):
        part = references[start : start + _ADDRESSES]
        # Of few different lengths, so that there are few different statements.
        length = 1 << (len(part) - 1).bit_length()
        parts.append(_numbered([*part, *[_NOBODY] * (length - len(part))]))
    return parts


def _numbered(references: list[Reference]) -> _Part:
    values: dict[str, Any] = {}
    for number, (type_name, key) in enumerate(references):
        values[f"type{number}"] = type_name
        values[f"key{number}"] = key
    return _Part(len(references), values)


def _places(span: Span) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, place in span._asdict().items():
        values[f"{name}_moment"], values[f"{name}_key"] = place or (None, None)
    return values


# The statements are made once, with parameters: to make one takes Python longer than a database
# takes to answer it.


class _Shape(NamedTuple):
    """All on which the text of a statement depends."""

    addresses: int | None
    before: bool
    after: bool
    newer_than: bool
    limit: bool

    @classmethod
    def of(cls, part: _Part, span: Span, newer_than: Any = None, limit: Any = None) -> "_Shape":
        given = (each is not None for each in (span.before, span.after, newer_than, limit))
        return cls(part.length, *given)


@lru_cache
def _page_statement(shape: _Shape, distinct: bool) -> sa.Select[Any]:
    """Actions, merged from the newest for each address: each is one range of the index."""
    newest_first: Any = (sa.desc("timestamp"), sa.desc("action_id"))
    each = [
        _selected(shape, rows.order_by(*newest_first).limit(_number("end")))
        for rows in _rows(shape, _ROWS.c.timestamp, _ROWS.c.action_id)
    ]
    merged = _together(each, distinct).order_by(*newest_first)
    # Cut here, or the actions of all that is skipped would be read too.
    page = merged.offset(_number("skip")).limit(_number("size")).subquery()
    return (
        sa.select(Action)
        .join(page, Action._id == page.c.action_id)
        .order_by(page.c.timestamp.desc(), page.c.action_id.desc())
    )


@lru_cache
def _count_statement(shape: _Shape) -> sa.Select[Any]:
    """How many actions there are, for one recipient or for arrays of addresses."""
    if shape.addresses is None:
        return _count(_ids_statement(shape))
    counts = [_count(rows).scalar_subquery() for rows in _limited(shape)]
    return sa.select(sum(counts[1:], counts[0]))


def _count(rows: Any) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(rows.subquery())


@lru_cache
def _ids_statement(shape: _Shape) -> Any:
    """Which actions there are."""
    return _together([_selected(shape, rows) for rows in _limited(shape)], distinct=True)


def _limited(shape: _Shape) -> Iterator[sa.Select[Any]]:
    for rows in _rows(shape, _ROWS.c.action_id):
        yield rows.limit(_number("end")) if shape.limit else rows


def _together(each: list[sa.Select[Any]], distinct: bool) -> Any:
    if len(each) == 1:
        return each[0].distinct() if distinct else each[0]
    return (sa.union if distinct else sa.union_all)(*each)


def _selected(shape: _Shape, rows: sa.Select[Any]) -> sa.Select[Any]:
    """What :func:`_rows` gives, as a part of a union; of arrays, the rows of all addresses."""
    if shape.addresses is not None:
        return sa.select(rows.subquery())
    of_each = rows.lateral()
    return sa.select(of_each).select_from(_ADDRESSED.join(of_each, sa.true()))


def _rows(shape: _Shape, *columns: Any) -> Iterator[sa.Select[Any]]:
    """For each address, its rows within a span; once for all of arrays, each joined to its own."""
    timestamp, action_id = _ROWS.c.timestamp, _ROWS.c.action_id
    for type_name, key in _addresses(shape):
        rows = sa.select(*columns).where(
            _ROWS.c.recipient_type == type_name, _ROWS.c.recipient_id == key
        )
        # The first condition of each is for databases that see no range in the second.
        if shape.before:
            moment, key = _moment("before_moment"), _number("before_key")
            rows = rows.where(timestamp <= moment, sa.or_(timestamp < moment, action_id < key))
        if shape.after:
            moment, key = _moment("after_moment"), _number("after_key")
            rows = rows.where(timestamp >= moment, sa.or_(timestamp > moment, action_id > key))
        if shape.newer_than:
            rows = rows.where(timestamp > _moment("newer_than"))
        yield rows


def _addresses(shape: _Shape) -> Iterator[tuple[Any, Any]]:
    if shape.addresses is None:
        yield _ADDRESSED.c.type, _ADDRESSED.c.key
        return
    for number in range(shape.addresses):
        type_name = sa.bindparam(f"type{number}", type_=_Name)
        yield type_name, sa.bindparam(f"key{number}", type_=_Key)


def _number(name: str) -> Any:
    return sa.bindparam(name, type_=sa.BigInteger)


def _moment(name: str) -> Any:
    return sa.bindparam(name, type_=_Moment)


def read_recipients(action: Action, page: Sequence[Action], few: int) -> Sequence[Action]:
    """Read the recipients of an action, and of those on its page that have few.

    :param few: at most so many.
    :returns: the actions whose recipients may be loaded together.
    """
    together = [action, *(each for each in page if (each.number_of_recipients or 0) <= few)]
    unread = {each._id: each for each in together if "_rows" not in vars(each)}
    if not unread:
        return together
    rows: dict[int, list[Reference]] = {each: [] for each in unread}
    columns = (
        ActionRecipient.action_id,
        ActionRecipient.recipient_type,
        ActionRecipient.recipient_id,
    )
    of_them = ActionRecipient.action_id.in_(unread)
    query = sa.select(*columns).where(of_them).order_by(ActionRecipient.position)
    for action_id, type_name, key in DBSession.execute(query):
        rows[action_id].append(Reference(type_name, key))
    for each in unread:
        vars(unread[each])["_rows"] = rows[each]
    return together


def release(actions: Iterable[Action], loaded: Iterable[dict[Any, Any]]) -> None:
    """Nothing to do: the session holds on only to what was changed."""


def find(
    filters: dict[str, Any], order_by: str, desc: bool, skip: int, limit: int | None
) -> tuple[int, list[Action]]:
    """How many actions have these values, and those of them that are asked for."""
    query = sa.select(Action).where(*_conditions(filters))
    total = DBSession.scalar(query.with_only_columns(sa.func.count(), maintain_column_froms=True))
    order = [getattr(Action, order_by), Action._id]
    query = query.order_by(*(column.desc() if desc else column.asc() for column in order))
    return total, list(DBSession.scalars(query.offset(skip).limit(limit)))


def _conditions(filters: dict[str, Any]) -> Iterator[Any]:
    for name, value in filters.items():
        role = name.removesuffix("_id")
        if role in ROLES and value is not None:
            texts = _texts_of(filters.get(f"{role}_type"), value)
            yield getattr(Action, name).in_(texts)
        else:
            yield getattr(Action, name) == value


def _texts_of(type_name: str | None, key: Any) -> set[str]:
    """What actions may hold for a key: of a class, or of any if no type is named.

    :raises ValueError: if no such class can have it.
    """
    classes = classes_by_name()
    if type_name in classes:
        return {_keys(cls).text_of(key) for cls in classes[type_name]}
    texts = {str(key)}  # of a class that the host has no more
    if str(key).endswith(" ") and _engine().dialect.name in ("mysql", "mariadb"):
        raise ValueError(
            f"no action has the key {key!r}, which ends with a space: the database takes it for "
            f"the same without"
        )
    for cls in {cls for several in classes.values() for cls in several if type_name is None}:
        with suppress(ValueError):
            texts.add(_keys(cls).text_of(key))
    return texts


# Removing actions


def count_older(before: datetime) -> int:
    """How many actions there are from before a moment."""
    query = sa.select(sa.func.count()).select_from(Action).where(Action.timestamp < before)
    return DBSession.scalar(query)


def older(before: datetime) -> Iterator[list[int]]:
    """The keys of the actions from before a moment, oldest first, by the thousand."""
    oldest_first = (Action.timestamp, Action._id)
    query = sa.select(*oldest_first).where(Action.timestamp < before).order_by(*oldest_first)
    rest = query.limit(_CHUNK)
    # To ask for the oldest again would be to pass by all that were just deleted.
    while page := DBSession.execute(rest).all():
        yield [key for _, key in page]
        moment, key = page[-1]
        after = sa.or_(Action.timestamp > moment, Action._id > key)
        rest = query.where(Action.timestamp >= moment, after).limit(_CHUNK)


def delete(keys: list[int]) -> int:
    """Delete actions, with the rows of their recipients, and have the session let go of them.

    :returns: how many there still were.
    """
    _be_the_only_one()
    DBSession.execute(sa.delete(ActionRecipient).where(ActionRecipient.action_id.in_(keys)))
    return DBSession.execute(sa.delete(Action).where(Action._id.in_(keys))).rowcount


def roles() -> Iterator[list[tuple[Any, ...]]]:
    """All actions, by the thousand: of each its key, and the type and the key in each role."""
    columns = [column for role in ROLES for column in _reference_columns(role)]
    query = sa.select(Action._id, *columns).order_by(Action._id).limit(_CHUNK)
    rest = query
    while page := DBSession.execute(rest).all():
        yield page
        rest = query.where(Action._id > page[-1][0])


def clear(role: str, keys: list[int], references: Sequence[Reference]) -> int:
    """Have actions refer to nothing in a role in which they refer to one of these.

    :returns: how many did.
    """
    _be_the_only_one()
    columns = _reference_columns(role)
    refer = (Action._id.in_(keys), _one_of(references, *columns))
    nothing = dict.fromkeys((*columns, getattr(Action, f"{role}_name")))
    return DBSession.execute(sa.update(Action).where(*refer).values(nothing)).rowcount


def addressed_to(references: Sequence[Reference]) -> Iterator[list[int]]:
    """The keys of the actions that are for one of these, by the thousand."""
    query = sa.select(ActionRecipient.action_id).where(_is_recipient(references)).distinct()
    return _chunks(DBSession.scalars(query).all())


def take_out(keys: list[int], references: Sequence[Reference]) -> int:
    """Take these out of the recipients of actions, which are for nobody if none is left.

    :returns: of how many actions they were recipients.
    """
    _be_the_only_one()
    theirs = (_is_recipient(references), ActionRecipient.action_id.in_(keys))
    # Locked, since MariaDB would read what was there when the transaction began.
    query = sa.select(ActionRecipient.action_id).where(*theirs).with_for_update()
    taken = Counter(DBSession.scalars(query))
    DBSession.execute(sa.delete(ActionRecipient).where(*theirs))
    for number in set(taken.values()):
        of_so_many = Action._id.in_([key for key in taken if taken[key] == number])
        rest = Action.number_of_recipients - number
        statement = sa.update(Action).where(of_so_many).values(number_of_recipients=rest)
        DBSession.execute(statement)
    for held in DBSession.identity_map.values():
        if isinstance(held, Action):
            vars(held).pop("_rows", None)
    return len(taken)


def commit() -> None:
    """Commit the host's transaction, and begin one in which removing stops nobody else."""
    end_request(succeeded=True)
    if _engine().dialect.name in ("mysql", "mariadb"):
        # Else what is deleted is locked with the places beside it, where others insert.
        options = {"isolation_level": "READ COMMITTED"}
        DBSession.connection({"mapper": Action}, execution_options=options)


def _be_the_only_one() -> None:
    """Wait until nobody else removes anything, or each would wait for what the other locked."""
    oldest = sa.select(Action._id).order_by(Action._id).limit(1)
    DBSession.execute(oldest.with_for_update())


def _reference_columns(role: str) -> tuple[Any, Any]:
    return getattr(Action, f"{role}_type"), getattr(Action, f"_{role}_key")


def _is_recipient(references: Sequence[Reference]) -> Any:
    return _one_of(references, ActionRecipient.recipient_type, ActionRecipient.recipient_id)


def _one_of(references: Sequence[Reference], type_name: Any, key: Any) -> Any:
    return sa.or_(*(sa.and_(type_name == each.type, key == each.key) for each in references))


# The host's entities


def entity_classes() -> tuple[type, ...]:
    """Every class that is mapped beside those of the host's model, or of another pluggable's."""
    return _classes_of(frozenset(_registries))


@lru_cache(maxsize=1)
def _classes_of(registries: frozenset[Any]) -> tuple[type, ...]:
    mappers = {mapper for registry in registries for mapper in registry.mappers}
    return tuple(each.class_ for each in sorted(mappers, key=lambda each: repr(each.class_)))


@event.listens_for(orm.Mapper, "instrument_class")
def _forget_classes(mapper: Any, cls: type) -> None:
    """A class was defined."""
    _classes_of.cache_clear()
    _load_statement.cache_clear()


#: Where the host, and what it plugs, map their classes.
_registries: set[Any] = set()


def is_entity(candidate: Any) -> bool:
    state = sa.inspect(candidate, raiseerr=False)
    if not isinstance(state, orm.InstanceState):
        return False
    # A class that the host maps apart from its model is known from now on.
    _registries.add(state.mapper.registry)
    return True


def root_of(cls: type) -> type:
    """The topmost class that it shares its primary key with."""
    mapper: orm.Mapper[Any] = sa.inspect(cls)
    while mapper.inherits is not None and not mapper.concrete:
        mapper = mapper.inherits
    return mapper.class_


def key_of(entity: Any) -> str | None:
    """The text of the key of a stored entity; None of one that the session doesn't hold.

    One that was added to the session is flushed, inside the host's transaction.

    :raises ValueError: if the key has several columns, or no text of ours stands for it alone.
    """
    state = sa.inspect(entity)
    keys = _keys(type(entity), state.session)
    if state.pending and not is_flushing(state.session):
        state.session.flush()
    identity = _identity_of(entity)
    return None if identity is None else keys.text_of(identity[0])


def _identity_of(entity: Any) -> tuple[Any, ...] | None:
    """The primary key of an entity that the session holds, or is just inserting.

    :raises ValueError: if it gets one only in the flush that is going on.
    """
    state = sa.inspect(entity)
    if not (state.pending and is_flushing(state.session)):
        identity: tuple[Any, ...] | None = state.identity
        return identity
    key = tuple(state.mapper.primary_key_from_instance(entity))
    if None in key:
        raise ValueError(
            f"this {type(entity).__name__} gets its key in the flush that is going on: refer to it "
            f"in after_insert or after_flush, where it has one (README: Creating in a flush)"
        )
    return key


def _keys(cls: type, session: Any = None) -> Keys:
    """How the keys of a class are stored.

    :param session: the one that an entity is in; without, that of the class.
    :raises ValueError: if the key of the class has several columns, or the class no engine.
    """
    try:
        dialect = (session or session_of(cls)).get_bind(cls).dialect
    except sa.exc.UnboundExecutionError as error:
        raise ValueError(f"there is no engine for {cls.__name__}: {error}") from error
    return _keys_on(cls, dialect)


@lru_cache(maxsize=1000)
def _keys_on(cls: type, dialect: sa.Dialect) -> Keys:
    return Keys(root_of(cls), dialect)


def _key_in_hand(cls: type | None, text: str) -> Any:
    """The key that a text stands for, as a class has it; the text itself, if it has no such key."""
    try:
        return text if cls is None else _keys(cls).key_of(text)
    except ValueError:
        return text


def keys_from_text(cls: type, text: str) -> list[str]:
    """The key that ``text`` stands for in a request, as actions hold it; none if it is none."""
    try:
        keys = _keys(cls)
        found = keys.spelled(text)
        _ask(cls, [keys.key_of(found)])
    except ValueError:
        return []
    return [found]


def key_as_text(type_name: str, key: str) -> Any:
    """The key of an entity as JSON shows it and requests name it: a number or a text."""
    cls = class_named(type_name)
    try:
        return key if cls is None else _keys(cls).shown(key)
    except ValueError:
        return key


def action_key_from_text(text: str) -> int | None:
    """The ``_id`` of an action that ``text`` stands for in a request; None if it is none."""
    number = int(text) if re.fullmatch(r"0|[1-9]\d{0,18}", text, re.ASCII) else 2**63
    return number if number < 2**63 else None


def load(cls: type, keys: Collection[str]) -> dict[str, Any]:
    """The entities that have these keys, by key; deleted ones are not there."""
    # Old actions may hold keys of another kind than the class has by now.
    readable = {}
    for text in keys:
        with suppress(ValueError):
            readable[text] = _keys(cls).key_of(text)
    found = {}
    for chunk in _chunks(readable.values()):
        for entity in _those_of(cls, chunk):
            (key,) = instance_state(entity).identity or ()
            with suppress(ValueError):
                text = _keys(cls).text_of(key)
                # A collation may take another key for the same, as MySQL's do "Ann" for "ann"; and
                # the polymorphic union of concrete classes holds other classes' keys.
                if text in readable and root_of(type(entity)) is cls:
                    found[text] = entity
    return found


def _those_of(cls: type, keys: list[Any]) -> list[Any]:
    try:
        return _ask(cls, keys)
    except ValueError:
        return [each for key in keys for each in _those_of(cls, [key])] if len(keys) > 1 else []


def _ask(cls: type, keys: list[Any]) -> list[Any]:
    """
    :raises ValueError: if the database refuses to look for one of these keys.
    """
    try:
        # PostgreSQL does nothing more in a transaction in which it refused something.
        with _savepoint(cls) if _keys(cls).is_opaque else nullcontext():
            # A relationship of lazy="joined" to a collection repeats each entity.
            found = session_of(cls).scalars(_load_statement(cls), {"keys": keys})
            return list(found.unique())
    except (sa.exc.DataError, sa.exc.ProgrammingError, sa.exc.OperationalError) as error:
        number = error.orig.args[:1] if error.orig is not None else ()
        if isinstance(error, sa.exc.OperationalError) and number not in _OTHER_CHARACTERS:
            raise
        if number in _NO_TABLE or getattr(error.orig, "sqlstate", None) in _NO_TABLE:
            raise
        raise ValueError(f"the database takes this for no key of {cls.__name__}") from error


#: The errors of MariaDB and of PostgreSQL for a table that is not there, lacks a column, or is not
#: for this user to read.
_NO_TABLE = ((1146,), "42P01", "42703", "42501")

#: MariaDB's and MySQL's errors for a text that the character set of a column does not have.
_OTHER_CHARACTERS = ((1267,), (1271,))


@lru_cache(maxsize=1000)
def _load_statement(cls: type[Any]) -> sa.Select[Any]:
    """Select the entities of a root class by key, with the columns that their subclasses add.

    Without these, each entity of such a subclass would cost one query more. A subclass whose mapper
    says ``polymorphic_load="selectin"`` costs one for all.
    """
    mapper: orm.Mapper[Any] = sa.inspect(cls)
    of_root = set(mapper.column_attrs.keys())
    (column,) = mapper.primary_key
    is_asked_for = column.in_(sa.bindparam("keys", type_=column.type, expanding=True))
    subclasses = [
        each
        for each in mapper.self_and_descendants
        if root_of(each.class_) is cls
        and each.polymorphic_load != "selectin"
        and set(each.column_attrs.keys()) - of_root
    ]
    if not subclasses or _has_own_union(mapper):
        return sa.select(cls).where(is_asked_for)
    classes = [each.class_ for each in subclasses]
    if len({table for each in subclasses for table in each.tables}) > _MOST_JOINED:
        option = orm.selectin_polymorphic(cls, classes)
        return sa.select(cls).options(option).where(is_asked_for)
    return sa.select(orm.with_polymorphic(cls, classes)).where(is_asked_for)


#: How many tables a SELECT joins at most: SQLite takes 64, MariaDB 61, and eager loading adds some.
_MOST_JOINED = 30


def _has_own_union(mapper: orm.Mapper[Any]) -> bool:
    """Whether the mapper selects from something that the host made, like a polymorphic union."""
    return mapper.with_polymorphic is not None and mapper.with_polymorphic[1] is not None


def has_seen_field(cls: type) -> bool:
    """Whether the class stores a ``last_activity_seen``."""
    return "last_activity_seen" in sa.inspect(cls).column_attrs


def begin_marking(*entities: Any) -> None:
    """Have the requests that mark at once wait for each other, where the database would refuse.

    Above READ COMMITTED it changes nothing that somebody else has changed since the transaction
    began. There, what the request did so far is committed, and a transaction begins that may.

    :param entities: those in hand that are marked, or needed after.
    """
    marked = {session_of(type(each)): type(each) for each in entities}
    apart = {session: cls for session, cls in marked.items() if _is_apart(_connection(cls))}
    in_savepoint = any(session.in_nested_transaction() for session in sessions())
    if not apart or in_savepoint or is_doomed():
        return
    owners = [orm.object_session(each) for each in entities]
    end_request(succeeded=True)
    for owner, each in zip(owners, entities, strict=True):
        if owner is not None:
            owner.add(each)  # zope.sqlalchemy took them out of it
    options = {"isolation_level": "READ COMMITTED"}
    for session, cls in apart.items():
        session.connection({"mapper": cls}, execution_options=options)


def _is_apart(connection: sa.Connection) -> bool:
    return connection.dialect.name != "sqlite" and connection.get_isolation_level() in _APART


#: The levels of isolation at which a database refuses so. SQLite has one writer at a time.
_APART = ("REPEATABLE READ", "SERIALIZABLE")


def move_seen(recipient: Any, moment: datetime) -> datetime | None:
    """Move ``last_activity_seen`` forward to ``moment``, in the database and on the object.

    One UPDATE of the one column, inside the host's transaction.

    :returns: the value before.
    :raises LookupError: if the recipient is stored no more.
    """
    # Of a subclass with a table of its own, it may be there.
    cls = type(recipient).last_activity_seen.property.parent.class_
    (key,) = _identity_of(recipient) or (None,)
    session, connection = session_of(cls), _connection(cls)
    select, update = _seen_statements(cls, connection.dialect)
    new = Seen(cls.last_activity_seen.type, connection.dialect).at(moment)
    with _all_or_nothing(cls):
        row = connection.execute(select, {"of": key}).first()
    if row is None:
        raise LookupError(f"this {type(recipient).__name__} is stored no more")
    before = after = row[0]
    if before is None or naive_utc(before) < naive_utc(new.given_back):
        with _all_or_nothing(cls):
            connection.execute(update, {"of": key, "until": new.given})
        _session_has_changed(session)
        after = new.given_back
    in_hand = recipient.last_activity_seen
    if in_hand is None or naive_utc(in_hand) < naive_utc(after):
        set_committed_value(recipient, "last_activity_seen", after)
        if session.in_nested_transaction():
            # As a flush does: if the savepoint is rolled back, it has to be read again.
            session._register_altered([instance_state(recipient)])
    return None if before is None else naive_utc(before)


@lru_cache(maxsize=1000)
def _seen_statements(cls: type[Any], dialect: sa.Dialect) -> tuple[Any, Any]:
    """What reads the ``last_activity_seen`` of an entity, and what moves it forward."""
    (seen,) = cls.last_activity_seen.property.columns
    (key,) = seen.table.primary_key
    until = sa.bindparam("until", type_=seen.type)
    # Locked where the database can, so that the value before is the one that is replaced.
    select = sa.select(seen).where(key == sa.bindparam("of", type_=key.type)).with_for_update()
    # Of a table without the host's defaults, whose onupdate columns would be written too.
    columns = {each.name: sa.column(each.name, each.type) for each in seen.table.columns}
    table = sa.table(seen.table.name, *columns.values(), schema=seen.table.schema)
    column = table.c[seen.name]
    is_it = table.c[key.name] == sa.bindparam("of", type_=key.type)
    values = {column: until}
    if dialect.name in ("mysql", "mariadb"):
        # What is set to itself is not set to now by its ON UPDATE CURRENT_TIMESTAMP.
        for each in seen.table.columns:
            is_dated = isinstance(ColumnType(each.type, dialect).kind, sa.DateTime)
            if is_dated and each is not seen and each.computed is None:
                values[table.c[each.name]] = table.c[each.name]
    update = sa.update(table).where(is_it, sa.or_(column.is_(None), column < until))
    return select, update.values(values)


# Start-up


def check(conf: dict[str, Any]) -> None:
    """
    :raises TGConfigError: on an option of tgext.pluggable's that would break our tables.
    """
    if conf["activitystream.plug"].get("rename_tables"):
        raise TGConfigError(
            "plug(base_config, 'activitystream', rename_tables=…) cannot be: the table of the "
            "recipients refers to that of the actions, and tgext.pluggable renames the one and not "
            "the reference. Leave it out; the tables' names start with activity_stream_."
        )


def join(conf: dict[str, Any]) -> None:
    """Add our tables to the host's own, so that its create_all makes them too.

    In place of tgext.pluggable, which does so only where a model has a ``DeclarativeBase``. Where
    the host's metadata cannot be told, our migrations make them.
    """
    host = model_of(conf)
    metadata = None if host is None else metadata_of(host)
    if metadata is not None:
        for table in (_ACTIONS, _ROWS):
            if table.key not in metadata.tables:
                table.to_metadata(metadata)


def prepare_at_start(conf: dict[str, Any]) -> None:
    """Find out where the host, and what it plugs, map their classes, and by which sessions."""
    modules = modules_of(conf)
    mapped = (each for each in mappers(modules) if not issubclass(each.class_, _Base))
    _registries.clear()
    _registries.update(each.registry for each in mapped)
    bind(MODELS, conf, modules)


def prepare() -> None:
    """Make the tables, or bring those of an older release up to date, by the migrations.

    Without Alembic, which a host need not have, they are made and not marked.
    """
    # What the host's set-up left open would lock us out, and is committed after us anyway.
    end_request(succeeded=True)
    try:
        import alembic.command
        from alembic.config import Config
    except ImportError:
        _Base.metadata.create_all(_engine())
        for index in _ACTIONS.indexes:  # which a table of an older release may lack
            index.create(_engine(), checkfirst=True)
        return
    config = Config()
    config.set_main_option("script_location", "activitystream:migration")
    with _engine().begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "head")


@event.listens_for(sa.Engine, "handle_error")
def _tell_of_missing_tables(context: Any) -> None:
    """Who forgot to make them gets the database's own error, and in the log what to do."""
    error = context.original_exception
    said = (getattr(error, "sqlstate", None), *error.args[:1])
    missing = "42P01" in said or 1146 in said or str(error).startswith("no such table")
    # To look whether a table is there is an error on MariaDB, but no statement that was compiled.
    asked = getattr(context.execution_context, "compiled", None) is not None
    if missing and asked and "activity_stream_" in str(error):
        log.error(
            "The tables of activitystream are missing. In a new database, make all tables by "
            "`gearbox setup-app %s`; in one that you have already, make these by "
            "`gearbox migrate-pluggable %s activitystream upgrade`.",
            config_option(),
            config_option(),
        )


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    items = iter(items)
    while chunk := list(islice(items, _CHUNK)):
        yield chunk
