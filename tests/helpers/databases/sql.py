"""An SQL database, with the host's model for it."""

import re
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
import transaction
import zope.sqlalchemy
from tg.configurator.components.sqlalchemy import SQLAlchemyConfigurationComponent

import activitystream.model


class Statement:
    """A statement sent to an SQL database."""

    def __init__(self, text, parameters):
        self.text = text
        self.parameters = parameters

    def __repr__(self):
        return f"{self.text} {self.parameters!r}"


class SQLDatabase:
    """SQLAlchemy on a database of this URL."""

    seen_field = "last_activity_seen = Column(DateTime)"
    configuration_component = SQLAlchemyConfigurationComponent
    unknown_key = "999999999"
    malformed_key = "one"
    to_write_many = ["write", "write"]
    #: The queries that count what is unseen.
    to_count_unseen = ["read"]
    #: The further queries for the mutes of a stream's reader.
    to_read_mutes: list[str] = []
    #: The number of queries that read a page as a viewer may see it.
    to_test_viewer = 2

    def __init__(self, name, url):
        self.name = name
        self.url = url
        self._engine = None

    @property
    def model(self):
        from tests.helpers.host import sqlalchemy_model

        return sqlalchemy_model

    @property
    def blueprint(self):
        return {
            "use_ming": False,
            "use_sqlalchemy": True,
            "model": self.model,
            "DBSession": self.model.DBSession,
            "sqlalchemy.url": self.url,
            "tm.enabled": True,
        }

    @property
    def to_read_one(self):
        """Return the queries that mark one action as read."""
        return ["read", "read", "read", "write"] if self.name == "mariadb" else ["write"]

    @property
    def to_write_one(self):
        return ["write"] if self.name == "postgresql" else ["write", "write"]

    @property
    def to_mark_seen(self):
        # MariaDB locks the reader's row, which has to be there.
        started = ["write", "read"] if self.name == "mariadb" else []
        # So does it lock the actions, before what refers to them.
        locked = ["read"] if self.name == "mariadb" else []
        return ["write", "read", *started, "read", "write", *locked, "write"]

    @property
    def session(self):
        return self.model.DBSession

    @property
    def engine(self):
        """Return the engine of the app that was started last."""
        return self.session.get_bind()

    @property
    def tables(self):
        """Return the host's tables and ours, by name."""
        return self.model.metadata.tables

    def forget_apps(self):
        """Keep what an app of this process left behind from the next."""
        self.close()
        if self._engine is not None:
            self._engine.dispose()

    def clean(self):
        self.close()
        # Other tests' readers have the same keys.
        activitystream.model.orm.reading._hiding.clear()
        self._engine = self.engine
        tables = [*reversed(self.model.metadata.sorted_tables)]
        with self.engine.begin() as connection:
            if not {each.name for each in tables} <= {*sa.inspect(connection).get_table_names()}:
                self.model.metadata.create_all(connection)
            # Most are empty: to ask for all of them at once takes less time than to empty each.
            holds = ", ".join(f"EXISTS (SELECT 1 FROM {each.name})" for each in tables)
            (answers,) = connection.exec_driver_sql(f"SELECT {holds}")
            for table, is_filled in zip(tables, answers, strict=True):
                if is_filled:
                    connection.execute(table.delete())

    def save(self, *entities):
        """Commit, as the end of a request does, but keep the entities in hand."""
        self.session.add_all(entities)
        transaction.commit()
        self.session.add_all(entities)

    def forget(self):
        """Commit the request and begin a new one: the session holds nothing."""
        transaction.commit()
        self.session.remove()

    def end_request(self):
        """Store what the test did so far for the request that it sends next."""
        self.forget()

    def close(self):
        """Roll back, as after a failed request or at the end of a test."""
        transaction.abort()
        self.session.remove()

    def leave(self):
        """Close all connections."""
        self.close()
        self.engine.dispose()

    def delete(self, entity):
        self.session.delete(self.get(type(entity), sa.inspect(entity).identity))
        transaction.commit()

    def get(self, cls, key):
        """Return the entity of this key, or None."""
        return self.session.get(cls, key)

    def reload(self, entity):
        """Return the entity as the database has it."""
        self.forget()
        return self.get(type(entity), sa.inspect(entity).identity)

    def stored_key(self, key):
        """Return a key as an action stores it."""
        return None if key is None else str(key)

    # Beside the ORM, and beside activitystream, but in the same transaction: SQLite has one writer.

    def execute(self, statement):
        """Execute a statement past the session, which neither flushes nor notices."""
        result = self.session.connection().execute(statement)
        if not statement.is_select:
            zope.sqlalchemy.mark_changed(self.session())
        return result

    def raw_values(self, entity):
        """Return the stored fields of an entity."""
        table, same = self._row(entity)
        return self.execute(sa.select(table).where(same)).mappings().one_or_none()

    def raw_update(self, entity, **values):
        """Change an entity as another process does; the object in hand does not know."""
        table, same = self._row(entity)
        self.execute(sa.update(table).where(same).values(values))

    def raw_delete(self, entity):
        """Delete an entity as another process does."""
        table, same = self._row(entity)
        self.execute(sa.delete(table).where(same))

    def raw_actions(self):
        """Return the stored actions, oldest first, as on Ming."""
        actions, rows = self._action_tables()
        found = []
        for action in self.execute(sa.select(actions).order_by(actions.c._id)).mappings().all():
            of_action = rows.c.action_id == action["_id"]
            query = sa.select(rows).where(of_action).order_by(rows.c.position)
            recipients = [
                {"_type": row.recipient_type, "_id": row.recipient_id}
                for row in self.execute(query)
            ]
            action = dict(action)
            if action.pop("number_of_recipients") is None:
                assert recipients == [{"_type": "", "_id": ""}]
                recipients = None
            found.append({**action, "_recipients": recipients})
        return found

    def insert_action(self, **fields):
        """Store an action as an older release may have, with its ``_recipients``."""
        actions, rows = self._action_tables()
        recipients = fields.pop("_recipients")
        fields = {"timestamp": datetime(2020, 1, 1), **fields}
        fields["number_of_recipients"] = None if recipients is None else len(recipients)
        inserted = self.execute(sa.insert(actions).values(fields))
        (action_id,) = inserted.inserted_primary_key
        addressed = [{"_type": "", "_id": ""}] if recipients is None else recipients
        for position, recipient in enumerate(addressed):
            row = {
                "recipient_type": recipient["_type"],
                "recipient_id": recipient["_id"],
                "timestamp": fields["timestamp"],
                "action_id": action_id,
                "position": position,
            }
            self.execute(sa.insert(rows).values(row))

    def update_actions(self, **values):
        self.execute(sa.update(self._action_tables()[0]).values(values))

    def rename_type(self, before, after):
        """Give a class another type name in all actions, as an older release may have."""
        actions, rows = self._action_tables()
        columns = [actions.c[f"{role}_type"] for role in ("actor", "target", "action_obj")]
        for column in [*columns, rows.c.recipient_type]:
            self.execute(
                sa.update(column.table).where(column == before).values({column.name: after})
            )

    def _action_tables(self):
        return self.tables["activity_stream_action"], self.tables["activity_stream_recipient"]

    def _row(self, entity):
        state = sa.inspect(entity)
        table = state.mapper.local_table
        (column,) = table.primary_key
        return table, column == state.identity[0]

    @contextmanager
    def queries(self):
        """Yield a list of the statements that the block sends, without BEGIN and COMMIT."""
        recorded = []

        def record(connection, cursor, statement, parameters, context, executemany):
            if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                recorded.append(Statement(statement, parameters))

        engine = self.engine
        sa.event.listen(engine, "before_cursor_execute", record)
        try:
            yield recorded
        finally:
            sa.event.remove(engine, "before_cursor_execute", record)

    def kind_of(self, query):
        reads = re.match(r"\W*(SELECT|WITH\b(?!.*\bINSERT\b))", query.text, re.DOTALL)
        return "read" if reads else "write"

    def entities_asked(self, query):
        """Return how many entities a query asks for by their keys; None if it asks for others."""
        return None if "activity_stream" in query.text else len(query.parameters)

    @contextmanager
    def definitions(self):
        """Yield a function that defines a class of the host's, until the block ends."""
        host = self.model.DeclarativeBase
        defined = []

        def define(name, stored_in, base=host, module="tests.helpers.host.forum", **attributes):
            attributes.update(__module__=module, __qualname__=name)
            if base is host or base.__tablename__ != stored_in:
                attributes = {
                    "__tablename__": stored_in,
                    "__table_args__": {"extend_existing": True},
                    "__mapper_args__": {} if base is host else {"concrete": True},
                    "_id": sa.Column(sa.Integer, primary_key=True),
                    "last_activity_seen": sa.Column(self.model.Moment),
                    **attributes,
                }
            transaction.commit()  # SQLite would wait for its end to make the table
            cls = type(host)(name, (base,), attributes)
            defined.append(cls)
            cls.__table__.create(self.engine, checkfirst=True)
            return cls

        try:
            yield define
        finally:
            self.close()
            tables = dict.fromkeys(cls.__table__ for cls in reversed(defined))
            for cls in reversed(defined):
                manager = sa.orm.attributes.manager_of_class(cls)
                host.registry._dispose_manager_and_mapper(manager)
                host.registry._managers.pop(manager, None)
            # No host forgets a class.
            activitystream.model.orm.entities._classes_of.cache_clear()
            for table in tables:
                self.model.metadata.remove(table)
                table.drop(self.engine, checkfirst=True)
