"""Links that ``/see`` may redirect to: to this site, or to a host that the app lists."""

import re
from collections.abc import Collection
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

import tg

from ..lib.options import option

#: What browsers drop, or take for a slash, and so read another link than we do.
_MISREAD = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u2028\u2029]")

_DEFAULT_PORTS = {"http": 80, "https": 443}

_NO_HOST = "the link names no plain host"

#: A name or an address, and a port. Python's own parser takes ``evil[::1]`` for an address, too.
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[-.\w]+)(:\d*)?", re.ASCII | re.IGNORECASE)

#: What servers and browsers take in a header.
_LONGEST = 8000

#: Left as they are in a Location header: RFC 3986's delimiters, and what is quoted already.
_SAFE = "%:/?#[]@!$&'()*+,;=~"


def location_of(
    link: str, *, script_name: str, host_url: str, allowed_hosts: Collection[str] = ()
) -> str:
    """The Location header that leads to ``link``.

    :param link: absolute, or relative to the app's root, whether it says SCRIPT_NAME or not.
    :param script_name: where the app is mounted.
    :param host_url: scheme, host and port by which this request reached the app.
    :param allowed_hosts: other hosts (``host`` or ``host:port``) that may be linked to.
    :returns: a path that starts with one slash, or an absolute URL; HTTPS for a site that has it.
    :raises ValueError: if it leads, or may lead, elsewhere.
    """
    if not isinstance(link, str) or _MISREAD.search(link) or link != link.strip():
        raise ValueError("the link has characters that no link has")
    if len(link) > _LONGEST:
        raise ValueError("the link is too long")
    if link.startswith("//"):  # WebOb would take that for a path
        link = f"{urlsplit(host_url).scheme}:{link}"
    parts = _split(link)
    if parts.scheme or parts.netloc:
        return quote(_absolute(link, parts, host_url, allowed_hosts), safe=_SAFE)
    root = quote(script_name.strip("/"), safe="/")
    path = quote(link, safe=_SAFE)
    if root and re.match(re.escape(f"/{root}") + r"(?![^/?#])", path):
        return path
    return f"{'/' if root else ''}{root}{'' if path.startswith('/') else '/'}{path}"


def own_link(link: Any) -> str | None:
    """The location that a link of an entity leads to; None if it is none, or leads elsewhere.

    :param link: text, or what becomes text, like TurboGears' ``lurl``.
    """
    if link is None or link == "":
        return None
    try:
        return location_of(
            str(link),
            script_name=tg.request.script_name,
            host_url=tg.request.host_url,
            allowed_hosts=option("allowed_hosts"),
        )
    except ValueError:
        return None


def _absolute(link: str, parts: SplitResult, host_url: str, allowed_hosts: Collection[str]) -> str:
    """
    :raises ValueError: if it leads, or may lead, elsewhere.
    """
    if parts.scheme in ("http", "https"):
        if _leads_to(host_url, parts):
            site = _split(host_url)
            downgrades = (site.scheme, parts.scheme) == ("https", "http")
            return (
                parts._replace(scheme="https", netloc=site.netloc).geturl() if downgrades else link
            )
        if any(_leads_to(f"//{host}", parts) for host in allowed_hosts):
            return link
    raise ValueError("the link leads to another site")


def _split(link: str) -> SplitResult:
    """
    :raises ValueError: if its host or port is none.
    """
    try:
        parts = urlsplit(link)
        if parts.netloc and not _HOST_AND_PORT.fullmatch(parts.netloc):
            raise ValueError
        if "[" in parts.netloc:
            IPv6Address(parts.hostname)  # Python 3.10's urlsplit takes any text
        _ = parts.port
    except ValueError:
        # Python's own error repeats what was asked for, and TurboGears' quickstart shows the text
        # of an error without escaping it.
        raise ValueError(_NO_HOST) from None
    return parts


def _leads_to(site: str, link: SplitResult) -> bool:
    """Whether a link is to the host and port of a site.

    A proxy that ends TLS hides the scheme from the app: no port is a port of its own, and the
    default one of a scheme is no port.
    """
    site_host, site_port = _host_and_port(_split(site))
    host, port = _host_and_port(link)
    ports = {port} if port is not None else {None, _DEFAULT_PORTS.get(link.scheme)}
    return host == site_host and site_port in ports


def _host_and_port(parts: SplitResult) -> tuple[str, int | None]:
    """
    :returns: None for the default port of the scheme, too.
    :raises ValueError: if there is no plain host.
    """
    host = parts.hostname
    if not host:
        raise ValueError(_NO_HOST)
    port = parts.port
    return host, None if port == _DEFAULT_PORTS.get(parts.scheme) else port
