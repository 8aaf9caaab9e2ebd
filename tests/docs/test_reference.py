"""The reference has every public name, and each says how it is used."""

import inspect

import pytest

import activitystream
from activitystream import ActionManager, helpers, partials
from tests.helpers.documents import text_of

PYTHON = text_of("docs/reference/python.rst")
PARTIALS = text_of("docs/reference/partials.rst")

METHODS = [name for name, _ in inspect.getmembers(ActionManager, inspect.isfunction)]


@pytest.mark.parametrize("name", sorted({*activitystream.__all__} - {"am", "plugme"}))
def test_lists_what_the_package_gives(name):
    assert f":: activitystream.{name}\n" in PYTHON


def test_lists_every_helper_and_partial():
    own = [
        name
        for name, each in inspect.getmembers(partials, inspect.isfunction)
        if each.__module__ == partials.__name__ and not name.startswith("_")
    ]
    for name in (*own, *helpers.__all__):
        assert f".. autofunction:: {name}\n" in f"{PARTIALS}\n", name


@pytest.mark.parametrize("name", [name for name in METHODS if not name.startswith("_")])
def test_every_method_of_the_manager_has_an_example(name):
    assert "Example" in inspect.getdoc(getattr(ActionManager, name))
