"""Write what a page has shown into the parameter ``until`` of a URL, and read it back.

A text of ours is three or four parts, with an underscore between them: the newest timestamp, how
many milliseconds later the page was read, the ids, and, where there were more of them, by how many
milliseconds the last one is older than the newest.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from .. import model
from ..lib.seen import MOST_SHOWN, Shown
from ..model import clock
from ..model.values import Cursor

_SHOWN = re.compile(r"([^_]+)_(-?\d{1,13})_([^_]*)(?:_(\d{1,13}))?", re.ASCII)

_MILLISECOND = timedelta(milliseconds=1)


def shown_as_text(shown: Shown) -> str:
    """Return what a page has shown as text, for :func:`shown_from_text`."""
    if not shown.ids:  # all is too old for a late one to appear among it
        return clock.as_text(shown.until)
    oldest = shown.oldest
    ids = sorted(str(each) for each in shown.ids if oldest is None or each != oldest.id)
    parts = [clock.as_text(shown.until), str((shown.as_of - shown.until) // _MILLISECOND)]
    if oldest is None:
        return "_".join([*parts, ".".join(ids)])
    back = (shown.until - oldest.timestamp) // _MILLISECOND
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
    ids = [model.orm.action_id_from_text(each) for each in id_texts.split(".") if id_texts]
    if until is None or None in ids or len(ids) > MOST_SHOWN or (back and not ids):
        raise ValueError("invalid `until`: take it from a link of the page")
    try:
        # A page cannot have been read in the future.
        as_of = min(clock.now(), until + int(later) * _MILLISECOND)
        oldest = Cursor(until - int(back) * _MILLISECOND, ids[-1]) if back else None
    except OverflowError:
        raise ValueError("invalid `until`: take it from a link of the page") from None
    return Shown(until, as_of, frozenset(ids), oldest)
