"""The lines of the table: what is asked of each contender."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from .load import Load

#: How many unseen actions the counts are of.
UNSEEN = (0, 100, 20_000)
CROWDS = (1, 5, 1000, 100_000)
#: To how many audiences a user belongs, beside.
AUDIENCES = 20
#: How many actions are stored together.
MANY = 1000
#: How far down a page is, at most.
DEPTH = 10_000
#: Where the capped count stops.
CAP = 100


class Scene(NamedTuple):
    """What the lines ask about."""

    load: Load
    #: How many actions the most notified user has, and
    length: int
    #: how many of these are above the page that is far down, and
    depth: int
    #: the last of them: its timestamp and key.
    place: Any
    #: Up to when the most notified user has seen their stream, by how many are unseen then.
    seen: dict[int, datetime]


class Line(NamedTuple):
    """One thing to do.

    A contender is an object with these methods; one that it lacks, it cannot do.

    * ``fresh()`` begins what a host has begun before it asks us: a new session, a transaction;
    * ``user(number, seen)`` and ``post(number)`` are what it takes for one, ``crowd(number)`` a
      list of that many users; ``place(scene)`` what it takes for a place in a stream;
    * ``undo()`` makes undone what the last call did;

    and those that are timed, which the lines name.
    """

    key: str
    label: str
    verb: str
    arguments: Callable[[Any, Scene], tuple[Any, ...]]

    def can(self, contender: Any) -> bool:
        return hasattr(contender, self.verb)

    def answer(self, contender: Any, scene: Scene) -> Any:
        """What a contender answers, which is the same for all; None where there is nothing to tell.

        :param contender: who is asked.
        :param scene: about what.
        """
        if self.verb in ("create", "create_many", "mark_seen"):
            return None
        contender.fresh()
        answer = getattr(contender, self.verb)(*self.arguments(contender, scene))
        contender.undo()
        return answer

    def once(self, contender: Any, scene: Scene) -> float:
        """Do it once.

        :param contender: who does it.
        :param scene: about what.
        :returns: the seconds that it took, without what comes before and after.
        """
        contender.fresh()
        arguments = self.arguments(contender, scene)
        act = getattr(contender, self.verb)
        begun = time.perf_counter()
        act(*arguments)
        took = time.perf_counter() - begun
        contender.undo()
        return took


def lines(scene: Scene) -> list[Line]:
    """All lines, cheap ones first, those that write a lot last.

    :param scene: where there may be too few for a line's number, of which it tells how many.
    """
    capped = UNSEEN[-1]
    return [
        Line("newest-typical", "newest ten, typical user", "newest", _typical),
        Line("newest-most", "newest ten, most notified user", "newest", _most),
        Line(
            "newest-audiences",
            f"newest ten, of {AUDIENCES} audiences too",
            "newest_also",
            lambda contender, scene: (*_typical(contender, scene), contender.crowd(AUDIENCES)),
        ),
        Line(
            "newest-crowds",
            f"newest ten, each for {scene.load.crowd:,}",
            "newest",
            lambda contender, scene: (contender.user(scene.load.of_crowd),),
        ),
        Line("far-before", "ten far down, by .before()", "before", _far_before),
        Line("far-skip", "ten far down, by .skip()", "skip", _far_skip),
        *(_counting(unseen, scene) for unseen in UNSEEN),
        Line(
            f"count-capped-{capped}",
            f"count, limit={CAP}, {min(capped, scene.length):,} unseen",
            "count_capped",
            lambda contender, scene: (_seen(contender, scene, capped),),
        ),
        Line("mark-seen", "mark seen", "mark_seen", _most),
        *(_creating(crowd, scene.load) for crowd in CROWDS),
        Line("import-1000", f"create_many, {MANY:,} actions", "create_many", _many),
    ]


def _many(contender: Any, scene: Scene) -> tuple[Any, ...]:
    return contender.user(scene.load.typical), contender.post(0), contender.user(1)


def _typical(contender: Any, scene: Scene) -> tuple[Any, ...]:
    return (contender.user(scene.load.typical),)


def _most(contender: Any, scene: Scene) -> tuple[Any, ...]:
    return (contender.user(scene.load.most_notified),)


def _far_before(contender: Any, scene: Scene) -> tuple[Any, ...]:
    return (contender.user(scene.load.most_notified), contender.place(scene))


def _far_skip(contender: Any, scene: Scene) -> tuple[Any, ...]:
    return (contender.user(scene.load.most_notified), scene.depth)


def _seen(contender: Any, scene: Scene, unseen: int) -> Any:
    return contender.user(scene.load.most_notified, scene.seen[unseen])


def _counting(unseen: int, scene: Scene) -> Line:
    return Line(
        f"count-{unseen}",
        f"count, {min(unseen, scene.length):,} unseen",
        "count",
        lambda contender, scene: (_seen(contender, scene, unseen),),
    )


def _creating(crowd: int, load: Load) -> Line:
    number = min(crowd, load.users)

    def arguments(contender: Any, scene: Scene) -> tuple[Any, ...]:
        recipients = contender.crowd(number)
        return contender.user(scene.load.typical), contender.post(0), recipients

    label = f"create, {number:,} recipient{'' if number == 1 else 's'}"
    return Line(f"create-{crowd}", label, "create", arguments)
