"""The URLs, one method each."""

from pathlib import Path
from typing import Any, NoReturn

import tg
from tg import TGController, abort, expose, override_template, request
from tg.exceptions import HTTPFound
from tg.support.paginate import Page
from tgext.pluggable import plug_url

from .. import am, helpers, model
from ..lib import clock
from ..lib.links import location_of
from ..lib.options import option
from ..lib.origin import is_foreign
from ..lib.references import class_named
from ..lib.seen import last_seen

_INDEX = "activitystream.templates.index"


class RootController(TGController):
    """For a logged-in user only, whose record still exists.

    TurboGears drops parameters that a method doesn't name. None takes ``**kwargs``, in which a
    parameter named ``self`` would be an error.
    """

    @expose(_INDEX, allowed_methods=["GET", "HEAD"])
    def index(self, page: Any = 1) -> dict[str, Any]:
        """The user's own stream as a page. It marks nothing as seen."""
        user = _user_or_login()
        last_seen(user)  # an error in a template would be hard to read
        if not _has_master_template():
            override_template(self.index, "kajiki:activitystream.templates.index_alone")
        actions = Page(am.get_by_recipient(user), page, items_per_page=25)
        return {"actions": actions, "user": user, "see_url": helpers.see_url}

    @expose(allowed_methods=["GET", "POST"])
    def see(self, target_link: Any = None, until: Any = None) -> NoReturn:
        """Mark the user's stream as seen, and go to the link, or to the stream's own page."""
        user = _user_or_login()
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
            if request.method != "HEAD" and not is_foreign(request):
                am.mark_seen(user, moment)
        except LookupError:  # deleted meanwhile
            abort(401)
        raise HTTPFound(location=location)

    @expose("json", allowed_methods=["GET", "POST"])
    def ajax_update_last_seen_of_a_recipient(
        self, _type: Any = None, _id: Any = None, until: Any = None
    ) -> dict[str, Any]:
        """Mark a recipient's stream as seen: the user's, or that of ``_type`` and ``_id``."""
        user = _user()
        if user is None:
            _refuse(401, "log in first")
        if request.method == "HEAD":  # which TurboGears lets pass for GET
            _refuse(405, "HEAD would mark the stream as seen")
        if is_foreign(request):
            _refuse(403, "this is for the site's own pages")
        try:
            moment = clock.parse(until)
            recipient = user if _type is None and _id is None else _recipient(_type, _id)
        except ValueError as error:
            _refuse(400, str(error))
        except LookupError as error:
            _refuse(404, str(error))
        if not _may_update(user, recipient):
            _refuse(403, "this stream is somebody else's")
        try:
            return {"last_activity_seen": am.mark_seen(recipient, moment)}
        except LookupError as error:  # deleted meanwhile
            _refuse(401 if recipient is user else 404, str(error))


def _user() -> Any:
    """The logged-in user; None for nobody, and for somebody who was deleted since."""
    return (request.environ.get("repoze.who.identity") or {}).get("user")


def _user_or_login() -> Any:
    user = _user()
    if user is None:
        abort(401)
    return user


def _refuse(status: int, reason: str) -> NoReturn:
    abort(status, detail=reason, passthrough="json")


def _recipient(type_name: Any, key: Any) -> Any:
    """
    :raises ValueError: if these name nothing that could be stored.
    :raises LookupError: if nothing of that name is.
    """
    if not (isinstance(type_name, str) and isinstance(key, str)):
        raise ValueError("a recipient is named by one _type and one _id")
    cls = class_named(type_name)
    if cls is None or not model.orm.has_seen_field(cls):
        raise LookupError("there is no stream of such a _type")
    keys = model.orm.keys_from_text(cls, key)
    if not keys:
        raise ValueError("this is no _id of that _type")
    found = model.orm.load(cls, keys)
    if len(found) > 1:
        raise ValueError("this is more than one _id of that _type")
    for each in found:
        return found[each]
    raise LookupError("there is no such _id")


def _may_update(user: Any, recipient: Any) -> bool:
    if recipient is user or _same_entity(user, recipient):
        return True
    may_update = option("may_update")
    return may_update is not None and bool(may_update(user, recipient))


def _same_entity(one: Any, other: Any) -> bool:
    root_of, key_of = model.orm.root_of, model.orm.key_of
    return (root_of(type(one)), key_of(one)) == (root_of(type(other)), key_of(other))


def _has_master_template() -> bool:
    """Whether the host has a master template, or a page of its own in place of ours."""
    if _INDEX in tg.config.get("_pluggable_templates_replacements", {}):
        return True
    folders = tg.config["paths"]["templates"] or []
    return any(Path(folder, "master.xhtml").is_file() for folder in folders)
