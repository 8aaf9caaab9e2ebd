"""The host's config/app_cfg.py, as a function: each test may plug its own way."""

import tg
from tg import FullStackApplicationConfigurator
from tg.configuration import milestones
from tg.configuration.auth import TGAuthMetadata
from tgext.pluggable import plug

import tests.helpers.host


class AuthMetadata(TGAuthMetadata):
    def __init__(self, model):
        self.model = model

    def authenticate(self, environ, identity):
        return identity["login"]

    def get_user(self, identity, userid):
        return self.model.user_named(userid)


def configurator(database):
    """Return the host's configurator, before anything is plugged."""
    milestones._reset_all()
    tg.hooks._clear()
    database.forget_apps()
    # Where tgext.pluggable looks for it, as if it were the package's only one.
    tests.helpers.host.model = database.model
    base_config = FullStackApplicationConfigurator()
    base_config.update_blueprint(
        {
            "package": tests.helpers.host,
            "renderers": ["json", "kajiki"],
            "default_renderer": "kajiki",
            "tm.enabled": False,
            "errorpage.enabled": False,
            "trace_errors.enable": False,
            "auto_reload_templates": False,
            "session.enabled": False,
            "cache.enabled": True,
            "sa_auth.enabled": True,
            "sa_auth.cookie_secret": "for tests",
            "sa_auth.authmetadata": AuthMetadata(database.model),
            "skip_authentication": True,
            "debug": False,
            **database.blueprint,
        }
    )
    return base_config


def make_app(database, blueprint=None, configure=None, **plug_options):
    """Return the WSGI app, with activitystream plugged in.

    :param blueprint: options beside the host's own.
    :param configure: does more to the configurator.
    """
    base_config = configurator(database)
    base_config.update_blueprint(blueprint or {})
    plug(base_config, "activitystream", **plug_options)
    if configure is not None:
        configure(base_config)
    return base_config.make_wsgi_app()
