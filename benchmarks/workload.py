"""The workload: users, posts and actions. It is the same in each run and on each database."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

#: The time of the actions for users.
FIRST, LAST = datetime(2025, 1, 1), datetime(2026, 1, 1)
#: The users' ``last_activity_seen``, unless a line sets another one.
SEEN = datetime(2025, 7, 1)
#: The user with the most actions.
MOST_NOTIFIED = 0
#: The number of actions for a crowd of posts.
ANNOUNCED = 10
#: The number of users who read actions one by one, and how many each reads, if they have as many.
READERS, READ = 1000, 100

_VERBS = ("created", "commented", "liked", "followed")


class Done(NamedTuple):
    """One action. Users and posts are numbered from 0."""

    actor: int
    verb: str
    target: int
    timestamp: datetime
    recipients: tuple[int, ...] | None


class Workload(NamedTuple):
    """So many users, as many posts, and actions for one to five users each in the course of a year.

    The users are notified by Zipf's law: user n gets an (n + 1)th of what user 0 gets. By the same
    law they act, and posts are acted upon. One action in a thousand is for everyone. A few more are
    for a crowd of posts.
    """

    users: int
    actions: int
    crowd: int = 100_000

    @property
    def name(self) -> str:
        """Return the name of its database."""
        return f"activitystream_bench_{self.users}_{self.actions}"

    @property
    def typical(self) -> int:
        """Return the number of a user with the average number of actions. Most have fewer."""
        return min(self.users - 1, round(self.users / self._weights()[-1]) - 1)

    def done(self) -> Iterator[Done]:
        """Yield the actions for users, oldest first."""
        chance, weights = random.Random(f"{self.users} {self.actions}"), self._weights()
        step = timedelta(milliseconds=(LAST - FIRST) / timedelta(milliseconds=1) // self.actions)
        for number in range(self.actions):
            recipients = None
            if number % 1000 != 500:
                wanted = chance.randint(1, min(5, self.users))
                drawn = chance.choices(range(self.users), cum_weights=weights, k=wanted)
                recipients = tuple(dict.fromkeys(drawn))
            verb = _VERBS[number % len(_VERBS)]
            actor, target = chance.choices(range(self.users), cum_weights=weights, k=2)
            yield Done(actor, verb, target, FIRST + number * step, recipients)

    def _weights(self) -> list[float]:
        return list(accumulate(1 / (number + 1) for number in range(self.users)))


def user_name(number: int) -> str:
    """Return a user's name."""
    return f"user{number}"


def title(number: int) -> str:
    """Return a post's title."""
    return f"The post of number {number}"
