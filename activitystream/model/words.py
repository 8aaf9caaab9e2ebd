"""Words in the reader's language. They are English unless the web layer sets a language."""

from collections.abc import Callable
from gettext import NullTranslations
from typing import TypeVar

T = TypeVar("T")


class Words(NullTranslations):
    """Words that leave every text as it is."""

    def text_of(self, text: object) -> str:
        """Return a text, which may be a lazy translation, as a plain ``str``."""
        # The own ``__str__`` of an Enum would give another text.
        return str.__str__(text) if isinstance(text, str) else str(text)

    def call_host(self, function: Callable[[], T]) -> T:
        """Call a function of the host's, which may translate and make links."""
        return function()


_words = Words()


def use(words: Words) -> None:
    """Translate by these words from now on."""
    global _words
    _words = words


def _(text: str) -> str:
    """Translate a text."""
    # The translation of an empty text would be the catalog's header.
    return _words.gettext(text) if text else text


def pgettext(context: str, text: str) -> str:
    """Translate a text that means what ``context`` says."""
    return _words.pgettext(context, text)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a text for a number of things, and fill in its ``%(count)d`` and no other place."""
    return _words.ngettext(singular, plural, count).replace("%(count)d", str(count))


def text_of(text: object) -> str:
    """Return a text, or one of the host's lazy texts, as a plain ``str``."""
    return text if type(text) is str else _words.text_of(text)


def call_host(function: Callable[[], T]) -> T:
    """Call a function of the host's, which may translate and make links; return its result."""
    return _words.call_host(function)
