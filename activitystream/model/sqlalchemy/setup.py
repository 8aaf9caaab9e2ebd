"""Making the tables, and joining the host's model."""

import logging
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from tg.configuration.utils import TGConfigError

from ..gearbox import config_option
from .entities import registries
from .host import mappers, metadata_of, model_of, modules_of
from .session import engine_of_session
from .sessions import bind, end_request
from .tables import ACTIONS, MODELS, ROWS, Base

log = logging.getLogger(__name__)


def check_configuration(conf: dict[str, Any]) -> None:
    """
    :raises TGConfigError: on an option of tgext.pluggable's that would break our tables.
    """
    if conf["activitystream.plug"].get("rename_tables"):
        raise TGConfigError(
            "plug(base_config, 'activitystream', rename_tables=…) cannot be: the table of the "
            "recipients refers to that of the actions, and tgext.pluggable renames the one and not "
            "the reference. Leave it out; the tables' names start with activity_stream_."
        )


def join_host_model(conf: dict[str, Any]) -> None:
    """Add our tables to the host's own, so that its create_all makes them too.

    In place of tgext.pluggable, which does so only where a model has a ``DeclarativeBase``. Where
    the host's metadata cannot be told, our migrations make them.
    """
    host = model_of(conf)
    metadata = None if host is None else metadata_of(host)
    if metadata is not None:
        for table in (ACTIONS, ROWS):
            if table.key not in metadata.tables:
                table.to_metadata(metadata)


def start(conf: dict[str, Any]) -> None:
    """Find out where the host, and what it plugs, map their classes, and by which sessions."""
    modules = modules_of(conf)
    mapped = (each for each in mappers(modules) if not issubclass(each.class_, Base))
    registries.clear()
    registries.update(each.registry for each in mapped)
    bind(MODELS, conf, modules)


def prepare_database() -> None:
    """Make the tables, or bring those of an older release up to date, by the migrations.

    Without Alembic, which a host need not have, they are made and not marked.
    """
    # What the host's set-up left open would lock us out, and is committed after us anyway.
    end_request(succeeded=True)
    try:
        import alembic.command
        from alembic.config import Config
    except ImportError:
        Base.metadata.create_all(engine_of_session())
        for index in ACTIONS.indexes:  # which a table of an older release may lack
            index.create(engine_of_session(), checkfirst=True)
        return
    config = Config()
    config.set_main_option("script_location", "activitystream:migration")
    with engine_of_session().begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "head")


@event.listens_for(sa.Engine, "handle_error")
def _tell_of_missing_tables(context: Any) -> None:
    """Who forgot to make them gets the database's own error, and in the log what to do."""
    error = context.original_exception
    said = (getattr(error, "sqlstate", None), *error.args[:1])
    missing = "42P01" in said or 1146 in said or str(error).startswith("no such table")
    # To look whether a table is there is an error on MariaDB, but no statement that was compiled.
    asked = getattr(context.execution_context, "compiled", None) is not None
    if missing and asked and "activity_stream_" in str(error):
        log.error(
            "The tables of activitystream are missing. In a new database, make all tables by "
            "`gearbox setup-app %s`; in one that you have already, make these by "
            "`gearbox migrate-pluggable %s activitystream upgrade`.",
            config_option(),
            config_option(),
        )
