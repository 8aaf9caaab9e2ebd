"""The modules, classes and metadata of the host's model."""

import sys
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm


def model_of(conf: dict[str, Any]) -> ModuleType | None:
    """Return the module of the host's model, as TurboGears finds it."""
    return conf.get("model") or getattr(conf["package"], "model", None)


def modules_of(conf: dict[str, Any]) -> list[ModuleType]:
    """Return the modules of the host, of its model, and of the models of what it plugs."""
    plugged = conf["tgext.pluggable.plugged"]["modules"].values()
    # A pluggable that failed to plug is an empty dict.
    models = [getattr(each.get("module"), "model", None) for each in plugged]
    return with_submodules([conf["package"], model_of(conf), *models])


def with_submodules(packages: Iterable[ModuleType | None]) -> list[ModuleType]:
    """Return these modules, and those inside them that were imported so far."""
    names = {package.__name__ for package in packages if package is not None}
    inside = tuple(f"{name}." for name in names)
    return imported(lambda name: name in names or name.startswith(inside))


def imported(wanted: Callable[[str], bool] = lambda name: True) -> list[ModuleType]:
    """Return the modules that were imported so far and whose names are wanted."""
    every = [module for name, module in [*sys.modules.items()] if wanted(name)]
    return [module for module in every if isinstance(module, ModuleType)]


def members(modules: Iterable[ModuleType], kind: type) -> Iterator[Any]:
    """Yield all objects of a kind that these modules have a name for, each once."""
    named = (each for module in modules for each in [*vars(module).values()])
    # isinstance asks a proxy for the class of its object, which may raise.
    return iter({id(each): each for each in named if issubclass(type(each), kind)}.values())


def mappers(modules: Iterable[ModuleType]) -> Iterator[orm.Mapper[Any]]:
    """Yield the mappers of the classes that these modules have a name for."""
    for cls in members(modules, type):
        # Every mapped class has it. To ask inspect() about the thousands of others would make each
        # start of an app take three times as long.
        if "__mapper__" in vars(cls):
            mapper = sa.inspect(cls, raiseerr=False)
            if isinstance(mapper, orm.Mapper):
                yield mapper


def metadata_of(model: ModuleType) -> sa.MetaData | None:
    """Return the metadata of the host's tables, to which ours may be added.

    It is found by the names of TurboGears' quickstart, else by the model's classes. None if these
    have several, or one with a schema, which would become that of our tables.
    """
    named = [getattr(vars(model).get("DeclarativeBase"), "metadata", None)]
    named += [vars(model).get("metadata")]
    found = [each for each in named if isinstance(each, sa.MetaData)][:1]
    if not found:
        modules = with_submodules([model])
        of_bases = (getattr(cls, "metadata", None) for cls in members(modules, type))
        of_tables = (
            getattr(table, "metadata", None)
            for mapper in mappers(modules)
            for table in mapper.tables
        )
        every = {id(each): each for each in (*of_bases, *of_tables)}
        found = [each for each in every.values() if isinstance(each, sa.MetaData)]
    return found[0] if len(found) == 1 and found[0].schema is None else None
