"""Whether another site made the user's browser send a request (RFC 6454; Fetch Metadata)."""

from typing import Any


def is_foreign(request: Any) -> bool:
    """Whether the browser says that a page of another origin caused this request.

    :param request: a WebOb request. One with neither ``Sec-Fetch-Site`` nor ``Origin``, as old
        browsers and plain HTTP send it, is not foreign.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and origin != request.host_url
