"""Who is logged in, by the host's authentication."""

import logging
from typing import Any

from tg import request

from ..model.names import reference_to

log = logging.getLogger(__name__)

_TOLD = "activitystream.told_of_user"


def logged_in_user() -> Any:
    """The host's user; None for nobody, and for whoever cannot have a stream.

    That is somebody who was deleted since they logged in; and a user who is no stored entity, as
    those of an LDAP directory, of whom the log tells once a request.
    """
    user = (request.environ.get("repoze.who.identity") or {}).get("user")
    if user is None:
        return None
    try:
        reference_to(user, "the logged-in user")
    except (TypeError, ValueError) as error:
        if not request.environ.get(_TOLD):
            request.environ[_TOLD] = True
            log.warning("The logged-in user has no stream: %s", error)
        return None
    return user


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
