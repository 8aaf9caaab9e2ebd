"""The host's configuration, which plugs activitystream."""

import secrets
from typing import Any

from tg import FullStackApplicationConfigurator
from tg.configuration.auth import TGAuthMetadata
from tg.configuration.auth.fastform import FastFormPlugin
from tg.util import Bunch
from tgext.pluggable import plug

import demo
from demo import model


class Neighbours(TGAuthMetadata):
    """Find the neighbour whose name is in the login cookie. This board has no passwords."""

    authenticate = None

    def get_user(self, identity: Any, userid: str) -> model.Neighbour | None:
        return model.orm.neighbour_named(userid)


class LoginPage(FastFormPlugin):
    """Redirect visitors who must log in to our own login page."""

    def identify(self, environ: dict[str, Any]) -> None:
        return None


def base_config(db_url: str) -> FullStackApplicationConfigurator:
    """Return the app's configuration for a database.

    A quickstarted app has a variable of this name. The demo has a function, because its command
    line names the database.
    """
    base_config = FullStackApplicationConfigurator()
    base_config.update_blueprint(
        {
            "package": demo,
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
            # activitystream finds the user by the host's authentication.
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
        groups={"liked": ("verb", "target")},
        notify_actor=False,
        poll_interval=5,
        kinds={"liked": "Likes", "commented on": "Comments", "announced": "Announcements"},
        templates={"commented on": "demo.templates.comment"},
    )
    return base_config
