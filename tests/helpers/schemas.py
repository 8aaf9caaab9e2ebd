"""The schema of tables, as the database tells it."""

from operator import itemgetter

import sqlalchemy as sa


def everything_about(engine, metadata):
    """Return what the database knows about the tables of a metadata."""
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        return {
            table: {
                "columns": [
                    {**each, "type": repr(each["type"])} for each in inspector.get_columns(table)
                ],
                "primary key": inspector.get_pk_constraint(table),
                "foreign keys": inspector.get_foreign_keys(table),
                "indexes": [
                    _with_texts(each)
                    for each in sorted(inspector.get_indexes(table), key=itemgetter("name"))
                ],
                "unique": inspector.get_unique_constraints(table),
                "options": _options_of(connection, table),
                "checks": inspector.get_check_constraints(table),
            }
            for table in metadata.tables
        }


def _with_texts(index):
    """Return an index with texts for conditions, which are objects that are equal to no other."""
    options = index.get("dialect_options", {})
    return {**index, "dialect_options": {name: str(value) for name, value in options.items()}}


def _options_of(connection, table):
    """Return what only some databases know."""
    if connection.dialect.name == "sqlite":
        made = sa.text("select sql from sqlite_master where name = :table")
        return "AUTOINCREMENT" in connection.scalar(made, {"table": table}).upper()
    # SQLAlchemy 2.0 cannot ask PostgreSQL.
    if connection.dialect.name == "postgresql":
        return None
    return sa.inspect(connection).get_table_options(table)
