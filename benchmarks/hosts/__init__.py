"""The host's part of each line, on each ORM. It is the tests' host app."""

from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any


def made_on(url: str, **options: Any) -> tuple[Any, ModuleType]:
    """Return the WSGI app on a database, with activitystream plugged, and its module here.

    :param options: those of activitystream.
    """
    from tests.helpers.host.app import make_app

    on_ming = url.startswith("mongodb")
    name = "ming" if on_ming else "sqlalchemy"
    model = import_module(f"tests.helpers.host.{name}_model")
    blueprint = {"model": model, "DBSession": model.DBSession, "tm.enabled": not on_ming}
    blueprint |= {"use_ming": on_ming, "use_sqlalchemy": not on_ming, f"{name}.url": url}
    database = SimpleNamespace(model=model, blueprint=blueprint, forget_apps=lambda: None)
    return make_app(database, **options), import_module(f"{__name__}.on_{name}")
