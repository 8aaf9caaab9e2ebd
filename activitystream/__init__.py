"""Who did what, to what and for whom: an activity stream and notifications for TurboGears 2."""

from typing import Any

from .lib.managers import ActionManager, am
from .lib.role_streams import EVERYTHING
from .model.system import SYSTEM
from .web.configuration import configure_host
from .web.outside import speaking

__all__ = ["EVERYTHING", "SYSTEM", "ActionManager", "am", "plugme", "speaking"]


def plugme(app_config: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Add this package to a host's configuration. Do not call it: ``plug`` does.

    Example, in the host's ``config/app_cfg.py``::

        plug(base_config, 'activitystream', poll_interval=60)

    :param app_config: the host's configurator.
    :param options: the keyword arguments of ``plug``: ours (see :mod:`activitystream.lib.options`)
        and tgext.pluggable's own.
    :returns: default options for tgext.pluggable.
    :raises tg.configuration.utils.TGConfigError: on an invalid option.
    """
    return {"appid": "activitystream", **configure_host(app_config, options)}
