"""Find the logged-in user by the host's authentication."""

import logging
from typing import Any

from tg import request

from ..model.names import reference_to

log = logging.getLogger(__name__)

#: In the WSGI environment: the warning about this request's user is logged already.
_WARNED = "activitystream.warned_of_user"


def logged_in_user() -> Any:
    """Return the logged-in user; None if there is none, or none with a stream.

    A user who was deleted after the login has no stream. Nor has one who is not a stored entity, as
    from an LDAP directory: that is logged once per request.
    """
    user = (request.environ.get("repoze.who.identity") or {}).get("user")
    if user is None:
        return None
    try:
        reference_to(user, "the logged-in user")
    except (TypeError, ValueError) as error:
        if not request.environ.get(_WARNED):
            request.environ[_WARNED] = True
            log.warning("The logged-in user has no stream: %s", error)
        return None
    return user


def keep_expiry() -> None:
    """Do not renew the login and the session in this request: a timer sent it, not a person.

    Otherwise an open page would keep its user logged in for ever, in spite of
    ``sa_auth.authtkt.timeout`` and ``session.timeout``.
    """
    # At the end of the request, repoze.who has the identifier renew the login.
    (request.environ.get("repoze.who.identity") or {}).pop("identifier", None)
    session = request.environ.get("beaker.session")
    if session is not None and session.accessed():  # TurboGears reads the language from it
        session.save_atime = False
        session.request["set_cookie"] = False  # a cookie session was renewed when it was read
