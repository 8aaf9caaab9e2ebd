"""On MongoDB: by hand with Ming, raw by pymongo, and 0.1.1's layout."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import bson
import pymongo
from ming import schema as s
from ming.odm import FieldProperty
from ming.odm.declarative import MappedClass

from ..hosts import made_on
from ..hosts.on_ming import DBSession, Host, Post, User, key, reader_of, undoing
from ..lines import MANY
from ..workload import Workload
from . import RawHost, fields_of, now, types_of

_ACTIONS, _KEY = "activity_stream_action", s.ObjectId(if_missing=None)
_NEWEST_FIRST = [("timestamp", pymongo.DESCENDING), ("_id", pymongo.DESCENDING)]


def _stream_of(*users: Any, **also: Any) -> dict[str, Any]:
    """Return the query for the actions for users and for everyone, with more conditions."""
    ids = [user._id for user in users]
    wanted = {"_type": {"$in": types_of(users[0])}, "_id": {"$in": ids} if ids[1:] else ids[0]}
    for_users, for_everyone = {"$elemMatch": wanted}, None
    return {"$or": [{"_recipients": for_users, **also}, {"_recipients": for_everyone, **also}]}


def _unseen_by(user: Any) -> dict[str, Any]:
    return _stream_of(user, timestamp={"$gt": user.last_activity_seen})


def _action(actor: Any, target: Any, recipients: list[Any]) -> dict[str, Any]:
    addressed = [{"_type": "User", "_id": each._id} for each in recipients]
    return {**fields_of(actor, target, lambda key: key), "_recipients": addressed}


class _Pages:
    """Read pages by the subclass's ``find`` and ``shown``."""

    def page(self, user: Any, audiences: Any = (), skip: int = 0, above: Any = None) -> list[Any]:
        if above is None:
            return self.shown(self._newest(_stream_of(user, *audiences)).skip(skip))
        timestamp, action_id = above
        same_time = _stream_of(user, timestamp=timestamp, _id={"$lt": action_id})
        actions = list(self.find(same_time).sort([("_id", pymongo.DESCENDING)]).limit(10))
        if len(actions) < 10:
            older = _stream_of(user, timestamp={"$lt": timestamp})
            actions += self._newest(older, 10 - len(actions))
        return self.shown(actions)

    def _newest(self, wanted: dict[str, Any], number: int = 10) -> Any:
        return self.find(wanted).sort(_NEWEST_FIRST).limit(number)


class PlainAction(MappedClass):
    """A plain mapping of an action, without our code."""

    class __mongometa__:
        session = DBSession
        name = _ACTIONS

    _id = FieldProperty(s.ObjectId)
    verb, description, extra = (FieldProperty(s.String) for _ in range(3))
    actor_type, target_type, action_obj_type = (FieldProperty(s.String) for _ in range(3))
    actor_id, target_id, action_obj_id = (FieldProperty(_KEY) for _ in range(3))
    actor_name, target_name, action_obj_name = (FieldProperty(s.String) for _ in range(3))
    timestamp = FieldProperty(s.DateTime)
    _recipients = FieldProperty(s.Anything(if_missing=None))


class ByHand(_Pages, Host):
    """Code that a good developer writes with Ming, on the same collection and indexes."""

    def __init__(self, url: str, workload: Workload) -> None:
        made_on(url)
        super().__init__()
        self.find = PlainAction.query.find

    def shown(self, actions: Iterable[Any]) -> list[Any]:
        actions = list(actions)
        users = self._names(User, {action.actor_id for action in actions})
        posts = self._names(Post, {action.target_id for action in actions})
        return [(users[each.actor_id], each.verb, posts[each.target_id]) for each in actions]

    def _names(self, cls: Any, keys: set[Any]) -> dict[Any, str]:
        return {each._id: each.as_str for each in cls.query.find({"_id": {"$in": list(keys)}})}

    def count(self, user: Any, limit: int | None = None) -> int:
        if limit is None:
            return self.find(_unseen_by(user)).count()
        # Ming's own count has no limit.
        return DBSession.db[_ACTIONS].count_documents(_unseen_by(user), limit=limit)

    def mark_seen(self, user: Any) -> None:
        user.last_activity_seen = now()
        DBSession.flush(user)

    def create(self, actor: Any, target: Any, recipients: list[Any]) -> None:
        DBSession.flush(PlainAction(**_action(actor, target, recipients)))

    def create_many(self, actor: Any, target: Any, recipient: Any) -> None:
        for _ in range(MANY):
            PlainAction(**_action(actor, target, [recipient]))
        DBSession.flush_all()


class Raw(_Pages, RawHost):
    """The same commands by pymongo alone, with documents instead of objects."""

    collection = _ACTIONS
    key = staticmethod(key)

    def __init__(self, url: str, workload: Workload) -> None:
        self._db = pymongo.MongoClient(url).get_default_database()
        self._actions = self._db[self.collection]
        self.find = partial(self._actions.find, projection={"_recipients": False})
        self.undo = undoing(self._db)

    def fresh(self) -> None:
        """Do nothing: there is no session."""

    def shown(self, actions: Iterable[Any]) -> list[Any]:
        actions = list(actions)
        users = self._names("tg_user", "user_name", {each["actor_id"] for each in actions})
        posts = self._names("post", "title", {each["target_id"] for each in actions})
        return [
            (users[each["actor_id"]], each["verb"], posts[each["target_id"]]) for each in actions
        ]

    def _names(self, collection: str, field: str, keys: set[Any]) -> dict[Any, Any]:
        found = self._db[collection].find({"_id": {"$in": list(keys)}})
        return {each["_id"]: each[field] for each in found}

    def count(self, user: Any, limit: int | None = None) -> int:
        limited = {} if limit is None else {"limit": limit}
        return self._actions.count_documents(_unseen_by(user), **limited)

    def mark_seen(self, user: Any) -> None:
        moment = now()
        earlier = ({"$exists": False}, None, {"$lt": moment})
        self._db.tg_user.find_one_and_update(
            {"_id": user._id, "$or": [{"last_activity_seen": each} for each in earlier]},
            {"$set": {"last_activity_seen": moment}},
            projection={"last_activity_seen": True},
        )

    def mark_read(self, user: Any, above: Any) -> None:
        reader, (timestamp, action) = reader_of(user._id), above
        update = {"reader": reader, "action": action, "timestamp": timestamp, "read": True}
        one = {"_id": f"{reader} {action}"}
        self._db.activity_stream_reader.update_one(one, {"$set": update}, upsert=True)

    def page_about(self, entity: Any, role: str) -> list[Any]:
        wanted = {f"{role}_id": entity._id, f"{role}_type": {"$in": types_of(entity)}}
        return self.shown(self._newest(wanted))

    def create(self, actor: Any, target: Any, recipients: list[Any]) -> None:
        self._actions.insert_one(self._document(actor, target, recipients))

    def create_many(self, actor: Any, target: Any, recipient: Any) -> None:
        self._actions.insert_many(self._document(actor, target, [recipient]) for _ in range(MANY))

    def _document(self, *arguments: Any) -> dict[str, Any]:
        absent = ("description", "extra", "action_obj_type", "action_obj_id", "action_obj_name")
        return {"_id": bson.ObjectId(), **_action(*arguments), **dict.fromkeys(absent)}


class Old(Raw):
    """The same documents in the layout of 0.1.1, without an index for streams."""

    collection = "activity_stream_of_0_1_1"
    # The other lines were not slow, or did not exist.
    does = {"newest-typical", "newest-most", "far-skip", "count-0", "count-100", "count-20000"}

    def __init__(self, url: str, workload: Workload) -> None:
        super().__init__(url, workload)
        if not self._actions.estimated_document_count():
            for_users = {"$match": {"verb": {"$ne": "announced"}}}
            self._db[_ACTIONS].aggregate([for_users, {"$out": self.collection}])
