"""The tables of actions on SQL databases: made by Alembic, and marked with their version."""

import shutil
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import alembic.command
import pytest
import sqlalchemy as sa
import zope.sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import scoped_session, sessionmaker

import activitystream.model
import activitystream.model.sqlalchemy as on_sqlalchemy
from activitystream import bootstrap
from tests.helpers import databases
from tests.helpers.empty_databases import empty_database
from tests.helpers.schemas import everything_about

MIGRATIONS = "activitystream:migration"

VERSION_TABLE = "activitystream_migrate"

OURS = on_sqlalchemy.Action.metadata

NEXT_RELEASE = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def is_made(inspector):
    columns = inspector.get_columns("activity_stream_action")
    return "mood" in [each["name"] for each in columns]


def upgrade():
    op.add_column("activity_stream_action", sa.Column("mood", sa.String(16)))


def downgrade():
    op.drop_column("activity_stream_action", "mood")
"""


@pytest.fixture(autouse=True)
def _no_app(monkeypatch):
    """Unload the app: ``gearbox migrate-pluggable activitystream`` loads none."""
    monkeypatch.delattr(activitystream.model, "orm", raising=False)


@pytest.fixture(params=databases.SQL)
def new_engine(request, database_named, tmp_path):
    """Return a function that connects to another empty database of the same kind."""
    with ExitStack() as until_the_end:

        def new_engine():
            database = empty_database(database_named(request.param), tmp_path)
            url = until_the_end.enter_context(database)
            return sa.create_engine(url, poolclass=sa.NullPool)

        yield new_engine


@pytest.fixture
def engine(new_engine):
    return new_engine()


@pytest.fixture
def session(engine, monkeypatch):
    """Return the session of a host on this database."""
    session = scoped_session(sessionmaker(bind=engine))
    zope.sqlalchemy.register(session)
    monkeypatch.setattr(activitystream.model, "orm", on_sqlalchemy, raising=False)
    monkeypatch.setattr(activitystream.model.DBSession, "_proxied", session)
    yield session
    session.remove()


@pytest.fixture
def set_up(session):
    """Return a function that does our part of ``gearbox setup-app``."""
    return lambda: bootstrap.bootstrap(None, {}, {})


@pytest.fixture
def next_release(tmp_path, monkeypatch):
    """Return a function that begins the next release, with one more migration."""

    def begin():
        release = tmp_path / "migration"
        shutil.copytree(Path(activitystream.__file__).with_name("migration"), release)
        (release / "versions" / "next.py").write_text(NEXT_RELEASE.format(head=head()))
        set_option = Config.set_main_option

        def set_option_of_next_release(config, name, value):
            set_option(config, name, str(release) if value == MIGRATIONS else value)

        monkeypatch.setattr(Config, "set_main_option", set_option_of_next_release)
        return head()

    return begin


@pytest.fixture
def without_alembic(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "alembic.command", None)
        yield patch


def configuration():
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    return config


def head():
    """Return the newest version."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def versions():
    """Return all versions, oldest first."""
    scripts = ScriptDirectory.from_config(configuration()).walk_revisions()
    return [each.revision for each in scripts][::-1]


def migrate(engine, command, version):
    config = configuration()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command(config, version)


def version(engine):
    """Return the version that the database has recorded."""
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE}
        return MigrationContext.configure(connection, opts=options).get_current_revision()


def tables(engine):
    return set(sa.inspect(engine).get_table_names()) - {VERSION_TABLE}


def columns(engine):
    return {each["name"] for each in sa.inspect(engine).get_columns("activity_stream_action")}


def store_action(engine):
    with engine.begin() as connection:
        fields = {"verb": "waved", "timestamp": sa.func.now()}
        connection.execute(sa.insert(OURS.tables["activity_stream_action"]).values(fields))


def fill(engine):
    """Store actions for two, for nobody and for everyone, and what a reader has seen of them."""
    moment = datetime(2026, 1, 31, 12, 30, 15, 999000)
    action = {"actor_type": "User", "actor_id": "1", "actor_name": "Ann 👋", "timestamp": moment}
    actions = [
        {**action, "_id": 1, "verb": "waved", "number_of_recipients": 2, "extra": "x" * 100_000},
        {**action, "_id": 2, "verb": "slept", "number_of_recipients": 0, "extra": None},
        {**action, "_id": 5, "verb": "sang", "number_of_recipients": None, "extra": ""},
    ]
    to = [("User", "ä", 1, 0), ("User", "Ä", 1, 1), ("", "", 5, 0)]
    names = ("recipient_type", "recipient_id", "action_id", "position")
    recipients = [{**dict(zip(names, each, strict=True)), "timestamp": moment} for each in to]
    reader = {"reader_type": "User", "reader_id": "ä"}
    marks = {**reader, "mark": None, "seen_floor": moment, "read_floor": moment}
    seen = {**reader, "action_id": 1, "timestamp": moment}
    rows = {
        "activity_stream_action": actions,
        "activity_stream_recipient": recipients,
        "activity_stream_reader": [marks],
        "activity_stream_seen_action": [{**seen, "is_read": False}],
        "activity_stream_once": [{"once": "a" * 64, "action_id": 1}],
        "activity_stream_mute": [{**reader, "mute": "b" * 64, "number": 0, "verb": "waved"}],
    }
    there = tables(engine)
    with engine.begin() as connection:
        for table in OURS.sorted_tables:
            if table.name in there:
                connection.execute(sa.insert(table), rows[table.name])


def contents(engine):
    """Return every row of our tables."""
    there = tables(engine)
    with engine.connect() as connection:
        return {
            table: connection.execute(
                sa.select("*").select_from(sa.table(table)).order_by(*columns.primary_key)
            )
            .mappings()
            .all()
            for table, columns in OURS.tables.items()
            if table in there
        }


def verbs(engine):
    with engine.connect() as connection:
        return connection.scalars(sa.text("SELECT verb FROM activity_stream_action")).all()


def test_the_migrations_match_the_model(engine):
    migrate(engine, alembic.command.upgrade, "head")
    options = {
        "version_table": VERSION_TABLE,
        "compare_type": True,
        "compare_server_default": True,
    }
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), OURS) == []


def test_the_migrations_make_the_same_tables_as_create_all(new_engine):
    by_migrations, by_model = new_engine(), new_engine()
    migrate(by_migrations, alembic.command.upgrade, "head")
    OURS.create_all(by_model)
    assert everything_about(by_migrations, OURS) == everything_about(by_model, OURS)


def test_the_migrations_match_create_all_with_a_naming_convention(new_engine):
    by_migrations, by_host = new_engine(), new_engine()
    migrate(by_migrations, alembic.command.upgrade, "head")
    ways = {
        "pk": "the_key_of_%(table_name)s",
        "fk": "from_%(table_name)s_to_%(referred_table_name)s",
        "ix": "by_%(column_0_label)s",
    }
    metadata = sa.MetaData(naming_convention=ways)
    for table in OURS.sorted_tables:
        table.to_metadata(metadata)
    metadata.create_all(by_host)
    assert everything_about(by_migrations, OURS) == everything_about(by_host, OURS)


def test_a_downgrade_removes_everything(engine):
    migrate(engine, alembic.command.upgrade, "head")
    migrate(engine, alembic.command.downgrade, "base")
    assert tables(engine) == set()
    assert version(engine) is None
    migrate(engine, alembic.command.upgrade, "head")
    assert tables(engine) == set(OURS.tables)


def test_setup_makes_the_tables(engine, set_up):
    set_up()
    assert tables(engine) == set(OURS.tables)
    assert version(engine) == head()


def test_setup_records_the_version_of_tables_that_the_host_made(engine, set_up):
    OURS.create_all(engine)
    store_action(engine)
    set_up()
    assert version(engine) == head()
    assert verbs(engine) == ["waved"]


def test_a_second_setup_changes_nothing(engine, set_up):
    set_up()
    store_action(engine)
    before = everything_about(engine, OURS)
    set_up()
    assert everything_about(engine, OURS) == before
    assert version(engine) == head()
    assert verbs(engine) == ["waved"]


def indexes(engine):
    return {each["name"] for each in sa.inspect(engine).get_indexes("activity_stream_action")}


def test_an_index_may_be_made_before_the_migration(engine):
    migrate(engine, alembic.command.upgrade, "0001")
    with engine.begin() as connection:
        next(iter(OURS.tables["activity_stream_action"].indexes)).create(connection)
    migrate(engine, alembic.command.upgrade, "head")
    assert version(engine) == head()


@pytest.mark.parametrize("upgrade", ["by setting up", "by migrating"])
def test_upgrades_the_schema_of_0001_with_its_rows(engine, set_up, upgrade):
    migrate(engine, alembic.command.upgrade, "0001")
    store_action(engine)
    assert "actions_by_time" not in indexes(engine)
    for _ in range(2):
        set_up() if upgrade == "by setting up" else migrate(engine, alembic.command.upgrade, "head")
        assert version(engine) == head()
        assert "actions_by_time" in indexes(engine)
        assert verbs(engine) == ["waved"]
    migrate(engine, alembic.command.downgrade, "0001")
    assert "actions_by_time" not in indexes(engine)
    assert verbs(engine) == ["waved"]


def test_upgrades_the_schema_of_0001_without_a_recorded_version(engine, set_up):
    """Without Alembic, its tables were made so."""
    migrate(engine, alembic.command.upgrade, "0001")
    store_action(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
    set_up()
    assert version(engine) == head()
    assert "actions_by_time" in indexes(engine)
    assert verbs(engine) == ["waved"]


def test_upgrades_the_schema_of_0001_without_alembic(engine, set_up, monkeypatch):
    migrate(engine, alembic.command.upgrade, "0001")
    store_action(engine)
    monkeypatch.setitem(sys.modules, "alembic.command", None)
    set_up()
    set_up()
    assert "actions_by_time" in indexes(engine)
    assert verbs(engine) == ["waved"]


def test_setup_after_a_downgrade_makes_the_tables_again(engine, set_up):
    set_up()
    migrate(engine, alembic.command.downgrade, "base")
    set_up()
    assert tables(engine) == set(OURS.tables)
    assert version(engine) == head()


def test_setup_after_a_downgrade_records_the_hosts_tables(engine, set_up):
    set_up()
    migrate(engine, alembic.command.downgrade, "base")
    OURS.create_all(engine)
    set_up()
    assert version(engine) == head()


def test_setup_upgrades_the_tables_of_an_older_release(engine, set_up, next_release):
    set_up()
    store_action(engine)
    newest = next_release()
    set_up()
    assert version(engine) == newest
    assert "mood" in columns(engine)
    assert verbs(engine) == ["waved"]


def test_going_back_from_the_next_release_keeps_the_actions(engine, set_up, next_release):
    older = head()
    next_release()
    set_up()
    store_action(engine)
    migrate(engine, alembic.command.downgrade, "-1")
    assert version(engine) == older
    assert "mood" not in columns(engine)
    assert verbs(engine) == ["waved"]


def test_setup_without_alembic_makes_the_tables(engine, set_up, without_alembic):
    set_up()
    set_up()
    assert tables(engine) == set(OURS.tables)
    without_alembic.undo()
    assert version(engine) is None
    set_up()
    assert version(engine) == head()


def test_setup_waits_for_no_transaction_of_the_host(engine, session, set_up):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE greetings (word VARCHAR(16))")
    session.execute(sa.text("INSERT INTO greetings VALUES ('hello')"))
    set_up()
    assert version(engine) == head()


def test_an_upgrade_records_the_version_of_the_hosts_tables(engine):
    OURS.create_all(engine)
    store_action(engine)
    migrate(engine, alembic.command.upgrade, "head")
    assert version(engine) == head()
    assert verbs(engine) == ["waved"]


def test_a_downgrade_removes_the_tables_that_the_host_made(engine):
    OURS.create_all(engine)
    migrate(engine, alembic.command.downgrade, "base")
    assert tables(engine) == set()


def are_kept(rows, later):
    """Return whether tables still have these rows, maybe with more columns."""
    return all(
        len(rows[table]) == len(later[table])
        and all(
            before.items() <= after.items()
            for before, after in zip(rows[table], later[table], strict=True)
        )
        for table in rows
    )


@pytest.mark.parametrize("earlier", versions())
def test_an_upgrade_from_any_version_keeps_every_action(new_engine, session, set_up, earlier):
    engine, fresh = session.get_bind(), new_engine()
    migrate(fresh, alembic.command.upgrade, "head")
    migrate(engine, alembic.command.upgrade, earlier)
    fill(engine)
    before = contents(engine)
    migrate(engine, alembic.command.upgrade, "head")
    migrate(engine, alembic.command.upgrade, "head")
    set_up()
    assert are_kept(before, contents(engine))
    assert everything_about(engine, OURS) == everything_about(fresh, OURS)


@pytest.mark.parametrize("earlier", versions())
def test_upgrades_tables_that_a_host_made_with_any_version(new_engine, earlier):
    engine, fresh = new_engine(), new_engine()
    migrate(fresh, alembic.command.upgrade, "head")
    migrate(engine, alembic.command.upgrade, earlier)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")  # as create_all makes none
    fill(engine)
    before = contents(engine)
    migrate(engine, alembic.command.upgrade, "head")
    assert version(engine) == head()
    assert are_kept(before, contents(engine))
    assert everything_about(engine, OURS) == everything_about(fresh, OURS)


@pytest.mark.parametrize("earlier", versions())
def test_going_back_to_any_version_keeps_every_action(engine, earlier):
    migrate(engine, alembic.command.upgrade, "head")
    fill(engine)
    before = contents(engine)
    migrate(engine, alembic.command.downgrade, earlier)
    assert version(engine) == earlier
    left = contents(engine)
    assert are_kept(left, before)
    assert "activity_stream_action" in left
    migrate(engine, alembic.command.upgrade, "head")
    assert are_kept(left, contents(engine))


@pytest.mark.parametrize("earlier", versions()[1:])
def test_upgrades_after_the_host_made_the_new_tables(new_engine, session, set_up, earlier):
    engine, fresh = session.get_bind(), new_engine()
    migrate(fresh, alembic.command.upgrade, "head")
    migrate(engine, alembic.command.upgrade, earlier)
    store_action(engine)
    OURS.create_all(engine)
    set_up()
    assert version(engine) == head()
    assert verbs(engine) == ["waved"]
    assert everything_about(engine, OURS) == everything_about(fresh, OURS)
