"""What ``gearbox setup-app`` runs in a quickstarted app, and the demo each time that it starts."""

from typing import Any

from demo import model
from demo.websetup.bootstrap import bootstrap

__all__ = ["bootstrap", "setup_app"]


def setup_app(command: Any, conf: Any, vars: Any) -> None:
    """Make the tables, and fill them.

    Plugging activitystream adds its own set-up to ``bootstrap``.
    """
    model.orm.make_tables()
    bootstrap(command, conf, vars)
