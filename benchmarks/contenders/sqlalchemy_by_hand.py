"""What a good developer writes with SQLAlchemy's ORM, on the same tables, without us.

Its mapping of an action is a plain one of its own, so that nothing of ours is in its way.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import transaction
from sqlalchemy import orm
from sqlalchemy.orm.attributes import set_committed_value

from activitystream.lib import clock
from tests.host.sqlalchemy_model import DBSession, Post, User

from ..lines import CAP, MANY, Scene
from ..load import SEEN, USER_TYPES
from ..sql import key


class _Base(orm.DeclarativeBase):
    pass


class PlainAction(_Base):
    __tablename__ = "activity_stream_action"

    _id = sa.Column(sa.Integer, primary_key=True)
    actor_type = sa.Column(sa.String(255))
    actor_id = sa.Column(sa.String(255))
    actor_name = sa.Column(sa.Text)
    verb = sa.Column(sa.Text, nullable=False)
    description = sa.Column(sa.Text)
    extra = sa.Column(sa.Text)
    target_type = sa.Column(sa.String(255))
    target_id = sa.Column(sa.String(255))
    target_name = sa.Column(sa.Text)
    action_obj_type = sa.Column(sa.String(255))
    action_obj_id = sa.Column(sa.String(255))
    action_obj_name = sa.Column(sa.Text)
    timestamp = sa.Column(sa.DateTime, nullable=False)
    number_of_recipients = sa.Column(sa.Integer)


class PlainRecipient(_Base):
    __tablename__ = "activity_stream_recipient"

    recipient_type = sa.Column(sa.String(255), primary_key=True)
    recipient_id = sa.Column(sa.String(255), primary_key=True)
    timestamp = sa.Column(sa.DateTime, primary_key=True)
    action_id = sa.Column(sa.ForeignKey(PlainAction._id), primary_key=True)
    position = sa.Column(sa.Integer, nullable=False)


class SQLAlchemyHost:
    """What is the host's part, whoever does the rest."""

    def __init__(self) -> None:
        self._crowds: dict[int, list[Any]] = {}

    def fresh(self) -> None:
        transaction.abort()
        DBSession.remove()
        DBSession.execute(sa.text("SELECT 1"))  # or the first that asks would pay for BEGIN

    def user(self, number: int, seen: datetime | None = SEEN) -> User:
        user = DBSession.get(User, key(number))
        set_committed_value(user, "last_activity_seen", seen)
        return user

    def post(self, number: int) -> Post:
        return DBSession.get(Post, key(number))

    def crowd(self, number: int) -> list[User]:
        """Loaded once, and then in no session."""
        if number not in self._crowds:
            query = sa.select(User).where(User._id <= number).order_by(User._id)
            self._crowds[number] = list(DBSession.scalars(query))
            DBSession.expunge_all()
        return self._crowds[number]

    def undo(self) -> None:
        transaction.abort()
        DBSession.remove()


class SQLAlchemyByHand(SQLAlchemyHost):
    name = "by hand"

    def place(self, scene: Scene) -> Any:
        return scene.place

    def create(self, actor: User, target: Post, recipients: list[User]) -> None:
        action = _action(actor, target, len(recipients))
        DBSession.add(action)
        DBSession.flush()
        rows = [
            {
                "recipient_type": "User",
                "recipient_id": str(user._id),
                "timestamp": action.timestamp,
                "action_id": action._id,
                "position": position,
            }
            for position, user in enumerate(recipients)
        ]
        DBSession.execute(sa.insert(PlainRecipient), rows)

    def create_many(self, actor: User, target: Post, recipient: User) -> None:
        actions = [_action(actor, target, 1) for _ in range(MANY)]
        DBSession.add_all(actions)
        DBSession.flush()
        rows = [
            {
                "recipient_type": "User",
                "recipient_id": str(recipient._id),
                "timestamp": action.timestamp,
                "action_id": action._id,
                "position": 0,
            }
            for action in actions
        ]
        DBSession.execute(sa.insert(PlainRecipient), rows)

    def newest(self, user: User) -> list[Any]:
        return _shown(_page([user], 10))

    def newest_also(self, user: User, audiences: list[User]) -> list[Any]:
        return _shown(_page([user, *audiences], 10))

    def before(self, user: User, place: Any) -> list[Any]:
        return _shown(_page([user], 10, before=place))

    def skip(self, user: User, depth: int) -> list[Any]:
        return _shown(_page([user], 10, skip=depth))

    def count(self, user: User) -> int:
        return DBSession.scalar(_count(user))

    def count_capped(self, user: User) -> int:
        return min(CAP, DBSession.scalar(_count(user, CAP)))

    def mark_seen(self, user: User) -> None:
        user.last_activity_seen = clock.now()
        DBSession.flush()


def _action(actor: User, target: Post, number_of_recipients: int) -> PlainAction:
    return PlainAction(
        actor_type="User",
        actor_id=str(actor._id),
        actor_name=actor.user_name,
        verb="commented",
        target_type="Post",
        target_id=str(target._id),
        target_name=target.title,
        timestamp=clock.now(),
        number_of_recipients=number_of_recipients,
    )


def _addresses(users: list[User]) -> list[tuple[str, str]]:
    return [*((name, str(user._id)) for user in users for name in USER_TYPES), ("", "")]


def _rows_for(address: tuple[str, str], *columns: Any) -> Any:
    type_name, key = address
    return sa.select(*columns).where(
        PlainRecipient.recipient_type == type_name, PlainRecipient.recipient_id == key
    )


def _page(users: list[User], number: int, skip: int = 0, before: Any = None) -> Any:
    timestamp, action_id = PlainRecipient.timestamp, PlainRecipient.action_id
    branches = []
    for address in _addresses(users):
        rows = _rows_for(address, timestamp, action_id)
        if before is not None:
            moment, last = before
            rows = rows.where(timestamp <= moment, sa.or_(timestamp < moment, action_id < last))
        rows = rows.order_by(timestamp.desc(), action_id.desc()).limit(skip + number)
        branches.append(sa.select(rows.subquery()))
    # An action may be for several of them.
    merged = (sa.union if len(users) > 1 else sa.union_all)(*branches)
    merged = merged.order_by(sa.desc("timestamp"), sa.desc("action_id"))
    page = merged.offset(skip).limit(number).subquery()
    return (
        sa.select(PlainAction)
        .join(page, PlainAction._id == page.c.action_id)
        .order_by(page.c.timestamp.desc(), page.c.action_id.desc())
    )


def _count(user: User, limit: int | None = None) -> Any:
    counts = []
    for address in _addresses([user]):
        rows = _rows_for(address, PlainRecipient.action_id)
        if user.last_activity_seen is not None:
            rows = rows.where(PlainRecipient.timestamp > user.last_activity_seen)
        counted = sa.select(sa.func.count()).select_from(rows.limit(limit).subquery())
        counts.append(counted.scalar_subquery())
    return sa.select(sum(counts[1:], counts[0]))


def _shown(query: Any) -> list[Any]:
    actions = DBSession.scalars(query).all()
    users = _by_key(User, {int(action.actor_id) for action in actions})
    posts = _by_key(Post, {int(action.target_id) for action in actions})
    return [
        (users[int(action.actor_id)].as_str, action.verb, posts[int(action.target_id)].as_str)
        for action in actions
    ]


def _by_key(cls: Any, keys: Iterable[int]) -> dict[int, Any]:
    return {each._id: each for each in DBSession.scalars(sa.select(cls).where(cls._id.in_(keys)))}
