"""How activitystream joins a host app's configuration, and what stops the app from starting."""

import importlib
import importlib.util
from contextlib import suppress
from typing import Any

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
from .templates import TemplateEngine, check_templates
from .transactions import RequestEnd
from .translation import RequestWords

words.use(RequestWords())

#: What tgext.pluggable looks for in a pluggable. It passes over a module that cannot be imported,
#: and the symptom would be a page that is not found, so they are imported here first.
_MODULES = ("bootstrap", "controllers", "helpers", "lib", "model", "partials", "public")


def configure_host(app_config: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Put our options and our start-up steps into the host's configurator.

    :returns: options for tgext.pluggable.
    :raises TGConfigError: on an option that makes no sense, or if another distribution may have
        overwritten files of ours.
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
    app_config.register(ActivityStreamConfigurationComponent)
    app_config.register_application_wrapper(RequestEnd, after=TransactionApplicationWrapper)
    app_config.get_component("rendering").register_engine(TemplateEngine)
    # activitystream.model.Action is there at once, where the host has said which ORM it uses.
    with suppress(KeyError, TGConfigError):
        names = ("use_sqlalchemy", "use_ming", "DBSession")
        model.choose_orm({name: app_config.get_blueprint_value(name) for name in names})
    return {} if _has_websetup(app_config) else {"plug_bootstrap": False}


def _has_websetup(app_config: Any) -> bool:
    """Whether the host can run our bootstrap: tgext.pluggable fails in a host without websetup."""
    try:
        package = app_config.get_blueprint_value("package").__name__
    except (AttributeError, KeyError):  # the host says it later
        return True
    try:
        return importlib.util.find_spec(f"{package}.websetup") is not None
    except ModuleNotFoundError:
        return False


class ActivityStreamConfigurationComponent(ConfigurationComponent):
    """The steps of an app's start that are ours."""

    id = "activitystream"

    def get_actions(self) -> tuple[Any, ...]:
        return (
            BeforeConfigConfigurationAction(self._configure),
            EnvironmentLoadedConfigurationAction(self._prepare_storage),
            AppReadyConfigurationAction(self._check_plugged),
        )

    def _configure(self, conf: dict[str, Any], app: Any) -> None:
        if conf.get("package") is None:
            raise TGConfigError(
                "activitystream is mounted in the host's package: write "
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
        """Have our tables be the host's, and our classes if it wants them."""
        model.orm.join_host_model(conf)
        host = getattr(conf["package"], "model", None)
        if host is not None and conf["activitystream.plug"].get("global_models"):
            for cls in model.orm.MODELS:
                setattr(host, cls.__name__, cls)

    def _prepare_storage(self, conf: dict[str, Any], app: Any) -> None:
        model.use(conf["DBSession"])
        model.orm.start(conf)

    def _check_plugged(self, conf: dict[str, Any], app: Any) -> Any:
        """Refuse to serve half an activitystream: tgext.pluggable logs its failure and goes on.

        The static files are the last thing that it plugs.
        """
        plugged = conf["tgext.pluggable.plugged"]["modules"]["activitystream"]
        if conf["activitystream.plug"].get("plug_statics", True) and plugged.get("statics") is None:
            raise TGConfigError(
                "tgext.pluggable could not plug activitystream; the log above says why."
            )
        check_templates(conf)
        return app
