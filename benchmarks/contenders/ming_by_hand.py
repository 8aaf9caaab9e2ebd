"""What a good developer writes with Ming, on the same collection and indexes, without us.

Its mapping of an action is a plain one of its own, so that nothing of ours is in its way.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pymongo
from ming import schema as s
from ming.odm import FieldProperty, Mapper, state
from ming.odm.declarative import MappedClass

from activitystream.lib import clock
from tests.host.ming_model import DBSession, Post, User, mainsession

from ..lines import CAP, MANY, Scene
from ..load import SEEN, USER_TYPES
from ..mongodb import key

NEWEST_FIRST = [("timestamp", pymongo.DESCENDING), ("_id", pymongo.DESCENDING)]


class PlainAction(MappedClass):
    class __mongometa__:
        session = DBSession
        name = "activity_stream_action"

    _id = FieldProperty(s.ObjectId)
    actor_type = FieldProperty(s.String)
    actor_id = FieldProperty(s.ObjectId(if_missing=None))
    actor_name = FieldProperty(s.String)
    verb = FieldProperty(s.String)
    description = FieldProperty(s.String)
    extra = FieldProperty(s.String)
    target_type = FieldProperty(s.String)
    target_id = FieldProperty(s.ObjectId(if_missing=None))
    target_name = FieldProperty(s.String)
    action_obj_type = FieldProperty(s.String)
    action_obj_id = FieldProperty(s.ObjectId(if_missing=None))
    action_obj_name = FieldProperty(s.String)
    timestamp = FieldProperty(s.DateTime)
    _recipients = FieldProperty(s.Anything(if_missing=None))


Mapper.compile_all()


class MingHost:
    """What is the host's part, whoever does the rest."""

    def __init__(self) -> None:
        self._crowds: dict[int, list[Any]] = {}

    def fresh(self) -> None:
        DBSession.close_all()

    def user(self, number: int, seen: datetime | None = SEEN) -> User:
        user = User.query.get(key(number))
        state(user).set("last_activity_seen", seen)
        return user

    def post(self, number: int) -> Post:
        return Post.query.get(key(number))

    def crowd(self, number: int) -> list[User]:
        """Loaded once, as that takes Ming seconds."""
        if number not in self._crowds:
            keys = [key(each) for each in range(number)]
            self._crowds[number] = User.query.find({"_id": {"$in": keys}}).all()
        return self._crowds[number]

    def undo(self) -> None:
        restore(mainsession.db)


def restore(db: Any) -> None:
    """Delete what was created, and let the most notified user have seen as much as all have.

    :param db: pymongo's database.
    """
    # The load's own keys are small.
    db.activity_stream_action.delete_many({"_id": {"$gt": key(2**40)}})
    moved = {"_id": key(0), "last_activity_seen": {"$ne": SEEN}}
    db.tg_user.update_one(moved, {"$set": {"last_activity_seen": SEEN}})


class MingByHand(MingHost):
    name = "by hand"

    def place(self, scene: Scene) -> Any:
        return scene.place

    def create(self, actor: User, target: Post, recipients: list[User]) -> None:
        DBSession.flush(_action(actor, target, recipients))

    def create_many(self, actor: User, target: Post, recipient: User) -> None:
        for _ in range(MANY):
            _action(actor, target, [recipient])
        DBSession.flush_all()

    def newest(self, user: User) -> list[Any]:
        return _shown(PlainAction.query.find(stream_of(user._id)).sort(NEWEST_FIRST).limit(10))

    def newest_also(self, user: User, audiences: list[User]) -> list[Any]:
        stream = stream_of(user._id, *(each._id for each in audiences))
        return _shown(PlainAction.query.find(stream).sort(NEWEST_FIRST).limit(10))

    def before(self, user: User, place: Any) -> list[Any]:
        timestamp, last = place
        tied = stream_of(user._id, timestamp=timestamp, _id={"$lt": last})
        actions = PlainAction.query.find(tied).sort([("_id", -1)]).limit(10).all()
        if len(actions) < 10:
            older = stream_of(user._id, timestamp={"$lt": timestamp})
            more = PlainAction.query.find(older).sort(NEWEST_FIRST).limit(10 - len(actions))
            actions += more.all()
        return _shown(actions)

    def skip(self, user: User, depth: int) -> list[Any]:
        actions = PlainAction.query.find(stream_of(user._id)).sort(NEWEST_FIRST)
        return _shown(actions.skip(depth).limit(10))

    def count(self, user: User) -> int:
        return PlainAction.query.find(unseen_by(user._id, user.last_activity_seen)).count()

    def count_capped(self, user: User) -> int:
        # Ming's own count knows no limit.
        unseen = unseen_by(user._id, user.last_activity_seen)
        return DBSession.db.activity_stream_action.count_documents(unseen, limit=CAP)

    def mark_seen(self, user: User) -> None:
        user.last_activity_seen = clock.now()
        DBSession.flush(user)


def _action(actor: User, target: Post, recipients: list[User]) -> PlainAction:
    return PlainAction(
        actor_type="User",
        actor_id=actor._id,
        actor_name=actor.user_name,
        verb="commented",
        target_type="Post",
        target_id=target._id,
        target_name=target.title,
        timestamp=clock.now(),
        _recipients=[{"_type": "User", "_id": each._id} for each in recipients],
    )


def stream_of(*user_ids: Any, **also: Any) -> dict[str, Any]:
    """What finds the actions of users, and those for everyone.

    :param user_ids: their keys.
    :param also: conditions beside, for both.
    """
    one, *more = user_ids
    whom = {"$in": list(user_ids)} if more else one
    recipient = {"_type": {"$in": list(USER_TYPES)}, "_id": whom}
    return {
        "$or": [
            {"_recipients": {"$elemMatch": recipient}, **also},
            {"_recipients": None, **also},
        ]
    }


def unseen_by(user_id: Any, seen: datetime | None) -> dict[str, Any]:
    """What finds the actions that a user has not seen.

    :param user_id: the user's key.
    :param seen: when they last looked; None is never.
    """
    return stream_of(user_id, **({} if seen is None else {"timestamp": {"$gt": seen}}))


def _shown(actions: Iterable[PlainAction]) -> list[Any]:
    actions = list(actions)
    users = _by_key(User, {action.actor_id for action in actions})
    posts = _by_key(Post, {action.target_id for action in actions})
    return [
        (users[action.actor_id].as_str, action.verb, posts[action.target_id].as_str)
        for action in actions
    ]


def _by_key(cls: Any, keys: set[Any]) -> dict[Any, Any]:
    return {entity._id: entity for entity in cls.query.find({"_id": {"$in": list(keys)}})}
