"""Make the indexes."""

import logging
from typing import Any

from ming.odm import mapper
from pymongo.errors import PyMongoError

from .. import DBSession
from ..gearbox import config_option
from .entities import entity_classes, other_classes
from .marks import ensure_indexes
from .mutes import ensure_mutes_index
from .once import ensure_once_index
from .readers import has_seen_field, keep_marks
from .tables import Action

log = logging.getLogger(__name__)


def check_configuration(conf: dict[str, Any]) -> None:
    """Do nothing: any configuration will do."""


def join_host_model(conf: dict[str, Any]) -> None:
    """Do nothing: Ming has no metadata to join."""


def start(conf: dict[str, Any]) -> None:
    """Make the indexes, unless the host has turned off Ming's automatic indexes."""
    for cls in filter(has_seen_field, (*entity_classes(), *other_classes())):
        keep_marks(cls)
    if not conf.get("ming.connection.auto_ensure_indexes", True):
        return
    try:
        prepare_database()
    except PyMongoError:
        log.exception(
            "The indexes of activitystream could not be made: it works without them, but slowly. "
            "Make them by `gearbox setup-app %s`.",
            config_option(),
        )


def prepare_database() -> None:
    """Make the indexes."""
    DBSession.ensure_indexes(mapper(Action).collection)
    ensure_indexes()
    ensure_once_index()
    ensure_mutes_index()
