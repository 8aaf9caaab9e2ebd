"""Join the host's configuration, and stop the app from starting with a wrong one."""

import importlib
import importlib.util
from contextlib import suppress
from typing import Any

import tg
from tg.appwrappers.transaction_manager import TransactionApplicationWrapper
from tg.configuration.utils import TGConfigError
from tg.configurator.base import (
    AppReadyConfigurationAction,
    BeforeConfigConfigurationAction,
    ConfigurationComponent,
    EnvironmentLoadedConfigurationAction,
)

from .. import model
from ..lib import distributions
from ..lib import options as plug_options
from ..model import words
from .outside import WordsAnywhere, remember_app
from .templates import TemplateEngine, check_templates
from .transactions import RequestEnd

words.use(WordsAnywhere())

#: The modules that tgext.pluggable imports. It skips one that fails to import, and its pages would
#: answer 404. We import them first, so that the error stops the start.
_MODULES = ("bootstrap", "controllers", "helpers", "lib", "model", "partials", "public")


def configure_host(app_config: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Add our options and start-up steps to the host's configurator.

    :param app_config: the host's configurator.
    :param options: the keyword arguments of ``plug``.
    :returns: default options for tgext.pluggable.
    :raises TGConfigError: on an invalid option, or if another distribution overwrites our files.
    """
    problem = distributions.conflict()
    if problem:
        raise TGConfigError(problem)
    app_config.update_blueprint(
        {
            "activitystream": plug_options.checked_options(options),
            "activitystream.plug": dict(options),
        }
    )
    tg.hooks.register("configure_new_app", remember_app)
    app_config.register(ActivityStreamConfigurationComponent)
    app_config.register_application_wrapper(RequestEnd, after=TransactionApplicationWrapper)
    app_config.get_component("rendering").register_engine(TemplateEngine)
    # If the host has named its ORM already, activitystream.model.Action is available at once.
    with suppress(KeyError, TGConfigError):
        names = ("use_sqlalchemy", "use_ming", "DBSession")
        model.choose_orm({name: app_config.get_blueprint_value(name) for name in names})
    return {} if _has_websetup(app_config) else {"plug_bootstrap": False}


def _has_websetup(app_config: Any) -> bool:
    """Return whether the host has a ``websetup``: tgext.pluggable's bootstrap fails without it."""
    try:
        package = app_config.get_blueprint_value("package").__name__
    except (AttributeError, KeyError):  # the host sets it later
        return True
    try:
        return importlib.util.find_spec(f"{package}.websetup") is not None
    except ModuleNotFoundError:
        return False


class ActivityStreamConfigurationComponent(ConfigurationComponent):
    """Our steps in the start of an app."""

    id = "activitystream"

    def get_actions(self) -> tuple[Any, ...]:
        """Return the steps, as TurboGears asks for them."""
        return (
            BeforeConfigConfigurationAction(self._configure),
            EnvironmentLoadedConfigurationAction(self._prepare_storage),
            AppReadyConfigurationAction(self._check_plugged),
        )

    def _configure(self, conf: dict[str, Any], app: Any) -> None:
        if conf.get("package") is None:
            raise TGConfigError(
                "the host's package is not configured: write "
                "base_config.update_blueprint({'package': myproject}) in the host's "
                "config/app_cfg.py."
            )
        model.choose_orm(conf)
        model.orm.check_configuration(conf)
        if conf["activitystream.plug"].get("plug_models", True):
            self._plug_models(conf)
        for name in _MODULES:
            importlib.import_module(f"activitystream.{name}")
        wanted = ("kajiki", *TemplateEngine.engines)
        missing = [name for name in wanted if name not in conf["renderers"]]
        conf["renderers"] = [*conf["renderers"], *missing]

    def _plug_models(self, conf: dict[str, Any]) -> None:
        """Add our tables to the host's metadata and, for ``global_models``, our classes to it."""
        model.orm.join_host_model(conf)
        host = getattr(conf["package"], "model", None)
        if host is not None and conf["activitystream.plug"].get("global_models"):
            for cls in model.orm.MODELS:
                setattr(host, cls.__name__, cls)

    def _prepare_storage(self, conf: dict[str, Any], app: Any) -> None:
        model.use(conf["DBSession"])
        model.orm.start(conf)

    def _check_plugged(self, conf: dict[str, Any], app: Any) -> Any:
        """Stop the start if tgext.pluggable failed: it logs its errors and goes on.

        It plugs the static files last, so they tell whether it finished.
        """
        plugged = conf["tgext.pluggable.plugged"]["modules"]["activitystream"]
        if conf["activitystream.plug"].get("plug_statics", True) and plugged.get("statics") is None:
            raise TGConfigError(
                "tgext.pluggable failed to plug activitystream: see its error in the log above."
            )
        check_templates(conf)
        return app
