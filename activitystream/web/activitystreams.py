"""Actions as ActivityStreams 2.0 (https://www.w3.org/TR/activitystreams-core/).

An entity is described by its property ``as_activitystreams``, or else by its ``as_str`` and
``as_link``. Its fields are never published.
"""

from collections.abc import Callable
from typing import Any

import tg
from markupsafe import escape
from tgext.pluggable import plug_url

from ..lib.cursors import cursor_as_text
from ..lib.seen import State
from ..lib.streams import StreamPage
from ..model.clock import as_text
from ..model.entity_words import activitystreams_of, link_of
from ..model.values import Cursor
from .links import own_link

#: ``seen`` and ``read`` are terms of ours.
_TERMS = "https://pypi.org/project/tgapp-activitystream/"
_CONTEXT = [
    "https://www.w3.org/ns/activitystreams",
    {"seen": f"{_TERMS}#seen", "read": f"{_TERMS}#read"},
]

#: The roles of an action, and their names in ActivityStreams.
_PROPERTIES = {"actor": "actor", "action_obj": "object", "target": "target"}


def page(
    actions: StreamPage,
    before: Cursor | None,
    state: Callable[[Any], State] | None,
) -> dict[str, Any]:
    """Return a page of a stream as a dict for JSON.

    :param actions: the page.
    :param before: the cursor of this page; None for the first page.
    :param state: returns what the reader knows of an action; None if that is not recorded.
    """
    page = {
        "@context": _CONTEXT,
        "id": _url(before),
        "type": "OrderedCollectionPage",
        "partOf": _url(None),
        "orderedItems": [
            _activity(action) | ({} if state is None else state(action)._asdict())
            for action in actions
        ],
    }
    return page if actions.end is None else {**page, "next": _url(actions.end)}


def _url(before: Cursor | None) -> str:
    params = {} if before is None else {"before": cursor_as_text(before)}
    return plug_url("activitystream", "/stream.json", params=params, qualified=True)


def _activity(action: Any) -> dict[str, Any]:
    entities = {
        _PROPERTIES[role]: _entity(action, role) for role in _PROPERTIES if action.name_of(role)
    }
    return {
        "id": f"{_url(None)}#{action._id}",
        "type": "Activity" if "object" in entities else "IntransitiveActivity",
        "summary": str(escape(action.sentence)),  # HTML, by the standard
        "published": f"{as_text(action.timestamp)}Z",
        **entities,
    }


def _entity(action: Any, role: str) -> dict[str, Any]:
    entity = action.entity(role)
    name = action.name_of(role)
    if entity is None:
        return {"type": "Tombstone", "name": name}
    own = activitystreams_of(entity)
    if own is not None:
        return own
    location = own_link(link_of(entity))
    return {"type": "Object", "name": name, **({"url": _absolute(location)} if location else {})}


def _absolute(location: str) -> str:
    return f"{tg.request.host_url}{location}" if location.startswith("/") else location
