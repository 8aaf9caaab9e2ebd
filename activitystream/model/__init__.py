"""The stored action, on the ORM that the host uses.

``action`` is what every Action can do; ``ming`` and ``sqlalchemy`` are all that is special to one
ORM. Once an app is configured, ``orm`` is the one in use, and ``Action`` its class.
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
    """Choose the ORM that the host's configuration names; SQLAlchemy, if it names both.

    :raises TGConfigError: if it names no ORM or no session, or an earlier app of this process has
        another session.
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
    # Only tests reset the milestones: they are done with the earlier app.
    others = _in_use is not None and _in_use is not conf["DBSession"]
    if others and milestones.environment_loaded.reached:
        raise TGConfigError(
            "activitystream works on one session in a process, and an earlier app of this process "
            "has another one: run each app in a process of its own, or give both the same "
            "DBSession. In tests, call tg.milestones._reset_all() between two apps."
        )
    orm = cast(Backend, importlib.import_module(f"activitystream.model.{name}"))


def init_model(session: Any) -> None:
    """Work on the host's session. tgext.pluggable calls this too."""
    DBSession.configure(session)


#: The session of the app that was started last.
_in_use: Any = None


def use(session: Any) -> None:
    """Work on the session of an app that has started."""
    global _in_use
    init_model(session)
    _in_use = session


def check_use(session: Any) -> None:
    """Refuse the session of an app if another app has started since with its own.

    :raises RuntimeError: with what to do.
    """
    if _in_use is not session:
        raise RuntimeError(
            "activitystream works on one session, and another app with another DBSession has "
            "started since: create this app again."
        )


#: The error where no app was configured, as in a script that loads none.
NO_APP = (
    "is not there yet, since no app with activitystream was configured: call "
    "plug(base_config, 'activitystream') in config/app_cfg.py, and in a script load the app first."
)


def __getattr__(name: str) -> Any:
    # As names of the module, tgext.pluggable would move their tables to the DeclarativeBase of the
    # host's model, which not every model has. See model.orm.join_host_model.
    if "orm" in globals():
        for cls in orm.MODELS:
            if cls.__name__ == name:
                return cls
    if name in ("Action", "orm"):
        raise AttributeError(f"activitystream.model.{name} {NO_APP}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
