"""The keys of the host's classes as requests, command lines and JSON write them, on Ming.

Actions hold a key as MongoDB gives it back. Its text is the number or the text itself, ISO 8601 of
a datetime, hexadecimal digits of bytes, and what ``str`` makes of anything else.
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

#: How long a UUID is does not depend on how the connection writes it.
ENCODING: CodecOptions[Any] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)

_PLAIN = (bson.ObjectId, str, int, uuid.UUID)


def as_stored(key: Any) -> Any:
    """The key as MongoDB gives it back: of a datetime, naive UTC to the millisecond.

    None stands for what no entity can have: a document, a list, or a pattern, which would be
    searched for.
    """
    if isinstance(key, _PLAIN):
        return key
    if isinstance(key, datetime):
        return naive_utc(key)
    if isinstance(key, (dict, list, re.Pattern, bson.Regex)):
        return None
    return bson.decode(bson.encode({"_id": key}), ENCODING)["_id"]


def as_text(key: Any) -> Any:
    """The key as JSON shows it: a number or a text, which :func:`spelled` reads."""
    if isinstance(key, datetime):
        return naive_utc(key).isoformat()
    if isinstance(key, bytes):
        return key.hex()
    return key if isinstance(key, (int, str)) else str(key)


def spelled(schema: Any, text: str) -> list[Any]:
    """The keys that somebody may mean by a text; none if it can be none of the schema's.

    :param schema: of the class's ``_id``. One that takes anything takes a text for all that it can
        be, but bytes.
    """
    found: dict[tuple[type, Any], None] = {}
    takes_anything = isinstance(schema, s.Anything)
    for kind, read in _READERS.items():
        if takes_anything and kind is bytes:
            continue
        for candidate in _read(read, text):
            for key in [candidate] if takes_anything else _valid(schema, candidate):
                # Another spelling is no key: nobody's "ANN" is forgotten as "ann".
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
        raise ValueError("MongoDB stores no such number")
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
