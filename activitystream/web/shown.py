"""Write what a page has shown, or what its reader knew, into a URL, and read it back.

The parameter ``new_since`` says what was seen before: all up to a moment, and after an underscore
the ids of what was seen above it.

The parameter ``until`` says what a page has shown. A text of ours is three or four parts, with an
underscore between them: the newest timestamp, how many milliseconds later the page was read, the
ids, and, where there were more of them, by how many milliseconds the last one is older than the
newest.
"""

import re
from datetime import datetime
from typing import Any

from ..lib.seen import Known, Shown
from ..model import clock
from ..model.values import Cursor
from .action_ids import joined_ids

_SHOWN = re.compile(r"([^_]+)_(-?\d{1,13})_([^_]*)(?:_(\d{1,13}))?", re.ASCII)


def shown_as_text(shown: Shown) -> str:
    """Return what a page has shown as text, for :func:`shown_from_text`."""
    if not shown.ids:  # all is too old for a late one to appear among it
        return clock.as_text(shown.until)
    oldest = shown.oldest
    ids = sorted(str(each) for each in shown.ids if oldest is None or each != oldest.id)
    parts = [clock.as_text(shown.until), str((shown.as_of - shown.until) // clock.MILLISECOND)]
    if oldest is None:
        return "_".join([*parts, ".".join(ids)])
    back = (shown.until - oldest.timestamp) // clock.MILLISECOND
    return "_".join([*parts, ".".join([*ids, str(oldest.id)]), str(back)])


def shown_from_text(text: Any) -> Shown | datetime | None:
    """Return what the parameter ``until`` of a request says; None if there is none.

    :param text: a text of ours, or a moment as :func:`activitystream.model.clock.parse` reads it.
    :raises ValueError: if it is anything else.
    """
    match = _SHOWN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return clock.parse(text)
    newest, later, id_texts, back = match.groups()
    until = clock.parse(newest)
    ids = joined_ids("until", id_texts)
    if until is None or (back and not ids):
        raise ValueError("invalid `until`: take it from a link of the page")
    try:
        # A page cannot have been read in the future.
        as_of = min(clock.now(), until + int(later) * clock.MILLISECOND)
        oldest = Cursor(until - int(back) * clock.MILLISECOND, ids[-1]) if back else None
    except OverflowError:
        raise ValueError("invalid `until`: take it from a link of the page") from None
    return Shown(until, as_of, frozenset(ids), oldest)


def known_as_text(known: Known) -> str:
    """Return what a reader has seen as text, for :func:`known_from_text`."""
    moment = "" if known.floor == clock.EARLIEST else clock.as_text(known.floor)
    ids = ".".join(sorted(map(str, known.ids)))
    return f"{moment}_{ids}" if ids else moment


def known_from_text(text: Any) -> Known:
    """Return what the parameter ``new_since`` of a request says; empty is for nothing seen.

    :param text: a text of ours, or a moment as :func:`activitystream.model.clock.parse` reads it.
    :raises ValueError: if it is anything else.
    """
    moment, _, id_texts = text.partition("_") if isinstance(text, str) else (text, "", "")
    floor = clock.parse(moment, "new_since") or clock.EARLIEST
    return Known(floor, frozenset(joined_ids("new_since", id_texts)))
