"""Hosts whose model a test writes down, as a package of their own."""

import importlib
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from textwrap import dedent

import sqlalchemy as sa
import tg
import transaction
from tg import FullStackApplicationConfigurator
from tg.configuration import milestones
from tgext.pluggable import plug
from webtest import TestApp

#: What is in every model, unless it has its own.
SESSION = """
import sqlalchemy as sa
import zope.sqlalchemy
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

Moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")

DBSession = orm.scoped_session(orm.sessionmaker(expire_on_commit=False))
zope.sqlalchemy.register(DBSession)

def init_model(engine):
    DBSession.configure(bind=engine)
"""

FIELDS = """
    __tablename__ = "tg_user"
    user_id: orm.Mapped[int] = orm.mapped_column(primary_key=True{})
    user_name: orm.Mapped[str] = orm.mapped_column(sa.String(50))
    last_activity_seen: orm.Mapped[datetime | None] = orm.mapped_column(Moment, default=None)

    @property
    def as_str(self):
        return self.user_name
"""

BASE = """
from datetime import datetime
from sqlalchemy.orm import DeclarativeBase

class Base(DeclarativeBase):
    pass
"""

USER = f"class User(Base):{FIELDS.format('')}"

IN_ONE_MODULE = SESSION + BASE + USER

_CONTROLLERS = """
import tg
from activitystream import am
from tgext.pluggable import call_partial

class RootController(tg.TGController):
    @tg.expose("json")
    def bell(self):
        return {"bell": str(call_partial("activitystream.partials:bell"))}
"""


class AuthMetadata(tg.configuration.auth.TGAuthMetadata):
    def __init__(self, get_user):
        self._get_user = get_user

    def authenticate(self, environ, identity):
        return identity["login"]

    def get_user(self, identity, userid):
        return self._get_user(userid)


class WrittenHost:
    """A host in a folder, on the database of a URL."""

    def __init__(self, folder, name, url, files):
        self.name = name
        for path, source in {"controllers/root.py": _CONTROLLERS, **files}.items():
            file = Path(folder, name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            for package in [file.parent, *file.parent.parents]:
                if package == Path(folder):
                    break
                (package / "__init__.py").touch()
            file.write_text(dedent(source))
        importlib.invalidate_caches()
        self.package = importlib.import_module(name)
        self.model = importlib.import_module(
            f"{name}.model"
            if "model.py" in files or "model/__init__.py" in files
            else f"{name}.stored"
        )
        self.url = url

    def start(self, blueprint=None, configure=None, **options):
        """Make the app.

        :param blueprint: options beside the host's own.
        :param configure: does more to the configurator.
        """
        base_config = FullStackApplicationConfigurator()
        base_config.update_blueprint(
            {
                "package": self.package,
                "renderers": ["json", "kajiki"],
                "default_renderer": "kajiki",
                "use_sqlalchemy": True,
                "sqlalchemy.url": str(self.url),
                "model": self.model,
                "DBSession": self.model.DBSession,
                "errorpage.enabled": False,
                "trace_errors.enable": False,
                "auto_reload_templates": False,
                "session.enabled": False,
                "sa_auth.enabled": True,
                "sa_auth.cookie_secret": "for tests",
                "sa_auth.authmetadata": AuthMetadata(self.user_named),
                "skip_authentication": True,
                **(blueprint or {}),
            }
        )
        if configure is not None:
            configure(base_config)
        plug(base_config, "activitystream", **options)
        self.app = base_config.make_wsgi_app()
        return self.app

    def make_tables(self):
        """Make the tables of its own that a user of it needs."""
        user = self.model.User
        sa.inspect(user).local_table.create(self.model.DBSession.get_bind(user))

    def leave(self):
        """Close all connections."""
        session = self.model.DBSession
        session.remove()
        with suppress(sa.exc.UnboundExecutionError):  # it has not started
            session.get_bind(self.model.User).dispose()

    def user_named(self, name):
        return self.model.DBSession.query(self.model.User).filter_by(user_name=name).first()

    def browser(self, name):
        return TestApp(self.app, extra_environ={"REMOTE_USER": name})


@contextmanager
def written_hosts(folder):
    """Yield a function that writes a host down; after the block there is none of them."""
    milestones._reset_all()
    tg.hooks._clear()
    sys.path.insert(0, str(folder))
    hosts = []

    def write(url, model=None, name="written", **files):
        files = {path.replace("__", "/") + ".py": source for path, source in files.items()}
        if model is not None:
            files["model/__init__.py"] = model
        host = WrittenHost(folder, name, url, files)
        hosts.append(host)
        return host

    try:
        yield write
    finally:
        transaction.abort()
        for host in hosts:
            host.leave()
            inside = (host.name, f"{host.name}.")
            for module in [each for each in sys.modules if f"{each}.".startswith(inside[1])]:
                del sys.modules[module]
        sys.path.remove(str(folder))
        milestones._reset_all()
        tg.hooks._clear()
