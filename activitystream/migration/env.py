"""Runs the migrations: for ``gearbox migrate-pluggable activitystream``, and for our bootstrap."""

import sqlalchemy as sa
from alembic import context

#: As tgext.pluggable names it.
VERSION_TABLE = "activitystream_migrate"

TABLES = {"activity_stream_action", "activity_stream_recipient"}


def migrate(connection):
    context.configure(connection=connection, version_table=VERSION_TABLE)
    migrations = context.get_context()
    made = set(sa.inspect(connection).get_table_names()) >= TABLES
    with context.begin_transaction():
        if made and not migrations.get_current_heads():
            # By create_all, which makes those of this release.
            migrations.stamp(context.script, "head")
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    migrate(connection)
else:
    section = context.config.get_section(context.config.config_ini_section)
    prefix = "sqlalchemy.master." if "sqlalchemy.master.url" in section else "sqlalchemy."
    # With the host's own pool, as NullPool refuses its options.
    engine = sa.engine_from_config(section, prefix=prefix)
    with engine.begin() as connection:
        migrate(connection)
    engine.dispose()
