"""Making the tables, and joining the host's model."""

import logging
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.schema import CreateColumn
from tg.configuration.utils import TGConfigError

from ..gearbox import config_option
from .compiled import OF_OURS
from .driver_errors import codes_of
from .ending import end_request
from .entities import learn_of_earlier_classes, registries
from .filling import fill_digests
from .host import mappers, metadata_of, model_of, modules_of
from .session import engine_of_session
from .sessions import engine_for, find_sessions
from .tables import ACTIONS, MODELS, RECIPIENTS, Action, Base

log = logging.getLogger(__name__)


def check_configuration(conf: dict[str, Any]) -> None:
    """Refuse an option of tgext.pluggable's that would break our tables.

    :raises TGConfigError: if ``rename_tables`` is set.
    """
    if conf["activitystream.plug"].get("rename_tables"):
        raise TGConfigError(
            "plug(base_config, 'activitystream', rename_tables=…) is not supported: the table of "
            "recipients refers to that of actions, and tgext.pluggable does not rename the "
            "reference. Leave it out; the tables' names start with activity_stream_."
        )


def join_host_model(conf: dict[str, Any]) -> None:
    """Add our tables to the host's metadata, so that its create_all makes them too.

    tgext.pluggable does so only where a model has a ``DeclarativeBase``. Where no metadata is
    found, our migrations make the tables.
    """
    host = model_of(conf)
    metadata = None if host is None else metadata_of(host)
    if metadata is not None:
        for table in Base.metadata.sorted_tables:
            if table.key not in metadata.tables:
                table.to_metadata(metadata)


def start(conf: dict[str, Any]) -> None:
    """Find the classes and the sessions of the host and of what it plugs."""
    modules = modules_of(conf)
    mapped = (each for each in mappers(modules) if not issubclass(each.class_, Base))
    registries.clear()
    registries.update(each.registry for each in mapped)
    learn_of_earlier_classes()
    find_sessions(MODELS, conf, modules)
    for engine in _engines(conf):
        event.listen(engine, "handle_error", _log_missing_tables)


def prepare_database() -> None:
    """Make the tables, or bring those of an older release up to date, by the migrations.

    Without Alembic, which a host need not have, no version is recorded.
    """
    # A transaction that the host's set-up left open would lock us out.
    end_request(succeeded=True)
    try:
        import alembic.command
        from alembic.config import Config
    except ImportError:
        Base.metadata.create_all(engine_of_session())
        _add_columns()
        for index in ACTIONS.indexes:
            # A table of an older release may lack it.
            index.create(engine_of_session(), checkfirst=True)
        return
    config = Config()
    config.set_main_option("script_location", "activitystream:migration")
    with engine_of_session().connect() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "head")


def _add_columns() -> None:
    """Add what the table of recipients of an earlier release lacks, as the migration does."""
    engine = engine_of_session()
    made = {each["name"] for each in sa.inspect(engine).get_columns(RECIPIENTS.name)}
    missing = [each for each in RECIPIENTS.c if each.name not in made]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for column in missing:
            its = CreateColumn(column).compile(dialect=engine.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {RECIPIENTS.name} ADD COLUMN {its}")
        for _ in fill_digests(connection):
            pass


def _engines(conf: dict[str, Any]) -> list[sa.Engine]:
    """Return the engines of our tables: several with ``BalancedSession``, none if bound later."""
    balanced = conf.get("balanced_engines")
    if balanced:
        return list(balanced["all"].values())
    engine = engine_for(conf["DBSession"].session_factory(), Action)
    return [] if engine is None else [engine]


def _log_missing_tables(context: sa.ExceptionContext) -> None:
    """Log the command that makes our tables, where the database says that they are missing."""
    error: Any = context.original_exception
    missing = codes_of(error) & {"42P01", 1146} or str(error).startswith("no such table")
    # On MariaDB, SQLAlchemy's search for a table raises this error too, in a statement of text.
    ran: Any = context.execution_context
    is_query = ran is not None and (
        ran.compiled is not None or OF_OURS.items() <= ran.execution_options.items()
    )
    if missing and is_query and "activity_stream_" in str(error):
        log.error(
            "The tables of activitystream are missing. In a new database, make all tables by "
            "`gearbox setup-app %s`; in one that you have already, make these by "
            "`gearbox migrate-pluggable %s activitystream upgrade`.",
            config_option(),
            config_option(),
        )
