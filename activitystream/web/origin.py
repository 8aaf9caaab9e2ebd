"""What a browser says of where a request comes from and what it is for (RFC 6454; Fetch Metadata).

Of a browser that says nothing, as old ones and those on plain HTTP do, the best is believed.
"""

from typing import Any

#: What browsers, htmx and Turbo say when they ask ahead of a click that may never come, and what a
#: browser says when it tells a server of a click that went elsewhere.
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
    """Whether the browser says that a page of another origin caused this request.

    :param request: a WebOb request.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and origin != request.host_url


def is_for_nobody(request: Any) -> bool:
    """Whether the browser says that nobody is to see the answer, or not yet: a prefetch, a ping."""
    return any(name in request.headers for name in _FOR_NOBODY)


def is_navigation(request: Any) -> bool:
    """Whether the browser goes to a page, rather than that a page asks for an image or the like.

    A frame counts if somebody clicked in it. htmx goes to pages by script, where links are boosted.
    """
    destination = request.headers.get("Sec-Fetch-Dest", "document")
    if destination in ("iframe", "frame"):
        return request.headers.get("Sec-Fetch-User") == "?1"
    if destination == "empty":
        return request.headers.get("HX-Request") == "true"
    return destination == "document"


def is_by_script(request: Any) -> bool:
    """Whether a script asks, by ``fetch`` or ``XMLHttpRequest``."""
    return request.headers.get("Sec-Fetch-Dest", "empty") == "empty"
