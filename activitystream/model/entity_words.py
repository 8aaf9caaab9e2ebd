"""What an entity says of itself: ``as_str``, ``as_link``, ``as_image``, ``as_activitystreams``.

Each may be a property, a method, or an attribute of its class. Only text is shown, as the ``repr``
of an ORM's object shows all of its fields.
"""

import inspect
import json
import logging
from typing import Any

from tg.support.url import LazyUrl
from tg.util.lazystring import LazyString

from .. import model
from .attempts import attempt
from .words import _, call_host, text_of

log = logging.getLogger(__name__)

_TEXTS = (str, LazyString, LazyUrl)

#: Stands for an attribute that the entity's class does not have.
_MISSING: Any = object()


def name_to_store(entity: Any, role: str) -> str | None:
    """Return the ``as_str`` that a new action keeps; None if the entity has none.

    :param role: what the entity is to the action, for the error.
    :raises TypeError: if it is not a text.
    :raises ValueError: if reading it raises.
    """
    try:
        name = _text(entity, "as_str")
        return None if name in (None, _MISSING) else text_of(name)
    except model.orm.DATABASE_ERRORS:
        raise
    except _NoTextError:
        raise
    except Exception as error:
        raise ValueError(
            f"{role} has no name: {_path(entity, 'as_str')} raised {type(error).__name__}; let it "
            f"return a text, or None"
        ) from error


def name_of(entity: Any, type_name: str) -> str:
    """Return a name of a stored entity that anyone may see.

    It is the ``as_str``, else what the class's own ``__str__`` returns, else the type. If
    ``as_str`` is not a text, it is the type. If either raises, it is the type and "(cannot be
    shown)".
    """
    as_str = shown(entity, type_name)
    if as_str is not None and as_str is not entity:
        return text_of(as_str)
    # mypy takes the two for methods of types that never are the same.
    has_own = type(entity).__str__ is not object.__str__  # type: ignore[comparison-overlap]
    if not has_own:
        return type_name
    text = attempt(
        lambda: call_host(lambda: str(entity)),
        None,
        "%s raised: its type is shown",
        _path(entity, "__str__"),
    )
    return _broken(type_name) if text is None else text


def shown(entity: Any, type_name: str) -> Any:
    """Return an entity's ``as_str`` unchanged; the entity itself if its class has none.

    If it is not a text, or raises, it is replaced as in :func:`name_of`.
    """

    def as_str() -> Any:
        try:
            text = _text(entity, "as_str")
        except _NoTextError as error:
            log.error("A %s is shown by its type: %s", type_name, error)
            return type_name
        if isinstance(text, LazyString):
            text_of(text)  # an error in it is raised here, not in the template
        return entity if text is _MISSING else text

    text = attempt(as_str, _MISSING, "%s raised: its type is shown", _path(entity, "as_str"))
    return _broken(type_name) if text is _MISSING else text


def link_of(entity: Any) -> Any:
    """Return an entity's ``as_link``, or None. Log one that is not a text, or raises."""
    return _address_of(entity, "as_link", "A link is missing: %s raised, or is not a text")


def image_of(entity: Any) -> Any:
    """Return an entity's ``as_image``, or None. Log one that is not a text, or raises."""
    return _address_of(entity, "as_image", "A picture is missing: %s raised, or is not a text")


def _address_of(entity: Any, name: str, consequence: str) -> Any:
    address = attempt(lambda: _text(entity, name), None, consequence, _path(entity, name))
    return None if address is _MISSING else address


def activitystreams_of(entity: Any) -> dict[str, Any] | None:
    """Return an entity's ``as_activitystreams``; None if it has none.

    Log and return None if it raises or is not a JSON dict.
    """

    def checked() -> dict[str, Any] | None:
        value = _value_of(entity, "as_activitystreams")
        if value is _MISSING:
            return None
        if not isinstance(value, dict):
            raise TypeError(f"it must be a dict, not {type(value).__name__}")
        json.dumps(value, allow_nan=False)
        return value

    return attempt(
        checked,
        None,
        "An object has its name and link only: %s raised, or is not a JSON dict",
        _path(entity, "as_activitystreams"),
    )


class _NoTextError(TypeError):
    pass


def _text(entity: Any, name: str) -> Any:
    """Return a text of an entity; None or ``_MISSING`` if it has none.

    :raises _NoTextError: if it is anything else.
    """
    text = call_host(lambda: _value_of(entity, name))
    if text is None or text is _MISSING or isinstance(text, _TEXTS):
        return text
    raise _NoTextError(
        f"{_path(entity, name)} must be a text, or None, not {type(text).__name__}: let it be a "
        f"property or a method that returns a str"
    )


def _value_of(entity: Any, name: str) -> Any:
    try:
        value = getattr(entity, name)
    except AttributeError:
        if inspect.getattr_static(type(entity), name, _MISSING) is _MISSING:
            return _MISSING
        raise  # from the code of the property
    return value() if callable(value) else value


def _broken(type_name: str) -> str:
    return _("%(type)s (cannot be shown)") % {"type": type_name}


def _path(entity: Any, name: str) -> str:
    cls = type(entity)
    return f"{cls.__module__}.{cls.__qualname__}.{name}"
