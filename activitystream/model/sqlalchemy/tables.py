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
from .classes import key_in_hand, keys_of_class
from .keys import LONGEST

# MySQL's own choices would lose milliseconds, cut texts at 64 kB, and take "a" for "A".
_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


Name = sa.String(LONGEST).with_variant(
    mysql.VARCHAR(LONGEST, collation="utf8mb4_bin"), "mysql", "mariadb"
)


_Text = sa.Text().with_variant(mysql.LONGTEXT(collation="utf8mb4_bin"), "mysql", "mariadb")


class Moment(sa.TypeDecorator[datetime]):
    """Naive UTC, cut to the millisecond, as Ming has it."""

    impl = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> datetime | None:
        return None if value is None else naive_utc(value)


class Key(sa.TypeDecorator[str]):
    """The text that stands for a key; in a host's own query, the key of a simple kind too."""

    impl = Name
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else str(value)


class Base(orm.DeclarativeBase):
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
        return key_in_hand(self._page().class_named(getattr(self, f"{role}_type")), text)

    def write(self: Any, key: Any) -> None:
        cls = class_named(getattr(self, f"{role}_type") or "")
        text = key if key is None or cls is None else keys_of_class(cls).text_of(key)
        setattr(self, f"_{role}_key", None if text is None else str(text))

    read.__name__ = f"{role}_id"  # by which a hybrid property knows itself
    return hybrid_property(read, write, expr=lambda cls: getattr(cls, f"_{role}_key"))


class Action(ActionMixin, Base):
    """One row per action; for whom it is is in :class:`ActionRecipient`."""

    __tablename__ = "activity_stream_action"

    _id: orm.Mapped[int] = orm.mapped_column(_Number, primary_key=True)
    actor_type: orm.Mapped[str | None] = orm.mapped_column(Name)
    _actor_key: orm.Mapped[str | None] = orm.mapped_column("actor_id", Key)
    actor_id = _key_in_role("actor")
    actor_name: orm.Mapped[str | None] = orm.mapped_column(_Text)
    verb: orm.Mapped[str] = orm.mapped_column(_Text)
    description: orm.Mapped[str | None] = orm.mapped_column(_Text)
    extra: orm.Mapped[str | None] = orm.mapped_column(_Text)
    target_type: orm.Mapped[str | None] = orm.mapped_column(Name)
    _target_key: orm.Mapped[str | None] = orm.mapped_column("target_id", Key)
    target_id = _key_in_role("target")
    target_name: orm.Mapped[str | None] = orm.mapped_column(_Text)
    action_obj_type: orm.Mapped[str | None] = orm.mapped_column(Name)
    _action_obj_key: orm.Mapped[str | None] = orm.mapped_column("action_obj_id", Key)
    action_obj_id = _key_in_role("action_obj")
    action_obj_name: orm.Mapped[str | None] = orm.mapped_column(_Text)
    timestamp: orm.Mapped[datetime] = orm.mapped_column(Moment)
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
            {"_type": each.type, "_id": key_in_hand(class_named(each.type), each.key)}
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


class ActionRecipient(Base):
    """One row per recipient of an action, in the order in which streams are read.

    The primary key is the only index that a stream needs. No index may start with the timestamp:
    it would tempt PostgreSQL to look for the newest of one recipient among those of all.
    """

    __tablename__ = "activity_stream_recipient"

    recipient_type: orm.Mapped[str] = orm.mapped_column(Name, primary_key=True)
    recipient_id: orm.Mapped[str] = orm.mapped_column(Key, primary_key=True)
    timestamp: orm.Mapped[datetime] = orm.mapped_column(Moment, primary_key=True)
    action_id: orm.Mapped[int] = orm.mapped_column(
        _Number, sa.ForeignKey(Action._id, ondelete="CASCADE"), primary_key=True, index=False
    )
    #: Its place among the recipients of the action.
    position: orm.Mapped[int] = orm.mapped_column(sa.Integer)

    __table_args__ = (sa.Index("recipients_of_action", action_id),)


ACTIONS = Base.metadata.tables[Action.__tablename__]


ROWS = Base.metadata.tables[ActionRecipient.__tablename__]


#: The type and key of the row of an action for everyone. No entity's type is empty.
EVERYONE = Reference("", "")


#: An address that no row has.
NOBODY = Reference("", "-")


@event.listens_for(Action, "after_update")
def _move_rows(mapper: Any, connection: Any, action: Action) -> None:
    if sa.inspect(action).attrs.timestamp.history.has_changes():
        rows = sa.update(ActionRecipient).where(ActionRecipient.action_id == action._id)
        connection.execute(rows.values(timestamp=action.timestamp))


@event.listens_for(Action, "before_delete")
def _delete_rows(mapper: Any, connection: Any, action: Action) -> None:
    connection.execute(sa.delete(ActionRecipient).where(ActionRecipient.action_id == action._id))


MODELS = (Action, ActionRecipient)
