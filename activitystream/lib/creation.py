"""Create actions, one or many."""

from collections.abc import Iterable, Mapping
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from .. import model
from ..model import clock
from ..model.pages import read_together
from . import after_commit, hooks
from .fields import Given, digest_of, fields_of, indexed_fields

_BATCH_SIZE = 1000


def create(given: Given, once: Any) -> Any:
    """See :meth:`activitystream.ActionManager.create`."""
    fields, known = fields_of(given)
    digest = digest_of(once)
    # Take the time last: reading the recipients may be slow, and a reader who marks their
    # stream meanwhile has not seen this action.
    fields["timestamp"] = clock.now()
    if digest is None:
        action = model.orm.insert_action(fields)
    else:
        action, is_new = model.orm.insert_action_once(fields, digest)
        if not is_new:
            (action,) = read_together([action])
            return action
    read_together([action], known)
    hooks.notify("activitystream.after_create", action)
    after_commit.tell_later(action)
    return action


def create_many(actions: Iterable[Mapping[str, Any]]) -> int:
    """See :meth:`activitystream.ActionManager.create_many`."""
    if isinstance(actions, (str, bytes, Mapping)) or not isinstance(actions, Iterable):
        raise TypeError(f"actions must be an iterable of dicts, not a {type(actions).__name__}")
    indexed = enumerate(actions)
    stored = 0
    while batch := [indexed_fields(*each) for each in islice(indexed, _BATCH_SIZE)]:
        # Take the time last, as `create` does: the iterable may be slow.
        moment = clock.now()
        # Store actions with `once` one by one, in order.
        for once, together in groupby(batch, key=itemgetter(1)):
            all_fields = [{"timestamp": moment, **fields} for fields, _ in together]
            if once is None:
                model.orm.insert_actions(all_fields)
                stored += len(all_fields)
            else:
                several = (model.orm.insert_action_once(each, once) for each in all_fields)
                stored += sum(is_new for _, is_new in several)
    return stored
