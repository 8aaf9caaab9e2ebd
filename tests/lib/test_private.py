"""The private name that we use of TurboGears still means the same."""

import ast
from pathlib import Path

import pytest
import tg

import activitystream
from activitystream.lib import hooks

#: What only lib/hooks.py may use, and what no module may.
PRIVATE = {"_hooks", "_current_obj", "_push_object", "_pop_object"}


def test_only_one_module_uses_private_names():
    package = Path(activitystream.__file__).parent
    users = [path.name for path in package.rglob("*.py") if PRIVATE & {*attributes_in(path)}]
    assert users == ["hooks.py"]


def attributes_in(module):
    tree = ast.walk(ast.parse(module.read_text()))
    return (node.attr for node in tree if isinstance(node, ast.Attribute))


@pytest.fixture(scope="session", params=["mim"])
def database(request, database_named):
    return database_named(request.param)


def test_the_functions_of_a_hook_are_known_in_their_order(host):
    def first():
        pass

    def second():
        pass

    assert hooks.registered("activitystream.of_this_test") == ()
    tg.hooks.register("activitystream.of_this_test", first)
    tg.hooks.register("activitystream.of_this_test", second)
    assert hooks.registered("activitystream.of_this_test") == (first, second)
    tg.hooks.disconnect("activitystream.of_this_test", first)
    assert hooks.registered("activitystream.of_this_test") == (second,)
