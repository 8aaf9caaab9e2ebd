"""Our URLs, one method each."""

import json
import logging
from typing import Any, NoReturn

from tg import abort, expose, request, response
from tg.exceptions import HTTPFound, HTTPSeeOther

from .. import am, model
from ..lib.own_stream import (
    MAX_COUNTED,
    actions_of,
    count_not_seen_of,
    count_unread_of,
    stream_of,
)
from ..web import activitystreams, transactions
from ..web.action_ids import action_ids
from ..web.bell import bell_of
from ..web.grouping import group_from_text
from ..web.login import keep_expiry
from ..web.opened_bell import opened_bell
from ..web.origin import is_for_nobody, prefers_json
from ..web.rendering import state_for
from ..web.shown import shown_from_text
from ..web.stream_page import PAGE_SIZE, cursor_in, done_page, group_page, stream_page
from ..web.templates import render, render_page
from .guards import (
    location_or_page,
    recipient_to_mark,
    refuse,
    refuse_others,
    refuse_without_field,
    refusing_errors,
    refusing_malformed,
    refusing_user,
    request_may_mark,
    require_form,
    user_or_login,
    user_or_refuse,
)
from .muting import MutingController

log = logging.getLogger(__name__)

_READ = {"allowed_methods": ["GET", "HEAD"]}


class RootController(MutingController):
    """Answer requests of the logged-in user. Others are refused, deleted users too.

    TurboGears drops the parameters that a method does not name. No method takes ``**kwargs``: a
    parameter named ``self`` would raise an error.
    """

    def _visit(self, /, *remainder: Any, **parameters: Any) -> None:
        request.environ[transactions.SERVED_BY_US] = True

    @expose(content_type="text/html", **_READ)
    def index(
        self,
        before: Any = None,
        new_since: Any = None,
        unread: Any = None,
        muted: Any = None,
    ) -> str:
        """Show the user's stream, or what is unread of it, as a page. It marks nothing as seen."""
        user = user_or_login()
        try:
            page = stream_page(user, before, new_since, unread, muted)
        except ValueError as error:
            abort(400, detail=str(error))
        return render_page(render("stream_page", **page), **page)

    @expose(content_type="text/html", **_READ)
    def mine(self, before: Any = None) -> str:
        """Show what the user did as a page, newest first."""
        user = user_or_login()
        try:
            page = done_page(user, before)
        except ValueError as error:
            abort(400, detail=str(error))
        return render_page(render("stream_page", **page), **page)

    @expose(content_type="text/html", **_READ)
    def group(self, group: Any = None, muted: Any = None) -> str:
        """Show the actions of a group of the user's stream as a page. It marks nothing as seen."""
        user = user_or_login()
        try:
            page = group_page(user, group, muted)
        except ValueError as error:
            abort(400, detail=str(error))
        return render_page(render("stream_page", **page), **page)

    @expose(content_type="text/html", **_READ)
    def more(self, before: Any = None, new_since: Any = None, unread: Any = None) -> str:
        """Return the next page as a fragment, which htmx appends to the page."""
        user = user_or_refuse()
        with refusing_errors():
            try:
                return stream_page(user, before, new_since, unread, append=True)["stream"]
            except ValueError as error:
                refuse(400, str(error))

    @expose(content_type="text/html", **_READ)
    def bell(self) -> str:
        """Return the bell with its current number."""
        keep_expiry()
        user = user_or_refuse()
        with refusing_errors():  # on an error, the page keeps its bell with the last number
            return bell_of(user)

    @expose(content_type="text/html", allowed_methods=["GET", "HEAD", "POST"])
    def newest(self) -> str:
        """Return the content of the opened bell. By POST, mark what it shows as seen."""
        user = user_or_refuse()
        if request.method != "POST":
            if "HX-Request" in request.headers:  # our script, at the bell's next question
                keep_expiry()
            with refusing_errors():
                return opened_bell(user)[0]
        refuse_others()
        with refusing_errors(), refusing_user():
            model.orm.begin_marking(user)
            opened, shown = opened_bell(user)
            if shown is not None:
                am.mark_seen(user, shown)
            return opened

    @expose(content_type="application/activity+json", **_READ)
    def stream(self, before: Any = None) -> str:
        """Return a page of the user's stream as ActivityStreams 2.0. It marks nothing as seen."""
        keep_expiry()
        user = user_or_refuse()
        try:
            cursor = cursor_in(before)
        except ValueError as error:
            refuse(400, str(error))
        with refusing_errors():
            page = stream_of(user).page(PAGE_SIZE, cursor)
            return json.dumps(activitystreams.page(page, cursor, state_for(user)))

    @expose(content_type="application/json", **_READ)
    def unseen(self) -> str:
        """Return the number of unseen actions as JSON, at most 100, and whether there are more."""
        keep_expiry()
        user = user_or_refuse()
        with refusing_errors():
            try:
                count = count_not_seen_of(user, limit=MAX_COUNTED + 1)
            except AttributeError:
                refuse_without_field()
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
            refuse(503, "a prefetch must not mark a stream: request this on a click")
        user = user_or_login()
        response.headers["Cache-Control"] = "private, no-store"
        try:
            location = location_or_page(target_link)
            shown = shown_from_text(until)
            ids, place = action_ids(action), group_from_text(group)
        except ValueError as error:
            abort(400, detail=str(error))
        try:
            if request_may_mark(navigating=True):
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
        user = user_or_refuse()
        if request.method == "HEAD":  # TurboGears allows HEAD wherever GET is allowed
            refuse(405, "use POST or GET: HEAD must not mark the stream as seen")
        refuse_others()
        with refusing_errors():
            try:
                shown = shown_from_text(until)
                recipient = recipient_to_mark(user, _type, _id)
            except ValueError as error:
                refuse(400, str(error))
            try:
                if recipient is not None:
                    model.orm.begin_marking(user, recipient)
                    return {"last_activity_seen": am.mark_seen(recipient, shown)}
            except LookupError as error:  # deleted meanwhile
                if recipient is user:
                    refuse(401, str(error))
            except AttributeError:
                refuse_without_field()
            refuse(404, "there is no recipient with this `_type` and `_id` that you may mark")

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
        user = user_or_refuse()
        refuse_others()
        with refusing_errors(), refusing_user():
            with refusing_malformed():
                require_form()
                location = location_or_page(target_link)
                shown = shown_from_text(until)
                ids, place = action_ids(action), group_from_text(group)
                if unread not in (None, "", "1") or (unread and not (ids or place)):
                    raise ValueError(
                        "`unread` must be empty or 1, and 1 needs an `action` or a `group`"
                    )
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


def _count_as_json(name: str, count: int) -> str:
    return json.dumps({name: min(count, MAX_COUNTED), "more": count > MAX_COUNTED})
