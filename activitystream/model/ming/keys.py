"""The keys of the host's classes, as texts for requests, command lines and JSON.

An action holds a key as MongoDB returns it. Its text is the number or the text itself, ISO 8601 for
a datetime, hexadecimal digits for bytes, and ``str(key)`` for anything else.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import bson
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from ming import schema as s

from ..clock import naive_utc

#: Encodes UUIDs too; how the connection writes them changes no length.
ENCODING: CodecOptions[Any] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)

_PLAIN = (bson.ObjectId, str, int, uuid.UUID, type(None))


def as_stored(key: Any) -> Any:
    """Return a key as MongoDB returns it: a datetime as naive UTC to the millisecond.

    It is None for what no entity can have as its key: a document, a list, or a pattern, which a
    query would search for.
    """
    if isinstance(key, _PLAIN):
        return key
    if isinstance(key, datetime):
        return naive_utc(key)
    if isinstance(key, (dict, list, re.Pattern, bson.Regex)):
        return None
    return bson.decode(bson.encode({"_id": key}), ENCODING)["_id"]


def as_text(key: Any) -> Any:
    """Return a key as JSON shows it: a number or a text, which :func:`spelled` reads."""
    if isinstance(key, datetime):
        return naive_utc(key).isoformat()
    if isinstance(key, bytes):
        return key.hex()
    return key if isinstance(key, (int, str)) else str(key)


def spelled(schema: Any, text: str) -> list[Any]:
    """Return the keys that a text may stand for; an empty list if the schema takes none of them.

    :param schema: the schema of the class's ``_id``. If it takes anything, the text may stand for
        a key of any kind but bytes.
    """
    found: dict[tuple[type, Any], None] = {}
    takes_anything = isinstance(schema, s.Anything)
    for kind, read in _READERS.items():
        if takes_anything and kind is bytes:
            continue
        for candidate in _read(read, text):
            for key in [candidate] if takes_anything else _valid(schema, candidate):
                # Other spellings are refused: to forget "ANN" must not forget "ann".
                if _is_written(key, text):
                    found[type(key), key] = None
    return [key for _, key in found]


def _read(read: Callable[[str], Any], text: str) -> Iterator[Any]:
    try:
        text.encode()
        candidate = read(text)
    except (ValueError, KeyError, bson.errors.InvalidId):
        return
    if _is_written(candidate, text):
        yield candidate


def _is_written(key: Any, text: str) -> bool:
    return text in (str(as_text(key)), str(key))


def _valid(schema: Any, candidate: Any) -> Iterator[Any]:
    try:
        key = schema.validate(candidate)
        hash(key)
    except Exception:  # a schema of the host's own may raise any
        return
    yield key


def _integer(text: str) -> int:
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError("MongoDB cannot store this number")
    return number


_READERS: dict[type, Callable[[str], Any]] = {
    bson.ObjectId: bson.ObjectId,
    int: _integer,
    str: str,
    uuid.UUID: uuid.UUID,
    float: float,
    datetime: datetime.fromisoformat,
    bool: {"True": True, "False": False}.__getitem__,
    bytes: bytes.fromhex,
}
