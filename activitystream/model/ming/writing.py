"""Storing actions, each with its recipients."""

from typing import Any

import bson
from bson.errors import BSONError

from .. import DBSession
from .keys import ENCODING
from .private import document_of, let_grow, put
from .reading import restore_action
from .tables import Action, collection_of

#: MongoDB's limit of a document, less what an ``_id`` takes.
_LARGEST = 16 * 1024 * 1024 - 64


def insert_action(fields: dict[str, Any]) -> Action:
    """Write one action at once, and nothing else that the session holds.

    :raises ValueError: if it is more than MongoDB stores of one action.
    """
    check_fields(fields)
    document = {"_id": bson.ObjectId(), **fields}
    recipients = document.pop("_recipients")
    action = restore_action(document)
    # Ming would make an object of each, which takes longer than to store them.
    put(action, "_recipients", recipients)
    # By no flush, which the host's extensions of it would take for one of theirs.
    DBSession.impl.insert(document_of(action), validate=False)
    let_grow(DBSession)  # one of the host's extensions may call this within a flush
    DBSession.save(action)
    return action


def insert_actions(actions: list[dict[str, Any]]) -> None:
    """Write many actions, past the session.

    :param actions: the fields of each, checked.
    """
    DBSession.db[collection_of(Action)].insert_many([dict(fields) for fields in actions])


def check_fields(fields: dict[str, Any]) -> None:
    """
    :raises ValueError: if this is more than MongoDB stores of one action.
    """
    characters = sum(len(value) for value in fields.values() if isinstance(value, str))
    recipients = len(fields["_recipients"] or ())
    # Most are far from it.
    if characters < 1_000_000 and recipients < 10_000:
        return
    size = len(bson.encode(fields, codec_options=ENCODING))
    if size > _LARGEST:
        raise ValueError(
            f"MongoDB stores at most 16 MB of one action, and this one is {size} bytes, with "
            f"{characters} characters of text and {recipients} recipients: store less text, or let "
            f"the recipients belong to an audience, like a team, and give that as the recipient "
            f"(docs/guides/audiences.rst)"
        )


def check_filters(filters: dict[str, Any]) -> None:
    """
    :raises ValueError: if no action can have these values.
    """
    try:
        bson.encode(filters, codec_options=ENCODING)
    except (BSONError, OverflowError) as error:
        raise ValueError(f"MongoDB stores no such value: {error}") from error
