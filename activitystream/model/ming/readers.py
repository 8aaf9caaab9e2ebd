"""``last_activity_seen``, the field of those who read streams."""

from datetime import datetime, timezone
from typing import Any

from ming.odm import FieldProperty, MapperExtension, mapper, session

from ..clock import naive_utc
from .entities import root_of
from .private import put, value_as_read
from .tables import collection_of

#: The line that adds the field to a class, for errors to quote.
SEEN_FIELD = "last_activity_seen = FieldProperty(s.DateTime)"


def has_seen_field(cls: type) -> bool:
    """Return whether a class stores ``last_activity_seen`` under that name."""
    declared = getattr(cls, "last_activity_seen", None)
    return isinstance(declared, FieldProperty) and declared.field.name == "last_activity_seen"


class _KeepsMarks(MapperExtension):
    """Makes a flush of the host's keep a ``last_activity_seen`` that was marked since it was read.

    A flush writes the whole document, and would bring back the field's old value.
    """

    def before_update(self, instance: Any, state: Any, sess: Any) -> None:
        read = value_as_read(instance, "last_activity_seen")
        if _naive(instance.last_activity_seen) == _naive(read):
            stored = _stored(instance)
            if stored is not None and stored.get("last_activity_seen") is not None:
                moment = naive_utc(stored["last_activity_seen"])
                put(instance, "last_activity_seen", _as_read(type(instance), moment))


def keep_marks(cls: type) -> None:
    """Keep flushes of this class and its bases from restoring an old ``last_activity_seen``.

    Others may have read the same document as an object of a base.
    """
    for each in filter(has_seen_field, cls.__mro__):
        extensions = mapper(each).extensions
        if not any(isinstance(extension, _KeepsMarks) for extension in extensions):
            extensions.append(_KeepsMarks(mapper(each)))


def begin_marking(*entities: Any) -> None:
    """Do nothing: MongoDB updates one document at a time."""


def move_last_activity_seen(recipient: Any, moment: datetime) -> datetime | None:
    """Move ``last_activity_seen`` forward to ``moment``, in the database and on the object.

    It is one atomic update of the one field. Ming's flush would write the whole document.

    :returns: the value before.
    :raises LookupError: if the recipient is not stored any more.
    """
    cls: type = type(recipient)
    documents = _documents(cls)
    _as_read(cls, moment)  # refuses a wrong schema before anything is written
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
        document = _still_stored(recipient)
        after = naive_utc(document["last_activity_seen"])
    in_hand = recipient.last_activity_seen
    if in_hand is None or naive_utc(in_hand) < after:
        put(recipient, "last_activity_seen", _as_read(cls, after))
    return _naive(document.get("last_activity_seen"))


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else naive_utc(moment)


def stored_last_activity_seen(recipient: Any) -> datetime | None:
    """Return the field as the database has it, naive UTC.

    :raises LookupError: if the recipient is not stored any more.
    """
    return _naive(_still_stored(recipient).get("last_activity_seen"))


def _still_stored(recipient: Any) -> Any:
    document = _stored(recipient)
    if document is None:
        raise LookupError(f"this {type(recipient).__name__} is not stored any more")
    return document


def _stored(recipient: Any) -> Any:
    fields = {"last_activity_seen": True}
    return _documents(type(recipient)).find_one({"_id": recipient._id}, fields)


def _documents(cls: type) -> Any:
    root = root_of(cls)
    return session(root).db[collection_of(root)]


def _as_read(cls: type[Any], moment: datetime) -> datetime:
    """Return a moment as the class's schema reads it; aware if the connection is.

    :raises TypeError: if the class's schema takes no datetime.
    """
    options = getattr(_documents(cls), "codec_options", None)  # mim has none
    given = moment.replace(tzinfo=timezone.utc) if options and options.tz_aware else moment
    try:
        read: datetime = cls.last_activity_seen.field.schema.validate(given)
        naive_utc(read)
    except Exception as error:  # a schema of the host's own may raise any
        raise TypeError(
            f"{cls.__name__}.last_activity_seen takes no datetime: declare it as {SEEN_FIELD}"
        ) from error
    return read
