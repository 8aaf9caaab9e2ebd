"""What ``gearbox setup-app`` does for us, after it set up the host."""

from typing import Any

from . import model


def bootstrap(command: Any, conf: Any, vars: Any) -> None:
    """Prepare the database: the indexes."""
    model.orm.prepare_database()
