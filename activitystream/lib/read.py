"""What a reader has read: each action by itself, or all at once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from .. import model
from ..model.action import ActionMixin
from ..model.names import each_of, reader_of
from . import hooks, seen


def mark_actions(recipient: Any, actions: Any, is_read: bool) -> None:
    """See :meth:`activitystream.ActionManager.mark_read`."""
    reader = reader_of(recipient)
    seen.require_field(recipient)
    marked = [actions] if isinstance(actions, ActionMixin) else list(each_of("actions", actions))
    for action in marked:
        if not isinstance(action, ActionMixin):
            raise TypeError(f"every item of actions must be an Action; got {type(action).__name__}")
        if action._id is None:
            raise ValueError("every item of actions must be stored: create it by am.create")
    if not marked:
        return
    model.orm.mark_actions(recipient, reader, marked, is_read)
    seen.forget_states()
    hooks.notify("activitystream.after_read", recipient, marked, is_read)


def mark_all(
    recipient: Any,
    until: datetime | seen.Shown | None = None,
    also: Iterable[Any] | None = None,
) -> None:
    """See :meth:`activitystream.ActionManager.mark_all_read`."""
    seen.mark(recipient, until, also, read=True)
    hooks.notify("activitystream.after_read", recipient, None, True)


def count_unread(recipient: Any, limit: int | None = None, also: Iterable[Any] = ()) -> int:
    """See :meth:`activitystream.ActionManager.count_unread_by_recipient`."""
    return seen.count_only("unread", recipient, limit, also)
