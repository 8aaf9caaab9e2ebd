"""Actions on Ming, and everything else of ours that is special to it.

Another ORM is one more module with these functions.
"""

import heapq
import logging
import uuid
import weakref
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timezone
from functools import lru_cache, partial
from itertools import islice
from typing import Any

import bson
import pymongo
from bson.binary import UuidRepresentation
from bson.errors import BSONError
from ming import schema as s
from ming.odm import FieldProperty, Mapper, MapperExtension, mapper, session, state
from ming.odm.base import ObjectState
from ming.odm.declarative import MappedClass
from ming.odm.odmsession import ODMCursor
from pymongo.errors import PyMongoError

from ..lib.clock import naive_utc
from ..lib.gearbox import config_option
from ..lib.references import Address, Reference
from ..lib.stream import Span, place_of
from . import DBSession
from .action import FIELDS, ROLES, ActionMixin
from .ming_keys import ENCODING, as_stored, as_text, spelled

log = logging.getLogger(__name__)

#: What a recipient's class must have.
SEEN_FIELD = "last_activity_seen = FieldProperty(s.DateTime)"

#: What to do with an entity before actions can refer to it.
STORE_IT = "flush it first, or in an extension wait for after_insert"

#: How many documents are read together.
_BATCH = 1000

#: MongoDB's limit of a document, less what an ``_id`` takes.
_LARGEST = 16 * 1024 * 1024 - 64

#: MongoDB merges some 200 ranges of an index, and sorts the actions of more in memory.
_ADDRESSES = 100

_NEWEST_FIRST = [("timestamp", pymongo.DESCENDING), ("_id", pymongo.DESCENDING)]
_OLDEST_FIRST = [("timestamp", pymongo.ASCENDING), ("_id", pymongo.ASCENDING)]

#: True of every timestamp. MongoDB uses a partial index only for queries that state its condition.
_DATED = {"$type": "date"}


class _RecipientsProperty(FieldProperty):
    """``_recipients``, which a page does not read: they are read when somebody looks at them."""

    # To log an action is not to look at them.
    include_in_repr = False

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        # Or Ming would take an action whose recipients were not read for one for everyone.
        if instance is not None and not _is_read(instance):
            instance._page().read_recipients(instance)
        return super().__get__(instance, cls)


class _SavesWhatWasRead(MapperExtension):
    """Has Ming save the fields that were read of an action, and never those that were not."""

    def before_update(self, instance: Any, state: ObjectState, sess: Any) -> None:
        # Beside ours, an action may be one that the host made, or of a query of its own.
        fields = state.options.get("fields")
        if fields is _READ or fields is _READ_WITH_RECIPIENTS:
            state.options.fields = _READ_WITH_RECIPIENTS if _is_read(instance) else _READ


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
                "fields": [("_recipients._id", pymongo.ASCENDING), *_NEWEST_FIRST],
            },
            {
                "name": "stream_for_everyone",
                "fields": [("_recipients", pymongo.ASCENDING), *_NEWEST_FIRST],
                # Or each recipient of each action would be in it too.
                "partialFilterExpression": {"_recipients": None},
            },
            # Of the queries on the time, those of streams must not use this one: see _DATED.
            {
                "name": "actions_by_time",
                "fields": _NEWEST_FIRST,
                "partialFilterExpression": {"timestamp": _DATED},
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
        if not _is_read(self):
            self._page().read_recipients(self)
        recipients: list[dict[str, Any]] | None = self._stored("_recipients")
        return recipients

    def _stored(self, name: str) -> Any:
        # Past the property, which makes a copy of what it gives that knows of its changes.
        value = state(self).document.get(name)
        return as_stored(value) if name in _KEY_FIELDS else value

    def _in_hand(self) -> dict[str, Any]:
        document = state(self).document
        fields = {name: document[name] for name in (*FIELDS, "_recipients") if name in document}
        if fields.get("_recipients"):
            fields["_recipients"] = [dict(each) for each in fields["_recipients"]]
        return fields


MODELS = (Action,)


#: What is raised when the database cannot do what it is asked.
DATABASE_ERRORS = (PyMongoError,)


def transaction_is_broken(error: BaseException) -> bool:
    """MongoDB keeps what was written."""
    return False


class _NoTransaction:
    """MongoDB keeps what was written, whatever comes after."""

    def is_lost(self) -> bool:
        return False


def watched_transaction() -> AbstractContextManager[_NoTransaction]:
    """There is none to be lost."""
    return nullcontext(_NoTransaction())


def can_go_on() -> bool:
    """What was written before an error of the database's is still there."""
    return True


def end_request(succeeded: bool, managed: bool = False) -> None:
    """Nothing to do: MongoDB keeps what was written."""


# Actions


def store(fields: dict[str, Any]) -> Action:
    """Write one action at once, and nothing else that the session holds.

    :raises ValueError: if it is more than MongoDB stores of one action.
    """
    check_fields(fields)
    action = restored({"_id": bson.ObjectId(), **fields})
    # By no flush, which the host's extensions of it would take for one of theirs.
    DBSession.impl.insert(state(action).document, validate=False)
    # Called by one of the host's extensions, this may be within a flush, which goes through what
    # the session holds: that it may not grow meanwhile. The flush ends by dropping the new dict.
    unit_of_work = DBSession.uow
    unit_of_work._objects = dict(unit_of_work._objects)
    DBSession.save(action)
    return action


def store_many(actions: list[dict[str, Any]]) -> None:
    """Write many actions, past the session.

    :param actions: the fields of each, checked.
    """
    DBSession.db[_collection(Action)].insert_many([dict(fields) for fields in actions])


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


def stream(to: Sequence[Address], span: Span, skip: int, limit: int | None) -> Iterator[Action]:
    """The actions for any of these addresses and for everyone, newest first."""
    if limit == 0:
        return iter(())
    end = None if limit is None else skip + limit
    ranges = _ranges(span)
    if ranges == [{}] and len(to) <= _ADDRESSES:
        return _find(_addressed_to(to, {}), _NEWEST_FIRST, skip, limit)
    parts = [to[start : start + _ADDRESSES] for start in range(0, len(to), _ADDRESSES)]
    return islice(_merged([_chained(part, ranges, end) for part in parts]), skip, end)


def _merged(streams: list[Iterator[Action]]) -> Iterator[Action]:
    """Streams as one, each action once."""
    last = None
    for action in heapq.merge(*streams, key=place_of, reverse=True):
        if last is None or action._id != last._id:
            yield action
        last = action


def _chained(
    to: Sequence[Address], ranges: list[dict[str, Any]], limit: int | None
) -> Iterator[Action]:
    for each in ranges:
        # Where the timestamp is one, MongoDB merges in the order of the rest of the index only.
        order = _NEWEST_FIRST[1:] if "_id" in each else _NEWEST_FIRST
        for action in _find(_addressed_to(to, each), order, 0, limit):
            yield action
            limit = None if limit is None else limit - 1


def _ranges(span: Span, newer_than: datetime | None = None) -> list[dict[str, Any]]:
    """What is in a span and newer than a moment, as one condition after the other, newest first.

    MongoDB takes each for one range of the index. It would sort the whole of their "or".
    """
    before, after = span
    since = after.timestamp if after else None
    if newer_than is not None and (since is None or since <= newer_than):
        since, after = newer_than, None
    if before and after and before <= after:
        return []
    if before and since and not after and before.timestamp <= since:
        return []
    if before and after and before.timestamp == after.timestamp:
        return [{"timestamp": before.timestamp, "_id": {"$lt": before.key, "$gt": after.key}}]
    between = {}
    ranges: list[dict[str, Any]] = []
    if before:
        ranges.append({"timestamp": before.timestamp, "_id": {"$lt": before.key}})
        between["$lt"] = before.timestamp
    if since:
        between["$gt"] = since
    ranges.append({"timestamp": between} if between else {})
    if after:
        ranges.append({"timestamp": after.timestamp, "_id": {"$gt": after.key}})
    return ranges


def count_stream(
    to: Sequence[Address],
    span: Span,
    newer_than: datetime | None = None,
    limit: int | None = None,
) -> int:
    """How many actions there are for any of these addresses and for everyone.

    :param limit: stop counting there.
    """
    total = 0
    for each in _ranges(span, newer_than):
        rest = {} if limit is None else {"limit": limit - total}
        if rest == {"limit": 0}:  # which MongoDB refuses
            break
        total += DBSession.db[_collection(Action)].count_documents(_addressed_to(to, each), **rest)
    # Ming's database in memory knows no limit here.
    return total if limit is None else min(total, limit)


def find(
    filters: dict[str, Any], order_by: str, desc: bool, skip: int, limit: int | None
) -> tuple[int, list[Action]]:
    """How many actions have these values, and those of them that are asked for."""
    spec = {field: {"$eq": value} for field, value in filters.items()}
    if order_by == "timestamp":  # which every action has
        spec.setdefault("timestamp", _DATED)
    direction = pymongo.DESCENDING if desc else pymongo.ASCENDING
    order = [(order_by, direction), ("_id", direction)]
    return Action.query.find(spec).count(), list(_find(spec, order, skip, limit))


def _addressed_to(to: Sequence[Address], also: dict[str, Any]) -> dict[str, Any]:
    keys: dict[tuple[str, ...], list[Any]] = {}
    for address in to:
        keys.setdefault(address.names, []).append(address.key)
    recipients = [{"_type": _any_of(names), "_id": _any_of(keys[names])} for names in keys]
    # Each branch holds the whole condition, so that each is ranges of its index.
    branches = [{"_recipients": {"$elemMatch": each}, **also} for each in recipients]
    return {"$or": [*branches, {"_recipients": None, **also}]}


def _any_of(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else {"$in": list(values)}


def _find(
    spec: dict[str, Any], order: list[tuple[str, int]], skip: int, limit: int | None
) -> Iterator[Action]:
    if limit == 0:  # which MongoDB takes for no limit
        return iter(())
    # Without the recipients, who may be a hundred thousand of each action.
    fields = dict.fromkeys(FIELDS, True)
    documents = DBSession.db[_collection(Action)].find(spec, fields).sort(order).skip(skip)
    if limit is None or limit > _BATCH:
        documents = _in_batches(documents)
    return map(_action, documents.limit(limit or 0))


def _in_batches(documents: Any) -> Any:
    # Else pymongo makes objects of up to 16 MB of documents at once. mim can't.
    return documents.batch_size(_BATCH) if hasattr(documents, "batch_size") else documents


def _action(document: dict[str, Any]) -> Action:
    """The action of a document, as Ming's own query would give it.

    To validate what only this module writes would cost more than to read it.
    """
    action = DBSession.imap.get(Action, document["_id"])
    if action is None:
        fields = {name: document.get(name) for name in FIELDS}
        if fields["timestamp"] is not None:  # of a connection that gives aware ones
            fields["timestamp"] = naive_utc(fields["timestamp"])
        action = restored(fields)
        DBSession.save(action)
    return action


def restored(fields: dict[str, Any]) -> Action:
    """An action as it was stored, which no session holds.

    :param fields: its ``_in_hand()``.
    """
    collection = mapper(Action).collection
    action: Action = mapper(Action).create(collection(fields), _AS_READ, remake=False)
    state(action).status = ObjectState.clean
    return action


#: What a page reads of an action beside its key.
_READ = tuple(name for name in FIELDS if name != "_id")
_READ_WITH_RECIPIENTS = (*_READ, "_recipients")

_KEY_FIELDS = {f"{role}_id" for role in ROLES}

#: What Ming's own queries say that read these fields only, so that Ming saves no others.
_AS_READ = {"refresh": False, "decorate": None, "fields": _READ, "instrument": True}


def read_recipients(action: Action, page: Sequence[Action], few: int) -> Sequence[Action]:
    """Read the recipients of an action, and of those on its page that have few.

    :param few: at most so many.
    :returns: the actions whose recipients may be loaded together.
    """
    unread = {each._id: each for each in page if not (_is_read(each) or each._has_many_recipients)}
    if unread:
        _read_recipients(unread, {f"_recipients.{few}": {"$exists": False}})
        for each in unread.values():
            each._has_many_recipients = not _is_read(each)
    if not _is_read(action):
        _read_recipients({action._id: action}, {})
    if not _is_read(action):  # it was deleted since
        state(action).set("_recipients", [])
    few_each = (each for each in page if _is_read(each) and (each.number_of_recipients or 0) <= few)
    return [action, *few_each]


def _read_recipients(actions: dict[Any, Action], spec: dict[str, Any]) -> None:
    spec = {"_id": {"$in": list(actions)}, **spec}
    for document in DBSession.db[_collection(Action)].find(spec, {"_recipients": True}):
        state(actions[document["_id"]]).set("_recipients", document.get("_recipients"))


def _is_read(action: Action) -> bool:
    """Whether it is known for whom an action is."""
    return "_recipients" in state(action).document


def release(actions: Iterable[Action], loaded: Iterable[dict[Any, Any]]) -> None:
    """Let go of what was read, which the sessions would keep to their end.

    What is changed after all is back in its session, to be flushed. What refers to itself stays in
    memory until Python looks for such, which it seldom does: so nothing of these does.

    :param loaded: what :func:`load` gave for the actions.
    """
    for each in (*actions, *(entity for part in loaded for entity in getattr(part, "made", ()))):
        its_state, its_session = state(each), session(each)
        # No session holds what was let go of already, or what the host took out of its session.
        if its_session is not None and its_state.status == ObjectState.clean:
            its_session.expunge(each)
            _released().add(each)
            its_state.soil = partial(_back_in_session, weakref.ref(each), its_session)
            its_state.tracker.state = weakref.proxy(its_state)
            each.__ming__.instance = None  # nothing reads it


def _released() -> "weakref.WeakSet[Any]":
    """What this thread's session let go of, and somebody still has in hand."""
    released: weakref.WeakSet[Any]
    released = vars(DBSession.uow).setdefault("activitystream_released", weakref.WeakSet())
    return released


def _back_in_session(reference: "weakref.ref[Any]", its_session: Any) -> None:
    changed = reference()
    its_state = state(changed)
    del its_state.soil
    _released().discard(changed)
    its_session.save(changed)
    its_state.soil()


# Removing actions


def count_older(before: datetime) -> int:
    """How many actions there are from before a moment."""
    return DBSession.db[_collection(Action)].count_documents(_older(before))


def older(before: datetime) -> Iterator[list[Any]]:
    """The keys of the actions from before a moment, oldest first, by the thousand."""
    actions = DBSession.db[_collection(Action)]
    return _keys(actions.find(_older(before), {"_id": True}).sort(_OLDEST_FIRST))


def _older(before: datetime) -> dict[str, Any]:
    return {"timestamp": {**_DATED, "$lt": before}}


def delete(keys: list[Any]) -> int:
    """Delete actions, of which Ming writes nothing back if they are in hand.

    :returns: how many there still were.
    """
    for action in _held(keys):
        # The session may hold them on: within a flush it could not let go of any.
        state(action).status = ObjectState.clean
        state(action).soil = _nothing_to_save
    return DBSession.db[_collection(Action)].delete_many({"_id": {"$in": keys}}).deleted_count


def _nothing_to_save() -> None:
    """What is changed of a deleted action is not stored."""


def roles() -> Iterator[list[tuple[Any, ...]]]:
    """All actions, by the thousand: of each its key, and the type and the key in each role."""
    actions = DBSession.db[_collection(Action)]
    names = [f"{role}_{part}" for role in ROLES for part in ("type", "id")]
    fields = dict.fromkeys(names, True)
    rest: dict[str, Any] = {}
    while page := list(actions.find(rest, fields).sort("_id", pymongo.ASCENDING).limit(_BATCH)):
        yield [(each["_id"], *(each.get(name) for name in names)) for each in page]
        rest = {"_id": {"$gt": page[-1]["_id"]}}


def clear(role: str, keys: list[Any], references: Sequence[Reference]) -> int:
    """Have actions refer to nothing in a role in which they refer to one of these.

    :returns: how many did.
    """
    it = _one_of(references)
    names = [f"{role}_{part}" for part in ("type", "id", "name")]
    for action in _held(keys):
        if action._reference(role) in references:
            for name in names:
                # Past the property, which would mark the document for a rewrite.
                state(action).set(name, None)
    refer = {"_id": {"$in": keys}, names[0]: it["_type"], names[1]: it["_id"]}
    nothing = {"$set": dict.fromkeys(names)}
    return DBSession.db[_collection(Action)].update_many(refer, nothing).matched_count


def addressed_to(references: Sequence[Reference]) -> Iterator[list[Any]]:
    """The keys of the actions that are for one of these, by the thousand."""
    actions = DBSession.db[_collection(Action)]
    addressed = {"_recipients": {"$elemMatch": _one_of(references)}}
    return _keys(actions.find(addressed, {"_id": True}))


def take_out(keys: list[Any], references: Sequence[Reference]) -> int:
    """Take these out of the recipients of actions, which are for nobody if none is left.

    :returns: of how many actions they were recipients.
    """
    for action in _held(keys):
        recipients = state(action).document.get("_recipients")
        if recipients is not None:  # nor still to be read
            rest = [to for to in recipients if (to["_type"], to["_id"]) not in references]
            state(action).set("_recipients", rest)
    it = _one_of(references)
    addressed = {"_id": {"$in": keys}, "_recipients": {"$elemMatch": it}}
    without = {"$pull": {"_recipients": it}}
    return DBSession.db[_collection(Action)].update_many(addressed, without).matched_count


def commit() -> None:
    """Nothing to do: MongoDB keeps what was written."""


def _keys(documents: Any) -> Iterator[list[Any]]:
    keys = (document["_id"] for document in _in_batches(documents))
    while chunk := list(islice(keys, _BATCH)):
        yield chunk


def _held(keys: list[Any]) -> list[Action]:
    """Those of these actions that the session holds, or has let go of."""
    held = (*DBSession.uow, *_released())
    actions = [each for each in held if isinstance(each, Action)]
    wanted = set(keys) if actions else ()
    return [action for action in actions if action._id in wanted]


def _one_of(references: Sequence[Reference]) -> dict[str, Any]:
    types, ids = map(list, zip(*references, strict=True))
    return {"_type": {"$in": types}, "_id": {"$in": ids}}


# The host's entities


def entity_classes() -> tuple[type, ...]:
    """Every class that is stored; of one that was defined again, the newer."""
    return _classes_of(tuple(Mapper.all_mappers()))


@lru_cache(maxsize=1)
def _classes_of(mappers: tuple[Mapper, ...]) -> tuple[type, ...]:
    classes = {
        (cls.__module__, cls.__qualname__): cls
        for cls in (each.mapped_class for each in mappers)
        if _collection(cls) is not None
    }
    return tuple(classes.values())


def is_entity(candidate: Any) -> bool:
    cls: type = type(candidate)
    return isinstance(candidate, MappedClass) and _collection(cls) is not None


def check_session(entity: Any) -> None:
    """Nothing to do: a class knows its session."""


@lru_cache(maxsize=1000)
def root_of(cls: type) -> type:
    """The topmost class that is stored in the same collection, by the same session."""
    stored = (_collection(cls), session(cls))
    return [
        base
        for base in cls.__mro__
        if issubclass(base, MappedClass) and (_collection(base), session(base)) == stored
    ][-1]


def key_of(entity: Any) -> Any:
    """The primary key of a stored entity; None while it is not stored.

    Ming keeps its objects by their key, so that a key of several values never gets here.
    """
    its_state = state(entity)
    # Past the property, for there may be many.
    return None if its_state.status == ObjectState.new else as_stored(its_state.document["_id"])


def keys_from_text(cls: type[Any], text: str) -> list[Any]:
    """The keys that ``text`` may stand for in a request; none if it can stand for none."""
    keys = spelled(cls._id.field.schema, text)
    return [key for key in keys if not isinstance(key, uuid.UUID) or _takes_uuids(cls)]


def _takes_uuids(cls: type) -> bool:
    """Whether the connection of a class sends UUIDs, as it does if its URL says how."""
    options = getattr(session(cls).db, "codec_options", None)  # Ming's database in memory has none
    return options is None or options.uuid_representation != UuidRepresentation.UNSPECIFIED


def key_as_text(type_name: str, key: Any) -> Any:
    """The key of an entity as JSON shows it and requests name it: a number or a text."""
    return as_text(key)


def action_key_from_text(text: str) -> Any:
    """The ``_id`` of an action that ``text`` stands for in a request; None if it is none."""
    return next(iter(spelled(Action._id.field.schema, text)), None)


def load(cls: type, keys: Collection[Any]) -> dict[Any, Any]:
    """The entities that have these keys, by key, in one query; deleted ones are not there."""
    documents = session(cls).db[_collection(cls)].find({"_id": {"$in": list(keys)}})
    return _Loaded(cls, {as_stored(document["_id"]): document for document in documents})


class _Loaded(dict[Any, Any]):
    """Documents by key, each of which becomes an entity when it is first asked for.

    To make an entity costs Ming far more than to read a document, and the recipients of a page are
    read with it, but seldom asked for.
    """

    def __init__(self, cls: type, documents: dict[Any, Any]) -> None:
        super().__init__(documents)
        #: The entities that the session did not hold before.
        self.made: list[Any] = []
        self._documents: deque[dict[str, Any]] = deque()
        make = partial(mapper(cls).collection.make, allow_extra=True, strip_extra=True)
        # A map goes on after one that is not valid.
        validated = map(make, iter(self._documents.popleft, None))
        self._entities = ODMCursor(session(cls), cls, validated)

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        if not isinstance(value, MappedClass):
            held = self._entities.session.imap.get(self._entities.cls, key)
            self._documents.append(value)
            value = self[key] = next(self._entities)
            if value is not held:
                self.made.append(value)
        return value


def has_seen_field(cls: type) -> bool:
    """Whether the class stores a ``last_activity_seen`` under that very name."""
    declared = getattr(cls, "last_activity_seen", None)
    return isinstance(declared, FieldProperty) and declared.field.name == "last_activity_seen"


def begin_marking(*entities: Any) -> None:
    """Nothing to do: MongoDB has the updates of one document wait for each other."""


def move_seen(recipient: Any, moment: datetime) -> datetime | None:
    """Move ``last_activity_seen`` forward to ``moment``, in the database and on the object.

    One atomic update of the one field, beside Ming's flush, which would write the whole document.

    :returns: the value before.
    :raises LookupError: if the recipient is stored no more.
    """
    cls: type = type(recipient)
    root = root_of(cls)
    documents = session(root).db[_collection(root)]
    _as_read(cls, documents, moment)  # or refused, before it is written
    earlier = [
        {"last_activity_seen": None},
        {"last_activity_seen": {"$exists": False}},
        {"last_activity_seen": {"$lt": moment}},
    ]
    document = documents.find_one_and_update(
        {"_id": recipient._id, "$or": earlier},
        {"$set": {"last_activity_seen": moment}},
        projection={"last_activity_seen": True},
    )
    after = moment
    if document is None:
        document = documents.find_one({"_id": recipient._id}, {"last_activity_seen": True})
        if document is None:
            raise LookupError(f"this {type(recipient).__name__} is stored no more")
        after = naive_utc(document["last_activity_seen"])
    in_hand = recipient.last_activity_seen
    if in_hand is None or naive_utc(in_hand) < after:
        # Past the property, which would mark the document for a rewrite.
        state(recipient).set("last_activity_seen", _as_read(cls, documents, after))
    before = document.get("last_activity_seen")
    return None if before is None else naive_utc(before)


def _as_read(cls: type[Any], documents: Any, moment: datetime) -> datetime:
    """A moment as the class reads it: by its own schema, aware if the connection gives it so.

    :raises TypeError: if the class's schema takes no datetime.
    """
    options = getattr(documents, "codec_options", None)  # Ming's database in memory has none
    given = moment.replace(tzinfo=timezone.utc) if options and options.tz_aware else moment
    try:
        read: datetime = cls.last_activity_seen.field.schema.validate(given)
        naive_utc(read)
    except Exception as error:  # of the host's own schema it may be any
        raise TypeError(
            f"{cls.__name__}.last_activity_seen takes no datetime; it is to be {SEEN_FIELD}"
        ) from error
    return read


@lru_cache(maxsize=1000)
def _collection(cls: type) -> str | None:
    return mapper(cls).collection.m.collection_name


# Start-up


def check(conf: dict[str, Any]) -> None:
    """Any configuration will do."""


def join(conf: dict[str, Any]) -> None:
    """Nothing to do: a collection belongs to no metadata."""


def prepare_at_start(conf: dict[str, Any]) -> None:
    """Make the indexes, unless the host turned Ming's automatic ones off."""
    if not conf.get("ming.connection.auto_ensure_indexes", True):
        return
    try:
        prepare()
    except PyMongoError:
        log.exception(
            "The indexes of activitystream could not be made: it works without, but slowly. "
            "Make them by `gearbox setup-app %s`.",
            config_option(),
        )


def prepare() -> None:
    """Make the indexes."""
    DBSession.ensure_indexes(mapper(Action).collection)
