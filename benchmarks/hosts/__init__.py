"""What the host does in each line, on each ORM. The host app is that of the tests."""

from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any


def made_on(url: str) -> tuple[Any, ModuleType]:
    """Make the WSGI app on a database, with activitystream plugged in; give its module here too."""
    from tests.helpers.host.app import make_app

    on_ming = url.startswith("mongodb")
    name = "ming" if on_ming else "sqlalchemy"
    model = import_module(f"tests.helpers.host.{name}_model")
    blueprint = {"model": model, "DBSession": model.DBSession, "tm.enabled": not on_ming}
    blueprint |= {"use_ming": on_ming, "use_sqlalchemy": not on_ming, f"{name}.url": url}
    database = SimpleNamespace(model=model, blueprint=blueprint, forget_apps=lambda: None)
    return make_app(database), import_module(f"{__name__}.on_{name}")
