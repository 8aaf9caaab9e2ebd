"""``last_activity_seen``, the field of those who read streams."""

from datetime import datetime, timezone
from typing import Any

from ming.odm import FieldProperty, session

from ..clock import naive_utc
from .entities import root_of
from .private import put
from .tables import collection_of

#: The line that adds the field to a class, for errors to quote.
SEEN_FIELD = "last_activity_seen = FieldProperty(s.DateTime)"


def has_seen_field(cls: type) -> bool:
    """Tell whether a class stores ``last_activity_seen`` under that name."""
    declared = getattr(cls, "last_activity_seen", None)
    return isinstance(declared, FieldProperty) and declared.field.name == "last_activity_seen"


def begin_marking(*entities: Any) -> None:
    """Do nothing: MongoDB updates one document at a time."""


def move_last_activity_seen(recipient: Any, moment: datetime) -> datetime | None:
    """Move ``last_activity_seen`` forward to ``moment``, in the database and on the object.

    It is one atomic update of the one field. Ming's flush would write the whole document.

    :returns: the value before.
    :raises LookupError: if the recipient is not stored any more.
    """
    cls: type = type(recipient)
    root = root_of(cls)
    documents = session(root).db[collection_of(root)]
    _as_read(cls, documents, moment)  # refuses a wrong schema before anything is written
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
        put(recipient, "last_activity_seen", _as_read(cls, documents, after))
    before = document.get("last_activity_seen")
    return None if before is None else naive_utc(before)


def _as_read(cls: type[Any], documents: Any, moment: datetime) -> datetime:
    """Return a moment as the class reads it: by its schema, and aware if the connection is.

    :raises TypeError: if the class's schema takes no datetime.
    """
    options = getattr(documents, "codec_options", None)  # mim has none
    given = moment.replace(tzinfo=timezone.utc) if options and options.tz_aware else moment
    try:
        read: datetime = cls.last_activity_seen.field.schema.validate(given)
        naive_utc(read)
    except Exception as error:  # a schema of the host's own may raise any
        raise TypeError(
            f"{cls.__name__}.last_activity_seen takes no datetime: declare it as {SEEN_FIELD}"
        ) from error
    return read
