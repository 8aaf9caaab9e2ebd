"""The streams of what an entity did, and of what happened to it."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice, repeat
from typing import Any

from .. import model
from ..model.names import address_of, addresses_of
from ..model.system import SYSTEM
from ..model.values import About, Cursor, Reference, Viewer
from .streams import Stream


class Everything:
    """The viewer that may see all actions, whoever their recipients are."""

    def __repr__(self) -> str:
        return "activitystream.EVERYTHING"


#: For ``visible_to``: all actions, whoever their recipients are. Meant for administrators.
EVERYTHING = Everything()

#: A page ends early once it has tested this many actions that its viewer may not see.
_MOST_HIDDEN = 10_000

#: How many actions are tested at once: few at first, since most viewers see most of them.
_BATCH_SIZES = (50, 950, 1000)


class RoleStream(Stream):
    """The actions with an entity in a role that a viewer may see, newest first."""

    def __init__(self, role: str, entity: Any, visible_to: Any, also: Iterable[Any]) -> None:
        """Make the stream of an entity.

        :param role: ``actor``, ``target`` or ``action_obj``.
        :param entity: a stored entity.
        :param visible_to: the viewer, None or :data:`EVERYTHING`; see
            :meth:`activitystream.ActionManager.get_by_actor`.
        :param also: audiences of the viewer.
        :raises TypeError, ValueError: if ``entity``, ``also`` or the viewer is not a stored entity,
            or ``also`` comes without a viewer.
        """
        if entity is SYSTEM and role != "actor":
            raise TypeError("entity must not be activitystream.SYSTEM: it can be an actor only")
        self._entity: Any = entity
        self._about = About(role, address_of(entity, "entity"))
        self._viewer: Viewer | None = None
        self._for_everyone = visible_to is None
        if visible_to is not None and visible_to is not EVERYTHING:
            to = addresses_of(visible_to, also, "visible_to")
            # An actor sees all that it did.
            if role != "actor" or to[0] != self._about.entity:
                self._viewer = Viewer(to[0], to)
        elif list(also):
            raise ValueError("also needs a viewer: pass one as visible_to, or leave also out")

    def __getstate__(self) -> dict[str, Any]:
        """Pickle no entity along, since it may hold a password."""
        return {**self.__dict__, "_entity": None}

    def _known(self) -> dict[Reference, Any]:
        if self._entity is None or self._entity is SYSTEM or not model.orm.is_held(self._entity):
            return {}
        names, key = self._about.entity
        return {Reference(name, key): self._entity for name in names}

    def count(self) -> int:
        """Count the actions, ignoring ``limit`` and ``skip``. For a viewer, it reads them all."""
        if self._viewer is None:
            return model.orm.count_about(self._about, self._window, self._for_everyone)
        return sum(is_visible for _, is_visible in self._tested(self._viewer))

    def _read(self) -> Iterator[Any]:
        if self._viewer is None:
            return model.orm.read_about(
                self._about, self._window, self._skip, self._limit, self._for_everyone
            )
        visible = (cursor.id for cursor, is_visible in self._tested(self._viewer) if is_visible)
        end = None if self._limit is None else self._skip + self._limit
        return _loaded(islice(visible, self._skip, end))

    def _read_page(self, size: int) -> tuple[list[Any], Cursor | None]:
        if self._viewer is None:
            return super()._read_page(size)
        wanted = self._skip + size
        visible: list[Cursor] = []
        hidden, end = 0, None
        # Look for one more: "Load more" must not reveal that there are actions to hide.
        for cursor, is_visible in self._tested(self._viewer, _MOST_HIDDEN):
            if is_visible:
                visible.append(cursor)
                if len(visible) > wanted:
                    break
            else:
                hidden += 1
                end = cursor
        page = visible[self._skip : wanted]
        if len(visible) <= wanted and hidden < _MOST_HIDDEN:
            end = None
        elif page:
            end = page[-1]
        return model.orm.load_actions([each.id for each in page]), end

    def _tested(
        self, viewer: Viewer, most_hidden: int | None = None
    ) -> Iterator[tuple[Cursor, bool]]:
        """Yield the cursors in the window, and whether the viewer may see each.

        :param most_hidden: the most to test that the viewer may not see; None tests all.
        """
        window = self._window
        for batch_size in chain(_BATCH_SIZES, repeat(_BATCH_SIZES[-1])):
            size = batch_size if most_hidden is None else min(batch_size, most_hidden)
            tested = model.orm.cursors_about(self._about, window, size, viewer)
            yield from tested
            if most_hidden is not None:
                most_hidden -= sum(not is_visible for _, is_visible in tested)
            if len(tested) < size or most_hidden == 0:
                return
            window = window._replace(before=tested[-1][0])


def _loaded(ids: Iterator[Any]) -> Iterator[Any]:
    while batch := list(islice(ids, _BATCH_SIZES[-1])):
        yield from model.orm.load_actions(batch)
