"""Groups: actions of a stream that belong together, and are one line of a list.

The option ``groups`` says what belongs together. A page of groups is one unbroken run of the
stream. A group ends with its run and with the reader's day, and is all read or all unread.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from .. import model
from ..model.action import ROLES, checked_role
from ..model.names import classes_by_name
from ..model.pages import read_together
from ..model.values import Cursor, Outline, remembered
from . import group_words, seen
from .options import option
from .zones import day_of


class Place(NamedTuple):
    """Where a group stands in its stream: enough to find exactly its actions again.

    They are the actions between two cursors that belong together and were visible when the page
    was read.
    """

    newest: Cursor
    oldest: Cursor
    #: The digest of what they have in common.
    digest: str
    #: All actions up to here were visible. Naive UTC.
    settled: datetime
    #: The ids of the group's actions after that.
    recent: Collection[Any]
    #: The ids of actions between the cursors that belong to another group only because they were
    #: read, and this group unread, or the reverse.
    others: Collection[Any]

    def has(self, outline: Outline, rules: "Rules") -> bool:
        """Return whether an action is in the group."""
        cursor = outline.cursor
        return (
            self.oldest <= cursor <= self.newest
            and (cursor.timestamp <= self.settled or cursor.id in self.recent)
            and cursor.id not in self.others
            and _digest(rules.common(outline)) == self.digest
        )


class Group:
    """Actions that belong together: one line of a list."""

    def __init__(
        self, outlines: list[Outline], state: seen.State | None, loader: "GroupLoader"
    ) -> None:
        self._outlines = outlines
        self._state = state
        self._loader = loader
        self._distinct: dict[str, dict[Any, Outline]] = {}  # by role

    @cached_property
    def place(self) -> Place:
        """Where the group stands in its stream."""
        rules, newest, oldest = self._loader.rules, self._outlines[0], self._outlines[-1]
        common = rules.common(newest)
        floor, recent = remembered(self.cursors, self._loader.settled, seen.MOST_IDS)
        others = [
            each.cursor
            for group in self._loader.groups
            if group is not self and rules.common(group._outlines[0]) == common
            for each in group._outlines
            if oldest.cursor < each.cursor < newest.cursor
        ]
        return Place(
            newest.cursor,
            oldest.cursor,
            _digest(common),
            floor,
            [each.id for each in recent],
            [each.id for each in sorted(others, reverse=True)[: seen.MOST_IDS]],
        )

    @property
    def name(self) -> str | None:
        """What stays the same when an action joins the group; None if none can join it."""
        rules, newest = self._loader.rules, self._outlines[0]
        return _digest(rules.key(newest)) if rules.groups(newest) else None

    @property
    def count(self) -> int:
        """How many actions there are."""
        return len(self._outlines)

    @property
    def newest(self) -> Any:
        """The newest action."""
        return self._loader.actions([self._outlines[0]])[0]

    @cached_property
    def actions(self) -> list[Any]:
        """The actions, newest first, without those that were deleted since the page was read."""
        return self._loader.actions(self._outlines)

    @property
    def cursors(self) -> list[Cursor]:
        """Where the actions stand in the stream, newest first."""
        return [each.cursor for each in self._outlines]

    @property
    def state(self) -> seen.State | None:
        """What the reader knows of them; None if its class has no ``last_activity_seen``."""
        return self._state

    @property
    def is_read(self) -> bool | None:
        """Whether the reader has read them; None if its class has no ``last_activity_seen``."""
        return self._state and self._state.read

    @property
    def is_seen(self) -> bool | None:
        """Whether the reader has seen all; None if its class has no ``last_activity_seen``."""
        return self._state and self._state.seen

    def names(self, role: str, limit: int | None = None) -> list[str]:
        """Return the names of the entities in a role, each entity once, the newest first.

        Example::

            first, *others = group.names('actor')

        :param role: ``actor``, ``target`` or ``action_obj``.
        :param limit: at most as many; None for all.
        :raises ValueError: if there is no such role.
        """
        named = list(self._entities(role).values())[:limit]
        return [action.name_of(role) for action in self._loader.actions(named)]

    def number_of(self, role: str) -> int:
        """Count the different entities in a role; an action without one counts none.

        :param role: ``actor``, ``target`` or ``action_obj``.
        :raises ValueError: if there is no such role.
        """
        return len(self._entities(role))

    def is_shared(self, role: str) -> bool:
        """Return whether all actions have the same entity in a role, or all have none.

        :param role: ``actor``, ``target`` or ``action_obj``.
        :raises ValueError: if there is no such role.
        """
        if role in self._loader.rules.roles(self._outlines[0].verb):
            return True
        entity = self._loader.rules.entity
        return len({entity(each, checked_role(role)) for each in self._outlines}) == 1

    @property
    def sentence(self) -> str:
        """What happened, as plain text, like "Ann, Bob and 3 others liked Lost: one grey cat"."""
        if self.count == 1:
            return str(self.newest.sentence)
        pattern, values = group_words.pattern_of(self)
        return (pattern % values).strip()

    @property
    def to_load(self) -> list[Outline]:
        """The outlines of the actions that a line shows."""
        if self.count == 1:
            return self._outlines
        return [self._outlines[0], *list(self._entities("actor").values())[1:2]]

    def without(self, ids: Iterable[Any]) -> "Group":
        """Return the group without some actions."""
        left = [each for each in self._outlines if each.cursor.id not in set(ids)]
        return Group(left, self._state, self._loader)

    def _entities(self, role: str) -> dict[Any, Outline]:
        """Return the newest outline of each entity in a role."""
        if checked_role(role) not in self._distinct:
            entity = self._loader.rules.entity
            found: dict[Any, Outline] = {}
            for each in self._outlines:
                found.setdefault(entity(each, role), each)
            found.pop(None, None)
            self._distinct[role] = found
        return self._distinct[role]


class GroupLoader:
    """Load the actions of a page's groups, each once."""

    def __init__(self, rules: "Rules", settled: datetime) -> None:
        self.rules = rules
        #: All up to here was visible when the page was read. Naive UTC.
        self.settled = settled
        self.groups: list[Group] = []
        self._found: dict[Any, Any] = {}

    def load(self, groups: list[Group]) -> None:
        """Load what the lines show, and keep the groups without what was deleted meanwhile."""
        while True:
            wanted = {each.cursor.id for group in groups for each in group.to_load}
            deleted = wanted - self._load(wanted).keys()
            if not deleted:
                break
            groups = [each for each in (one.without(deleted) for one in groups) if each.count]
        self.groups = groups

    def actions(self, outlines: Sequence[Outline]) -> list[Any]:
        """Return the actions with these outlines, without those that were deleted."""
        ids = [each.cursor.id for each in outlines]
        found = self._load(ids)
        return [found[each] for each in ids if each in found]

    def _load(self, ids: Iterable[Any]) -> dict[Any, Any]:
        missing = [each for each in ids if each not in self._found]
        if missing:
            loaded = read_together(model.orm.load_actions(missing))
            self._found |= {action._id: action for action in loaded}
        return self._found


def count_groups(outlines: Iterable[Outline], zone: ZoneInfo | None) -> int:
    """Count the groups of actions, whether they are read or not, in days of a time zone."""
    rules = Rules(zone)
    return len({rules.key(each) for each in outlines})


class Rules:
    """What belongs together, by the option ``groups``. Make one for each page."""

    def __init__(self, zone: ZoneInfo | None) -> None:
        """Read the option.

        :param zone: the time zone of the days; None is UTC.
        """
        self._zone = zone
        self._rules: Mapping[str, Collection[str]] = option("groups")
        self._roles: dict[str, list[str]] = {}  # by verb
        self._classes: dict[Any, Any] = {}  # by type name

    def roles(self, verb: str) -> list[str]:
        """Return the roles in which all actions of a group with this verb have the same entity."""
        if verb not in self._roles:
            rule = self._rules.get(verb, ())
            self._roles[verb] = [role for role in ROLES if role in rule]
        return self._roles[verb]

    def key(self, outline: Outline) -> Any:
        """Return what the actions of a group share: :meth:`common`, and the day.

        Apart from this, a group is all read or all unread.
        """
        return self.common(outline), day_of(outline.cursor.timestamp, self._zone)

    def groups(self, outline: Outline) -> bool:
        """Return whether an action may be in a group with others."""
        return outline.verb in self._rules

    def common(self, outline: Outline) -> Any:
        """Return the verb and the entities that the actions of a group share."""
        if not self.groups(outline):
            return outline.cursor.id
        return outline.verb, *(self.entity(outline, role) for role in self.roles(outline.verb))

    def entity(self, outline: Outline, role: str) -> Any:
        """Return what identifies an entity, by whatever name of its class; None for no entity."""
        place = _PLACES[role]
        type_name: Any = outline[place]
        if type_name is None:
            return None
        if type_name not in self._classes:
            roots = classes_by_name().get(type_name, [])
            self._classes[type_name] = roots[0] if len(roots) == 1 else type_name
        return self._classes[type_name], outline[place + 1]


#: The index of an entity's type in an outline, by role. Its key comes after it.
_PLACES = {role: Outline._fields.index(f"{role}_type") for role in ROLES}


def _digest(common: Any) -> str:
    return blake2b(repr(common).encode(errors="surrogatepass"), digest_size=8).hexdigest()
