"""The neighbours, their notices and replies. Each thing that a neighbour does creates an action.

activitystream shows an entity by its ``as_str``, and links to its ``as_link``.
"""

from datetime import datetime, timezone
from typing import Any

from activitystream import am
from demo import model


def now() -> datetime:
    """Return the current time in naive UTC, like the timestamps of actions."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Neighbour:
    """Somebody who lives here. Each method that writes creates an action."""

    _id: Any
    name: Any

    @property
    def as_str(self) -> str:
        return self.name

    @property
    def as_link(self) -> str:
        return f"/neighbour/{self._id}"

    def post(self, title: str, text: str) -> "Notice":
        """Put up a notice. The other neighbours are notified."""
        notice = self._put_up(title=title, text=text)
        others = (each for each in model.orm.neighbours() if each._id != self._id)
        am.create(self, "posted", notice, recipients=others)
        return notice

    def announce(self, title: str, text: str) -> "Notice":
        """Put up a notice for everyone, including neighbours who move in later."""
        notice = self._put_up(title=title, text=text, for_everyone=True)
        am.create(self, "announced", notice, recipients=None)
        return notice

    def comment_on(self, notice: "Notice", text: str) -> "Reply":
        """Comment on a notice. Its author and the earlier commenters are notified."""
        reply = model.orm.save(model.orm.Reply(notice_id=notice._id, author_id=self._id, text=text))
        am.create(self, "commented on", notice, description=text, recipients=self._rest_of(notice))
        return reply

    def like(self, notice: "Notice") -> None:
        """Like a notice. A second like changes nothing."""
        if model.orm.add_like(notice, self):
            am.create(self, "liked", notice, recipients=self._rest_of(notice))

    def unlike(self, notice: "Notice") -> None:
        """Take a like back. Whoever was notified of it is not any more."""
        if model.orm.remove_like(notice, self):
            am.withdraw(self, "liked", notice)

    def _put_up(self, **fields: Any) -> "Notice":
        # Store it first: an action refers to stored entities only.
        return model.orm.save(model.orm.Notice(author_id=self._id, **fields))

    def _rest_of(self, notice: "Notice") -> list["Neighbour"]:
        """Return the notice's author and commenters, without this neighbour."""
        ids = {notice.author_id, *(reply.author_id for reply in model.orm.replies_to([notice]))}
        return [each for each in model.orm.neighbours() if each._id in ids - {self._id}]


class Notice:
    """A notice on the board."""

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
    """A comment on a notice."""

    created: Any
