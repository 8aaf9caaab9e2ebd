"""Store actions with their recipients."""

from typing import Any

import bson
from bson.errors import BSONError

from .. import DBSession
from .keys import ENCODING
from .mutes import hide_own
from .private import document_of, let_grow, put
from .reading import restore_action
from .tables import Action, stored_actions

#: The largest document that MongoDB stores, without its ``_id``.
_LARGEST = 16 * 1024 * 1024 - 64


def insert_action(fields: dict[str, Any]) -> Action:
    """Write one action at once, and nothing else that the session holds.

    :raises ValueError: as :func:`check_fields`.
    """
    return insert_action_as(bson.ObjectId(), fields)


def insert_action_as(action_id: Any, fields: dict[str, Any]) -> Action:
    """Write an action with an id, as :func:`insert_action`.

    :raises ValueError: as :func:`check_fields`.
    """
    check_fields(fields)
    hide_own([fields])
    document = {"_id": action_id, **_document_of(fields)}
    recipients = document.pop("_recipients")
    action = restore_action(document)
    # By its property, Ming would make an object of each, which takes longer than to store them.
    put(action, "_recipients", recipients)
    # A flush would call the host's extensions.
    DBSession.impl.insert(document_of(action), validate=False)
    let_grow(DBSession)  # one of the host's extensions may call this within a flush
    DBSession.save(action)
    return action


def insert_actions(actions: list[dict[str, Any]]) -> None:
    """Write many actions. The session holds none of them.

    :param actions: the fields of each, which :func:`check_fields` has passed.
    """
    hide_own(actions)
    stored_actions().insert_many(list(map(_document_of, actions)))


def _document_of(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what is stored: ``notify_actor`` only where it is False."""
    document = dict(fields)
    if document["notify_actor"]:
        del document["notify_actor"]
    return document


def check_fields(fields: dict[str, Any]) -> None:
    """Refuse an action that is larger than a document may be.

    :raises ValueError: with what to do.
    """
    characters = sum(len(value) for value in fields.values() if isinstance(value, str))
    recipients = len(fields["_recipients"] or ())
    # Most are far smaller, and need no encoding.
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
    """Refuse values that no action can have.

    :raises ValueError: if there is such a value.
    """
    try:
        bson.encode(filters, codec_options=ENCODING)
    except (BSONError, OverflowError) as error:
        raise ValueError(f"MongoDB cannot store this value: {error}") from error
