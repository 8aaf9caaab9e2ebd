"""On SQL: by hand with SQLAlchemy's ORM, and raw by psycopg."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.declarative import DeferredReflection
from sqlalchemy.orm import DeclarativeBase

from ..hosts import made_on
from ..hosts.on_sqlalchemy import DBSession, Host, Post, User, key
from ..lines import MANY
from ..workload import Workload
from . import RawHost, fields_of, now, statements_of, types_of

#: By the dialect's name, what makes an INSERT that may update.
_INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def _addresses(*users: Any) -> list[tuple[str, str]]:
    """Return the addresses of the rows for users and for everyone."""
    return [*((name, str(user._id)) for user in users for name in types_of(user)), ("", "")]


def _action(actor: Any, target: Any, recipients: list[Any]) -> dict[str, Any]:
    return {**fields_of(actor, target, str), "number_of_recipients": len(recipients)}


class _Base(DeferredReflection, DeclarativeBase):
    """The base of plain mappings of our tables, without our code."""


class PlainAction(_Base):
    __tablename__ = "activity_stream_action"


class PlainRecipient(_Base):
    __tablename__ = "activity_stream_recipient"


class PlainSeenAction(_Base):
    __tablename__ = "activity_stream_seen_action"


class ByHand(Host):
    """Code that a good developer writes with SQLAlchemy's ORM, on the same tables."""

    def __init__(self, url: str, workload: Workload) -> None:
        made_on(url)
        _Base.prepare(DBSession.get_bind())

    def page(self, user: Any, audiences: Any = (), skip: int = 0, above: Any = None) -> list[Any]:
        timestamp, action_id = PlainRecipient.timestamp, PlainRecipient.action_id
        branches = []
        for rows in self._rows_for((user, *audiences), timestamp, action_id):
            if above is not None:
                moment, last = above
                rows = rows.where(timestamp <= moment, (timestamp < moment) | (action_id < last))
            rows = rows.order_by(timestamp.desc(), action_id.desc()).limit(skip + 10)
            branches.append(sa.select(rows.subquery()))
        # An action may be for several of them.
        merged = (sa.union if audiences else sa.union_all)(*branches)
        merged = merged.order_by(sa.desc("timestamp"), sa.desc("action_id"))
        page = merged.offset(skip).limit(10).subquery()
        query = sa.select(PlainAction).join(page, PlainAction._id == page.c.action_id)
        query = query.order_by(page.c.timestamp.desc(), page.c.action_id.desc())
        actions = DBSession.scalars(query).all()
        users = self._names(User, {int(action.actor_id) for action in actions})
        posts = self._names(Post, {int(action.target_id) for action in actions})
        return [(users[each.actor_id], each.verb, posts[each.target_id]) for each in actions]

    def _names(self, cls: Any, keys: Iterable[int]) -> dict[str, str]:
        entities = DBSession.scalars(sa.select(cls).where(cls._id.in_(keys)))
        return {str(each._id): each.as_str for each in entities}

    def count(self, user: Any, limit: int | None = None) -> int:
        counts = []
        for rows in self._rows_for([user], PlainRecipient.action_id):
            unseen = rows.where(PlainRecipient.timestamp > user.last_activity_seen).limit(limit)
            count = sa.select(sa.func.count()).select_from(unseen.subquery())
            counts.append(count.scalar_subquery())
        counted = DBSession.scalar(sa.select(sum(counts[1:], counts[0])))
        return counted if limit is None else min(limit, counted)

    def _rows_for(self, users: Iterable[Any], *columns: Any) -> list[Any]:
        row = PlainRecipient
        return [
            sa.select(*columns).where(row.recipient_type == name, row.recipient_id == each)
            for name, each in _addresses(*users)
        ]

    def mark_seen(self, user: Any) -> None:
        user.last_activity_seen = now()
        DBSession.flush()

    def mark_read(self, user: Any, above: Any) -> None:
        timestamp, action_id = above
        key = {"reader_type": "User", "reader_id": str(user._id)}
        key |= {"timestamp": timestamp, "action_id": action_id}
        insert = _INSERTS[DBSession.get_bind().dialect.name](PlainSeenAction)
        upsert = insert.values(**key, is_read=True)
        DBSession.execute(
            upsert.on_conflict_do_update(index_elements=[*key], set_={"is_read": True})
        )

    def create(self, actor: Any, target: Any, recipients: list[Any], number: int = 1) -> None:
        actions = [PlainAction(**_action(actor, target, recipients)) for _ in range(number)]
        DBSession.add_all(actions)
        DBSession.flush()
        rows = [
            {
                "recipient_type": "User",
                "recipient_id": str(user._id),
                "timestamp": action.timestamp,
                "action_id": action._id,
                "position": position,
            }
            for action in actions
            for position, user in enumerate(recipients)
        ]
        DBSession.execute(sa.insert(PlainRecipient), rows)

    def create_many(self, actor: Any, target: Any, recipient: Any) -> None:
        self.create(actor, target, [recipient], MANY)


class Raw(RawHost):
    """The same by psycopg alone, with rows instead of objects."""

    key = staticmethod(key)

    def __init__(self, url: str, workload: Workload) -> None:
        self._connection = psycopg.connect(url.replace("+psycopg", "", 1))
        self._statements = statements_of(Path(__file__).with_name("raw.sql"))

    def fresh(self) -> None:
        self.undo()
        self._connection.execute("SELECT 1").fetchall()

    def undo(self) -> None:
        self._connection.rollback()

    def page(self, user: Any, audiences: Any = (), skip: int = 0, above: Any = None) -> list[Any]:
        types, keys = map(list, zip(*_addresses(user, *audiences), strict=True))
        if above is None:
            found = self._do("page", types=types, keys=keys, skip=skip)
        else:
            found = self._do("page_below", types=types, keys=keys, moment=above[0], last=above[1])
        return self._shown(found)

    def _shown(self, found: Any) -> list[Any]:
        columns = [column.name for column in found.description]
        actor, verb, target = map(columns.index, ("actor_id", "verb", "target_id"))
        actions = found.fetchall()
        users = self._names("users", {row[actor] for row in actions})
        posts = self._names("posts", {row[target] for row in actions})
        return [(users[row[actor]], row[verb], posts[row[target]]) for row in actions]

    def page_about(self, entity: Any, role: str) -> list[Any]:
        return self._shown(self._do(f"{role}s_page", types=types_of(entity), key=str(entity._id)))

    def _names(self, statement: str, keys: set[str]) -> dict[str, str]:
        found = self._do(statement, keys=list(map(int, keys)))
        return {str(each): name for each, name in found.fetchall()}

    def count(self, user: Any, limit: int | None = None) -> int:
        about = {"key": str(user._id), "seen": user.last_activity_seen, "limit": limit}
        counted = self._do("count", **about).fetchone()[0]
        return counted if limit is None else min(limit, counted)

    def mark_seen(self, user: Any) -> None:
        self._do("lock", key=user._id).fetchone()
        self._do("mark_seen", key=user._id, moment=now())

    def mark_read(self, user: Any, above: Any) -> None:
        about = {"key": str(user._id), "user": user._id, "seen": user.last_activity_seen}
        if self._do("mark_read", **about, action=above[1]).rowcount != 1:
            raise RuntimeError("it has marked nothing as read")

    def create(self, actor: Any, target: Any, recipients: list[Any]) -> None:
        fields = _action(actor, target, recipients)
        keys = [str(each._id) for each in recipients]
        if len(keys) == 1:
            self._do("create_for_one", **fields, key=keys[0]).fetchone()
        else:
            self._do("create", **fields, keys=keys).fetchone()

    def create_many(self, actor: Any, target: Any, recipient: Any) -> None:
        fields = _action(actor, target, [recipient])
        rows = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * MANY)
        text = self._statements["store_many"].format(columns=", ".join(fields), rows=rows)
        ids = self._connection.execute(text, [*fields.values()] * MANY).fetchall()
        about = {"key": str(recipient._id), "timestamp": fields["timestamp"]}
        self._do("address_many", **about, ids=[action_id for (action_id,) in ids])

    def _do(self, statement: str, **values: Any) -> Any:
        return self._connection.execute(self._statements[statement], values)
