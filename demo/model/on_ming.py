"""The model on Ming, with the same names as ``on_sqlalchemy``."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bson import ObjectId
from ming import Session
from ming import schema as s
from ming.odm import FieldProperty, ThreadLocalODMSession
from ming.odm.declarative import MappedClass
from pymongo.errors import PyMongoError

from demo.model import board
from demo.model.board import now

_session = Session()
DBSession = ThreadLocalODMSession(_session)
DatabaseError = PyMongoError


def configuration(db_url: str) -> dict[str, Any]:
    """Return TurboGears' options for the database."""
    # Fail soon if there is no server.
    timeout = {"ming.connection.serverSelectionTimeoutMS": 3000}
    return {
        "use_ming": True,
        "ming.url": _with_database(db_url),
        **({} if db_url.startswith("mim:") else timeout),
        "tm.enabled": False,
    }


def _with_database(url: str) -> str:
    """Return the URL, with a default database name if it has none."""
    base, mark, options = url.partition("?")
    scheme, _, rest = base.partition("://")
    servers, _, name = rest.partition("/")
    return f"{scheme}://{servers}/{name or 'activitystream_demo'}{mark}{options}"


def init_model(datastore: Any) -> None:
    """Bind the session to the database. Fail at once if it cannot be reached."""
    datastore.db.list_collection_names()
    _session.bind = datastore


def make_tables() -> None:
    """Do nothing: MongoDB needs no tables, and Ming makes the indexes."""


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Flush and close the session after the block, as TurboGears does after a request."""
    try:
        yield
        DBSession.flush_all()
    finally:
        DBSession.close_all()


class Neighbour(board.Neighbour, MappedClass):
    class __mongometa__:
        session = DBSession
        name = "neighbour"
        unique_indexes = [("name",)]

    _id = FieldProperty(s.ObjectId)
    name = FieldProperty(s.String)
    colour = FieldProperty(s.Int)
    last_activity_seen = FieldProperty(s.DateTime)


class Notice(board.Notice, MappedClass):
    class __mongometa__:
        session = DBSession
        name = "notice"
        indexes = [("created",)]

    _id = FieldProperty(s.ObjectId)
    author_id = FieldProperty(s.ObjectId)
    title = FieldProperty(s.String)
    text = FieldProperty(s.String)
    for_everyone = FieldProperty(s.Bool(if_missing=False))
    likes = FieldProperty([s.ObjectId])
    created = FieldProperty(s.DateTime(if_missing=now))


class Reply(board.Reply, MappedClass):
    class __mongometa__:
        session = DBSession
        name = "reply"
        indexes = [("notice_id",)]

    _id = FieldProperty(s.ObjectId)
    notice_id = FieldProperty(s.ObjectId)
    author_id = FieldProperty(s.ObjectId)
    text = FieldProperty(s.String)
    created = FieldProperty(s.DateTime(if_missing=now))


def save(entity: Any) -> Any:
    """Store a new entity and return it."""
    DBSession.flush(entity)
    return entity


def neighbours() -> list[Neighbour]:
    """Return all neighbours by name."""
    return Neighbour.query.find().sort("name").all()


def neighbour_named(name: str) -> Neighbour | None:
    return Neighbour.query.get(name=name)


def neighbour(key: Any) -> Neighbour | None:
    """Return the neighbour with the key that a request names, or None."""
    return _named(Neighbour, key)


def newest_notices(limit: int) -> list[Notice]:
    return Notice.query.find().sort("created", -1).limit(limit).all()


def notice(key: Any) -> Notice | None:
    """Return the notice with the key that a request names, or None."""
    return _named(Notice, key)


def _named(cls: type[MappedClass], key: Any) -> Any:
    valid = isinstance(key, str) and ObjectId.is_valid(key)
    return cls.query.get(_id=ObjectId(key)) if valid else None


def replies_to(notices: Sequence[Notice]) -> list[Reply]:
    """Return the replies to any of the notices, oldest first."""
    below = {"notice_id": {"$in": [each._id for each in notices]}}
    return Reply.query.find(below).sort("created").all()


def add_like(notice: Notice, neighbour: Neighbour) -> bool:
    """Store a like.

    :returns: False if the neighbour likes the notice already.
    """
    if neighbour._id in notice.likes:
        return False
    # Of two concurrent requests, one modifies it.
    liked = {"$addToSet": {"likes": neighbour._id}}
    return Notice.query.update({"_id": notice._id}, liked).modified_count == 1


def remove_like(notice: Notice, neighbour: Neighbour) -> bool:
    """Remove a like.

    :returns: False if there is none.
    """
    liked = {"_id": notice._id, "likes": neighbour._id}
    return Notice.query.update(liked, {"$pull": {"likes": neighbour._id}}).modified_count == 1
