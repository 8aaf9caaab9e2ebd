"""The URLs of the board: its pages and its forms."""

from collections import defaultdict
from typing import Any, NoReturn

import tg
from tg import TGController, abort, expose, redirect
from tg.controllers.util import auth_force_login, auth_force_logout

from activitystream import am
from demo import model
from demo.lib.helpers import current_user
from demo.model import Neighbour, Notice

_PAGE = {"allowed_methods": ["GET", "HEAD"]}
_FORM = {"allowed_methods": ["POST"]}


class RootController(TGController):
    """The root of the site; tgext.pluggable mounts ``/activitystream/`` here."""

    @staticmethod  # a request's parameter may be named self
    def _before(*args: Any, **kwargs: Any) -> None:
        if tg.request.method == "POST" and _is_foreign(tg.request):
            abort(403, detail="This form was sent from another site.")

    @expose("demo.templates.board", **_PAGE)
    def index(self) -> dict[str, Any]:
        """Show the newest notices."""
        return _board(model.orm.newest_notices(50))

    @expose("demo.templates.board", **_PAGE)
    def notice(self, key: str = "", before: Any = None) -> dict[str, Any]:
        """Show one notice, and what happened to it: the links in a stream lead here."""
        notice = _notice(key)
        history = am.get_by_target(notice, visible_to=_user())
        return {**_board([notice]), "history": _page(history, before)}

    @expose("demo.templates.neighbour", **_PAGE)
    def neighbour(self, key: str = "", before: Any = None) -> dict[str, Any]:
        """Show what a neighbour did: to visitors, to the others, and to the neighbour."""
        person = model.orm.neighbour(key) or abort(404, detail="Nobody of that name lives here.")
        user = current_user()
        done = am.get_by_actor(person, visible_to=user)
        return {"person": person, "user": user, "done": _page(done, before)}

    @expose("demo.templates.login", **_PAGE)
    def login(self) -> dict[str, Any]:
        """Ask who the visitor is."""
        return {"people": model.orm.neighbours()}

    @expose("demo.templates.error")
    def error(self) -> dict[str, Any]:
        """Show an error: TurboGears calls this for ``errorpage.path``."""
        response = tg.request.state.get("original_response") or abort(404)
        return {"code": response.status_int, "detail": getattr(response, "detail", None)}

    @expose(**_FORM)
    def enter(self, name: Any = None) -> NoReturn:  # type: ignore[misc]  # redirect raises
        """Log a neighbour in by name, without a password."""
        if name not in [person.name for person in model.orm.neighbours()]:
            abort(400, detail="Nobody of that name lives here.")
        auth_force_login(name)
        redirect("/")

    @expose(**_FORM)
    def leave(self) -> NoReturn:  # type: ignore[misc]  # redirect raises
        """Log the user out."""
        auth_force_logout()
        redirect("/login")

    @expose(**_FORM)
    def post(self, title: Any = None, text: Any = "", announce: Any = None) -> NoReturn:
        """Put up a notice, for the others or for everyone."""
        user = _user()
        title = _written(title, "a title", 100)
        text = _written(text, "a text", 2000, optional=True)
        _show(user.announce(title, text) if announce else user.post(title, text))

    @expose(**_FORM)
    def comment(self, notice: Any = None, text: Any = None) -> NoReturn:
        """Comment on a notice."""
        user, notice = _user(), _notice(notice)
        user.comment_on(notice, _written(text, "a comment", 1000))
        _show(notice)

    @expose(**_FORM)
    def like(self, notice: Any = None) -> NoReturn:
        """Like a notice."""
        user, notice = _user(), _notice(notice)
        user.like(notice)
        _show(notice)

    @expose(**_FORM)
    def unlike(self, notice: Any = None) -> NoReturn:
        """Take a like back."""
        user, notice = _user(), _notice(notice)
        user.unlike(notice)
        _show(notice)


def _is_foreign(request: Any) -> bool:
    """Return whether a page of another site sent this form."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    return request.headers.get("Origin", request.host_url) != request.host_url


def _board(notices: list[Notice]) -> dict[str, Any]:
    """Return the template's variables: the notices, and the newest lines of the user's stream."""
    user = _user()
    replies = defaultdict(list)
    for reply in model.orm.replies_to(notices):
        replies[reply.notice_id].append(reply)
    return {
        "user": user,
        "people": {person._id: person for person in model.orm.neighbours()},
        "notices": notices,
        "replies": replies,
        "news": am.get_by_recipient(user).grouped().limit(5).all(),
        "history": None,
    }


def _page(stream: Any, before: Any) -> Any:
    """Return a page of a stream, or answer 400.

    :param before: from the link "Load more"; None for the first page.
    """
    try:
        return stream.page(10, before)
    except (TypeError, ValueError):
        abort(400, detail="The list does not go on there.")


def _user() -> Neighbour:
    return current_user() or redirect("/login")


def _notice(key: Any) -> Notice:
    return model.orm.notice(key) or abort(404, detail="This notice is not on the board.")


def _written(text: Any, what: str, limit: int, optional: bool = False) -> str:
    """Return the text of a form's field, or answer 400."""
    if not isinstance(text, str) or not (text.strip() or optional):
        abort(400, detail=f"Write {what} first.")
    if "\0" in text:  # PostgreSQL cannot store it
        abort(400, detail=f"{what.capitalize()} must not hold a NUL character.")
    if len(text) > limit:
        abort(400, detail=f"That is too long for {what}: use at most {limit} characters.")
    return text.strip()


def _show(notice: Notice) -> NoReturn:  # type: ignore[misc]  # redirect raises
    redirect(f"/#notice-{notice._id}")
