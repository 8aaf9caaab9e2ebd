"""What a host does with activitystream, on either ORM.

This uses public names only, so that other trees of the project can be timed by it too.
"""

from datetime import timedelta
from itertools import islice
from operator import attrgetter
from typing import Any, ClassVar

from webob import Request

import activitystream
from activitystream import am

from ..hosts import made_on
from ..lines import DEPTH, MANY, MUTED, UNSEEN, Scene
from ..progress import tracked
from ..workload import ANNOUNCED, LAST, MOST_NOTIFIED, READ, READERS, SEEN, Workload, user_name

_SHOWN = attrgetter("actor", "verb", "target")


class Ours:
    """The code of a host that plugs activitystream."""

    options: ClassVar[dict[str, Any]] = {}

    def __init__(self, url: str, workload: Workload) -> None:
        self._workload = workload
        self._app, self.host = made_on(url, **self.options)
        self.host.make_tables()
        total, _ = am.get_actions(limit=1)
        if not total:
            self._fill()
        elif total not in (workload.actions, workload.actions + ANNOUNCED):
            raise ValueError(f"{workload.name} was not filled: drop it, and it is made again")
        part = self.host.Host()
        self.fresh, self.undo = part.fresh, part.undo
        self.user, self.post, self.crowd = part.user, part.post, part.crowd

    def _fill(self) -> None:
        workload, host = self._workload, self.host
        host.add_entities(workload.users)
        users, posts = (host.load(cls, workload.users) for cls in (host.User, host.Post))
        everything = iter(tracked(workload.done(), "filling", workload.actions))
        while some := list(islice(everything, 10_000)):
            am.create_many(
                {
                    "actor": users[done.actor],
                    "verb": done.verb,
                    "target": posts[done.target],
                    "timestamp": done.timestamp,
                    "recipients": done.recipients and [users[each] for each in done.recipients],
                }
                for done in some
            )
            host.commit()
        if crowd := posts[: workload.crowd]:
            about = {"verb": "announced", "timestamp": LAST, "recipients": crowd}
            each = zip(users, posts, range(ANNOUNCED), strict=False)
            am.create_many({**about, "actor": user, "target": post} for user, post, _ in each)
            host.commit()
        # Mark the stream, as the user's first visit does.
        am.mark_seen(host.load(host.User, 1)[MOST_NOTIFIED], SEEN)
        for reader in users[1:READERS] if hasattr(am, "mark_read") else ():
            am.mark_read(reader, am.get_by_recipient(reader).limit(READ).all())
        host.commit()

    def scene(self) -> Scene:
        """Return the amounts that the lines name."""
        stream = am.get_by_recipient(self.user(MOST_NOTIFIED))
        length = stream.count()
        depth = min(DEPTH, length * 9 // 10)
        above, oldest = stream[depth - 1], stream[length - 1].timestamp
        never = oldest - timedelta(days=1)
        seen = {each: stream[each].timestamp if each < length else never for each in UNSEEN}
        self._above = above  # stays readable when its session ends
        self.undo()
        return Scene(self._workload, length, depth, (above.timestamp, above._id), seen)

    def iterate(self, number: int) -> int:
        """Iterate over that many actions of the most notified user, and return their number."""
        iterated = 0
        for action in am.get_by_recipient(self.user(MOST_NOTIFIED)).limit(number):
            action.actor, action.target  # noqa: B018 (looked at for what it loads)
            iterated += 1
        return iterated

    def page(self, user: Any, audiences: Any = (), skip: int = 0, above: Any = None) -> list[Any]:
        stream = am.get_by_recipient(user, also=audiences)
        if above is not None:
            stream = stream.before(self._above)
        if skip:
            stream = stream.skip(skip)
        return [_SHOWN(each) for each in stream.limit(10).all()]

    def count(self, user: Any, limit: int | None = None) -> int:
        return am.count_not_seen_by_recipient(user, limit=limit)

    def mark_seen(self, user: Any) -> Any:
        return am.mark_seen(user)

    if hasattr(am, "mark_read"):  # other trees may lack these

        def page_marked(self, user: Any) -> list[Any]:
            page = am.get_by_recipient(user).limit(10).all()
            return [(_SHOWN(each), each.is_unseen_by(user), each.is_read_by(user)) for each in page]

        def count_unread(self, user: Any, limit: int) -> int:
            return am.count_unread_by_recipient(user, limit=limit)

        def mark_read(self, user: Any, above: Any) -> None:
            am.mark_read(user, self._above)

        def mark_all_read(self, user: Any) -> None:
            am.mark_all_read(user)

    if hasattr(am, "mute"):

        def muting(self, user: Any) -> Any:
            for verb in MUTED:
                am.mute(user, verb=verb)
            return user

        def page_muted(self, user: Any) -> list[Any]:
            return self.page(user)

        def count_muted(self, user: Any, limit: int) -> int:
            return self.count(user, limit)

    if hasattr(am, "get_by_actor"):

        def page_about(self, entity: Any, role: str) -> list[Any]:
            stream_of = {"actor": am.get_by_actor, "target": am.get_by_target}[role]
            stream = stream_of(entity, visible_to=activitystream.EVERYTHING)
            return [_SHOWN(each) for each in stream.limit(10).all()]

    def create(self, actor: Any, target: Any, recipients: list[Any]) -> None:
        am.create(actor, "commented", target, recipients=recipients)

    def create_many(self, actor: Any, target: Any, recipient: Any) -> None:
        done = {"actor": actor, "verb": "commented", "target": target, "recipients": [recipient]}
        am.create_many([done] * MANY)

    def visit(self, number: int, path: str) -> None:
        environ = {"REMOTE_USER": user_name(number)}
        response = Request.blank(path, environ=environ).get_response(self._app)
        if response.status_code != 200:
            raise RuntimeError(f"{path} answers {response.status}: {response.text[:500]}")


class NoneMuted(Ours):
    """The same, where nobody mutes anything."""

    does = {"newest-muted", "count-muted"}

    def muting(self, user: Any) -> Any:
        return user


class InGroups(Ours):
    """The same, where likes of one post are one line."""

    does = {"http-newest"}
    options: ClassVar[dict[str, Any]] = {"groups": {"liked": ("verb", "target")}}
