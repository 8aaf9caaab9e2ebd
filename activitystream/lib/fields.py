"""Check the arguments of ``create`` and build the stored fields."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from .. import model
from ..model import clock
from ..model.action import ROLES
from ..model.entity_words import name_to_store
from ..model.names import each_of, reference_to, references_to
from ..model.system import SYSTEM
from ..model.values import Reference
from .options import option

#: Imported timestamps may be this far in the future: the clocks of two machines differ.
_CLOCK_TOLERANCE = timedelta(minutes=1)


class Given(NamedTuple):
    """What is said of a new action: the arguments of ``create``, but for ``once``."""

    actor: Any
    verb: Any
    target: Any = None
    action_obj: Any = None
    description: Any = None
    extra: Any = None
    recipients: Any = None
    notify_actor: Any = None


#: The keys of a dict of ``create_many``.
_KEYS = (*Given._fields, "timestamp", "once")


def digest_of(once: Any) -> str | None:
    """Return the digest that stands for the argument ``once``; None for None.

    :raises TypeError, ValueError: unless it is None or a text.
    """
    if once is None:
        return None
    if not isinstance(once, str):
        raise TypeError(f"once must be a string or None; got {type(once).__name__}")
    if not once:
        raise ValueError("once must not be empty: give a key, like 'welcome:42', or None")
    return sha256(once.encode(errors="surrogatepass")).hexdigest()


def indexed_fields(index: int, given: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return the fields to store, and the digest of ``once``, for a dict of ``create_many``.

    Where no timestamp is given, the caller adds it.

    :raises TypeError, ValueError: on bad input, with the index of the action.
    """
    try:
        if not isinstance(given, Mapping):
            raise TypeError(f"every action must be a dict; got {type(given).__name__}")
        for name in given:
            if name not in _KEYS:
                raise TypeError(f"unknown key {name}; use {', '.join(_KEYS)}")
        for name in ("actor", "verb"):
            if name not in given:
                raise TypeError(f"the key {name} is missing; every action needs actor and verb")
        arguments = dict(given)
        timestamp = arguments.pop("timestamp", None)
        once = digest_of(arguments.pop("once", None))
        fields, _ = fields_of(Given(**arguments))
        if timestamp is not None:
            # A future timestamp could never be marked as seen.
            fields["timestamp"] = clock.past("timestamp", timestamp, _CLOCK_TOLERANCE)
            if fields["timestamp"] <= clock.EARLIEST:
                raise ValueError(f"timestamp must be after {clock.EARLIEST}; got {timestamp}")
        model.orm.check_fields(fields)
        return fields, once
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"action {index}: {error}") from error


def fields_of(given: Given) -> tuple[dict[str, Any], dict[Reference, Any]]:
    """Return the fields to store for a new action, and the entities it refers to.

    The caller adds ``timestamp``.

    :raises TypeError, ValueError: on bad input.
    """
    known: dict[Reference, Any] = {}
    fields: dict[str, Any] = {}
    longest = option("max_text")
    for role in ROLES:
        entity = getattr(given, role)
        is_given = role == "actor" or entity is not None
        reference = reference_to(entity, role) if is_given else None
        if reference is not None:
            known[reference] = entity
        fields[f"{role}_type"] = reference.type if reference else None
        fields[f"{role}_id"] = reference.key if reference else None
        # SYSTEM has a name in each language.
        name = None if entity is None or entity is SYSTEM else name_to_store(entity, role)
        fields[f"{role}_name"] = _text(f"the name of {role}", name, longest, optional=True)
    fields["verb"] = _text("verb", given.verb, longest)
    fields["description"] = _text("description", given.description, longest, optional=True)
    fields["extra"] = _text("extra", given.extra, longest, optional=True)
    notify_actor = given.notify_actor
    if not isinstance(notify_actor, bool | None):
        its_type = type(notify_actor).__name__
        raise TypeError(f"notify_actor must be True, False or None; got {its_type}")
    fields["notify_actor"] = option("notify_actor") if notify_actor is None else notify_actor
    fields["_recipients"] = None
    if given.recipients is not None:
        addressed = references_to(each_of("recipients", given.recipients), "a recipient")
        most = option("max_recipients")
        if most is not None and len(addressed) > most:
            raise ValueError(
                f"{len(addressed)} recipients given, at most {most} allowed: address an audience "
                f"that they belong to, like a team, or raise the option max_recipients"
            )
        fields["_recipients"] = [{"_type": name, "_id": key} for name, key in addressed]
        known = {**addressed, **known}
    return fields, known


#: No field has values of these types, and some databases would take them for operators.
_NOT_ONE_VALUE = (Mapping, list, set, tuple, re.Pattern)


def check_filter(field: str, value: Any) -> None:
    """Refuse a value that no field can have.

    :raises ValueError: with what is expected.
    """
    expected: type
    if field == "timestamp":
        expected, name = datetime, "one datetime"
    elif field.endswith("_id"):
        expected, name = object, "one value"
    else:
        expected, name = str, "one string"
    if value is not None and (
        not isinstance(value, expected)
        or isinstance(value, _NOT_ONE_VALUE)
        or model.orm.is_entity(value)
    ):
        raise ValueError(f"filters[{field!r}] must be {name} or None; got {type(value).__name__}")


def _text(name: str, value: Any, longest: int | None, optional: bool = False) -> str | None:
    if value is None and optional:
        return None
    if not isinstance(value, str):
        wanted = "a string or None" if optional else "a string"
        raise TypeError(f"{name} must be {wanted}, not a {type(value).__name__}")
    if not (value or optional):
        raise ValueError(f"{name} must not be empty")
    if longest is not None and len(value) > longest:
        raise ValueError(
            f"{name} has {len(value)} characters, at most {longest} allowed: shorten it, or raise "
            f"the option max_text"
        )
    value.encode()  # a UnicodeEncodeError is a ValueError
    # The database stores plain text, so the returned action must hold plain text too: templates
    # do not escape a Markup.
    return str.__str__(value)
