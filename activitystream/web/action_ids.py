"""Read the ids of actions in a parameter of a URL."""

from typing import Any

from .. import model
from ..lib.seen import MOST_IDS

#: The most actions that one request marks.
_MOST = 100


def action_ids(given: Any) -> list[Any]:
    """Return the ids that the parameter ``action`` of a request holds; none if it is not given.

    :param given: a text or a list of texts.
    :raises ValueError: if it is malformed.
    """
    if given is None:
        return []
    texts = given if isinstance(given, list) else [given]
    if not 0 < len(texts) <= _MOST:
        raise ValueError(f"give `action` 1 to {_MOST} times")
    ids = [model.orm.action_id_from_text(each) if isinstance(each, str) else None for each in texts]
    # An empty one is an error too: /read without an action marks all.
    if any(each is None for each in ids):
        raise ValueError("each `action` must be the `_id` of an action")
    return ids


def joined_ids(parameter: str, text: str) -> list[Any]:
    """Return ids that a part of a parameter joins by dots.

    :raises ValueError: if one is malformed, or if there are more than a link carries.
    """
    ids = [model.orm.action_id_from_text(each) for each in text.split(".") if text]
    if None in ids or len(ids) > MOST_IDS:
        raise ValueError(f"invalid `{parameter}`: take it from a link of the page")
    return ids
