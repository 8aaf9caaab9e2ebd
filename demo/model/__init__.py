"""The neighbours and their notices, on SQLAlchemy or on Ming.

A real host has one ORM; this one supports both. ``on_sqlalchemy`` and ``on_ming`` have the same
classes and functions, and ``orm`` is the one in use. ``board`` has what both share.
"""

import importlib
from types import ModuleType

from demo.model.board import Neighbour, Notice, Reply, now

__all__ = ["DeclarativeBase", "Neighbour", "Notice", "Reply", "choose_orm", "now", "orm"]

orm: ModuleType
DeclarativeBase: type | None


def choose_orm(db_url: str) -> None:
    """Choose the ORM by the database's URL."""
    global orm, DeclarativeBase
    name = "on_ming" if db_url.startswith(("mim:", "mongodb")) else "on_sqlalchemy"
    orm = importlib.import_module(f"demo.model.{name}")
    # On SQLAlchemy, tgext.pluggable adds activitystream's tables to those of the host's model.
    DeclarativeBase = getattr(orm, "DeclarativeBase", None)
