"""Finding whom new actions may concern."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from ..values import Cursor, Reference, Window
from .classes import keys_of_class
from .readers import seen_value
from .session import CHUNK, open_connection
from .sessions import session_of
from .statements import in_window, window_parameters
from .tables import ACTIONS, EVERYONE, RECIPIENTS


def read_addressees(window: Window) -> Iterator[tuple[Reference | None, datetime]]:
    """Yield the recipients of the actions in a window; see ``Backend.read_addressees``.

    The actions are read by their index by time, and their recipients by action.
    """
    while True:
        statement = _places(window.before is not None)
        parameters = {**window_parameters(window), "size": CHUNK}
        page = open_connection().execute(statement, parameters).all()
        if not page:
            return
        ids = [action_id for _, action_id in page]
        for type_name, key, newest in open_connection().execute(_ADDRESSEES, {"ids": ids}):
            to = Reference(type_name, key)
            yield None if to == EVERYONE else to, newest
        window = window._replace(after=Cursor(*page[-1]))


def reader_keys(cls: type[Any], before: datetime) -> Iterator[str]:
    """Yield the keys of the entities of a class that have marked nothing since a moment."""
    try:
        texts = keys_of_class(cls)
    except ValueError:  # it has a key of several columns
        return
    mapper, seen = sa.inspect(cls), cls.last_activity_seen
    (column,) = mapper.primary_key
    key = getattr(cls, mapper.get_property_by_column(column).key)
    query = sa.select(key).where(sa.or_(seen.is_(None), seen < seen_value(cls, before)))
    for each in session_of(cls).scalars(query).all():
        with suppress(ValueError):  # no action can refer to it
            yield texts.text_of(each)


@lru_cache
def _places(has_end: bool) -> sa.Select[Any]:
    """Select where the actions in a window stand, oldest first."""
    place = (ACTIONS.c.timestamp, ACTIONS.c._id)
    size = sa.bindparam("size", type_=sa.Integer)
    return sa.select(*place).where(*in_window(has_end, True, *place)).order_by(*place).limit(size)


_ADDRESSEES = (
    sa.select(
        RECIPIENTS.c.recipient_type,
        RECIPIENTS.c.recipient_id,
        sa.func.max(RECIPIENTS.c.timestamp),
    )
    .where(RECIPIENTS.c.action_id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(RECIPIENTS.c.recipient_type, RECIPIENTS.c.recipient_id)
)
