"""The neighbours, their notices and replies, and what they do: which the stream is told.

Of a recipient, activitystream wants the field ``last_activity_seen``. Of whatever an action is
about it shows ``as_str`` and links to ``as_link``.
"""

from datetime import datetime, timezone
from typing import Any

from bson import ObjectId
from ming import Session
from ming import schema as s
from ming.odm import FieldProperty, ThreadLocalODMSession
from ming.odm.declarative import MappedClass

from activitystream import am

_session = Session()
DBSession = ThreadLocalODMSession(_session)


def init_model(datastore: Any) -> None:
    """Called by TurboGears at the start; fails at once if there is no database to talk to."""
    datastore.db.list_collection_names()
    _session.bind = datastore


def now() -> datetime:
    """The present moment as MongoDB keeps it: naive UTC."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Neighbour(MappedClass):
    """Somebody who lives here, and what they can do. Each of it records an action."""

    class __mongometa__:
        session = DBSession
        name = "neighbour"
        unique_indexes = [("name",)]

    _id = FieldProperty(s.ObjectId)
    name = FieldProperty(s.String)
    colour = FieldProperty(s.Int)
    last_activity_seen = FieldProperty(s.DateTime)

    @property
    def as_str(self) -> str:
        return self.name

    @classmethod
    def named(cls, name: str) -> "Neighbour | None":
        return cls.query.get(name=name)

    def post(self, title: str, text: str) -> "Notice":
        """Put up a notice. The other neighbours are notified."""
        notice = self._put_up(title=title, text=text)
        others = Neighbour.query.find({"_id": {"$ne": self._id}})
        am.create(self, "posted", notice, recipients=others)
        return notice

    def announce(self, title: str, text: str) -> "Notice":
        """Put up a notice for everyone, whoever moves in later included."""
        notice = self._put_up(title=title, text=text, for_everyone=True)
        am.create(self, "announced", notice, recipients=None)
        return notice

    def comment_on(self, notice: "Notice", text: str) -> "Reply":
        """Write below a notice. Who wrote it, or below it before, is notified."""
        am.create(self, "commented on", notice, description=text, recipients=self._rest_of(notice))
        return Reply(notice_id=notice._id, author_id=self._id, text=text)

    def like(self, notice: "Notice") -> None:
        """Like a notice, once: the second time changes nothing."""
        if self._id not in notice.likes:
            Notice.query.update({"_id": notice._id}, {"$addToSet": {"likes": self._id}})
            am.create(self, "liked", notice, recipients=self._rest_of(notice))

    def _put_up(self, **fields: Any) -> "Notice":
        notice = Notice(author_id=self._id, **fields)
        # An action can only refer to what is stored.
        DBSession.flush(notice)
        return notice

    def _rest_of(self, notice: "Notice") -> list["Neighbour"]:
        """Who wrote the notice or below it, but for this neighbour."""
        replies = Reply.query.find({"notice_id": notice._id})
        ids = {notice.author_id, *(reply.author_id for reply in replies)} - {self._id}
        return Neighbour.query.find({"_id": {"$in": list(ids)}}).all()


class Notice(MappedClass):
    """A sheet of paper on the board."""

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

    @property
    def as_str(self) -> str:
        return f"“{self.title}”"

    @property
    def as_link(self) -> str:
        return f"/notice/{self._id}"

    @classmethod
    def with_id(cls, text: Any) -> "Notice | None":
        """The notice that a request names; None if there is none."""
        valid = isinstance(text, str) and ObjectId.is_valid(text)
        return cls.query.get(_id=ObjectId(text)) if valid else None


class Reply(MappedClass):
    """What somebody wrote below a notice."""

    class __mongometa__:
        session = DBSession
        name = "reply"
        indexes = [("notice_id",)]

    _id = FieldProperty(s.ObjectId)
    notice_id = FieldProperty(s.ObjectId)
    author_id = FieldProperty(s.ObjectId)
    text = FieldProperty(s.String)
    created = FieldProperty(s.DateTime(if_missing=now))
