"""Translate our messages to the request's languages; outside a request they stay English."""

from collections.abc import Callable
from gettext import NullTranslations, translation
from pathlib import Path
from typing import Any

import tg
from tg.i18n import get_lang, ugettext, ungettext
from tg.util.lazystring import LazyString

from ..model.words import Words

_FOLDER = Path(__file__).parent.parent / "i18n"

_CATALOGS = {catalog.parts[-3] for catalog in _FOLDER.glob("*/*/*.mo")}


class RequestWords(Words):
    """Translate by the catalogs of the request's languages."""

    def gettext(self, message: str) -> str:
        """Translate a message."""
        return self._translate("gettext", message)

    def pgettext(self, context: str, message: str) -> str:
        """Translate a message whose meaning depends on ``context``."""
        return self._translate("pgettext", context, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Translate a message about ``n`` things."""
        return self._translate("ngettext", msgid1, msgid2, n)

    def text_of(self, text: object) -> str:
        """Return a string, or a lazy string of TurboGears', as a plain ``str``."""
        if isinstance(text, LazyString) and not in_request():
            if text.func is ugettext:
                return str(text.args[0])
            if text.func is ungettext:
                return str(text.args[0 if text.args[2] == 1 else 1])
        return super().text_of(text)

    def _translate(self, name: str, *arguments: Any) -> str:
        english: Callable[..., str] = getattr(super(), name)
        translate: Callable[..., str] = getattr(tg.translator, name) if in_request() else english
        return translate(*arguments)


def languages() -> list[str]:
    """Return the request's languages for which the host or this package has a catalog.

    Other languages are dropped, which bounds the number of cache keys that a browser can cause.

    :returns: an empty list outside a request.
    """
    if not in_request():
        return []
    hosts = get_lang(all=False)
    ours = {asked: asked.partition("_")[0] for asked in get_lang()}
    known = [
        asked if asked in hosts else ours[asked]
        for asked in get_lang()
        if asked in hosts or ours[asked] in _CATALOGS
    ]
    return list(dict.fromkeys(known))


def catalog_of(language: str) -> NullTranslations:
    """Return our messages in a language; those of English, if there is no catalog of it."""
    return translation("activitystream", _FOLDER, [language], fallback=True)


def in_request() -> bool:
    """Return whether a request is being answered, whose languages TurboGears knows."""
    try:
        return hasattr(tg.request_local.context, "translator")
    except TypeError:
        return False
