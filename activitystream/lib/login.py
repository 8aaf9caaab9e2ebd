"""Who is logged in, by the host's authentication."""

from typing import Any

from tg import request


def logged_in_user() -> Any:
    """The host's user; None for nobody, and for somebody who was deleted since they logged in."""
    return (request.environ.get("repoze.who.identity") or {}).get("user")
