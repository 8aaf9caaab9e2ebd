"""The app of the documentation: what its blocks of code take for granted."""

import importlib
import sys
import types

import pytest
import sqlalchemy
import tg
import transaction
import zope.sqlalchemy
from beaker.cache import cache_managers
from beaker.container import MemoryNamespaceManager
from ming import Session
from ming import schema as s
from ming.odm import FieldProperty, Mapper, ThreadLocalODMSession
from ming.odm.declarative import MappedClass
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import declarative_base, scoped_session, sessionmaker
from tg import FullStackApplicationConfigurator
from tgext.pluggable import plug

from activitystream import am
from activitystream.model.ming import Action
from tests.helpers.documents import PROJECT, blocks
from tests.helpers.host.app import AuthMetadata, configurator

#: The files' endings of each template engine.
ENGINES = {"kajiki": "xhtml", "jinja": "jinja", "mako": "mak", "genshi": "html"}

#: A page for each template of the README that is one.
ROOT_CONTROLLER = f"""
import tg
from activitystream import am
from tg import TGController, expose

class RootController(TGController):
    @expose("{PROJECT}.templates.notifications")
    def notifications(self):
        return {{}}

    @expose("{PROJECT}.templates.panel")
    def panel(self):
        return {{}}

    @expose("{PROJECT}.templates.master")
    def bell(self):
        return {{}}

    @expose("{PROJECT}.templates.list")
    def list(self):
        user = tg.request.identity["user"]
        return {{"actions": am.get_by_recipient(user), "user": user}}
"""

#: A page in each engine.
for _engine in ENGINES:
    ROOT_CONTROLLER += f"""
    @expose("{_engine}:{PROJECT}.templates.shown")
    def {_engine}(self):
        return {{"action": am.get_by_recipient(tg.request.identity["user"]).first()}}
"""


def orm_of(database):
    return "SQLAlchemy" if database.blueprint["use_sqlalchemy"] else "Ming"


class Recorder:
    """Stands in for what a host has: it takes any call."""

    def __init__(self):
        self.calls = []

    def send(self, *arguments):
        self.calls.append(arguments)


@pytest.fixture
def project(database, tmp_path, monkeypatch):
    """Return the README's package, with the blocks that name a file in their files."""
    for name in ("config", "controllers", "lib", "model", "templates"):
        (tmp_path / PROJECT / name).mkdir(parents=True)
        (tmp_path / PROJECT / name / "__init__.py").touch()
    (tmp_path / PROJECT / "__init__.py").touch()
    for language in ("python", "html"):
        for block in blocks(language, orm_of(database)):
            if block.file:
                with (tmp_path / block.file).open("a") as written:
                    written.write(f"{block.text}\n")
    (tmp_path / PROJECT / "controllers" / "root.py").write_text(ROOT_CONTROLLER)
    monkeypatch.syspath_prepend(tmp_path)
    assert database.model  # imported before the list of all classes is taken
    mappers = list(Mapper._all_mappers)
    # The app's own classes, and no other app's of the same names.
    Mapper._all_mappers[:] = [each for each in mappers if each.mapped_class is Action]
    yield tmp_path / PROJECT
    Mapper._all_mappers[:] = mappers
    database.forget()
    for name in [name for name in sys.modules if name.split(".")[0] == PROJECT]:
        del sys.modules[name]


def run_file(path, namespace):
    exec(compile(path.read_text(), str(path), "exec"), namespace)


def make_model(project, database):
    """Return the package's model, of the README's classes."""
    module = importlib.import_module(f"{PROJECT}.model")
    vars(module).update({"Ming": ming_base, "SQLAlchemy": sqlalchemy_base}[orm_of(database)]())
    for name in ("auth", "post"):
        namespace = {**vars(module), "__name__": f"{PROJECT}.model.{name}"}
        run_file(project / "model" / f"{name}.py", namespace)
        vars(module).update(
            {each: namespace[each] for each in ("User", "Post") if each in namespace}
        )
    return module


def ming_base():
    """Return what a model on Ming has beside its classes."""
    datastore_session = Session()
    names = {"DBSession": ThreadLocalODMSession(datastore_session), "MappedClass": MappedClass}

    def init_model(datastore):
        datastore_session.bind = datastore
        Mapper.compile_all()

    return {**names, "FieldProperty": FieldProperty, "s": s, "init_model": init_model}


def sqlalchemy_base():
    """Return what a model on SQLAlchemy has beside its classes."""
    session = scoped_session(sessionmaker())
    zope.sqlalchemy.register(session, keep_session=True)
    names = {"DBSession": session, "DeclarativeBase": declarative_base()}
    columns = ("Column", "DateTime", "Integer", "Unicode")
    names.update({name: getattr(sqlalchemy, name) for name in columns})
    # The README says so.
    milliseconds = mysql.DATETIME(fsp=3)
    names["DateTime"] = sqlalchemy.DateTime().with_variant(milliseconds, "mysql", "mariadb")
    return {**names, "init_model": lambda engine: session.configure(bind=engine)}


@pytest.fixture
def namespace(database, project):
    """Return what the README's blocks take for granted, in the app that they plug into."""
    host_model = make_model(project, database)
    DBSession = host_model.DBSession
    User, Post = host_model.User, host_model.Post

    def plug_anew(base_config, name, **options):
        """Check that the options are valid. Blocks show several ways to plug."""
        plug(FullStackApplicationConfigurator(), name, **options)

    base_config = configurator(database)
    base_config.update_blueprint(
        {
            "package": importlib.import_module(PROJECT),
            "renderers": ["json", *ENGINES],
            "model": host_model,
            "DBSession": DBSession,
            "helpers": importlib.import_module(f"{PROJECT}.lib.helpers"),
            "sa_auth.authmetadata": AuthMetadata(host_model),
        }
    )
    run_file(project / "config" / "app_cfg.py", {"base_config": base_config})
    app = base_config.make_wsgi_app()
    if orm_of(database) == "Ming":
        # Ming flushes every session of the process, the other test host's too.
        database.model.init_model(DBSession.bind)
        for name in DBSession.db.list_collection_names():
            DBSession.db[name].delete_many({})
        host_model.user_named = lambda name: User.query.get(user_name=name)

        def save(*entities):
            DBSession.flush()

        def all_users():
            return User.query.find().all()

        def forget():
            DBSession.close_all()

    else:
        engine = tg.config["tg.app_globals"].sa_engine
        host_model.DeclarativeBase.metadata.drop_all(engine)
        host_model.DeclarativeBase.metadata.create_all(engine)

        def all_users():
            return DBSession.query(User).all()

        host_model.user_named = lambda name: DBSession.query(User).filter_by(user_name=name).first()

        def save(*entities):
            DBSession.add_all(entities)
            transaction.commit()

        def forget():
            transaction.commit()
            DBSession.remove()

    ann, bob = (
        User(user_name=name, display_name=name.title(), email_address=f"{name}@host")
        for name in ("ann", "bob")
    )
    post, comment = Post(title="A post"), Post(title="A comment")
    save(ann, bob, post, comment)
    yield {
        "all_users": all_users,
        "am": am,
        "app": app,
        "author": bob,
        "base_config": FullStackApplicationConfigurator(),
        "comment": comment,
        "DBSession": DBSession,
        "DeclarativeBase": types.SimpleNamespace,  # of a class that is shown in part
        "expose": tg.expose,  # what a quickstart's root.py has
        "OtherBase": types.SimpleNamespace,
        "OtherSession": DBSession,
        "phones": Recorder(),
        "followers": [ann],
        "forget": forget,
        "mailer": Recorder(),
        "model": host_model,
        "orm": orm_of(database),
        "plug": plug_anew,
        "old_posts": [post],
        "post": post,
        "save": save,
        "team": comment,
        "tg": tg,
        "user": ann,
    }
    forget()
    # Numbers come again in the next database, and Beaker's memory is the process's.
    cache_managers.clear()
    MemoryNamespaceManager.namespaces.clear()
    if orm_of(database) == "SQLAlchemy":
        host_model.DeclarativeBase.metadata.drop_all(engine)
