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
from .private import document_of, fields_to_save, set_fields_to_save

NEWEST_FIRST = [("timestamp", pymongo.DESCENDING), ("_id", pymongo.DESCENDING)]


OLDEST_FIRST = [("timestamp", pymongo.ASCENDING), ("_id", pymongo.ASCENDING)]


#: True of every timestamp. MongoDB uses a partial index only for queries that state its condition.
DATED = {"$type": "date"}


class _RecipientsProperty(FieldProperty):
    """``_recipients``, which a page does not read: they are read when somebody looks at them."""

    # To log an action is not to look at them.
    include_in_repr = False

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        # Or Ming would take an action whose recipients were not read for one for everyone.
        if instance is not None and not is_read(instance):
            instance._page().read_recipients(instance)
        return super().__get__(instance, cls)


class _SavesWhatWasRead(MapperExtension):
    """Has Ming save the fields that were read of an action, and never those that were not."""

    def before_update(self, instance: Any, state: Any, sess: Any) -> None:
        # Beside ours, an action may be one that the host made, or of a query of its own.
        fields = fields_to_save(state)
        if fields is READ or fields is _READ_WITH_RECIPIENTS:
            set_fields_to_save(state, _READ_WITH_RECIPIENTS if is_read(instance) else READ)


class Action(ActionMixin, MappedClass):
    """One document per action; ``_recipients`` is null for an action for everyone."""

    class __mongometa__:
        session = DBSession
        name = "activity_stream_action"
        extensions = (_SavesWhatWasRead,)
        # One recipient's stream is a merge of the first two, each read newest first.
        custom_indexes = [
            {
                "name": "stream_of_recipient",
                "fields": [("_recipients._id", pymongo.ASCENDING), *NEWEST_FIRST],
            },
            {
                "name": "stream_for_everyone",
                "fields": [("_recipients", pymongo.ASCENDING), *NEWEST_FIRST],
                # Or each recipient of each action would be in it too.
                "partialFilterExpression": {"_recipients": None},
            },
            # Of the queries on the time, those of streams must not use this one: see DATED.
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
    # Not s.Array: that would turn null (everyone) into [] (nobody).
    _recipients = _RecipientsProperty(s.Anything(if_missing=None))

    #: Found to have so many that they are read only when somebody asks for them.
    _has_many_recipients = False

    @property
    def number_of_recipients(self) -> int | None:
        recipients = self._stored_recipients()
        return None if recipients is None else len(recipients)

    def recipient_references(self) -> list[Reference]:
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


#: What a page reads of an action beside its key.
READ = tuple(name for name in FIELDS if name != "_id")


_READ_WITH_RECIPIENTS = (*READ, "_recipients")


_KEY_FIELDS = {f"{role}_id" for role in ROLES}


def is_read(action: Action) -> bool:
    """Whether it is known for whom an action is."""
    return "_recipients" in document_of(action)


@lru_cache(maxsize=1000)
def collection_of(cls: type) -> str | None:
    return mapper(cls).collection.m.collection_name
