"""The lines of the tables: the tasks of the contenders."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from .workload import MOST_NOTIFIED, Workload

#: The numbers of unseen actions to count, and the limit of the capped count.
UNSEEN, CAP = (0, 100, 20_000), 100
#: The numbers of recipients of a created action, and the size of a batch.
CROWDS, MANY = (1, 5, 1000, 100_000), 1000
#: The verbs of half of the actions.
MUTED = ("created", "liked")
#: The number of a user's audiences.
AUDIENCES = 20
#: The most actions above the deep page.
DEPTH = 10_000


class Scene(NamedTuple):
    """The contents of a filled database, like the length of the most notified user's stream.

    ``depth`` actions are above the deep page; ``above`` is the timestamp and id of the last of
    them. ``seen`` has values of ``last_activity_seen`` by the number of actions unseen then.
    """

    workload: Workload
    length: int
    depth: int
    above: tuple[datetime, Any]
    seen: dict[int, datetime]


class Line(NamedTuple):
    """One line of the tables: the timed call of a contender's method.

    ``page`` reads ten actions, and returns the names of actors, the verbs, and the names of
    targets; ``page_about`` those with an entity in a role; ``page_marked`` also whether they are
    seen and read. ``count`` counts a user's unseen actions, ``count_unread`` the unread ones.
    ``page_muted`` and ``count_muted`` do so for a user of ``muting``. ``mark_seen`` and
    ``mark_all_read`` mark all, ``mark_read`` one. ``create`` stores one action, ``create_many`` a
    thousand. ``visit`` requests a page as a user.

    Not timed: ``fresh()`` starts a session or transaction, as a host does before it calls us.
    ``user(number, seen)``, ``post(number)`` and ``crowd(number)`` return the arguments in the
    contender's form; ``muting(user)`` has them mute half. ``undo()`` undoes the writes. A contender
    runs the lines whose methods it has; if it has a set ``does``, only the lines in it.
    """

    key: str
    label: str
    method: str
    arguments: Callable[[Any], tuple[Any, ...]]


def lines(scene: Scene) -> dict[str, Line]:
    """Return all lines by their keys, those that write a lot last. Labels name the amounts."""
    users, _, crowd = scene.workload
    typical, most = scene.workload.typical, MOST_NOTIFIED

    def paging(key: str, label: str, user: int, *more: Any) -> Line:
        return Line(key, label, "page", lambda who: (who.user(user), *more))

    def counting(key: str, label: str, unseen: int, *limit: int) -> Line:
        label = f"count, {label}{min(unseen, scene.length):,} unseen"
        return Line(key, label, "count", lambda who: (who.user(most, scene.seen[unseen]), *limit))

    def doing(which: str, role: str, about: Callable[[Any], tuple[Any, ...]]) -> Line:
        return Line(f"{role}-{which}", f"newest ten of the {which} {role}", "page_about", about)

    def of_most(*more: Any) -> Callable[[Any], tuple[Any, ...]]:
        return lambda who: (who.user(most), *more)

    def muting(*more: Any) -> Callable[[Any], tuple[Any, ...]]:
        return lambda who: (who.muting(who.user(most, scene.seen[UNSEEN[-1]])), *more)

    def creating(crowd: int) -> Line:
        number = min(crowd, users)
        label = f"create, {number:,} recipient{'' if number == 1 else 's'}"
        return Line(
            *(f"create-{crowd}", label, "create"),
            lambda who: (who.user(typical), who.post(0), who.crowd(number)),
        )

    each = [
        paging("newest-typical", "newest ten, typical user", typical),
        paging("newest-most", "newest ten, most notified user", most),
        Line(
            *("newest-audiences", f"newest ten, of {AUDIENCES} audiences too", "page"),
            lambda who: (who.user(typical), who.crowd(AUDIENCES)),
        ),
        Line(
            *("newest-crowds", f"newest ten, each for {min(crowd, users):,}", "page"),
            lambda who: (who.post(0),),
        ),
        doing("typical", "actor", lambda who: (who.user(typical), "actor")),
        doing("busiest", "actor", lambda who: (who.user(most), "actor")),
        doing("typical", "target", lambda who: (who.post(typical), "target")),
        doing("busiest", "target", lambda who: (who.post(most), "target")),
        Line("newest-marked", "newest ten, what is seen and read", "page_marked", of_most()),
        Line("newest-muted", "newest ten, half muted", "page_muted", muting()),
        paging("far-before", "ten far down, by .before()", most, (), 0, scene.above),
        paging("far-skip", "ten far down, by .skip()", most, (), scene.depth),
        *(counting(f"count-{unseen}", "", unseen) for unseen in UNSEEN),
        counting(f"count-capped-{UNSEEN[-1]}", f"limit={CAP}, ", UNSEEN[-1], CAP),
        Line("count-unread", f"count, limit={CAP}, unread", "count_unread", of_most(CAP)),
        Line("count-muted", f"count, limit={CAP}, half muted", "count_muted", muting(CAP)),
        Line("mark-seen", "mark seen", "mark_seen", of_most()),
        Line("mark-all-read", "mark all as read", "mark_all_read", of_most()),
        Line("mark-read", "mark one as read", "mark_read", of_most(scene.above)),
        Line("http-bell", "the bell's request", "visit", lambda _: (most, "/activitystream/bell")),
        Line("http-newest", "the opened bell", "visit", lambda _: (most, "/activitystream/newest")),
        Line("http-page", "the stream's page", "visit", lambda _: (most, "/activitystream/")),
        Line("http-host", "the host alone", "visit", lambda _: (most, "/notifications?number=0")),
        *(creating(crowd) for crowd in CROWDS),
        Line(
            *("import-1000", f"create_many, {MANY:,} actions", "create_many"),
            lambda who: (who.user(typical), who.post(0), who.user(1)),
        ),
    ]
    return {line.key: line for line in each}
