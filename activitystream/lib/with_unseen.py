"""Find the readers that have unseen actions, as a digest by mail needs them.

The recipients of the recent actions may have something new. Most of them have seen it: their
``last_activity_seen`` says so without a query. Each of the others costs a query.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from .. import model
from ..model import clock
from ..model.names import addresses_of, names_of
from ..model.values import Address, Hidden, Reference, Window
from . import seen
from .audiences import audiences_of
from .options import option
from .windows import window_of

#: How many readers are loaded together.
BATCH = 1000

#: From this many named readers on, reading the keys of those who may have unseen actions is faster
#: than loading the named ones.
MANY = 10_000


def readers_with_unseen(since: datetime, until: datetime | None, of: Any) -> Iterator[Any]:
    """See :meth:`activitystream.ActionManager.readers_with_unseen`."""
    window = window_of(since, until)
    every = (*model.orm.entity_classes(), *model.orm.other_classes())
    if of is None:
        return _search(_reader_classes(every), window, apart=model.orm.other_classes())
    if of not in every:
        raise TypeError(f"of must be a class that the app stores, like User; got {of!r}")
    seen.require_field_of(of)
    return _search([of], window)


def _reader_classes(every: Iterable[type]) -> list[type]:
    """Return the classes that have the field, without their subclasses."""
    classes = [each for each in every if model.orm.has_seen_field(each)]
    found = []
    for cls in classes:
        if not any(each is not cls and issubclass(cls, each) for each in classes):
            with suppress(ValueError):  # no action can refer to it: another class has its name
                names_of(cls)
                found.append(cls)
    return found


def _search(classes: list[type], window: Window, apart: Collection[type] = ()) -> Iterator[Any]:
    """Yield the readers of these classes that have something unseen.

    :param apart: classes that the app may not use, like those of another app in the process. Of
        these, yield only readers that an action names.
    """
    newest = _Newest()
    for to, moment in model.orm.read_addressees(window):
        newest.add(to, moment)
    for cls in classes:
        keys = iter(newest.named(cls) if cls in apart else newest.keys_of(cls))
        while batch := list(islice(keys, BATCH)):
            yield from _of_batch(cls, batch, newest, window)


class _Newest:
    """The timestamp of the newest action in a window for each recipient."""

    def __init__(self) -> None:
        self._of_all = self._for_everyone = clock.EARLIEST
        self._by_type: dict[str, dict[Any, datetime]] = {}

    def add(self, to: Reference | None, moment: datetime) -> None:
        """Note the timestamp of an action for a recipient; None is everyone."""
        self._of_all = max(self._of_all, moment)
        if to is None:
            self._for_everyone = max(self._for_everyone, moment)
        else:
            its = self._by_type.setdefault(to.type, {})
            its[to.key] = max(its.get(to.key, moment), moment)

    def keys_of(self, cls: type) -> Iterable[Any]:
        """Return the keys of the readers of a class who may have one of these in their stream."""
        has_audiences = self._by_type and option("audiences") is not None
        may_be_any = has_audiences or self._for_everyone > clock.EARLIEST
        named = self.named(cls)
        if not may_be_any and len(named) < MANY:
            return named
        keys = model.orm.reader_keys(cls, self._of_all + _margin())
        # All at once: no cursor stays open while the host sends its mails.
        return [each for each in keys if may_be_any or each in named]

    def named(self, cls: type) -> set[Any]:
        """Return the keys of the readers of a class whom these actions name."""
        return {key for name in names_of(cls) for key in self._by_type.get(name, ())}

    def is_after(self, last_seen: datetime | None, to: Iterable[Address]) -> bool:
        """Return whether there may be an action that a reader has not seen.

        :param last_seen: the reader's field.
        :param to: the addresses of the reader and of their audiences.
        """
        keyed = (self._by_type.get(name, {}).get(each.key) for each in to for name in each.names)
        newest = max(moment or clock.EARLIEST for moment in (self._for_everyone, *keyed))
        if newest == clock.EARLIEST:
            return False
        return last_seen is None or last_seen < newest + _margin()


def _margin() -> timedelta:
    """Return how far a mark may leave ``last_activity_seen`` above its floor.

    The floor is ``late`` before the page was read. The field may be up to ``late`` after it, if a
    clock that is ahead stamped what the page shows. The column may cut a second.
    """
    return timedelta(seconds=2 * option("late") + 1)


def _of_batch(cls: type, keys: list[Any], newest: _Newest, window: Window) -> Iterator[Any]:
    """Yield the readers with these keys that have something unseen."""
    root = model.orm.root_of(cls)
    batch = model.orm.load_entities(root, keys)
    loaded = [batch]
    candidates = []
    for key in keys:
        if key in batch and isinstance(batch[key], cls):
            to = addresses_of(batch[key], audiences_of(batch[key]))
            if newest.is_after(seen.last_seen(batch[key]), to):
                candidates.append((key, to))
    for key, to in candidates:
        found = batch
        if not model.orm.is_held(batch[key]):  # the host has ended its transaction since
            found = model.orm.load_entities(root, [key])
            loaded.append(found)
        if key in found and _has_unseen(found[key], to, window):
            yield found[key]
    found = batch = {}
    model.orm.release([], loaded)


def _has_unseen(reader: Any, to: Sequence[Address], window: Window) -> bool:
    part = seen.only("unseen", reader, to[0].key)
    return model.orm.count_stream(to, window, 1, part, Hidden(part.reader)) > 0
