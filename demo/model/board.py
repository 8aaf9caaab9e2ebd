"""The neighbours, their notices, and what they do. The stream is told of it.

activitystream shows the ``as_str`` of whatever an action is about, and links to its ``as_link``.
"""

from datetime import datetime, timezone
from typing import Any

from activitystream import am
from demo import model


def now() -> datetime:
    """The present moment in naive UTC, as activitystream has it."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Neighbour:
    """Somebody who lives here, and what they can do. Each of it records an action."""

    _id: Any
    name: Any

    @property
    def as_str(self) -> str:
        return self.name

    def post(self, title: str, text: str) -> "Notice":
        """Put up a notice. The other neighbours are notified."""
        notice = self._put_up(title=title, text=text)
        others = (each for each in model.orm.neighbours() if each._id != self._id)
        am.create(self, "posted", notice, recipients=others)
        return notice

    def announce(self, title: str, text: str) -> "Notice":
        """Put up a notice for everyone, whoever moves in later included."""
        notice = self._put_up(title=title, text=text, for_everyone=True)
        am.create(self, "announced", notice, recipients=None)
        return notice

    def comment_on(self, notice: "Notice", text: str) -> "Reply":
        """Write below a notice. Who wrote it, or below it before, is notified."""
        reply = model.orm.save(model.orm.Reply(notice_id=notice._id, author_id=self._id, text=text))
        am.create(self, "commented on", notice, description=text, recipients=self._rest_of(notice))
        return reply

    def like(self, notice: "Notice") -> None:
        """Like a notice, once: the second time changes nothing."""
        if model.orm.add_like(notice, self):
            am.create(self, "liked", notice, recipients=self._rest_of(notice))

    def _put_up(self, **fields: Any) -> "Notice":
        # An action can only refer to what is stored.
        return model.orm.save(model.orm.Notice(author_id=self._id, **fields))

    def _rest_of(self, notice: "Notice") -> list["Neighbour"]:
        """Who wrote the notice or below it, but for this neighbour."""
        ids = {notice.author_id, *(reply.author_id for reply in model.orm.replies_to([notice]))}
        return [each for each in model.orm.neighbours() if each._id in ids - {self._id}]


class Notice:
    """A sheet of paper on the board."""

    _id: Any
    author_id: Any
    title: Any
    created: Any

    @property
    def as_str(self) -> str:
        return f"“{self.title}”"

    @property
    def as_link(self) -> str:
        return f"/notice/{self._id}"


class Reply:
    """What somebody wrote below a notice."""

    created: Any
