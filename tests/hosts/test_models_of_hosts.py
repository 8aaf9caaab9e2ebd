"""Hosts that write their model in other ways than TurboGears' quickstart does."""

import alembic.command
import pytest
import sqlalchemy as sa
import transaction

import activitystream.model
from activitystream import am, bootstrap
from tests.helpers.databases import SQL, on
from tests.helpers.written_host import BASE, FIELDS, IN_ONE_MODULE, SESSION, USER
from tests.model.sqlalchemy.test_migrations import configuration

pytestmark = on(*SQL)

DATACLASSES = (
    SESSION
    + BASE.replace("(Decl", "(orm.MappedAsDataclass, Decl").replace(
        "DeclarativeBase):", "DeclarativeBase):"
    )
    + f"class User(Base):{FIELDS.format(', init=False')}"
)

WITHOUT_META = (
    SESSION
    + """
from datetime import datetime
from sqlalchemy.orm import DeclarativeBaseNoMeta as DeclarativeBase

class Base(DeclarativeBase):
    pass
"""
    + USER
)

TWO_BASES = (
    IN_ONE_MODULE
    + """
class OtherBase(DeclarativeBase):
    pass

class Report(OtherBase):
    __tablename__ = "report"
    report_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
"""
)

OWN_METADATA = (
    SESSION
    + """
from datetime import datetime
from sqlalchemy.orm import DeclarativeBase
tables = sa.MetaData(naming_convention={"pk": "pk_of_%(table_name)s"})

class Base(DeclarativeBase):
    metadata = tables
"""
    + USER
)

BY_REGISTRY = (
    SESSION
    + """
registry = orm.registry()
users = sa.Table(
    "tg_user",
    registry.metadata,
    sa.Column("user_id", sa.Integer, primary_key=True),
    sa.Column("user_name", sa.String(50)),
    sa.Column("last_activity_seen", Moment),
)

class User:
    def __init__(self, user_name):
        self.user_name = self.as_str = user_name

registry.map_imperatively(User, users)
"""
)

BOUND_BY_BASE = IN_ONE_MODULE.replace("bind=engine", "binds={Base: engine}")

BOUND_BY_CLASS = IN_ONE_MODULE.replace("bind=engine", "binds={User: engine}")

BOUND_BY_TABLE = IN_ONE_MODULE.replace("bind=engine", "binds={User.__table__: engine}")

TWO_BASES_BOUND = TWO_BASES.replace(
    "bind=engine", 'binds={Base: engine, OtherBase: sa.create_engine("sqlite://")}'
)

MODELS = {
    "a base of SQLAlchemy 2's style": {"model": IN_ONE_MODULE},
    "a base in a module of its own": {
        "model": SESSION + "from written.model.auth import User\n",
        "model__base": BASE,
        "model__auth": "from written.model import Moment, orm, sa\n"
        "from datetime import datetime\nfrom written.model.base import Base\n" + USER,
    },
    "classes that only modules of the model name": {
        "model": SESSION + "from written.model import auth\nUser = auth.User\n",
        "db": BASE,
        "model__auth": "from written.model import Moment, orm, sa\n"
        "from datetime import datetime\nfrom written.db import Base\n" + USER,
    },
    "dataclasses": {"model": DATACLASSES},
    "a base without a metaclass": {"model": WITHOUT_META},
    "two bases": {"model": TWO_BASES},
    "a metadata under another name": {"model": OWN_METADATA},
    "classes that are mapped by hand": {"model": BY_REGISTRY},
    "no model in the package": {"stored": IN_ONE_MODULE},
    "an engine for a base": {"model": BOUND_BY_BASE},
    "an engine for a class": {"model": BOUND_BY_CLASS},
    "an engine for a table": {"model": BOUND_BY_TABLE},
    "an engine for each of two bases": {"model": TWO_BASES_BOUND},
}

#: The hosts without a single metadata for all tables, so that ours are not added to it.
APART = {"two bases", "an engine for each of two bases"}

OURS = {"activity_stream_action", "activity_stream_recipient"}


def engine_of(host):
    return host.model.DBSession.get_bind(host.model.User)


def tables(host):
    return set(sa.inspect(engine_of(host)).get_table_names())


def works(host):
    """Check that actions are stored, shown and marked."""
    host.model.DBSession.add(host.model.User(user_name="ann"))
    transaction.commit()
    ann = host.user_named("ann")
    am.create(ann, "waved", recipients=[ann])
    transaction.commit()
    browser = host.browser("ann")
    assert "waved" in browser.get("/activitystream/").text
    assert browser.get("/activitystream/unseen.json").json["unseen"] == 1
    browser.post("/activitystream/ajax_update_last_seen_of_a_recipient")
    assert browser.get("/activitystream/unseen.json").json["unseen"] == 0
    (action,) = am.get_by_recipient(host.user_named("ann"))
    action.extra = "changed"
    transaction.commit()
    host.model.DBSession.delete(host.model.DBSession.query(activitystream.model.Action).one())
    transaction.commit()
    return am.get_actions() == (0, [])


@pytest.mark.parametrize("options", [{}, {"plug_models": True}, {"plug_models": False}])
@pytest.mark.parametrize("model", MODELS)
def test_works_in_a_host_with(write, url, model, options):
    host = write(url, **MODELS[model])
    host.start(**options)
    host.make_tables()
    bootstrap.bootstrap(None, {}, {})
    assert tables(host) > OURS
    assert works(host)


@pytest.mark.parametrize("model", sorted(MODELS.keys() - APART))
def test_create_all_creates_our_tables_in_a_host_with(write, url, model):
    host = write(url, **MODELS[model])
    host.start()
    user = sa.inspect(host.model.User).local_table
    user.metadata.create_all(engine_of(host))
    assert tables(host) > OURS
    bootstrap.bootstrap(None, {}, {})  # and notes the version of what is there
    assert works(host)


def test_adds_no_tables_to_the_metadata_without_plug_models(write, url):
    host = write(url, **MODELS["a base of SQLAlchemy 2's style"])
    host.start(plug_models=False)
    assert set(host.model.Base.metadata.tables) == {"tg_user"}


def test_works_in_a_host_whose_tables_are_in_a_schema(write, url, database):
    schema = {"sqlite": "main", "postgresql": "hosts_own"}.get(database.name)
    schema = schema or sa.make_url(url).database
    model = OWN_METADATA.replace("MetaData(", f"MetaData(schema={schema!r}, ")
    host = write(url, model)
    host.start()
    with engine_of(host).begin() as connection:
        if database.name == "postgresql":
            connection.execute(sa.schema.CreateSchema(schema))
    host.model.Base.metadata.create_all(engine_of(host))
    bootstrap.bootstrap(None, {}, {})
    assert tables(host) > OURS
    # In the host's metadata, they would get its schema.
    assert list(host.model.Base.metadata.tables) == [f"{schema}.tg_user"]
    assert works(host)


def test_migrates_a_host_with_its_own_metadata(write, url):
    host = write(url, **MODELS["two bases"])
    host.start()
    with engine_of(host).connect() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "head")
    host.make_tables()
    bootstrap.bootstrap(None, {}, {})
    assert works(host)


@pytest.mark.parametrize("model", [IN_ONE_MODULE, BOUND_BY_BASE])
def test_uses_the_engine_of_a_recreated_app(write, url, new_url, model):
    host = write(url, model)
    host.start()
    assert not host.model.DBSession.registry.has()
    host.url = new_url()
    host.start()
    host.make_tables()
    bootstrap.bootstrap(None, {}, {})
    assert str(engine_of(host).url.database) == sa.make_url(host.url).database
    assert works(host)
