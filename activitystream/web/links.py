"""Check links before a redirect: they must lead to this site or to an allowed host."""

import re
from collections.abc import Collection
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

import tg

from ..lib.options import option
from .outside import mount_point

#: Browsers drop these characters or read them as a slash, so they would follow another link.
_MISREAD = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u2028\u2029]")

_DEFAULT_PORTS = {"http": 80, "https": 443}

_INVALID_HOST = "the link's host is invalid: give a name or an IP address, and a port if needed"

#: A name or an IP address, and a port. ``urlsplit`` also accepts ``evil[::1]`` as an address.
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[-.\w]+)(:\d*)?", re.ASCII | re.IGNORECASE)

#: The characters that servers and browsers accept in a header.
_MAX_LENGTH = 8000

#: Not quoted in a Location header: RFC 3986's delimiters, and the % of what is quoted already.
_SAFE = "%:/?#[]@!$&'()*+,;=~"


def location_of(
    link: str, *, script_name: str, host_url: str, allowed_hosts: Collection[str] = ()
) -> str:
    """Return the Location header that leads to ``link``.

    :param link: an absolute URL, or a path from the app's root, with or without SCRIPT_NAME.
    :param script_name: the path where the app is mounted.
    :param host_url: the scheme, host and port of this request.
    :param allowed_hosts: other hosts that links may lead to, as ``host`` or ``host:port``.
    :returns: a path that starts with exactly one slash, or an absolute URL. On an HTTPS site, a
        link to the site itself becomes HTTPS.
    :raises ValueError: if the link leads, or might lead, to another site.
    """
    if not isinstance(link, str) or _MISREAD.search(link) or link != link.strip():
        raise ValueError("the link contains invalid characters: quote them")
    if len(quote(link, safe=_SAFE)) > _MAX_LENGTH:
        raise ValueError(f"the link is longer than {_MAX_LENGTH} characters, quoted: shorten it")
    if link.startswith("//"):  # WebOb would read it as a path
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
    """Return the location of an entity's link; None without a link, or if it leaves the site.

    :param link: a string, or an object with a string form, like TurboGears' ``lurl``.
    """
    if link is None or link == "":
        return None
    try:
        return location_of(
            str(link),
            script_name=mount_point(),
            host_url=tg.request.host_url,
            allowed_hosts=option("allowed_hosts"),
        )
    except ValueError:
        return None


def _absolute(link: str, parts: SplitResult, host_url: str, allowed_hosts: Collection[str]) -> str:
    """Return an absolute link, if it leads to this site or to an allowed host.

    :raises ValueError: if it does not.
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
    raise ValueError(
        "the link leads to another site: use a path of this site, or add the host to the option "
        "allowed_hosts"
    )


def _split(link: str) -> SplitResult:
    """Split a link into its parts.

    :raises ValueError: if its host or port is invalid.
    """
    try:
        parts = urlsplit(link)
        if parts.netloc and not _HOST_AND_PORT.fullmatch(parts.netloc):
            raise ValueError
        if "[" in parts.netloc:
            IPv6Address(parts.hostname)  # Python 3.10's urlsplit does not check it
        _ = parts.port
    except ValueError:
        # Do not repeat the input, as Python's error does: a quickstarted app shows the text of an
        # error unescaped.
        raise ValueError(_INVALID_HOST) from None
    return parts


def _leads_to(site: str, link: SplitResult) -> bool:
    """Return whether a link leads to the host and port of a site.

    Behind a proxy that ends TLS, the app does not know the scheme, nor its default port. So a link
    without a port matches a site without a port, and a default port counts as no port.
    """
    site_host, site_port = _host_and_port(_split(site))
    host, port = _host_and_port(link)
    ports = {port} if port is not None else {None, _DEFAULT_PORTS.get(link.scheme)}
    return host == site_host and site_port in ports


def _host_and_port(parts: SplitResult) -> tuple[str, int | None]:
    """Return the host, and the port unless it is the default one of the scheme.

    :raises ValueError: if there is no host.
    """
    host = parts.hostname
    if not host:
        raise ValueError(_INVALID_HOST)
    port = parts.port
    return host, None if port == _DEFAULT_PORTS.get(parts.scheme) else port
