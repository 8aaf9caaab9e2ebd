"""Actions of one busy and one quiet entity in each role, for tests of what is read of them."""

from datetime import datetime, timedelta

from activitystream import EVERYTHING, am
from activitystream.model.values import Cursor

START = datetime(2020, 1, 1)

#: Busy's. One in 20 is for everyone, one in 20 for a team of the viewer's, and the rest for others.
MANY = 6000

READS = {"actor": am.get_by_actor, "target": am.get_by_target, "action_obj": am.get_by_action_obj}

ASKS = {
    "the newest ten": lambda stream, place: stream.limit(10).all(),
    "a page": lambda stream, place: stream.page(10),
    "a deep page": lambda stream, place: stream.before(place).page(10),
    "the newest ten after": lambda stream, place: stream.after(place).limit(10).all(),
    "the newest": lambda stream, place: stream.first(),
}


class Crowd:
    """Who is there: ``busy`` and ``quiet`` in each role, and who looks."""

    def __init__(self, host):
        self.busy, self.quiet, viewer, stranger = (
            host.user(name) for name in ("busy", "quiet", "viewer", "stranger")
        )
        teams = [host.post(f"Team {number}") for number in range(20)]
        self.viewers = {
            "a visitor": {"visible_to": None},
            "everything": {"visible_to": EVERYTHING},
            "a member": {"visible_to": viewer, "also": teams},
            "a stranger": {"visible_to": stranger},
        }
        others = [host.user(f"user{number}") for number in range(50)]
        for whose, number in ((self.busy, MANY), (self.quiet, 3)):
            am.create_many(
                {
                    "actor": whose,
                    "target": whose,
                    "action_obj": whose,
                    "verb": "did",
                    "timestamp": START + timedelta(minutes=each),
                    "recipients": {0: None, 10: [teams[each // 20 % 20]]}.get(
                        each % 20, [others[each % 50], others[each * 7 % 50]]
                    ),
                }
                for each in range(number)
            )
        am.create_many(
            {"actor": each, "target": each, "action_obj": each, "verb": "did", "recipients": [each]}
            for each in others
            for _ in range(40)
        )
        host.save()

    def place(self):
        """Return where the deep page begins: below three quarters of busy's actions."""
        quarter = START + timedelta(minutes=MANY // 4)
        deep = am.get_by_actor(self.busy, visible_to=EVERYTHING).before(
            Cursor(quarter, am.get_by_actor(self.busy, visible_to=EVERYTHING).first()._id)
        )
        return deep.first()
