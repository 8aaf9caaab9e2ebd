"""The time zone in which days and times are shown."""

from zoneinfo import ZoneInfo

from tg import request

from ..lib.zones import zone_of
from .login import logged_in_user
from .translation import in_request

#: Holds the time zone in the environment of a request.
ZONE = "activitystream.zone"


def shown_zone() -> ZoneInfo | None:
    """Return the time zone of the request's user.

    None shows UTC, until the script shows the browser's time zone instead.
    """
    if not in_request():
        return None
    environ = request.environ
    if ZONE not in environ:
        user = logged_in_user()
        environ[ZONE] = None if user is None else zone_of(user)
    zone: ZoneInfo | None = environ[ZONE]
    return zone
