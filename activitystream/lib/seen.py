"""Up to when a recipient has seen their stream: ``last_activity_seen`` on the host's own class."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from .. import model
from ..model import clock
from ..model.names import addresses_of, reference_to
from ..model.values import WHOLE_STREAM
from . import hooks
from .numbers import whole_number

#: A mark is no older: MySQL's TIMESTAMP, which a host may have, begins with 1970 in some time zone.
_EARLIEST = datetime(1970, 1, 2)


def count_not_seen(recipient: Any, limit: int | None = None, also: Iterable[Any] = ()) -> int:
    """See :meth:`activitystream.ActionManager.count_not_seen_by_recipient`."""
    to = addresses_of(recipient, also)
    if limit is not None:
        limit = whole_number("limit", limit)
    return model.orm.count_stream(to, WHOLE_STREAM, newer_than=last_seen(recipient), limit=limit)


def is_newer(timestamp: datetime, recipient: Any) -> bool:
    """Whether an action of this time is newer than the recipient's ``last_activity_seen``."""
    seen = last_seen(recipient)
    return seen is None or timestamp > seen


def mark_seen(recipient: Any, until: datetime | None = None) -> datetime | None:
    """See :meth:`activitystream.ActionManager.mark_seen`."""
    reference_to(recipient, "recipient")
    if not model.orm.has_seen_field(type(recipient)):
        raise _without_field(recipient)
    if until is not None and not isinstance(until, datetime):
        raise TypeError(f"until must be a datetime or None, not a {type(until).__name__}")
    moment = clock.now()
    if until is not None:
        moment = max(_EARLIEST, min(moment, clock.naive_utc(until)))
    before = model.orm.move_last_activity_seen(recipient, moment)
    hooks.notify("activitystream.after_seen", recipient, before, last_seen(recipient))
    return before


def last_seen(recipient: Any) -> datetime | None:
    """A recipient's ``last_activity_seen``, naive UTC; None if they have never seen their stream.

    :raises AttributeError: if the recipient's class lacks the field.
    """
    if not hasattr(type(recipient), "last_activity_seen"):
        raise _without_field(recipient)
    seen = recipient.last_activity_seen
    return None if seen is None else clock.naive_utc(seen)


def _without_field(recipient: Any) -> AttributeError:
    cls = type(recipient)
    return AttributeError(
        f"{cls.__module__}.{cls.__name__} cannot see a stream without the field "
        f"last_activity_seen; add to the class, and to its table if it has one:  "
        f"{model.orm.SEEN_FIELD}"
    )
