"""Our part of ``gearbox setup-app``, which runs after the host's own."""

from typing import Any

from . import model


def bootstrap(command: Any, conf: Any, vars: Any) -> None:
    """Create our tables and indexes, if they are missing."""
    model.orm.prepare_database()
