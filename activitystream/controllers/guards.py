"""Who may request our URLs, whose stream they may mark, and how requests are refused."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

from tg import abort, config, request, response
from tgext.pluggable import plug_url

from .. import model
from ..lib.options import option
from ..model.attempts import attempt
from ..model.names import class_named
from ..web.links import location_of
from ..web.login import logged_in_user
from ..web.origin import is_by_script, is_for_nobody, is_foreign, is_navigation

log = logging.getLogger(__name__)


def user_or_login() -> Any:
    """Return the logged-in user; without one, have the host ask to log in."""
    user = logged_in_user()
    if user is None:
        abort(401)
    _forbid_shared_caching()
    return user


def user_or_refuse() -> Any:
    """Return the logged-in user; without one, answer 401, for requests of scripts."""
    user = logged_in_user()
    if user is None:
        refuse(401, "log in first")
    _forbid_shared_caching()
    return user


def _forbid_shared_caching() -> None:
    """Keep caches from giving this user's answer to another user."""
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary = (*(response.vary or ()), "Cookie", "Authorization")


def refuse_others() -> None:
    """Answer 403 unless a page of this site's sent the request, by a script or a form."""
    response.headers["Cache-Control"] = "private, no-store"
    if is_for_nobody(request) or not request_may_mark(navigating=False):
        refuse(403, "only this site's own pages may change what a user has seen, read or muted")


@contextmanager
def refusing_user() -> Iterator[None]:
    """Answer 401 if the user was deleted meanwhile, and 404 if they cannot see a stream."""
    try:
        yield
    except LookupError as error:
        refuse(401, str(error))
    except AttributeError:
        refuse_without_field()


def request_may_mark(navigating: bool) -> bool:
    """Return whether this request may mark a stream as seen, by the browser's headers.

    :param navigating: expect a GET from a person who opens a page, rather than from a script.
    """
    if request.method == "HEAD" or is_foreign(request):
        return False
    return request.method == "POST" or (is_navigation if navigating else is_by_script)(request)


def recipient_to_mark(user: Any, type_name: Any, key: Any) -> Any:
    """Return the recipient that a request names, or the user if it names none.

    :returns: None if it does not exist or the user may not mark it. Both take the same time, apart
        from the option ``may_update``.
    :raises ValueError: if the name is malformed or ambiguous.
    """
    if type_name is None and key is None:
        return user
    if not (isinstance(type_name, str) and isinstance(key, str)):
        raise ValueError("give both `_type` and `_id`, each once, or neither")
    cls = class_named(type_name)
    if cls is None or not model.orm.has_seen_field(cls):
        return None
    keys = model.orm.keys_from_text(cls, key)
    if not keys:
        raise ValueError("`_id` is not a valid key of that `_type`")
    if model.orm.root_of(type(user)) is cls and model.orm.key_of(user) in keys:
        return user
    may_update = option("may_update")
    found = {} if may_update is None else model.orm.load_entities(cls, keys)
    allowed = [
        each
        for each in map(found.__getitem__, found)
        if attempt(
            partial(may_update, user, each),
            False,
            "No recipient's stream is marked as seen: the option may_update failed",
        )
    ]
    if len(allowed) > 1:
        raise ValueError("`_id` is ambiguous: several recipients of that `_type` match")
    return allowed[0] if allowed else None


def require_form() -> None:
    """Refuse a body whose parameters TurboGears does not read.

    :raises ValueError: if it is neither a form, nor JSON in an app that has it decoded.
    """
    known = ["", "application/x-www-form-urlencoded", "multipart/form-data"]
    if config.get("decode_json_params"):
        known.append("application/json")
    if request.content_type not in known:
        raise ValueError("send a form; JSON is read if the option decode_json_params is set")


@contextmanager
def refusing_malformed() -> Iterator[None]:
    """Answer 400 if a parameter is malformed."""
    try:
        yield
    except ValueError as error:
        refuse(400, str(error))


def location_or_page(target_link: Any, path: str = "/") -> str:
    """Return where a link leads, or a page of ours without one.

    :param path: that of the page below our URLs.
    :raises ValueError: if it leads, or might lead, to another site.
    """
    return location_of(
        plug_url("activitystream", path) if target_link in (None, "") else target_link,
        script_name=request.script_name,
        host_url=request.host_url,
        allowed_hosts=option("allowed_hosts"),
    )


def refuse(status: int, reason: str) -> NoReturn:  # type: ignore[misc]  # abort raises
    """Answer an error as JSON."""
    abort(status, detail=reason, passthrough="json")


def refuse_without_field() -> NoReturn:
    """Answer 404: the class lacks ``last_activity_seen``. The logged error says how to add it."""
    log.exception("%s was not answered", request.path)
    refuse(404, "this recipient's class has no last_activity_seen: see the log")


@contextmanager
def refusing_errors() -> Iterator[None]:
    """Answer 503 if the database is unavailable, and log why."""
    try:
        yield
    except model.orm.DATABASE_ERRORS:
        if not model.orm.recover():
            raise
        log.exception("%s was not answered: the database is unavailable", request.path)
        refuse(503, "the database is unavailable: try again later")
