"""What a host does with activitystream, on either ORM."""

from datetime import datetime
from typing import Any

from activitystream import am
from activitystream.lib.stream import Place

from ..lines import CAP, MANY, Scene


class Ours:
    name = "ours"

    def __init__(self, orm: Any) -> None:
        """
        :param orm: what a host does itself: ``MingHost`` or ``SQLAlchemyHost``.
        """
        for name in ("fresh", "user", "post", "crowd", "undo"):
            setattr(self, name, getattr(orm, name))

    def place(self, scene: Scene) -> Place:
        return Place(*scene.place)

    def create(self, actor: Any, target: Any, recipients: list[Any]) -> None:
        am.create(actor, "commented", target, recipients=recipients)

    def create_many(self, actor: Any, target: Any, recipient: Any) -> None:
        done = {"actor": actor, "verb": "commented", "target": target, "recipients": [recipient]}
        am.create_many([done] * MANY)

    def newest(self, user: Any) -> list[Any]:
        return _shown(am.get_by_recipient(user).limit(10))

    def newest_also(self, user: Any, audiences: list[Any]) -> list[Any]:
        return _shown(am.get_by_recipient(user, also=audiences).limit(10))

    def before(self, user: Any, place: Place) -> list[Any]:
        return _shown(am.get_by_recipient(user).before(place).limit(10))

    def skip(self, user: Any, depth: int) -> list[Any]:
        return _shown(am.get_by_recipient(user).skip(depth).limit(10))

    def count(self, user: Any) -> int:
        return am.count_not_seen_by_recipient(user)

    def count_capped(self, user: Any) -> int:
        return am.count_not_seen_by_recipient(user, limit=CAP)

    def mark_seen(self, user: Any) -> datetime | None:
        return am.mark_seen(user)


def _shown(stream: Any) -> list[Any]:
    return [(action.actor, action.verb, action.target) for action in stream.all()]
