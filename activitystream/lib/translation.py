"""Our sentences in the language of the request; English where there is no request."""

from pathlib import Path
from typing import Any

import tg
from tg.i18n import get_lang, ugettext, ungettext
from tg.util.lazystring import LazyString

_OURS = {catalog.parts[-3] for catalog in Path(__file__).parent.parent.glob("i18n/*/*/*.mo")}


def _(text: str) -> str:
    """The translation of ``text``."""
    # That of an empty text would be the catalog's header.
    return tg.translator.gettext(text) if text and _in_request() else text


def pgettext(context: str, text: str) -> str:
    """The translation of ``text`` where it means what ``context`` says."""
    return tg.translator.pgettext(context, text) if _in_request() else text


def ngettext(singular: str, plural: str, count: int) -> str:
    """The translation for ``count`` things, with ``%(count)d`` filled in."""
    if _in_request():
        text = tg.translator.ngettext(singular, plural, count)
    else:
        text = singular if count == 1 else plural
    return text % {"count": count}


def text_of(text: Any) -> str:
    """A text, which may be one of TurboGears' lazy ones, as a plain ``str``."""
    if isinstance(text, str):
        return str.__str__(text)  # an Enum's own would be another
    if isinstance(text, LazyString) and not _in_request():
        if text.func is ugettext:
            return str(text.args[0])
        if text.func is ungettext:
            return str(text.args[0 if text.args[2] == 1 else 1])
    return str(text)


def languages() -> list[str]:
    """The request's languages, those left out that neither the host nor we are translated to.

    What is cached by them is bounded: a browser may ask for whatever it likes.

    :returns: an empty list where there is no request.
    """
    if not _in_request():
        return []
    hosts = get_lang(all=False)
    ours = {asked: asked.partition("_")[0] for asked in get_lang()}
    known = [
        asked if asked in hosts else ours[asked]
        for asked in get_lang()
        if asked in hosts or ours[asked] in _OURS
    ]
    return list(dict.fromkeys(known))


def _in_request() -> bool:
    try:
        tg.translator._current_obj()
    except TypeError:
        return False
    return True
