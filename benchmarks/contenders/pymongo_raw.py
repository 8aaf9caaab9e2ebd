"""The floor on MongoDB: the same commands by pymongo alone, and documents instead of objects."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import bson

from activitystream.lib import clock
from activitystream.model.action import FIELDS

from ..lines import CAP, MANY, Scene
from ..load import SEEN, title, user_name
from ..mongodb import OLD_LAYOUT, key
from .ming_by_hand import NEWEST_FIRST, restore, stream_of, unseen_by


class OldLayout:
    """0.1.1's layout: the same documents without an index that serves a stream.

    Only what it is slow at, and otherwise as good as can be: raw, and one query per kind of entity.
    """

    name = "0.1.1's layout"
    _collection = OLD_LAYOUT
    #: What is read of an action; None is all.
    _fields: tuple[str, ...] | None = None

    def __init__(self, db: Any) -> None:
        """
        :param db: pymongo's database.
        """
        self._db = db
        self._actions = db[self._collection]

    def fresh(self) -> None:
        """There is no session."""

    def user(self, number: int, seen: datetime | None = SEEN) -> dict[str, Any]:
        return {"_id": key(number), "user_name": user_name(number), "last_activity_seen": seen}

    def newest(self, user: Any) -> list[Any]:
        actions = self._find(stream_of(user["_id"]))
        return self._shown(actions.sort(NEWEST_FIRST).limit(10))

    def skip(self, user: Any, depth: int) -> list[Any]:
        actions = self._find(stream_of(user["_id"])).sort(NEWEST_FIRST)
        return self._shown(actions.skip(depth).limit(10))

    def count(self, user: Any) -> int:
        return self._actions.count_documents(unseen_by(user["_id"], user["last_activity_seen"]))

    def undo(self) -> None:
        """It only reads."""

    def _find(self, spec: dict[str, Any]) -> Any:
        return self._actions.find(spec, self._fields)

    def _shown(self, actions: Iterable[Any]) -> list[Any]:
        actions = list(actions)
        users = _by_key(self._db.tg_user, {action["actor_id"] for action in actions})
        posts = _by_key(self._db.post, {action["target_id"] for action in actions})
        return [
            (
                users[action["actor_id"]]["user_name"],
                action["verb"],
                posts[action["target_id"]]["title"],
            )
            for action in actions
        ]


class Raw(OldLayout):
    """With our indexes, and the rest of what we do."""

    name = "raw"
    _collection = "activity_stream_action"
    _fields = FIELDS

    def post(self, number: int) -> dict[str, Any]:
        return {"_id": key(number), "title": title(number)}

    def crowd(self, number: int) -> list[dict[str, Any]]:
        return [self.user(each) for each in range(number)]

    def place(self, scene: Scene) -> Any:
        return scene.place

    def create(self, actor: Any, target: Any, recipients: list[Any]) -> None:
        self._actions.insert_one(_action(actor, target, recipients))

    def create_many(self, actor: Any, target: Any, recipient: Any) -> None:
        self._actions.insert_many([_action(actor, target, [recipient]) for _ in range(MANY)])

    def newest_also(self, user: Any, audiences: list[Any]) -> list[Any]:
        stream = stream_of(user["_id"], *(each["_id"] for each in audiences))
        return self._shown(self._find(stream).sort(NEWEST_FIRST).limit(10))

    def before(self, user: Any, place: Any) -> list[Any]:
        timestamp, last = place
        tied = stream_of(user["_id"], timestamp=timestamp, _id={"$lt": last})
        actions = list(self._find(tied).sort([("_id", -1)]).limit(10))
        if len(actions) < 10:
            older = stream_of(user["_id"], timestamp={"$lt": timestamp})
            actions += self._find(older).sort(NEWEST_FIRST).limit(10 - len(actions))
        return self._shown(actions)

    def count_capped(self, user: Any) -> int:
        unseen = unseen_by(user["_id"], user["last_activity_seen"])
        return self._actions.count_documents(unseen, limit=CAP)

    def mark_seen(self, user: Any) -> None:
        now = clock.now()
        earlier = [
            {"last_activity_seen": None},
            {"last_activity_seen": {"$exists": False}},
            {"last_activity_seen": {"$lt": now}},
        ]
        self._db.tg_user.find_one_and_update(
            {"_id": user["_id"], "$or": earlier},
            {"$set": {"last_activity_seen": now}},
            projection={"last_activity_seen": True},
        )

    def undo(self) -> None:
        restore(self._db)


def _action(actor: Any, target: Any, recipients: list[Any]) -> dict[str, Any]:
    return {
        "_id": bson.ObjectId(),
        "actor_type": "User",
        "actor_id": actor["_id"],
        "actor_name": actor["user_name"],
        "verb": "commented",
        "description": None,
        "extra": None,
        "target_type": "Post",
        "target_id": target["_id"],
        "target_name": target["title"],
        "action_obj_type": None,
        "action_obj_id": None,
        "action_obj_name": None,
        "timestamp": clock.now(),
        "_recipients": [{"_type": "User", "_id": each["_id"]} for each in recipients],
    }


def _by_key(collection: Any, keys: set[Any]) -> dict[Any, Any]:
    return {each["_id"]: each for each in collection.find({"_id": {"$in": list(keys)}})}
