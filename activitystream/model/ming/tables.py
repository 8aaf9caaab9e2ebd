"""The collection of actions."""

from functools import lru_cache
from typing import Any

import pymongo
from ming import schema as s
from ming.odm import FieldProperty, MapperExtension, mapper
from ming.odm.declarative import MappedClass

from .. import DBSession
from ..action import FIELDS, ROLES, ActionMixin
from ..values import Reference
from .keys import as_stored
from .private import document_of, fields_to_save, fields_to_save_of, set_fields_to_save

NEWEST_FIRST = [("timestamp", pymongo.DESCENDING), ("_id", pymongo.DESCENDING)]


OLDEST_FIRST = [("timestamp", pymongo.ASCENDING), ("_id", pymongo.ASCENDING)]


#: True of every timestamp. MongoDB uses a partial index only if a query has its condition.
DATED = {"$type": "date"}


class _RecipientsProperty(FieldProperty):
    """``_recipients``, which are read on first access."""

    # The repr of an action in a log must not read them.
    include_in_repr = False

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        # For recipients that were not read, Ming would return None, which means everyone.
        if instance is not None and not is_read(instance):
            instance._page().read_recipients(instance)
        return super().__get__(instance, cls)


class _SavesWhatWasRead(MapperExtension):
    """Makes Ming save only those fields of an action that were read."""

    def before_update(self, instance: Any, state: Any, sess: Any) -> None:
        """Leave out recipients that were not read."""
        # An action that the host's own query read has other fields.
        fields = fields_to_save(state)
        if fields is READ or fields is _READ_WITH_RECIPIENTS:
            set_fields_to_save(state, _READ_WITH_RECIPIENTS if is_read(instance) else READ)


def _indexes_of_role(role: str) -> list[dict[str, Any]]:
    """Return the indexes by which the actions with an entity in a role are read, newest first.

    One index has all actions, one those for everyone. The key comes first, since a filter may name
    no type.
    """
    its = [(f"{role}_id", pymongo.ASCENDING), (f"{role}_type", pymongo.ASCENDING)]
    return [
        {"name": f"actions_of_{role}", "fields": [*its, *NEWEST_FIRST]},
        {
            "name": f"actions_for_everyone_of_{role}",
            "fields": [*its, *NEWEST_FIRST],
            "partialFilterExpression": {"_recipients": None},
        },
    ]


class Action(ActionMixin, MappedClass):
    """One document per action; ``_recipients`` is null for an action for everyone."""

    class __mongometa__:
        session = DBSession
        name = "activity_stream_action"
        extensions = (_SavesWhatWasRead,)
        # A recipient's stream merges the first two, each newest first.
        custom_indexes = [
            {
                "name": "stream_of_recipient",
                "fields": [("_recipients._id", pymongo.ASCENDING), *NEWEST_FIRST],
            },
            {
                "name": "stream_for_everyone",
                "fields": [("_recipients", pymongo.ASCENDING), *NEWEST_FIRST],
                # Partial: otherwise each recipient of each action would be in the index too.
                "partialFilterExpression": {"_recipients": None},
            },
            *(index for role in ROLES for index in _indexes_of_role(role)),
            # Partial, so that the queries of streams do not use it: see DATED.
            {
                "name": "actions_by_time",
                "fields": NEWEST_FIRST,
                "partialFilterExpression": {"timestamp": DATED},
            },
        ]

    _id = FieldProperty(s.ObjectId)
    actor_type = FieldProperty(s.String)
    actor_id = FieldProperty(s.Anything(if_missing=None))
    actor_name = FieldProperty(s.String)
    verb = FieldProperty(s.String)
    description = FieldProperty(s.String)
    extra = FieldProperty(s.String)
    target_type = FieldProperty(s.String)
    target_id = FieldProperty(s.Anything(if_missing=None))
    target_name = FieldProperty(s.String)
    action_obj_type = FieldProperty(s.String)
    action_obj_id = FieldProperty(s.Anything(if_missing=None))
    action_obj_name = FieldProperty(s.String)
    timestamp = FieldProperty(s.DateTime)
    #: False if the actor is not told of it, else None.
    notify_actor = FieldProperty(s.Bool)
    # s.Array would turn null (everyone) into [] (nobody).
    _recipients = _RecipientsProperty(s.Anything(if_missing=None))

    #: Whether it has too many recipients to load them together with other actions'.
    _has_many_recipients = False

    #: Whether it is for everyone, if that is known without its recipients; else None.
    is_known_for_everyone: bool | None = None

    @property
    def for_everyone(self) -> bool:
        """Whether it is for everyone: it was created with ``recipients=None``."""
        known = self.is_known_for_everyone
        return super().for_everyone if known is None or is_read(self) else known

    @property
    def number_of_recipients(self) -> int | None:
        """How many recipients it has; None if it is for everyone."""
        recipients = self._stored_recipients()
        return None if recipients is None else len(recipients)

    def recipient_references(self) -> list[Reference]:
        """Return whom it is for; an empty list if it is for everyone or nobody."""
        recipients = self._stored_recipients() or ()
        return [Reference(each["_type"], as_stored(each["_id"])) for each in recipients]

    def _stored_recipients(self) -> list[dict[str, Any]] | None:
        if not is_read(self):
            self._page().read_recipients(self)
        recipients: list[dict[str, Any]] | None = self._stored("_recipients")
        return recipients

    def _stored(self, name: str) -> Any:
        value = document_of(self).get(name)
        return as_stored(value) if name in _KEY_FIELDS else value

    def _in_hand(self) -> dict[str, Any]:
        document = document_of(self)
        fields = {name: document[name] for name in (*FIELDS, "_recipients") if name in document}
        if fields.get("_recipients"):
            fields["_recipients"] = [dict(each) for each in fields["_recipients"]]
        return fields


MODELS = (Action,)


#: The fields of an action that a page reads beside its ``_id``.
READ = tuple(name for name in FIELDS if name != "_id")


_READ_WITH_RECIPIENTS = (*READ, "_recipients")


_KEY_FIELDS = {f"{role}_id" for role in ROLES}


def is_read(action: Action) -> bool:
    """Return whether the recipients of an action were read."""
    document = document_of(action)
    if document.get("_recipients") is not None:
        return True
    if "_recipients" not in document:
        return False
    # A null may be Ming's own: it fills in null if the host's query did not ask for them.
    return action.is_known_for_everyone is not None or _are_asked_for(fields_to_save_of(action))


def _are_asked_for(fields: Any) -> bool:
    if fields is None or fields is READ or fields is _READ_WITH_RECIPIENTS:
        return True
    if isinstance(fields, dict) and not any(fields.values()):
        return "_recipients" not in fields
    return "_recipients" in fields


def stored_actions() -> Any:
    """Return pymongo's collection of actions."""
    return DBSession.db[collection_of(Action)]


@lru_cache(maxsize=1000)
def collection_of(cls: type) -> str | None:
    """Return the name of a class's collection; None if it is not stored."""
    return mapper(cls).collection.m.collection_name
