"""activitystream in an app that ``gearbox quickstart`` made, by ``gearbox plug``."""

import re
import shlex
from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.helpers.documents import blocks
from tests.helpers.stock_host import NAME

START = "from paste.deploy import loadapp; loadapp('config:development.ini', relative_to='.')"

INDEXES = {"stream_of_recipient", "stream_for_everyone", "actions_by_time"}

TABLES = {"activity_stream_action", "activity_stream_recipient"}

MIGRATE = ("migrate-pluggable", "activitystream")

PLUG = r"^plug\(.*\)$"

pytestmark = pytest.mark.hosts


@pytest.fixture(params=["ming", "sql"])
def host(request):
    return request.getfixturevalue(f"{request.param}_host")


@pytest.fixture(params=["mim", "mongodb"])
def ming_ini(request, ming_host):
    """Return the Ming host's configuration on each database, set up."""
    if request.param == "mim":
        yield "test.ini"
        return
    request.getfixturevalue("stored")
    ming_host.gearbox("setup-app")
    with without_debug_bar(ming_host):
        yield "development.ini"


@pytest.fixture
def sql_ini(engine, sql_host, set_up):
    """Return the SQLAlchemy host's configuration on each database, set up."""
    with without_debug_bar(sql_host) if engine.name == "postgresql" else nullcontext():
        yield "development.ini"


def without_debug_bar(host):
    """Turn off what makes a story four times as slow, and is on in one of them."""
    return host.edited("development.ini", r"^debug = true$", "debug = false")


def indexes(stored):
    return INDEXES & stored.activity_stream_action.index_information().keys()


def tables(engine):
    return TABLES & set(sa.inspect(engine).get_table_names())


def version(engine):
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT * FROM activitystream_migrate").scalar()


def actions(engine):
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT verb FROM activity_stream_action").all()


def announce(sql_host, verb, recipients=False):
    """Create an action of somebody's, for everyone or for themselves."""
    told = "recipients=[user]" if recipients else ""
    sql_host.python(
        "-c",
        f"{START}\nimport activitystream, transaction\nfrom {NAME}.model import DBSession, User\n"
        "user = DBSession.query(User).first()\n"
        f"activitystream.am.create(user, {verb!r}, {told})\ntransaction.commit()",
    )


def test_the_host_uses_the_wheel(host):
    place = host.python("-c", "import activitystream; print(activitystream.__file__)").strip()
    assert Path(place).resolve().is_relative_to(host.environment.folder.resolve())


def test_users_follow_each_other_on_ming(ming_host, ming_ini):
    ming_host.play_the_story(ming_ini)


def test_users_follow_each_other_on_sqlalchemy(sql_ini, sql_host):
    sql_host.play_the_story(sql_ini)


def test_users_follow_each_other_under_another_url(host):
    moved = 'plug(base_config, "activitystream", appid="news")'
    with host.edited(f"{NAME}/config/app_cfg.py", PLUG, moved):
        host.play_the_story("test.ini", appid="news")


def test_the_hosts_own_tests_pass(host):
    host.pytest(f"{NAME}/tests")


def test_the_hosts_model_can_import_our_class(host):
    wanted = 'plug(base_config, "activitystream", global_models=True)'
    ours = f"import activitystream.model\nimport {NAME}.model\n"
    ours += f"assert {NAME}.model.Action is activitystream.model.Action"
    with host.edited(f"{NAME}/config/app_cfg.py", PLUG, wanted):
        host.python("-c", f"{START.replace('development', 'test')}\n{ours}")


def test_operators_purge_and_forget_on_ming(ming_host, stored):
    ming_host.gearbox("setup-app")
    key = stored.tg_user.find_one({"user_name": "editor"})["_id"]
    old, new = datetime(2020, 1, 31), datetime.now(timezone.utc)
    by_editor = {"actor_type": "User", "actor_id": key, "verb": "waved", "_recipients": None}
    stored.activity_stream_action.insert_many(
        {**by_editor, "timestamp": moment} for moment in (old, old, new)
    )
    stored.tg_user.delete_one({"_id": key})
    operate(ming_host, key)
    assert stored.activity_stream_action.count_documents({}) == 0


@pytest.mark.usefixtures("set_up")
def test_operators_purge_and_forget_on_sqlalchemy(sql_host, engine):
    announce(sql_host, "waved")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO activity_stream_action (verb, timestamp) VALUES "
            "('old', '2020-01-31'), ('old', '2020-01-31')"
        )
    operate(sql_host, 1)
    assert actions(engine) == []


def operate(host, key):
    """Run the README's commands on two old actions and a new one of this user."""
    purge = ("-q", "activitystream", "purge", "-c", "development.ini", "--older-than", "180d")
    assert host.gearbox(*purge, "--dry-run").startswith("actions to delete: 2 (older than ")
    assert host.gearbox(*purge).startswith("actions deleted: 2 (older than ")
    forget = ("-q", "activitystream", "forget", "User", str(key))
    assert "as the actor, and deleted: 1\n" in host.gearbox(*forget, "--dry-run")
    assert "as the actor, and deleted: 1\n" in host.gearbox(*forget)
    assert "as the actor, and deleted: 0\n" in host.gearbox(*forget)
    # What cron gets when something is wrong.
    with pytest.raises(AssertionError, match="exit status 2 .*\n+.*use one of .*User"):
        host.gearbox("-q", "activitystream", "forget", "Nobody", str(key))


# On Ming


def test_setup_app_creates_the_indexes(ming_host, stored):
    ming_host.gearbox("setup-app")
    assert indexes(stored) == INDEXES


def test_setup_app_creates_the_indexes_if_the_app_does_not(ming_host, stored):
    off = "[app:main]\nming.connection.auto_ensure_indexes = false"
    by_host = r"^    for mapper in .*\n.*ensure_indexes\(.*\)$"
    with (
        ming_host.edited("development.ini", r"^\[app:main\]$", off),
        ming_host.edited(f"{NAME}/model/__init__.py", by_host, ""),
    ):
        ming_host.python("-c", START)
        assert indexes(stored) == set()
        ming_host.gearbox("setup-app")
    assert indexes(stored) == INDEXES


def test_setup_app_can_be_repeated_on_ming(ming_host, stored):
    ming_host.gearbox("setup-app")
    before = stored.activity_stream_action.index_information()
    # The stock app's own part cannot: it would store its two users again.
    for collection in ("tg_user", "tg_group", "tg_permission"):
        stored[collection].delete_many({})
    ming_host.gearbox("setup-app")
    assert stored.activity_stream_action.index_information() == before


# On SQLAlchemy


def test_setup_app_creates_the_tables_and_records_their_version(sql_host, engine):
    sql_host.gearbox("setup-app")
    assert tables(engine) == TABLES
    assert f"{version(engine)} (head)" in sql_host.gearbox(*MIGRATE, "db_version")


@pytest.mark.usefixtures("set_up")
def test_an_upgrade_after_setup_app_changes_nothing(sql_host, engine):
    announce(sql_host, "waved")
    before = version(engine)
    output = sql_host.gearbox(*MIGRATE, "upgrade")
    assert not re.search("error|traceback|running upgrade", output, re.IGNORECASE)
    assert tables(engine) == TABLES
    assert version(engine) == before
    assert actions(engine) == [("waved",)]


@pytest.mark.usefixtures("set_up")
def test_migrates_down_and_up_again(sql_host, engine):
    before = version(engine)
    sql_host.gearbox(*MIGRATE, "downgrade", "base")
    assert tables(engine) == set()
    assert version(engine) is None
    sql_host.gearbox(*MIGRATE, "upgrade")
    assert tables(engine) == TABLES
    assert version(engine) == before
    announce(sql_host, "waved")
    assert actions(engine) == [("waved",)]


@pytest.mark.usefixtures("set_up")
def test_migrates_actions_down_and_up_again(sql_host, engine):
    announce(sql_host, "waved", recipients=True)
    for earlier in ("0005", "0001"):
        sql_host.gearbox(*MIGRATE, "downgrade", earlier)
        sql_host.gearbox(*MIGRATE, "upgrade")
    assert actions(engine) == [("waved",)]
    with engine.connect() as connection:
        rows = "SELECT verb_digest, actor_digest FROM activity_stream_recipient"
        ((verb, actor),) = connection.exec_driver_sql(rows).all()
    assert None not in (verb, actor)


def test_setup_app_works_after_the_migrations(sql_host, engine):
    sql_host.gearbox(*MIGRATE, "upgrade")
    before = version(engine)
    sql_host.gearbox("setup-app")
    assert version(engine) == before
    announce(sql_host, "waved")


@pytest.mark.usefixtures("set_up")
def test_setup_app_can_be_repeated_on_sqlalchemy(sql_host, engine):
    announce(sql_host, "waved")
    before = version(engine)
    output = sql_host.gearbox("setup-app")
    assert "problem running activitystream bootstrap" not in output
    assert version(engine) == before
    assert actions(engine) == [("waved",)]


@pytest.mark.usefixtures("set_up")
def test_setup_app_recreates_the_tables_after_a_downgrade(sql_host, engine):
    before = version(engine)
    sql_host.gearbox(*MIGRATE, "downgrade", "base")
    sql_host.gearbox("setup-app")
    assert tables(engine) == TABLES
    assert version(engine) == before


@pytest.fixture
def autogenerate(sql_host):
    """Return what ``upgrade`` and ``downgrade`` do in a migration that Alembic writes."""
    env = "migration/env.py"
    before = (sql_host.app / env).read_text()
    (function,) = [each.text for each in blocks("python") if "def include_object" in each.text]
    sql_host.edit(env, "^def run_migrations_online", f"{function}\n\n\ndef run_migrations_online")
    metadata = "target_metadata=target_metadata,"
    sql_host.edit(env, metadata, f"{metadata}\n        include_object=include_object,")

    # As `gearbox migrate autogenerate` does, which gearbox finds by files that pip may not make.
    revision = (
        f"{START}\nfrom alembic import command, config\n"
        "ini = config.Config('development.ini', ini_section='app:main')\n"
        "ini.set_main_option('script_location', 'migration')\n"
        "command.revision(ini, 'news', autogenerate=True)"
    )

    def autogenerate():
        sql_host.python("-c", revision)
        (written,) = sql_host.app.glob("migration/versions/*_news.py")
        text = written.read_text()
        written.unlink()
        return text[text.index("def upgrade()") :]

    yield autogenerate
    (sql_host.app / env).write_text(before)


@pytest.mark.usefixtures("engine")
def test_the_hosts_first_migration_leaves_out_our_tables(autogenerate):
    migration = autogenerate()
    assert "create_table('tg_user'" in migration
    assert "last_activity_seen" in migration
    assert not re.search("activity_?stream_", migration)


@pytest.mark.usefixtures("set_up")
def test_the_hosts_next_migration_keeps_our_tables(autogenerate):
    assert not re.search(r"op\.|activity_?stream_", autogenerate())


@pytest.mark.usefixtures("engine")
def test_the_logged_command_creates_the_missing_tables(sql_host, engine):
    log = "import logging; logging.basicConfig(force=True)"
    ask = f"{START}\n{log}\nimport activitystream; activitystream.am.get_actions()"
    with pytest.raises(AssertionError, match="tables of activitystream are missing") as caught:
        sql_host.python("-c", ask)
    (command,) = re.findall("`gearbox (migrate-pluggable .*?)`", str(caught.value))
    assert str(sql_host.app / "development.ini") in command
    sql_host.gearbox(*shlex.split(command))
    assert tables(engine) == TABLES


@pytest.mark.usefixtures("engine")
def test_migrates_with_the_options_of_a_pool(sql_host):
    pool = "sqlalchemy.pool_size = 20\nsqlalchemy.max_overflow = 5\nsqlalchemy.pool_recycle = 3600"
    with sql_host.edited("development.ini", r"^sqlalchemy\.pool_recycle = .*$", pool):
        sql_host.gearbox(*MIGRATE, "upgrade")


@pytest.fixture
def modern(sql_host):
    """Give the model a base in SQLAlchemy 2's style, with another name than TurboGears'."""
    folder = sql_host.app / NAME / "model"
    before = {path: path.read_text() for path in folder.glob("*.py")}
    for path, text in before.items():
        path.write_text(re.sub(r"\bDeclarativeBase\b", "Base", text))
    base = (
        "from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase):\n    pass\n"
    )
    sql_host.edit(f"{NAME}/model/__init__.py", r"^Base = declarative_base\(\)$", base)
    yield
    for path, text in before.items():
        path.write_text(text)


@pytest.mark.usefixtures("modern")
def test_sets_up_and_migrates_a_host_with_its_own_base(sql_host, engine):
    sql_host.gearbox("setup-app")
    assert tables(engine) == TABLES
    announce(sql_host, "waved")
    sql_host.gearbox(*MIGRATE, "downgrade", "base")
    sql_host.gearbox(*MIGRATE, "upgrade")
    announce(sql_host, "waved again")
    assert actions(engine) == [("waved again",)]


def test_rejects_renamed_tables(sql_host):
    renamed = 'plug(base_config, "activitystream", rename_tables=True)'
    with (
        sql_host.edited(f"{NAME}/config/app_cfg.py", PLUG, renamed),
        pytest.raises(AssertionError, match="rename_tables=….* is not supported"),
    ):
        sql_host.python("-c", START)
