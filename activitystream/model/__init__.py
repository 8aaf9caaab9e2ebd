"""The stored action, on the ORM that the host uses.

``action`` is what every Action can do; ``ming`` is all that is special to Ming. ``orm`` is the
module of the ORM in use, and ``Action`` its class, once an app was configured.
"""

import importlib
from types import ModuleType
from typing import Any

from tg.configuration.utils import TGConfigError
from tgext.pluggable import PluggableSession

DBSession = PluggableSession()

#: The module of the ORM in use.
orm: ModuleType


def choose_orm(conf: dict[str, Any]) -> None:
    """Take the ORM that the host's configuration names.

    :raises TGConfigError: if it names none that is supported, or has no session.
    """
    global orm, Action
    if conf.get("use_sqlalchemy") or not (conf.get("use_ming") or conf.get("ming.enabled")):
        raise TGConfigError(
            "activitystream stores its actions by the host's ORM, and knows Ming: write "
            "base_config.update_blueprint({'use_ming': True}) in the host's config/app_cfg.py, "
            "and don't set 'use_sqlalchemy'."
        )
    if conf.get("DBSession") is None:
        raise TGConfigError(
            "activitystream stores its actions by the host's session: write "
            "base_config.update_blueprint({'DBSession': model.DBSession}) in the host's "
            "config/app_cfg.py."
        )
    orm = importlib.import_module("activitystream.model.ming")
    Action = orm.Action


def init_model(session: Any) -> None:
    """Work on the host's session; tgext.pluggable calls it too."""
    DBSession.configure(session)


def __getattr__(name: str) -> Any:
    if name in ("Action", "orm"):
        raise AttributeError(
            f"activitystream.model.{name} is there once an app that plugs activitystream was "
            "configured: plug(base_config, 'activitystream') in config/app_cfg.py comes first."
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
