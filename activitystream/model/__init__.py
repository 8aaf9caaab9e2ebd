"""The stored action, on the ORM that the host uses.

``action`` is what every Action can do; ``ming`` and ``sqlalchemy`` are each all that is special to
that ORM. ``orm`` is the one in use, and ``Action`` its class, once an app was configured.
"""

import importlib
from typing import Any, cast

from tg import milestones
from tg.configuration.utils import TGConfigError
from tgext.pluggable import PluggableSession

from .backend import Backend

DBSession = PluggableSession()

#: The package of the ORM in use.
orm: Backend


def choose_orm(conf: dict[str, Any]) -> None:
    """Take the ORM that the host's configuration names; SQLAlchemy, if it names both.

    :raises TGConfigError: if it names none, has no session, or an earlier app of this process has
        another one.
    """
    global orm
    if conf.get("use_sqlalchemy"):
        name = "sqlalchemy"
    elif conf.get("use_ming") or conf.get("ming.enabled"):
        name = "ming"
    else:
        raise TGConfigError(
            "activitystream stores its actions by the host's ORM: write "
            "base_config.update_blueprint({'use_sqlalchemy': True}), or 'use_ming' for Ming, in "
            "the host's config/app_cfg.py."
        )
    if conf.get("DBSession") is None:
        raise TGConfigError(
            "activitystream stores its actions by the host's session: write "
            "base_config.update_blueprint({'DBSession': model.DBSession}) in the host's "
            "config/app_cfg.py."
        )
    # Only tests reset the milestones, when they are done with the earlier app.
    others = _in_use is not None and _in_use is not conf["DBSession"]
    if others and milestones.environment_loaded.reached:
        raise TGConfigError(
            "activitystream works on one session in a process, and an earlier app of this process "
            "has another one: run each app in a process of its own, or give both the same "
            "DBSession. Tests that make one app after the other call "
            "tg.milestones._reset_all() between them."
        )
    orm = cast(Backend, importlib.import_module(f"activitystream.model.{name}"))


def init_model(session: Any) -> None:
    """Work on the host's session; tgext.pluggable calls it too."""
    DBSession.configure(session)


#: The session of the app that was started last.
_in_use: Any = None


def use(session: Any) -> None:
    """Work on this session from now on: its app has started."""
    global _in_use
    init_model(session)
    _in_use = session


def check_use(session: Any) -> None:
    """
    :raises RuntimeError: if another app has started since with a session of its own.
    """
    if _in_use is not session:
        raise RuntimeError(
            "activitystream works on the session of another app, which was made after "
            "tg.milestones._reset_all() had let go of this one: make this app anew."
        )


#: What to say where nothing was configured, as in a script that loads no app.
NO_APP = (
    "is there once an app that plugs activitystream was configured: "
    "plug(base_config, 'activitystream') in config/app_cfg.py comes first, and a script loads the "
    "app before it asks us."
)


def __getattr__(name: str) -> Any:
    # Not among the module's names: tgext.pluggable would put their tables where a model has its
    # DeclarativeBase, which not every model has. See model.orm.join_host_model.
    if "orm" in globals():
        for cls in orm.MODELS:
            if cls.__name__ == name:
                return cls
    if name in ("Action", "orm"):
        raise AttributeError(f"activitystream.model.{name} {NO_APP}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
