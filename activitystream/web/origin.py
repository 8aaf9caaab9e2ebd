"""Read where a request comes from and what it is for (RFC 6454, Fetch Metadata).

Old browsers, and those on plain HTTP, send none of these headers. Their requests are trusted.
"""

from typing import Any

#: Browsers, htmx and Turbo send these when they prefetch, and browsers when they ping.
_FOR_NOBODY = (
    "Sec-Purpose",
    "Purpose",
    "X-Purpose",
    "X-Moz",
    "X-Sec-Purpose",
    "HX-Preloaded",
    "Ping-To",
)


def is_foreign(request: Any) -> bool:
    """Return whether a page of another origin caused this request.

    :param request: a WebOb request.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and origin != request.host_url


def prefers_json(request: Any) -> bool:
    """Return whether the answer is to be JSON: the request says so, and does not prefer HTML."""
    offered = request.accept.acceptable_offers(["text/html", "application/json"])
    return bool(offered) and offered[0][0] == "application/json"


def asks_for_fragment(request: Any) -> bool:
    """Return whether htmx replaces a part of the page, rather than the page."""
    return request.headers.get("HX-Request") == "true" and "HX-Boosted" not in request.headers


def is_for_nobody(request: Any) -> bool:
    """Return whether nobody looks at the answer, or not yet: a prefetch or a ping."""
    return any(name in request.headers for name in _FOR_NOBODY)


def is_navigation(request: Any) -> bool:
    """Return whether the browser opens a page, rather than an image or a script.

    A frame counts if somebody clicked in it. htmx's boosted links count: it opens pages by script.
    """
    destination = request.headers.get("Sec-Fetch-Dest", "document")
    if destination in ("iframe", "frame"):
        return request.headers.get("Sec-Fetch-User") == "?1"
    if destination == "empty":
        return request.headers.get("HX-Request") == "true"
    return destination == "document"


def is_by_script(request: Any) -> bool:
    """Return whether a script sent the request, by ``fetch`` or ``XMLHttpRequest``."""
    return request.headers.get("Sec-Fetch-Dest", "empty") == "empty"
