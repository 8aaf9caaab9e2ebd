"""Who is logged in, by the host's authentication."""

from typing import Any

from tg import request


def logged_in_user() -> Any:
    """The host's user; None for nobody, and for somebody who was deleted since they logged in."""
    return (request.environ.get("repoze.who.identity") or {}).get("user")


def prolong_nothing() -> None:
    """Leave the login, and the session, as old as they are: a timer asks, and nobody may be there.

    Else a page that is left open would keep its user logged in for ever, whatever
    ``sa_auth.authtkt.timeout`` and ``session.timeout`` say.
    """
    # When the request ends, repoze.who asks the identifier to remember the identity again.
    (request.environ.get("repoze.who.identity") or {}).pop("identifier", None)
    session = request.environ.get("beaker.session")
    if session is not None and session.accessed():  # TurboGears looks for a language in it
        session.save_atime = False
        session.request["set_cookie"] = False  # one that is a cookie was made anew when it was read
