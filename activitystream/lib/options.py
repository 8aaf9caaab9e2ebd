"""What a host may say in ``plug(base_config, 'activitystream', …)``, and whether it makes sense."""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import tg
from tg.configuration.utils import TGConfigError

from ..model import NO_APP

#: tgext.pluggable's own options, which arrive in the same dict.
_OF_TGEXT_PLUGGABLE = ("appid", "rename_tables", "static_middlewares")
_PREFIXES_OF_TGEXT_PLUGGABLE = ("plug_", "global_")


def option(name: str) -> Any:
    """The running app's value of one of our options.

    :raises RuntimeError: if there is no app.
    """
    try:
        return tg.config["activitystream"][name]
    except KeyError:
        raise RuntimeError(f"The option {name} {NO_APP}") from None


def is_plugged(part: str) -> bool:
    """Whether the running app has the part of us that tgext.pluggable calls so.

    :param part: ``controller`` or ``statics``, which a host leaves out by ``plug_controller=False``
        or ``plug_statics=False``.
    """
    return bool(tg.config["activitystream.plug"].get(f"plug_{part}", True))


_DEFAULTS: dict[str, Any] = {
    "allowed_hosts": [],
    "audiences": None,
    "max_recipients": None,
    "max_text": None,
    "may_update": None,
    "poll_interval": 30,
    "templates": {},
}

_APPID = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_HOST = re.compile(r"([a-z0-9]([-\w]*[a-z0-9])?(\.(?!:|$)|(?=:|$)))+(:\d{1,5})?", re.ASCII | re.I)


def ours(given: dict[str, Any]) -> dict[str, Any]:
    """All of our options, from what was given to ``plug`` and the defaults.

    :raises TGConfigError: on an option that nobody knows, or a value that makes no sense.
    """
    appid = given.get("appid")
    given = {
        name: value
        for name, value in given.items()
        if name not in _OF_TGEXT_PLUGGABLE and not name.startswith(_PREFIXES_OF_TGEXT_PLUGGABLE)
    }
    unknown = sorted(given.keys() - _CHECKS.keys())
    if unknown:
        raise TGConfigError(
            f"plug(base_config, 'activitystream', …) was given {', '.join(unknown)}, which is no "
            f"option of activitystream; its options are {', '.join(sorted(_CHECKS))}, and those of "
            f"tgext.pluggable, like appid."
        )
    _check_appid(appid)
    options = {**_DEFAULTS, **given}
    for name, check in _CHECKS.items():
        check(name, options[name])
    return options


def _check_appid(appid: Any) -> None:
    # tgext.pluggable would mount '/news/' where no URL leads, and link to //news/.
    if appid is not None and not _APPID.fullmatch(str(appid)):
        raise TGConfigError(
            f"plug(base_config, 'activitystream', appid=…) takes the name that the URLs start "
            f"with, like appid='news' for /news/; it was given {appid!r}."
        )


def _check_hosts(name: str, value: Any) -> None:
    if not isinstance(value, (list, tuple, set, frozenset)) or not all(map(_is_host, value)):
        raise TGConfigError(
            f"plug(base_config, 'activitystream', {name}=…) takes a list of the hosts that /see "
            f"may redirect to, besides the app's own, like {name}=['www.example.com'], without "
            f"scheme and path; it was given {value!r}."
        )


def _is_host(value: Any) -> bool:
    return isinstance(value, str) and _HOST.fullmatch(value) is not None


def _check_callable(name: str, value: Any) -> None:
    if value is None:
        return
    parameters, purpose = _CALLABLES[name]
    try:
        inspect.signature(value).bind(*parameters)
    except ValueError:  # a built-in one, which doesn't tell
        pass
    except TypeError:
        raise TGConfigError(
            f"plug(base_config, 'activitystream', {name}=…) takes a function of "
            f"({', '.join(parameters)}) that says {purpose}; it was given {value!r}."
        ) from None


_CALLABLES = {
    "audiences": (("user",), "whose actions the user is to see too, like the user's teams"),
    "may_update": (
        ("user", "recipient"),
        "whether the user may mark the recipient's stream as seen",
    ),
}


def _check_interval(name: str, value: Any) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (number and 1 <= value <= 86_400):
        raise TGConfigError(
            f"plug(base_config, 'activitystream', {name}=…) takes the seconds after which a bell "
            f"asks for its number again, 1 or more, or None for never; it was given {value!r}."
        )


def _check_limit(name: str, value: Any) -> None:
    number = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (number and value >= 1):
        raise TGConfigError(
            f"plug(base_config, 'activitystream', {name}=…) takes {_LIMITS[name]} that create "
            f"accepts, a whole number of 1 or more, or None for no limit of the app's own; it was "
            f"given {value!r}."
        )


_LIMITS = {
    "max_recipients": "the most recipients of an action",
    "max_text": "the most characters of each text of an action",
}


def _check_templates(name: str, value: Any) -> None:
    if not isinstance(value, Mapping) or not all(
        isinstance(text, str) and text for pair in value.items() for text in pair
    ):
        raise TGConfigError(
            f"plug(base_config, 'activitystream', {name}=…) takes the templates that show actions "
            f"of certain verbs, like {name}={{'liked': 'myproject.templates.liked'}}; it was given "
            f"{value!r}."
        )


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "allowed_hosts": _check_hosts,
    "audiences": _check_callable,
    "max_recipients": _check_limit,
    "max_text": _check_limit,
    "may_update": _check_callable,
    "poll_interval": _check_interval,
    "templates": _check_templates,
}
