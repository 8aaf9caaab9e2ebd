"""Our URLs, one method each."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

from tg import TGController, abort, config, expose, request, response
from tg.exceptions import HTTPFound, HTTPSeeOther
from tgext.pluggable import plug_url

from .. import am, model
from ..lib.options import option
from ..lib.own_stream import (
    MAX_COUNTED,
    actions_of,
    count_not_seen_of,
    count_unread_of,
    stream_of,
)
from ..model.attempts import attempt
from ..model.names import class_named
from ..web import activitystreams, transactions
from ..web.action_ids import action_ids
from ..web.bell import bell_of
from ..web.grouping import group_from_text
from ..web.links import location_of
from ..web.login import keep_expiry, logged_in_user
from ..web.opened_bell import opened_bell
from ..web.origin import is_by_script, is_for_nobody, is_foreign, is_navigation, prefers_json
from ..web.rendering import state_for
from ..web.shown import shown_from_text
from ..web.stream_page import PAGE_SIZE, cursor_in, done_page, group_page, stream_page
from ..web.templates import render, render_page

log = logging.getLogger(__name__)

_READ = {"allowed_methods": ["GET", "HEAD"]}


class RootController(TGController):
    """Answer requests of the logged-in user. Others are refused, deleted users too.

    TurboGears drops the parameters that a method does not name. No method takes ``**kwargs``: a
    parameter named ``self`` would raise an error.
    """

    def _visit(self, /, *remainder: Any, **parameters: Any) -> None:
        request.environ[transactions.SERVED_BY_US] = True

    @expose(content_type="text/html", **_READ)
    def index(self, before: Any = None, new_since: Any = None, unread: Any = None) -> str:
        """Show the user's stream, or what is unread of it, as a page. It marks nothing as seen."""
        user = _user_or_login()
        try:
            page = stream_page(user, before, new_since, unread)
        except ValueError as error:
            abort(400, detail=str(error))
        return render_page(render("stream_page", **page), **page)

    @expose(content_type="text/html", **_READ)
    def mine(self, before: Any = None) -> str:
        """Show what the user did as a page, newest first."""
        user = _user_or_login()
        try:
            page = done_page(user, before)
        except ValueError as error:
            abort(400, detail=str(error))
        return render_page(render("stream_page", **page), **page)

    @expose(content_type="text/html", **_READ)
    def group(self, group: Any = None) -> str:
        """Show the actions of a group of the user's stream as a page. It marks nothing as seen."""
        user = _user_or_login()
        try:
            page = group_page(user, group)
        except ValueError as error:
            abort(400, detail=str(error))
        return render_page(render("stream_page", **page), **page)

    @expose(content_type="text/html", **_READ)
    def more(self, before: Any = None, new_since: Any = None, unread: Any = None) -> str:
        """Return the next page as a fragment, which htmx appends to the page."""
        user = _user_or_refuse()
        with _refusing_errors():
            try:
                return stream_page(user, before, new_since, unread, append=True)["stream"]
            except ValueError as error:
                _refuse(400, str(error))

    @expose(content_type="text/html", **_READ)
    def bell(self) -> str:
        """Return the bell with its current number."""
        keep_expiry()
        user = _user_or_refuse()
        with _refusing_errors():  # on an error, the page keeps its bell with the last number
            return bell_of(user)

    @expose(content_type="text/html", allowed_methods=["GET", "HEAD", "POST"])
    def newest(self) -> str:
        """Return the content of the opened bell. By POST, mark what it shows as seen."""
        user = _user_or_refuse()
        if request.method != "POST":
            with _refusing_errors():
                return opened_bell(user)[0]
        _refuse_others()
        with _refusing_errors(), _refusing_user():
            model.orm.begin_marking(user)
            opened, shown = opened_bell(user)
            if shown is not None:
                am.mark_seen(user, shown)
            return opened

    @expose(content_type="application/activity+json", **_READ)
    def stream(self, before: Any = None) -> str:
        """Return a page of the user's stream as ActivityStreams 2.0. It marks nothing as seen."""
        keep_expiry()
        user = _user_or_refuse()
        try:
            cursor = cursor_in(before)
        except ValueError as error:
            _refuse(400, str(error))
        with _refusing_errors():
            page = stream_of(user).page(PAGE_SIZE, cursor)
            return json.dumps(activitystreams.page(page, cursor, state_for(user)))

    @expose(content_type="application/json", **_READ)
    def unseen(self) -> str:
        """Return the number of unseen actions as JSON, at most 100, and whether there are more."""
        keep_expiry()
        user = _user_or_refuse()
        with _refusing_errors():
            try:
                count = count_not_seen_of(user, limit=MAX_COUNTED + 1)
            except AttributeError:
                _refuse_without_field()
        response.etag = str(count)
        response.conditional_response = True
        return _count_as_json("unseen", count)

    #: ``/stream.json`` arrives here if the host disabled TurboGears' request extensions.
    stream_json = stream
    unseen_json = unseen

    @expose(allowed_methods=["GET", "POST"])
    def see(
        self, target_link: Any = None, until: Any = None, action: Any = None, group: Any = None
    ) -> NoReturn:
        """Mark the user's stream as seen, and go to the link, or to the stream's own page.

        An action of the stream, or a group, is marked as read besides. The answer is the same for
        any other.

        A prefetch is refused: a cached prefetch would hide the real click.
        """
        if is_for_nobody(request):
            response.headers["Cache-Control"] = "no-store"
            _refuse(503, "a prefetch must not mark a stream: request this on a click")
        user = _user_or_login()
        response.headers["Cache-Control"] = "private, no-store"
        try:
            location = _location(target_link)
            shown = shown_from_text(until)
            ids, place = action_ids(action), group_from_text(group)
        except ValueError as error:
            abort(400, detail=str(error))
        try:
            if _may_mark(navigating=True):
                model.orm.begin_marking(user)
                am.mark_seen(user, shown)
                if ids or place:
                    am.mark_read(user, actions_of(user, ids, place))
        except LookupError:  # deleted meanwhile
            abort(401)
        except AttributeError:
            log.exception("Nothing is marked as seen")
        raise HTTPFound(location=location)

    @expose("json", allowed_methods=["GET", "POST"])
    def ajax_update_last_seen_of_a_recipient(
        self, _type: Any = None, _id: Any = None, until: Any = None
    ) -> dict[str, Any]:
        """Mark the stream of the user, or of the recipient ``_type`` and ``_id``, as seen.

        The answer is the same for a recipient that does not exist and one that the user may not
        mark, so that nobody learns who exists.
        """
        user = _user_or_refuse()
        if request.method == "HEAD":  # TurboGears allows HEAD wherever GET is allowed
            _refuse(405, "use POST or GET: HEAD must not mark the stream as seen")
        _refuse_others()
        with _refusing_errors():
            try:
                shown = shown_from_text(until)
                recipient = _recipient(user, _type, _id)
            except ValueError as error:
                _refuse(400, str(error))
            try:
                if recipient is not None:
                    model.orm.begin_marking(user, recipient)
                    return {"last_activity_seen": am.mark_seen(recipient, shown)}
            except LookupError as error:  # deleted meanwhile
                if recipient is user:
                    _refuse(401, str(error))
            except AttributeError:
                _refuse_without_field()
            _refuse(404, "there is no recipient with this `_type` and `_id` that you may mark")

    @expose(allowed_methods=["POST"])
    def read(
        self,
        action: Any = None,
        group: Any = None,
        unread: Any = None,
        until: Any = None,
        target_link: Any = None,
    ) -> str:
        """Mark actions or a group of the user's stream as read or as unread, or all as read.

        Then go to the link, or to the stream's own page; or answer a script in JSON. The answer is
        the same for an action that does not exist and one that is not in the stream.
        """
        user = _user_or_refuse()
        _refuse_others()
        with _refusing_errors(), _refusing_user():
            try:
                _require_form()
                location = _location(target_link)
                shown = shown_from_text(until)
                ids, place = action_ids(action), group_from_text(group)
                if unread not in (None, "", "1") or (unread and not (ids or place)):
                    raise ValueError("`unread` must be empty or 1, and 1 needs an `action`")
            except ValueError as error:
                _refuse(400, str(error))
            model.orm.begin_marking(user)
            if ids or place:
                mark = am.mark_unread if unread else am.mark_read
                mark(user, actions_of(user, ids, place))
            else:
                am.mark_all_read(user, shown)
            if not prefers_json(request):
                raise HTTPSeeOther(location=location)
            response.content_type = "application/json"
            return _count_as_json("unread", count_unread_of(user, limit=MAX_COUNTED + 1))


def _user_or_login() -> Any:
    """Return the logged-in user; without one, have the host ask to log in."""
    user = logged_in_user()
    if user is None:
        abort(401)
    _forbid_shared_caching()
    return user


def _user_or_refuse() -> Any:
    """Return the logged-in user; without one, answer 401, for requests of scripts."""
    user = logged_in_user()
    if user is None:
        _refuse(401, "log in first")
    _forbid_shared_caching()
    return user


def _forbid_shared_caching() -> None:
    """Keep caches from giving this user's answer to another user."""
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary = (*(response.vary or ()), "Cookie", "Authorization")


def _refuse_others() -> None:
    """Answer 403 unless a page of this site's sent the request, by a script or a form."""
    response.headers["Cache-Control"] = "private, no-store"
    if is_for_nobody(request) or not _may_mark(navigating=False):
        _refuse(403, "only this site's own pages may mark a stream as seen or read")


@contextmanager
def _refusing_user() -> Iterator[None]:
    """Answer 401 if the user was deleted meanwhile, and 404 if they cannot see a stream."""
    try:
        yield
    except LookupError as error:
        _refuse(401, str(error))
    except AttributeError:
        _refuse_without_field()


def _may_mark(navigating: bool) -> bool:
    """Return whether this request may mark a stream as seen, by the browser's headers.

    :param navigating: expect a GET from a person who opens a page, rather than from a script.
    """
    if request.method == "HEAD" or is_foreign(request):
        return False
    return request.method == "POST" or (is_navigation if navigating else is_by_script)(request)


def _require_form() -> None:
    """Refuse a body whose parameters TurboGears does not read.

    :raises ValueError: if it is neither a form, nor JSON in an app that has it decoded.
    """
    known = ["", "application/x-www-form-urlencoded", "multipart/form-data"]
    if config.get("decode_json_params"):
        known.append("application/json")
    if request.content_type not in known:
        raise ValueError("send a form; JSON is read if the option decode_json_params is set")


def _location(target_link: Any) -> str:
    """Return where a link leads, or the stream's own page without one.

    :raises ValueError: if it leads, or might lead, to another site.
    """
    return location_of(
        plug_url("activitystream", "/") if target_link in (None, "") else target_link,
        script_name=request.script_name,
        host_url=request.host_url,
        allowed_hosts=option("allowed_hosts"),
    )


def _count_as_json(name: str, count: int) -> str:
    return json.dumps({name: min(count, MAX_COUNTED), "more": count > MAX_COUNTED})


def _refuse(status: int, reason: str) -> NoReturn:  # type: ignore[misc]  # abort raises
    abort(status, detail=reason, passthrough="json")


def _refuse_without_field() -> NoReturn:
    """Answer 404: the class lacks ``last_activity_seen``. The logged error says how to add it."""
    log.exception("%s was not answered", request.path)
    _refuse(404, "this recipient's class has no last_activity_seen: see the log")


@contextmanager
def _refusing_errors() -> Iterator[None]:
    """Answer 503 if the database is unavailable, and log why."""
    try:
        yield
    except model.orm.DATABASE_ERRORS:
        if not model.orm.recover():
            raise
        log.exception("%s was not answered: the database is unavailable", request.path)
        _refuse(503, "the database is unavailable: try again later")


def _recipient(user: Any, type_name: Any, key: Any) -> Any:
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
        raise ValueError("`_id` is no valid key of that `_type`")
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
