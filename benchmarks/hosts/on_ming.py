"""The host on Ming."""

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import bson
from ming.odm import state

from tests.helpers.host.ming_model import DBSession, Post, User, mainsession

from ..workload import MOST_NOTIFIED, SEEN, title, user_name


def version() -> str:
    """Return the database's name and version."""
    return f"MongoDB {mainsession.db.client.server_info()['version']}"


def make_tables() -> None:
    """Create an index. MongoDB needs no tables."""
    mainsession.db.tg_user.create_index("user_name")


def commit() -> None:
    """End a request."""
    DBSession.flush_all()


def key(number: int) -> bson.ObjectId:
    """Return the key of a user or post, as if eight processes had made them over five years."""
    seconds = 1_577_836_800 + number * 2_654_435_761 % 157_766_400
    parts = ((seconds, 4), (number % 8 * 0x1F_3D5B_7993, 5), (number, 3))
    return bson.ObjectId(b"".join(part.to_bytes(size, "big") for part, size in parts))


def add_entities(number: int) -> None:
    """Store that many users and posts."""
    keys, users = list(map(key, range(number))), {"kind": "user", "last_activity_seen": SEEN}
    mainsession.db.tg_user.insert_many(
        {"_id": each, "user_name": user_name(number), **users} for number, each in enumerate(keys)
    )
    posts = ({"_id": each, "title": title(number)} for number, each in enumerate(keys))
    mainsession.db.post.insert_many(posts)


def load(cls: Any, number: int) -> list[Any]:
    """Load that many users or posts, in the order of their numbers."""
    keys = list(map(key, range(number)))
    found = {each._id: each for each in cls.query.find({"_id": {"$in": keys}})}
    return [found[each] for each in keys]


def reader_of(user_id: bson.ObjectId) -> str:
    """Return by what a user's marks are found."""
    return f"User ObjectId {user_id}"


def undoing(db: Any) -> Callable[[], None]:
    """Return a function that deletes later actions and marks; restores ``last_activity_seen``."""
    # An ObjectId starts with the second of its creation.
    time.sleep(1)
    created = {"_id": {"$gte": bson.ObjectId.from_datetime(datetime.now(timezone.utc))}}
    moved = {"_id": key(MOST_NOTIFIED), "last_activity_seen": {"$ne": SEEN}}
    theirs = {"reader": reader_of(key(MOST_NOTIFIED))}
    marks = list(db.activity_stream_reader.find(theirs))

    def undo() -> None:
        db.activity_stream_action.delete_many(created)
        db.activity_stream_reader.delete_many(theirs)
        db.activity_stream_mute.delete_many({})
        if marks:
            db.activity_stream_reader.insert_many(marks)
        db.tg_user.update_one(moved, {"$set": {"last_activity_seen": SEEN}})

    return undo


class Host:
    """The host's code that is not timed."""

    def __init__(self) -> None:
        self.undo = undoing(mainsession.db)

    def fresh(self) -> None:
        DBSession.close_all()

    def user(self, number: int, seen: datetime = SEEN) -> Any:
        user = User.query.get(key(number))
        state(user).set("last_activity_seen", seen)
        return user

    def post(self, number: int) -> Any:
        return Post.query.get(key(number))

    def crowd(self, number: int) -> list[Any]:
        return load(User, number)
