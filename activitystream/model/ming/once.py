"""Store an action once: a document by the digest of its key claims it before it is stored."""

from datetime import timedelta
from time import sleep
from typing import Any

import bson
from pymongo.errors import DuplicateKeyError

from .. import DBSession, clock
from .role_streams import load_actions
from .tables import Action
from .writing import check_fields, insert_action_as

#: The collection.
ONCE = "activity_stream_once"

#: A claim without an action that is older than this has failed.
_PATIENCE = timedelta(seconds=10)


def insert_action_once(fields: dict[str, Any], once: str) -> tuple[Action, bool]:
    """Store an action unless one with this key exists; return it, and whether it is new."""
    check_fields(fields)
    action_id = bson.ObjectId()
    while True:
        claim = {"_id": once, "action": action_id, "at": clock.now()}
        try:
            _claims().insert_one(claim)
            break
        except DuplicateKeyError:
            found = _stored(once)
            if found is not None:
                return found, False
    try:
        return insert_action_as(action_id, fields), True
    except BaseException:
        _claims().delete_one({"_id": once, "action": action_id})
        raise


def _stored(once: str) -> Action | None:
    """Return the action that a key was claimed for; None if it can be claimed anew."""
    claim = _claims().find_one({"_id": once})
    if claim is None:
        return None
    found = load_actions([claim["action"]])
    if found:
        return found[0]
    if clock.now() - clock.naive_utc(claim["at"]) < _PATIENCE:
        sleep(0.02)  # somebody is about to store it
    else:
        _claims().delete_one({"_id": once, "action": claim["action"]})
    return None


def release_keys(ids: list[Any]) -> None:
    """Free the keys of actions that are deleted."""
    _claims().delete_many({"action": {"$in": ids}})


def ensure_once_index() -> None:
    """Make the index by which a deleted action frees its key."""
    _claims().create_index([("action", 1)], name="key_of_action")


def _claims() -> Any:
    return DBSession.db[ONCE]
