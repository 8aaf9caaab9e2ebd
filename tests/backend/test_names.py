"""The suite holds each name of the interface."""

import re
from pathlib import Path

from activitystream.model.action import ActionMixin
from activitystream.model.backend import Backend
from activitystream.model.backend_readers import ReadersBackend

NAMES = {name for name in {**vars(ReadersBackend), **vars(Backend)} if not name.startswith("_")}


def test_the_suite_calls_each_function_of_the_interface_and_nothing_else():
    modules = [path.read_text() for path in Path(__file__).parent.glob("*.py")]
    called = {name for module in modules for name in re.findall(r"\borm\.(\w+)", module)}
    assert called == NAMES


def test_the_orm_has_each_name(orm):
    assert {name for name in NAMES if not hasattr(orm, name)} == set()


def test_the_models_are_the_action_and_what_it_needs(orm):
    assert orm.Action in orm.MODELS
    assert issubclass(orm.Action, ActionMixin)


def test_the_errors_can_be_caught(orm):
    assert all(issubclass(error, Exception) for error in orm.DATABASE_ERRORS)
    assert not issubclass(ValueError, orm.DATABASE_ERRORS)
