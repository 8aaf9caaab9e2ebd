"""Making the indexes."""

import logging
from typing import Any

from ming.odm import mapper
from pymongo.errors import PyMongoError

from .. import DBSession
from ..gearbox import config_option
from .tables import Action

log = logging.getLogger(__name__)


def check_configuration(conf: dict[str, Any]) -> None:
    """Any configuration will do."""


def join_host_model(conf: dict[str, Any]) -> None:
    """Nothing to do: a collection belongs to no metadata."""


def start(conf: dict[str, Any]) -> None:
    """Make the indexes, unless the host turned Ming's automatic ones off."""
    if not conf.get("ming.connection.auto_ensure_indexes", True):
        return
    try:
        prepare_database()
    except PyMongoError:
        log.exception(
            "The indexes of activitystream could not be made: it works without, but slowly. "
            "Make them by `gearbox setup-app %s`.",
            config_option(),
        )


def prepare_database() -> None:
    """Make the indexes."""
    DBSession.ensure_indexes(mapper(Action).collection)
