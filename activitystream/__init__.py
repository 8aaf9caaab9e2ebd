"""Who did what, to what and for whom: an activity stream and notifications for TurboGears 2."""

from typing import Any

from .lib.managers import ActionManager, am
from .web.configuration import configure_host

__all__ = ["ActionManager", "am", "plugme"]


def plugme(app_config: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Join a host's configuration; called by ``plug(base_config, 'activitystream', …)``.

    :param app_config: the host's configurator.
    :param options: what was given to ``plug``: ours (see :mod:`activitystream.lib.options`) and
        tgext.pluggable's own.
    :returns: the options that tgext.pluggable is to use where the host gave none.
    :raises tg.configuration.utils.TGConfigError: on an option that makes no sense.
    """
    return {"appid": "activitystream", **configure_host(app_config, options)}
