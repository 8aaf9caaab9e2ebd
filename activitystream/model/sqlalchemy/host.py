"""What a host has on SQLAlchemy: the modules, classes and metadata of its model."""

import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm


def model_of(conf: dict[str, Any]) -> ModuleType | None:
    """The module of the host's model, as TurboGears finds it."""
    return conf.get("model") or getattr(conf["package"], "model", None)


def modules_of(conf: dict[str, Any]) -> list[ModuleType]:
    """The modules of the host, of its model, and of the models of what it plugs."""
    plugged = conf["tgext.pluggable.plugged"]["modules"].values()
    # One that failed to plug is an empty dict.
    models = [getattr(each.get("module"), "model", None) for each in plugged]
    return loaded([conf["package"], model_of(conf), *models])


def loaded(packages: Iterable[ModuleType | None]) -> list[ModuleType]:
    """These modules, and those in them that were imported so far."""
    names = {package.__name__ for package in packages if package is not None}
    inside = tuple(f"{name}." for name in names)
    modules = [*sys.modules.items()]
    return [
        module
        for name, module in modules
        if isinstance(module, ModuleType) and (name in names or name.startswith(inside))
    ]


def members(modules: Iterable[ModuleType], kind: type) -> Iterator[Any]:
    """All of a kind that these modules have a name for, each once."""
    found = {id(each): each for module in modules for each in [*vars(module).values()]}
    # By its real class: a proxy may raise where it is asked for that of what it stands for.
    return (each for each in found.values() if issubclass(type(each), kind))


def mappers(modules: Iterable[ModuleType]) -> Iterator[orm.Mapper[Any]]:
    """The mappers of the classes that these modules have a name for."""
    for cls in members(modules, type):
        mapper = sa.inspect(cls, raiseerr=False)
        if isinstance(mapper, orm.Mapper):
            yield mapper


def metadata_of(model: ModuleType) -> sa.MetaData | None:
    """The metadata of a host's tables, to which ours may be added.

    By the names of TurboGears' quickstart; else that of the model's classes. None if these have
    several, or one whose tables are in a schema, which ours are not.
    """
    named = [getattr(vars(model).get("DeclarativeBase"), "metadata", None)]
    named += [vars(model).get("metadata")]
    found = [each for each in named if isinstance(each, sa.MetaData)][:1]
    if not found:
        modules = loaded([model])
        of_bases = (getattr(cls, "metadata", None) for cls in members(modules, type))
        of_tables = (
            getattr(table, "metadata", None)
            for mapper in mappers(modules)
            for table in mapper.tables
        )
        every = {id(each): each for each in (*of_bases, *of_tables)}
        found = [each for each in every.values() if isinstance(each, sa.MetaData)]
    return found[0] if len(found) == 1 and found[0].schema is None else None
