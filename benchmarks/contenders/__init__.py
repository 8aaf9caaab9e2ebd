"""The contenders. Each runs in a process of its own: see ``benchmarks.worker``.

A contender is made of the URL of a database and of a workload. It stores what it needs and misses.
"""

import pkgutil
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ..workload import SEEN, Workload, title, user_name

#: These have no actions for everyone, so their answers differ.
PEERS = ("django-notifications-hq", "django-activity-stream")

_PEERS = dict(zip(PEERS, ("peers:Notifications", "peers:ActivityStream"), strict=True))
_OURS = {"ours": "ours:Ours", "none muted": "ours:NoneMuted", "in groups": "ours:InGroups"}
_ON_SQL = {"by hand": "sql:ByHand"}
_ON_MONGODB = {"by hand": "mongodb:ByHand", "raw": "mongodb:Raw", "0.1.1's layout": "mongodb:Old"}

#: The contenders' classes on each kind of database, by their names.
CLASSES = {
    "mongodb": _OURS | _ON_MONGODB,
    "postgresql": _OURS | _ON_SQL | {"raw": "sql:Raw"} | _PEERS,
    "sqlite": _OURS | _ON_SQL,
}


def made(name: str, url: str, workload: Workload) -> Any:
    """Make a contender, importing only what it needs."""
    where = CLASSES[kind_of(url)][name]
    return pkgutil.resolve_name(f"{__name__}.{where}")(url, workload)


def kind_of(url: str) -> str:
    """Return the kind of a database by its URL."""
    return url.partition(":")[0].partition("+")[0]


def now() -> datetime:
    """Return the current time in naive UTC, to the millisecond, like actions' timestamps."""
    moment = datetime.now(timezone.utc).replace(tzinfo=None)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def types_of(entity: Any) -> list[str]:
    """Return the type names that actions may use for an entity. The host has a subclass of User."""
    return ["Post"] if hasattr(entity, "title") else ["User", "Admin"]


def fields_of(actor: Any, target: Any, stored: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the fields of an action; ``stored`` converts the keys."""
    about_actor = {"actor_type": "User", "actor_id": stored(actor._id)}
    about_target = {"target_type": "Post", "target_id": stored(target._id)}
    names = {"actor_name": actor.user_name, "target_name": target.title}
    return {**about_actor, **about_target, **names, "verb": "commented", "timestamp": now()}


def statements_of(file: Path) -> dict[str, str]:
    """Read a file of SQL: its statements by the names in the comments above them."""
    _, *parts = file.read_text(encoding="utf-8").split("\n\n-- ")
    return dict(part.split("\n", 1) for part in parts)


class RawHost:
    """The host of a raw contender: it loads no users and no posts."""

    def user(self, number: int, seen: datetime = SEEN) -> Any:
        entity = {"_id": self.key(number), "user_name": user_name(number)}
        return SimpleNamespace(**entity, last_activity_seen=seen)

    def post(self, number: int) -> Any:
        return SimpleNamespace(_id=self.key(number), title=title(number))

    def crowd(self, number: int) -> list[Any]:
        return [self.user(each) for each in range(number)]
