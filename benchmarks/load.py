"""The load: who does what for whom, the same in each run, and as numbers that fit any database."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

#: What it means; a kept database of another version is made again.
VERSION = 3

_FIRST = datetime(2025, 1, 1)
_LAST = datetime(2026, 1, 1)

#: When all users last looked, but where a line says otherwise.
SEEN = datetime(2025, 7, 1)

#: What an action may call a user of the test host, which has a class of users that are admins too.
USER_TYPES = ("User", "Admin")

#: How many actions are for a crowd, and for how many each.
ANNOUNCED = 10
CROWD = 100_000

VERBS = ("created", "commented", "liked", "followed")


class Done(NamedTuple):
    """One action. Users and posts are numbers from 0."""

    number: int
    actor: int
    verb: str
    target: int
    timestamp: datetime
    recipients: tuple[int, ...] | None


class Load:
    """So many users, as many posts, and actions by anybody for one to five of them.

    Users are notified by a power law (Zipf's): user 0 the most, user n an (n + 1)th of that. One
    action in a thousand is for everyone.
    """

    def __init__(self, users: int, actions: int) -> None:
        """
        :param users: how many there are.
        :param actions: how many were done in the course of a year.
        """
        self.users = users
        self.actions = actions
        self._weights = list(accumulate(1 / (number + 1) for number in range(users)))
        self.most_notified = 0
        #: Has as many actions as the average user; by a power law most have fewer.
        self.typical = min(users - 1, round(users / self._weights[-1]) - 1)
        #: One more user, to whom with a crowd all was announced that is in that stream.
        self.of_crowd = users
        self.crowd = min(CROWD, users)

    @property
    def name(self) -> str:
        """For a database that holds it."""
        return f"activitystream_bench_{self.users}_{self.actions}"

    def done(self) -> Iterator[Done]:
        """The actions, oldest first."""
        chance = random.Random(f"{VERSION} {self.users} {self.actions}")
        step = (_LAST - _FIRST) / self.actions
        step = timedelta(milliseconds=step // timedelta(milliseconds=1))
        most = min(5, self.users)
        for number in range(self.actions):
            recipients = None
            if number % 1000 != 500:
                wanted = chance.randint(1, most)
                drawn = chance.choices(range(self.users), cum_weights=self._weights, k=wanted)
                recipients = tuple(dict.fromkeys(drawn))
            yield Done(
                number,
                chance.randrange(self.users),
                VERBS[number % len(VERBS)],
                chance.randrange(self.users),
                _FIRST + number * step,
                recipients,
            )

    def announced(self) -> Iterator[Done]:
        """The actions for a crowd: of ``of_crowd``, and of others who are no users any more."""
        crowd = tuple(range(self.of_crowd, self.of_crowd + self.crowd))
        for number in range(ANNOUNCED):
            moment = _LAST + timedelta(minutes=number)
            yield Done(self.actions + number, 0, VERBS[0], 0, moment, crowd)

    def visitors(self, number: int) -> list[int]:
        """Users who come by, the often notified more often.

        :param number: how many.
        """
        chance = random.Random(number)
        return chance.choices(range(self.users), cum_weights=self._weights, k=number)


def user_name(number: int) -> str:
    return f"user{number}"


def title(number: int) -> str:
    return f"The post of number {number}"
