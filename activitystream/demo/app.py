"""The host's configuration: what a quickstarted project has in ``config/app_cfg.py``."""

import secrets
from typing import Any

from tg import FullStackApplicationConfigurator
from tg.configuration.auth import TGAuthMetadata
from tg.configuration.auth.fastform import FastFormPlugin
from tg.util import Bunch
from tgext.pluggable import plug
from webob import Request, Response
from webob.dec import wsgify

import activitystream.demo

from . import model, seed

#: What a browser may load and do: nothing inline, and of another site only htmx.
_POLICY = (
    "default-src 'none'; script-src 'self' https://unpkg.com/htmx.org@1.9.12/; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


class Neighbours(TGAuthMetadata):
    """Who is behind the name in the login cookie. There are no passwords on this board."""

    authenticate = None

    def get_user(self, identity: Any, userid: str) -> model.Neighbour | None:
        return model.orm.neighbour_named(userid)


class LoginPage(FastFormPlugin):
    """Sends who must log in to our page, which logs them in itself."""

    def identify(self, environ: dict[str, Any]) -> None:
        return None


def make_app(db_url: str) -> Any:
    """The board as a WSGI app, on a database with something in it.

    :param db_url: ``sqlite:///file.db``, or a server's; ``mim://`` for memory.
    :raises model.orm.DatabaseError, ValueError: if the database cannot be used.
    """
    model.choose_orm(db_url)
    base_config = FullStackApplicationConfigurator()
    base_config.update_blueprint(
        {
            "package": activitystream.demo,
            "renderers": ["json", "kajiki"],
            "default_renderer": "kajiki",
            # Otherwise Kajiki compiles every template again each time it is rendered.
            "auto_reload_templates": False,
            "app_globals": Bunch,
            # The board speaks English only, so the stream's own page should too.
            "i18n.enabled": False,
            # activitystream stores its actions in the host's session.
            "model": model.orm,
            "DBSession": model.orm.DBSession,
            **model.orm.configuration(db_url),
            "session.enabled": False,
            "cache.enabled": False,
            # activitystream knows the user by the host's authentication.
            "sa_auth.enabled": True,
            "sa_auth.authmetadata": Neighbours(),
            "sa_auth.cookie_secret": secrets.token_hex(),
            "sa_auth.authtkt.samesite": "Lax",
            "sa_auth.form_plugin": LoginPage("/login", None, None, None, None, "cookie"),
            "identity.allow_missing_user": False,
            "errorpage.path": "/error",
            "errorpage.status_codes": [400, 403, 404, 405],
            "errorpage.handle_exceptions": False,
            "trace_errors.enable": False,
        }
    )

    plug(
        base_config,
        "activitystream",
        poll_interval=5,
        templates={"commented on": "activitystream.demo.templates.comment"},
    )

    app = base_config.make_wsgi_app({}, {})
    model.orm.make_tables()
    seed.if_empty()
    return guarded(app)


@wsgify.middleware
def guarded(request: Request, app: Any) -> Response:
    """The app, with what makes a browser careful: for pages, errors and files alike."""
    response = request.get_response(app)
    response.headers.update(
        {
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
    )
    return response
