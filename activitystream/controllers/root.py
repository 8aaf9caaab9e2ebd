"""The URLs, one method each."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

from tg import TGController, abort, expose, request, response
from tg.exceptions import HTTPFound
from tgext.pluggable import call_partial, plug_url

from .. import am, model
from ..lib.audiences import MAX_COUNTED, count_not_seen_of, stream_of
from ..lib.options import option
from ..model import clock
from ..model.action import cursor_of
from ..model.attempts import attempt
from ..model.clock import as_text
from ..model.names import class_named
from ..model.values import Cursor
from ..web import activitystreams, transactions
from ..web.cursors import cursor_as_text, cursor_from_text
from ..web.days import by_day, when_in_day
from ..web.links import location_of
from ..web.login import logged_in_user, prolong_nothing
from ..web.origin import is_by_script, is_for_nobody, is_foreign, is_navigation
from ..web.rendering import is_new_to, lines, render_list
from ..web.see_links import see_url
from ..web.templates import render, render_page

log = logging.getLogger(__name__)

_READ = {"allowed_methods": ["GET", "HEAD"]}

_PAGE = 25


class RootController(TGController):
    """For a logged-in user only, whose record still exists.

    TurboGears drops parameters that a method doesn't name. None takes ``**kwargs``, in which a
    parameter named ``self`` would be an error.
    """

    def _visit(self, /, *remainder: Any, **parameters: Any) -> None:
        request.environ[transactions.OURS] = True

    @expose(content_type="text/html", **_READ)
    def index(self, before: Any = None, new_since: Any = None) -> str:
        """The user's own stream as a page. It marks nothing as seen."""
        page = _page(_user_or_login(), before, new_since)
        return render_page(render("stream_page", **page), **page)

    @expose(content_type="text/html", **_READ)
    def more(self, before: Any = None, new_since: Any = None) -> str:
        """The rest of the page, for htmx to put below it."""
        with _refusing_errors():
            return _page(_user_or_refuse(), before, new_since, going_on=True)["stream"]

    @expose(content_type="text/html", **_READ)
    def bell(self) -> str:
        """The bell again, with the number of now."""
        prolong_nothing()
        _user_or_refuse()
        with _refusing_errors():  # an answer without a number would replace one with an old number
            return call_partial("activitystream.partials:bell", must_count=True)

    @expose(content_type="text/html", **_READ)
    def newest(self) -> str:
        """What the bell shows when it is opened. It marks nothing as seen."""
        _user_or_refuse()
        with _refusing_errors():
            return call_partial("activitystream.partials:newest")

    @expose(content_type="application/activity+json", **_READ)
    def stream(self, before: Any = None) -> str:
        """The user's own stream as ActivityStreams 2.0. It marks nothing as seen."""
        prolong_nothing()
        user = _user_or_refuse()
        try:
            place = _place(before)
        except ValueError as error:
            _refuse(400, str(error))
        with _refusing_errors():
            return json.dumps(activitystreams.page(*_part(user, place), before=place))

    @expose(content_type="application/json", **_READ)
    def unseen(self) -> str:
        """How many actions the user has not seen, up to 100, and whether there are more."""
        prolong_nothing()
        user = _user_or_refuse()
        with _refusing_errors():
            try:
                count = count_not_seen_of(user, limit=MAX_COUNTED + 1)
            except AttributeError:
                _refuse_without_field()
        response.etag = str(count)
        response.conditional_response = True
        return json.dumps({"unseen": min(count, MAX_COUNTED), "more": count > MAX_COUNTED})

    #: Where the host turned off TurboGears' request extensions, ``/stream.json`` arrives here.
    stream_json = stream
    unseen_json = unseen

    @expose(allowed_methods=["GET", "POST"])
    def see(self, target_link: Any = None, until: Any = None) -> NoReturn:
        """Mark the user's stream as seen, and go to the link, or to the stream's own page.

        A prefetch is refused: a browser that kept the answer would not ask when somebody clicks.
        """
        if is_for_nobody(request):
            response.headers["Cache-Control"] = "no-store"
            _refuse(503, "this marks what was seen: ask when somebody follows the link")
        user = _user_or_login()
        response.headers["Cache-Control"] = "private, no-store"
        try:
            location = location_of(
                plug_url("activitystream", "/") if target_link in (None, "") else target_link,
                script_name=request.script_name,
                host_url=request.host_url,
                allowed_hosts=option("allowed_hosts"),
            )
            moment = clock.parse(until)
        except ValueError as error:
            abort(400, detail=str(error))
        try:
            if _may_mark(navigating=True):
                model.orm.begin_marking(user)
                am.mark_seen(user, moment)
        except LookupError:  # deleted meanwhile
            abort(401)
        except AttributeError:
            log.exception("Nothing is marked as seen")
        raise HTTPFound(location=location)

    @expose("json", allowed_methods=["GET", "POST"])
    def ajax_update_last_seen_of_a_recipient(
        self, _type: Any = None, _id: Any = None, until: Any = None
    ) -> dict[str, Any]:
        """Mark a recipient's stream as seen: the user's, or that of ``_type`` and ``_id``.

        Whoever does not exist and whoever the user may not mark get the same answer.
        """
        user = _user_or_refuse()
        response.headers["Cache-Control"] = "private, no-store"
        if request.method == "HEAD":  # which TurboGears lets pass for GET
            _refuse(405, "HEAD would mark the stream as seen")
        if is_for_nobody(request) or not _may_mark(navigating=False):
            _refuse(403, "this is for scripts of the site's own pages")
        with _refusing_errors():
            try:
                moment = clock.parse(until)
                recipient = _recipient(user, _type, _id)
            except ValueError as error:
                _refuse(400, str(error))
            try:
                if recipient is not None:
                    model.orm.begin_marking(user, recipient)
                    return {"last_activity_seen": am.mark_seen(recipient, moment)}
            except LookupError as error:  # deleted meanwhile
                if recipient is user:
                    _refuse(401, str(error))
            except AttributeError:
                _refuse_without_field()
            _refuse(404, "there is no such recipient whose stream you may mark")


def _user_or_login() -> Any:
    """The logged-in user; whoever isn't is sent to log in."""
    user = logged_in_user()
    if user is None:
        abort(401)
    _say_private()
    return user


def _user_or_refuse() -> Any:
    """The logged-in user, for what no person looks at: whoever isn't gets 401."""
    user = logged_in_user()
    if user is None:
        _refuse(401, "log in first")
    _say_private()
    return user


def _say_private() -> None:
    """What this user gets must not be kept for another."""
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary = (*(response.vary or ()), "Cookie", "Authorization")


def _may_mark(navigating: bool) -> bool:
    """Whether this request may mark a stream as seen, by what the browser says of it.

    :param navigating: whether a GET is to come from somebody who goes to a page, or from a script.
    """
    if request.method == "HEAD" or is_foreign(request):
        return False
    return request.method == "POST" or (is_navigation if navigating else is_by_script)(request)


def _page(user: Any, before: Any, new_since: Any, going_on: bool = False) -> dict[str, Any]:
    """What the page shows.

    :param going_on: it is put below what happened after ``before``, a day of which has its heading.
    """
    try:
        place = _place(before)
        seen = clock.parse(new_since)
    except ValueError as error:
        abort(400, detail=str(error))
    actions, older = _part(user, place)
    if new_since is None:
        is_new = is_new_to(user)
    else:

        def is_new(action: Any) -> bool:
            return seen is None or action.timestamp > seen

    shown = lines(actions, when_in_day, is_new)
    day_before = place.timestamp.date() if place and going_on else None
    return {
        "stream": render_list(by_day(shown, day_before), older and _older(older, new_since)),
        "actions": actions,
        "user": user,
        # A further page doesn't hold the newest: by its own, what is above it would stay new.
        "until": as_text(actions[0].timestamp)
        if place is None and any(line.is_new for line in shown)
        else None,
        "see_url": see_url,
    }


def _place(before: Any) -> Cursor | None:
    return None if before in (None, "") else cursor_from_text(before)


def _part(user: Any, place: Cursor | None) -> tuple[list[Any], Cursor | None]:
    """The next actions of the user's stream, and where it goes on; None if nowhere."""
    stream = stream_of(user)
    if place is not None:
        stream = stream.before(place)
    actions = stream.limit(_PAGE + 1).all()
    return actions[:_PAGE], cursor_of(actions[_PAGE - 1]) if len(actions) > _PAGE else None


def _older(place: Cursor, new_since: Any) -> dict[str, str]:
    params = {"before": cursor_as_text(place)}
    if new_since is not None:
        params["new_since"] = new_since
    return {path: plug_url("activitystream", path, params=params) for path in ("/", "/more")}


def _refuse(status: int, reason: str) -> NoReturn:  # type: ignore[misc]  # abort raises
    abort(status, detail=reason, passthrough="json")


def _refuse_without_field() -> NoReturn:
    """Answer what was asked of a class that lacks the field: what that is to be, the log says."""
    log.exception("%s was not answered", request.path)
    _refuse(404, "nobody knows what this recipient has seen")


@contextmanager
def _refusing_errors() -> Iterator[None]:
    """Answers 503 if the database cannot be asked, and logs why."""
    try:
        yield
    except model.orm.DATABASE_ERRORS:
        if not model.orm.recover():
            raise
        log.exception("%s was not answered, since the database could not be asked", request.path)
        _refuse(503, "the database cannot be asked now: try again later")


def _recipient(user: Any, type_name: Any, key: Any) -> Any:
    """The recipient that a request names, or the user if it names none.

    :returns: None if there is none of that name, or none that the user may mark: the same work is
        done for both, but for what ``may_update`` does.
    :raises ValueError: if no recipient can have that name, or several have it.
    """
    if type_name is None and key is None:
        return user
    if not (isinstance(type_name, str) and isinstance(key, str)):
        raise ValueError("a recipient is named by one _type and one _id")
    cls = class_named(type_name)
    if cls is None or not model.orm.has_seen_field(cls):
        return None
    keys = model.orm.keys_from_text(cls, key)
    if not keys:
        raise ValueError("this is no _id of that _type")
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
            "Nobody else's stream is marked as seen, since the option may_update failed",
        )
    ]
    if len(allowed) > 1:
        raise ValueError("this is more than one _id of that _type")
    return allowed[0] if allowed else None
