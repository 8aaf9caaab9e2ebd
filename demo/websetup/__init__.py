"""Set up the database: a quickstarted app by ``gearbox setup-app``, the demo at its start."""

from typing import Any

from demo import model
from demo.websetup.bootstrap import bootstrap

__all__ = ["bootstrap", "setup_app"]


def setup_app(command: Any, conf: Any, vars: Any) -> None:
    """Create the tables and fill them.

    ``plug`` adds activitystream's own set-up to ``bootstrap``.
    """
    model.orm.make_tables()
    bootstrap(command, conf, vars)
