"""Output that is made outside of a request, like a mail: its language, time zone and links.

Templates, translations and links need a request of TurboGears'. Outside, a block of code gets one
that stands in for it, of nobody, to the address of the option ``site_url``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

import tg
from tg import request_local
from tg.i18n import sanitize_language_code, set_request_lang
from tg.support.registry import Registry
from tg.util.webtest import test_context

from ..lib.options import option
from ..lib.zones import zone_named
from ..model import NO_APP
from .translation import RequestWords, catalog_of, in_request
from .zones import ZONE

P = ParamSpec("P")
T = TypeVar("T")

#: In the WSGI environment of a request that stands in for one: the option ``site_url``.
_SITE = "activitystream.site"

#: Tells in the environment of a shell's request that it was registered again.
_KEPT = "activitystream.kept"

#: Where the configuration keeps the app that answers requests.
_APP = "activitystream.app"


@contextmanager
def speaking(language: str | None = None, timezone: str | None = None) -> Iterator[None]:
    """Run a block of code in a language and a time zone, with absolute links.

    Use it for output that is read outside of the site, like a mail, in a script, a job or a hook.
    Example::

        with activitystream.speaking(user.language, user.timezone):
            text = f'{action.sentence}: {see_url(action)}'

    In the block, ``tg.url``, ``_`` and the host's templates work, too. Nobody is logged in, and
    links lead to the site of the option ``site_url``, even if the block is inside a request.

    :param language: like ``'it'`` or ``'pt_BR'``; None for the app's ``i18n.lang``, or English.
    :param timezone: like ``'Europe/Rome'``; None for UTC.
    :raises TypeError, ValueError: on anything else.
    :raises RuntimeError: if no app was loaded.
    """
    if language is not None and not isinstance(language, str):
        raise TypeError(f"language must be a text like 'it'; got {type(language).__name__}")
    zone = zone_named(timezone)
    site = option("site_url")
    try:
        app = tg.config[_APP]
    except KeyError:
        raise RuntimeError(f"A language outside of a request {NO_APP}") from None
    path = urlsplit(site).path.rstrip("/") if site else ""
    environ = {"SCRIPT_NAME": path, "PATH_INFO": "/", _SITE: site, ZONE: zone}
    spoken = language or tg.config.get("i18n.lang")
    if in_request() and _in_shell():
        _keep_shell()
    with test_context(app, site, environ):
        if spoken:
            code = sanitize_language_code(spoken)
            set_request_lang([code])
            # tgext.pluggable adds it in front of controllers only.
            tg.translator.add_fallback(catalog_of(code))
        yield


def remember_app(app: "tg.wsgiapp.TGApp") -> None:
    """Keep the app, as the hook ``configure_new_app`` gives it, for :func:`speaking`."""
    app.config[_APP] = app


def anywhere(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function work outside of a request, in the app's own language."""

    @wraps(function)
    def called(*arguments: P.args, **named: P.kwargs) -> T:
        if in_request() and not _in_shell():
            return function(*arguments, **named)
        with speaking():
            return function(*arguments, **named)

    return called


def _in_shell() -> bool:
    """Return whether this is the request that ``gearbox tgshell`` makes for its script."""
    environ = tg.request.environ
    return "paste.testing_variables" in environ and environ["PATH_INFO"] == "/_test_vars"


def _keep_shell() -> None:
    """Register the request of ``gearbox tgshell`` again: the next one would replace it for good.

    Its script goes on with ``tg.url`` and ``tg.request`` after our block.
    """
    environ = tg.request.environ
    if _KEPT in environ:
        return
    environ[_KEPT] = True
    registry, known = Registry(), environ["tg.locals"]
    registry.prepare()
    registry.register(request_local.config, known.config)
    registry.register(request_local.context, known)


class WordsAnywhere(RequestWords):
    """Words in the language of the request; in English outside of one."""

    def call_host(self, function: Callable[[], T]) -> T:
        """Call a function of the host's; if it needs a request, in one that stands in for it."""
        try:
            return function()
        except TypeError:  # from TurboGears' _ and url, outside of a request
            if in_request():
                raise
            with speaking("en"):
                return function()


def is_outside() -> bool:
    """Return whether the output is read outside of the site, as in a mail."""
    return _SITE in tg.request.environ


def mount_point() -> str:
    """Return the path where the app is mounted, not escaped."""
    path: str = tg.request.script_name
    return unquote(path) if is_outside() else path


def as_read_there(url: str) -> str:
    """Return a URL of this site; absolute if it is read outside of the site.

    :raises RuntimeError: as :func:`require_site`.
    """
    require_site()
    return urljoin(tg.request.environ[_SITE], url) if is_outside() else url


def require_site() -> None:
    """Refuse to make links that are read outside of the site, if its address is unknown.

    :raises RuntimeError: if the host has not said it.
    """
    if is_outside() and tg.request.environ[_SITE] is None:
        raise RuntimeError(
            "a link outside of a request needs the address of the site: write "
            "plug(base_config, 'activitystream', site_url='https://example.org')"
        )
