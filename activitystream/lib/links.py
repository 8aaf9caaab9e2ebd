"""Links that ``/see`` may redirect to: to this site, or to a host that the app lists."""

import re
from collections.abc import Collection
from ipaddress import IPv6Address
from urllib.parse import quote, urlsplit

#: What browsers drop, or take for a slash, and so read another link than we do.
_MISREAD = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u2028\u2029]")

_DEFAULT_PORTS = {"http": 80, "https": 443}

#: Left as they are in a Location header: RFC 3986's delimiters, and what is quoted already.
_SAFE = "%:/?#[]@!$&'()*+,;=~"


def location_of(
    link: str, *, script_name: str, host_url: str, allowed_hosts: Collection[str] = ()
) -> str:
    """The Location header that leads to ``link``.

    :param link: absolute, or relative to the app's root, whether it says SCRIPT_NAME or not.
    :param script_name: where the app is mounted, without a trailing slash.
    :param host_url: scheme, host and port by which this request reached the app.
    :param allowed_hosts: other hosts (``host`` or ``host:port``) that may be linked to.
    :raises ValueError: if it leads, or may lead, elsewhere.
    """
    if not isinstance(link, str) or _MISREAD.search(link) or link != link.strip():
        raise ValueError("the link has characters that no link has")
    parts = urlsplit(link)  # a ValueError too on a malformed host
    if parts.scheme or parts.netloc or link.startswith("//"):
        hosts = [host_and_port(host_url), *(host_and_port(f"//{host}") for host in allowed_hosts)]
        if parts.scheme not in ("http", "https", "") or host_and_port(link) not in hosts:
            raise ValueError("the link leads to another site")
        return quote(link, safe=_SAFE)
    root = quote(script_name, safe="/")
    path = quote(link, safe=_SAFE)
    if root and re.match(re.escape(root) + r"(?![^/?#])", path):
        return path
    return f"{root}{'' if path.startswith('/') else '/'}{path}"


def host_and_port(link: str) -> tuple[str, int | None]:
    """What an absolute link says of them, in a form that can be compared.

    :raises ValueError: if it has no plain host.
    """
    parts = urlsplit(link)
    host = parts.hostname
    if not host or not host.isascii() or "@" in parts.netloc:
        raise ValueError("the link names no plain host")
    if "[" in parts.netloc:
        IPv6Address(host)  # raises ValueError; Python 3.10's urlsplit takes any text
    # A proxy that ends TLS hides the scheme from the app: no port is a port of its own.
    port = parts.port
    return host, None if port == _DEFAULT_PORTS.get(parts.scheme) else port
