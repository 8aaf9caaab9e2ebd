"""Run the migrations, for ``gearbox migrate-pluggable activitystream`` and for our bootstrap."""

import sqlalchemy as sa
from alembic import context

#: The name that tgext.pluggable gives it.
VERSION_TABLE = "activitystream_migrate"


def migrate(connection):
    """Bring our tables to the newest version."""
    context.configure(connection=connection, version_table=VERSION_TABLE)
    migrations = context.get_context()
    made = version_made(sa.inspect(connection))
    # What was only read has begun a transaction that Alembic would leave to us.
    connection.rollback()
    with context.begin_transaction():
        if made and not migrations.get_current_heads():
            migrations.stamp(context.script, made)
        context.run_migrations()
    # Where DDL ends a transaction anyway, Alembic commits nothing.
    connection.commit()


def version_made(inspector):
    """Return the version of the tables that exist, or None if there are none.

    Tables that ``create_all`` made have no version: it does not record the release that it ran in.
    """
    version = None
    for script in reversed([*context.script.walk_revisions()]):
        if not script.module.is_made(inspector):
            break
        version = script.revision
    return version


connection = context.config.attributes.get("connection")
if connection is not None:
    migrate(connection)
else:
    section = context.config.get_section(context.config.config_ini_section)
    prefix = "sqlalchemy.master." if "sqlalchemy.master.url" in section else "sqlalchemy."
    # Keep the host's pool class: NullPool would reject the host's pool options.
    engine = sa.engine_from_config(section, prefix=prefix)
    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()
