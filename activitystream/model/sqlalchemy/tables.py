"""The tables of actions and of their recipients."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.hybrid import hybrid_property

from ..action import ROLES, ActionMixin
from ..clock import naive_utc
from ..names import class_named
from ..values import Reference
from .classes import key_or_text, keys_of_class
from .digests import DIGESTED_FIELDS, digests_of
from .keys import LONGEST

# MySQL's own choices would lose milliseconds, cut texts at 64 kB, and take "a" for "A".
ID_TYPE = sa.BigInteger().with_variant(sa.Integer, "sqlite")

NAME_TYPE = sa.String(LONGEST).with_variant(
    mysql.VARCHAR(LONGEST, collation="utf8mb4_bin"), "mysql", "mariadb"
)

_TEXT_TYPE = sa.Text().with_variant(mysql.LONGTEXT(collation="utf8mb4_bin"), "mysql", "mariadb")


class MomentType(sa.TypeDecorator[datetime]):
    """Store naive UTC, cut to the millisecond, as Ming does."""

    impl = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> datetime | None:
        """Convert what the host gave."""
        return None if value is None else naive_utc(value)


class KeyType(sa.TypeDecorator[str]):
    """Store the text of a key; a host's own query may also give a number or a UUID."""

    impl = NAME_TYPE
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        """Convert what the host gave."""
        return None if value is None else str(value)


class Base(orm.DeclarativeBase):
    """The base of our classes."""

    # The migrations need names that are the same on each database.
    metadata = sa.MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
        }
    )


def _key_in_role(role: str) -> Any:
    """Make ``actor_id`` and the like: in a query a text, on an action the key of an entity."""

    def read(self: Any) -> Any:
        text = getattr(self, f"_{role}_key")
        if text is None:
            return None
        return key_or_text(self._page().class_named(getattr(self, f"{role}_type")), text)

    def write(self: Any, key: Any) -> None:
        cls = class_named(getattr(self, f"{role}_type") or "")
        text = key if key is None or cls is None else keys_of_class(cls).text_of(key)
        setattr(self, f"_{role}_key", None if text is None else str(text))

    read.__name__ = f"{role}_id"  # names the hybrid property
    return hybrid_property(read, write, expr=lambda cls: getattr(cls, f"_{role}_key"))


def _indexes_of_role(role: str, key: Any, type_name: Any, number: Any, *cursor: Any) -> list[Any]:
    """Return the indexes by which the actions with an entity in a role are read, newest first.

    One is of all, one of those for everyone. The key comes first, since a filter may name no type.
    """
    # MariaDB has no partial indexes: there, the number of recipients leads to those without.
    null = sa.text("number_of_recipients IS NULL")
    of_all = sa.Index(f"actions_of_{role}", key, type_name, *cursor)
    for_everyone = sa.Index(
        f"actions_for_everyone_of_{role}",
        key,
        type_name,
        number,
        *cursor,
        postgresql_where=null,
        sqlite_where=null,
    )
    return [of_all, for_everyone]


#: The attributes that hold keys as texts.
_TEXTS = {f"{role}_id": f"_{role}_key" for role in ROLES}


class Action(ActionMixin, Base):
    """One row per action. Its recipients are rows of :class:`ActionRecipient`."""

    __tablename__ = "activity_stream_action"

    _id: orm.Mapped[int] = orm.mapped_column(ID_TYPE, primary_key=True)
    actor_type: orm.Mapped[str | None] = orm.mapped_column(NAME_TYPE)
    _actor_key: orm.Mapped[str | None] = orm.mapped_column("actor_id", KeyType)
    actor_id = _key_in_role("actor")
    actor_name: orm.Mapped[str | None] = orm.mapped_column(_TEXT_TYPE)
    verb: orm.Mapped[str] = orm.mapped_column(_TEXT_TYPE)
    description: orm.Mapped[str | None] = orm.mapped_column(_TEXT_TYPE)
    extra: orm.Mapped[str | None] = orm.mapped_column(_TEXT_TYPE)
    target_type: orm.Mapped[str | None] = orm.mapped_column(NAME_TYPE)
    _target_key: orm.Mapped[str | None] = orm.mapped_column("target_id", KeyType)
    target_id = _key_in_role("target")
    target_name: orm.Mapped[str | None] = orm.mapped_column(_TEXT_TYPE)
    action_obj_type: orm.Mapped[str | None] = orm.mapped_column(NAME_TYPE)
    _action_obj_key: orm.Mapped[str | None] = orm.mapped_column("action_obj_id", KeyType)
    action_obj_id = _key_in_role("action_obj")
    action_obj_name: orm.Mapped[str | None] = orm.mapped_column(_TEXT_TYPE)
    timestamp: orm.Mapped[datetime] = orm.mapped_column(MomentType)
    #: Null if the action is for everyone.
    number_of_recipients: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)

    __table_args__ = (
        sa.Index("actions_by_time", timestamp, _id),
        *_indexes_of_role("actor", _actor_key, actor_type, number_of_recipients, timestamp, _id),
        *_indexes_of_role("target", _target_key, target_type, number_of_recipients, timestamp, _id),
        *_indexes_of_role(
            "action_obj", _action_obj_key, action_obj_type, number_of_recipients, timestamp, _id
        ),
        # Otherwise SQLite gives the id of a deleted action to a new one.
        {"sqlite_autoincrement": True},
    )

    @property
    def _recipients(self) -> list[dict[str, Any]] | None:
        """Return what Ming stores: None for everyone, else a list. Read it for the whole page."""
        if self.number_of_recipients is None:
            return None
        class_named = self._page().class_named
        return [
            {"_type": each.type, "_id": key_or_text(class_named(each.type), each.key)}
            for each in self.recipient_references()
        ]

    def recipient_references(self) -> list[Reference]:
        """Return whom it is for; none if it is for everyone."""
        if self.number_of_recipients is None:
            return []
        if "_references_read" not in vars(self):
            self._page().read_recipients(self)
        found: list[Reference] = vars(self)["_references_read"]
        return found

    def _stored(self, name: str) -> Any:
        # Entities are loaded by the text of a key.
        return getattr(self, _TEXTS.get(name, name))

    def _in_hand(self) -> dict[str, Any]:
        columns = sa.inspect(type(self)).column_attrs.keys()
        fields = {name: getattr(self, name) for name in columns}
        if "_references_read" in vars(self):
            fields["_references_read"] = vars(self)["_references_read"]
        return fields


class ActionRecipient(Base):
    """One row per recipient of an action, in the order in which streams are read.

    The primary key is the only index that a stream needs. No index may start with the timestamp:
    PostgreSQL might search it, among the rows of all recipients, for the newest of one.
    """

    __tablename__ = "activity_stream_recipient"

    recipient_type: orm.Mapped[str] = orm.mapped_column(NAME_TYPE, primary_key=True)
    recipient_id: orm.Mapped[str] = orm.mapped_column(KeyType, primary_key=True)
    timestamp: orm.Mapped[datetime] = orm.mapped_column(MomentType, primary_key=True)
    action_id: orm.Mapped[int] = orm.mapped_column(
        ID_TYPE, sa.ForeignKey(Action._id, ondelete="CASCADE"), primary_key=True, index=False
    )
    #: The recipient's place among those of the action.
    position: orm.Mapped[int] = orm.mapped_column(sa.Integer)
    # What a reader may mute: see digests.py.
    # Null in rows of earlier releases, until the migration has filled them.
    verb_digest: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    actor_digest: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    target_digest: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    #: That of the actor, if they are not told of what they did.
    hidden_digest: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)

    __table_args__ = (sa.Index("recipients_of_action", action_id),)


ACTIONS = Base.metadata.tables[Action.__tablename__]

RECIPIENTS = Base.metadata.tables[ActionRecipient.__tablename__]


#: One row per reader who has marked anything: see :class:`~activitystream.model.values.Marks`.
READERS = sa.Table(
    "activity_stream_reader",
    Base.metadata,
    sa.Column("reader_type", NAME_TYPE, primary_key=True),
    sa.Column("reader_id", KeyType, primary_key=True),
    sa.Column("mark", MomentType),
    sa.Column("seen_floor", MomentType, nullable=False),
    sa.Column("read_floor", MomentType, nullable=False),
)


#: One row per action that a reader has seen above the floor, has read, or keeps unread. ``is_read``
#: is null where the reader's ``read_floor`` decides.
SEEN_ACTIONS = sa.Table(
    "activity_stream_seen_action",
    Base.metadata,
    sa.Column("reader_type", NAME_TYPE, primary_key=True),
    sa.Column("reader_id", KeyType, primary_key=True),
    sa.Column("timestamp", MomentType, primary_key=True),
    sa.Column(
        "action_id", ID_TYPE, sa.ForeignKey(Action._id, ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("is_read", sa.Boolean),
    sa.Index("readers_of_action", "action_id"),
)


#: One row per action that was created with ``once``: the digest of its key.
ONCE = sa.Table(
    "activity_stream_once",
    Base.metadata,
    sa.Column("once", sa.String(64), primary_key=True),
    sa.Column("action_id", ID_TYPE, sa.ForeignKey(Action._id, ondelete="CASCADE"), nullable=False),
    sa.Index("key_of_action", "action_id"),
)


#: The columns of digests, in rows of recipients and of mutes.
DIGESTS = ("verb_digest", "actor_digest", "target_digest", "hidden_digest")


#: What each reader has muted: a row per mute, or several where entities have several type names.
#: One with nothing but a ``hidden_digest`` says that the reader is not told of some own actions.
MUTES = sa.Table(
    "activity_stream_mute",
    Base.metadata,
    sa.Column("reader_type", NAME_TYPE, primary_key=True),
    sa.Column("reader_id", KeyType, primary_key=True),
    sa.Column("mute", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("verb", _TEXT_TYPE),
    sa.Column("actor_type", NAME_TYPE),
    sa.Column("actor_id", KeyType),
    sa.Column("target_type", NAME_TYPE),
    sa.Column("target_id", KeyType),
    sa.Column("verb_digest", sa.BigInteger),
    sa.Column("actor_digest", sa.BigInteger),
    sa.Column("target_digest", sa.BigInteger),
    sa.Column("hidden_digest", sa.BigInteger),
)


#: The type and key in the row of an action for everyone. No entity's type is empty.
EVERYONE = Reference("", "")

#: A type and key that no row has.
NOBODY = Reference("", "-")


@event.listens_for(Action, "after_update")
def _update_recipients(mapper: Any, connection: Any, action: Action) -> None:
    """Copy a changed timestamp, verb or entity of an action to the rows of its recipients."""
    changed = {each.key for each in sa.inspect(action).attrs if each.history.has_changes()}
    values: dict[str, Any] = {}
    if "timestamp" in changed:
        values["timestamp"] = action.timestamp
        _update_rows(connection, SEEN_ACTIONS, action, values)
    if changed & _DIGESTED:
        digests = digests_of({name: action._stored(name) for name in DIGESTED_FIELDS})
        hidden = RECIPIENTS.c.hidden_digest
        actor = sa.literal(digests["actor_digest"], sa.BigInteger)
        not_told = sa.case((hidden.is_not(None), actor))
        values |= {**digests, "hidden_digest": not_told}
    if values:
        _update_rows(connection, RECIPIENTS, action, values)


_DIGESTED = {
    "verb",
    *(name for role in ("actor", "target") for name in (f"{role}_type", f"_{role}_key")),
}


def _update_rows(connection: Any, table: sa.Table, action: Action, values: dict[str, Any]) -> None:
    connection.execute(sa.update(table).where(table.c.action_id == action._id).values(values))


@event.listens_for(Action, "before_delete")
def _delete_recipients(mapper: Any, connection: Any, action: Action) -> None:
    for table in (RECIPIENTS, SEEN_ACTIONS, ONCE):
        connection.execute(sa.delete(table).where(table.c.action_id == action._id))


MODELS = (Action, ActionRecipient)
