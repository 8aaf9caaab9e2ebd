"""The options of ``plug(base_config, 'activitystream', …)``: defaults and checks."""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import tg
from tg.configuration.utils import TGConfigError
from tg.util.lazystring import LazyString

from ..model import NO_APP

#: tgext.pluggable's own options arrive in the same dict.
_PLUGGABLE_OPTIONS = ("appid", "rename_tables", "static_middlewares")
_PLUGGABLE_PREFIXES = ("plug_", "global_")


def option(name: str) -> Any:
    """Return the running app's value of one of our options.

    :raises RuntimeError: if no app is running.
    """
    try:
        return tg.config["activitystream"][name]
    except KeyError:
        raise RuntimeError(f"The option {name} {NO_APP}") from None


def is_plugged(part: str) -> bool:
    """Return whether the running app has plugged a part of this package.

    :param part: ``controller`` or ``statics``. The host leaves it out by ``plug_controller=False``
        or ``plug_statics=False``.
    """
    return bool(tg.config["activitystream.plug"].get(f"plug_{part}", True))


_DEFAULTS: dict[str, Any] = {
    "allowed_hosts": [],
    "audiences": None,
    "empty_text": None,
    "groups": {},
    "icons": {},
    "kinds": {},
    "late": 60,
    "max_recipients": None,
    "max_text": None,
    "may_update": None,
    "notify_actor": True,
    "poll_interval": 30,
    "site_url": None,
    "system_name": None,
    "templates": {},
    "timezone": None,
}

#: The address of a picture, or a few signs. A word is refused: it does not fit into an icon.
_ICON = re.compile(r"/(?!/)|https?://|data:image/|(?!\w{3})[^/]{1,12}\Z", re.I)
_APPID = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_HOST = re.compile(r"([a-z0-9]([-\w]*[a-z0-9])?(\.(?!:|$)|(?=:|$)))+(:\d{1,5})?", re.ASCII | re.I)
_IPV6 = re.compile(r"\[[0-9a-f:]+(\.\d+)*\](:\d{1,5})?", re.ASCII | re.I)


def checked_options(given: dict[str, Any]) -> dict[str, Any]:
    """Return our options, with defaults for those that were not given to ``plug``.

    :param given: all keyword arguments of ``plug``, tgext.pluggable's own included.
    :raises TGConfigError: on an unknown option or an invalid value.
    """
    appid = given.get("appid")
    given = {
        name: value
        for name, value in given.items()
        if name not in _PLUGGABLE_OPTIONS and not name.startswith(_PLUGGABLE_PREFIXES)
    }
    unknown = sorted(given.keys() - _CHECKS.keys())
    if unknown:
        raise TGConfigError(
            f"plug(base_config, 'activitystream', …) got the unknown option {', '.join(unknown)}; "
            f"use one of {', '.join(sorted(_CHECKS))}, or one of tgext.pluggable's, like appid."
        )
    _check_appid(appid)
    options = {**_DEFAULTS, **given}
    for name, check in _CHECKS.items():
        check(name, options[name])
    return options


def _check_appid(appid: Any) -> None:
    # tgext.pluggable would mount '/news/' where no URL reaches it, and link to //news/.
    if appid is not None and not _APPID.fullmatch(str(appid)):
        raise TGConfigError(
            f"plug(base_config, 'activitystream', appid=…) takes the name that the URLs start "
            f"with, like appid='news' for /news/; got {appid!r}."
        )


def _wrong(name: str, value: Any, expected: str) -> TGConfigError:
    return TGConfigError(
        f"plug(base_config, 'activitystream', {name}=…) takes {expected}; got {value!r}."
    )


def _is_number(value: Any, lowest: float, highest: float) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and lowest <= value <= highest


def _check_hosts(name: str, value: Any) -> None:
    if not isinstance(value, (list, tuple, set, frozenset)) or not all(map(_is_host, value)):
        expected = (
            "a list of the hosts that /see may redirect to besides the app's own, without scheme "
            f"and path, like {name}=['www.example.com']"
        )
        raise _wrong(name, value, expected)


def _is_host(value: Any) -> bool:
    return isinstance(value, str) and _HOST.fullmatch(value) is not None


def _check_callable(name: str, value: Any) -> None:
    if value is None:
        return
    parameters, purpose = _CALLABLES[name]
    try:
        inspect.signature(value).bind(*parameters)
    except ValueError:  # a built-in function has no signature
        pass
    except TypeError:
        expected = f"a function of ({', '.join(parameters)}) that returns {purpose}"
        raise _wrong(name, value, expected) from None


_CALLABLES = {
    "audiences": (("user",), "the user's audiences, like their teams"),
    "may_update": (
        ("user", "recipient"),
        "whether the user may mark the recipient's stream as seen",
    ),
    "timezone": (("user",), "the name of the user's time zone, like 'Europe/Rome', or None"),
}


def _check_bool(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        expected = "True, or False to leave actions out of their actors' own streams"
        raise _wrong(name, value, expected)


def _check_groups(name: str, value: Any) -> None:
    parts = {"verb", "actor", "target", "action_obj"}
    if not isinstance(value, Mapping) or not all(
        isinstance(verb, str)
        and isinstance(rule, (list, tuple))
        and "verb" in rule
        and parts.issuperset(rule)
        for verb, rule in value.items()
    ):
        expected = (
            "a dict: by verb, what actions must share to be one group: 'verb', and any of 'actor', "
            f"'target' and 'action_obj', like {name}={{'liked': ('verb', 'target')}}"
        )
        raise _wrong(name, value, expected)


def _check_icons(name: str, value: Any) -> None:
    if not isinstance(value, Mapping) or not all(
        isinstance(verb, str) and verb and isinstance(icon, str) and _ICON.match(icon)
        for verb, icon in value.items()
    ):
        expected = (
            "a dict of icons by verb: a character or two, or the path of a picture, which begins "
            f"with /, like {name}={{'liked': '♥', 'joined': '/img/joined.svg'}}"
        )
        raise _wrong(name, value, expected)


def _check_interval(name: str, value: Any) -> None:
    if value is not None and not _is_number(value, 1, 86_400):
        expected = (
            "the seconds between two updates of a bell's number, 1 to 86,400, or None for no "
            "updates"
        )
        raise _wrong(name, value, expected)


def _check_kinds(name: str, value: Any) -> None:
    if not isinstance(value, Mapping) or not all(
        isinstance(verb, str) and verb and isinstance(label, (str, LazyString)) and label
        for verb, label in value.items()
    ):
        expected = (
            f"a dict of labels by verb, for the settings page, like {name}={{'liked': 'Likes'}}"
        )
        raise _wrong(name, value, expected)


def _check_late(name: str, value: Any) -> None:
    if not _is_number(value, 0, 86_400):
        expected = (
            "the seconds that an action may become visible after its timestamp, 0 to 86,400: the "
            "longest transaction, and how far the servers' clocks are apart"
        )
        raise _wrong(name, value, expected)


def _check_limit(name: str, value: Any) -> None:
    number = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (number and value >= 1):
        limit = _LIMITS[name]
        expected = f"{limit} that create accepts, a whole number, 1 or more, or None for no limit"
        raise _wrong(name, value, expected)


_LIMITS = {
    "max_recipients": "the most recipients of an action",
    "max_text": "the most characters of each text of an action",
}


def _check_site(name: str, value: Any) -> None:
    if value is None or (isinstance(value, str) and _is_site(value)):
        return
    expected = (
        "the address of the site for links in mails, with the path where the app is mounted, like "
        f"{name}='https://example.org' or {name}='https://example.org/app'"
    )
    raise _wrong(name, value, expected)


def _is_site(value: str) -> bool:
    match = re.fullmatch(r"https?://([^/]+)((/[\w.~%!$&'()*+,;=:@-]+)*)/?", value, re.ASCII)
    return match is not None and (_is_host(match[1]) or _IPV6.fullmatch(match[1]) is not None)


def _check_words(name: str, value: Any) -> None:
    if value is not None and not (isinstance(value, (str, LazyString)) and value):
        raise _wrong(name, value, _WORDS[name])


_WORDS = {
    "empty_text": (
        "what a list without actions says, like empty_text=l_('Write the first post!'), or None "
        'for "Nothing has happened yet."'
    ),
    "system_name": (
        "the name to show for activitystream.SYSTEM, like system_name=l_('Our robot'), or None for "
        '"The system"'
    ),
}


def _check_templates(name: str, value: Any) -> None:
    if not isinstance(value, Mapping) or not all(
        isinstance(text, str) and text for pair in value.items() for text in pair
    ):
        like = f"{name}={{'liked': 'myproject.templates.liked'}}"
        raise _wrong(name, value, f"a dict of templates by verb, like {like}")


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "allowed_hosts": _check_hosts,
    "audiences": _check_callable,
    "empty_text": _check_words,
    "groups": _check_groups,
    "icons": _check_icons,
    "kinds": _check_kinds,
    "late": _check_late,
    "max_recipients": _check_limit,
    "max_text": _check_limit,
    "may_update": _check_callable,
    "notify_actor": _check_bool,
    "poll_interval": _check_interval,
    "site_url": _check_site,
    "system_name": _check_words,
    "templates": _check_templates,
    "timezone": _check_callable,
}
