"""The load in a MongoDB database, and who is timed there."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import bson
import pymongo

from tests.databases import MingDatabase
from tests.host.app import make_app

from .load import SEEN, VERSION, Load, title, user_name
from .progress import say, track

#: The collection of the same actions as 0.1.1 kept them.
OLD_LAYOUT = "activity_stream_of_0_1_1"

_MARK = "benchmark"


def key(number: int) -> bson.ObjectId:
    """The key of the user, post or action of this number."""
    return bson.ObjectId(number.to_bytes(12, "big"))


class MongoDB:
    """One load in one database of a server."""

    name = "mongodb"

    def __init__(self, url: str, load: Load) -> None:
        """
        :param url: the server's.
        :param load: what the database holds, which is filled if it doesn't.
        """
        parts = pymongo.uri_parser.parse_uri(url)
        base, _, options = url.partition("?")
        base = base.rstrip("/").removesuffix(f"/{parts['database']}")
        self.url = f"{base}/{load.name}" + (f"?{options}" if options else "")
        self.load = load
        self.host = MingDatabase("mongodb", self.url)

    def open(self) -> None:
        """Start the host app, and fill the database unless it is full already."""
        make_app(self.host)
        if self.host.db[_MARK].find_one({"version": VERSION}) is None:
            self._fill()

    def close(self) -> None:
        self.host.close()
        self.host.db.client.close()

    @property
    def version(self) -> str:
        return f"MongoDB {self.host.db.client.server_info()['version']}"

    def contenders(self) -> list[Any]:
        from .contenders.ming_by_hand import MingByHand, MingHost
        from .contenders.ours import Ours
        from .contenders.pymongo_raw import OldLayout, Raw

        db = self.host.db
        return [Ours(MingHost()), MingByHand(), Raw(db), OldLayout(db)]

    def settle(self) -> None:
        """After a lot was written."""

    def _fill(self) -> None:
        from activitystream import model

        db, load = self.host.db, self.load
        say(f"  filling {load.name} on MongoDB")
        db.client.drop_database(db.name)
        db.tg_user.create_index("user_name")
        users = ({**_user(number), "password": None} for number in range(load.users + 1))
        _insert(db.tg_user, track(users, "users", load.users))
        posts = ({"_id": key(each), "title": title(each)} for each in range(load.users))
        _insert(db.post, track(posts, "posts", load.users))
        actions = (document(done) for done in load.done())
        _insert(db.activity_stream_action, track(actions, "actions", load.actions))
        # One by one, as each takes as much memory as thousands of the others.
        _insert(db.activity_stream_action, map(document, load.announced()), at_once=1)
        say("  making the indexes, and 0.1.1's layout")
        model.orm.prepare()
        db.activity_stream_action.aggregate([{"$out": OLD_LAYOUT}])
        db[_MARK].insert_one({"version": VERSION})


def _user(number: int) -> dict[str, Any]:
    return {
        "_id": key(number),
        "kind": "user",
        "user_name": user_name(number),
        "last_activity_seen": SEEN,
    }


def document(done: Any) -> dict[str, Any]:
    """What our app stores of an action of the load."""
    recipients = done.recipients
    return {
        "_id": key(done.number),
        "actor_type": "User",
        "actor_id": key(done.actor),
        "actor_name": user_name(done.actor),
        "verb": done.verb,
        "description": None,
        "extra": None,
        "target_type": "Post",
        "target_id": key(done.target),
        "target_name": title(done.target),
        "action_obj_type": None,
        "action_obj_id": None,
        "action_obj_name": None,
        "timestamp": done.timestamp,
        "_recipients": None
        if recipients is None
        else [{"_type": "User", "_id": key(each)} for each in recipients],
    }


def _insert(collection: Any, documents: Iterator[dict[str, Any]], at_once: int = 10_000) -> None:
    while chunk := list(islice(documents, at_once)):
        collection.insert_many(chunk, ordered=False)
