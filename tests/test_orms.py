"""The modules of the ORMs have what the rest of the package asks of them, and take it alike."""

import inspect
import re
from pathlib import Path

import pytest

import activitystream
from activitystream.model import ming, sqlalchemy

PACKAGE = Path(activitystream.__file__).parent
ASKED = sorted(
    {
        name
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] != "demo"
        for name in re.findall(r"\bmodel\.orm\.(\w+)", path.read_text(encoding="utf-8"))
    }
)


def taken_by(asked):
    """What is to be given to a function; None for what is no function."""
    if not inspect.isroutine(inspect.unwrap(asked)):
        return None
    parameters = inspect.signature(asked).parameters.values()
    return [(each.name, each.default) for each in parameters]


@pytest.mark.parametrize("name", ASKED)
def test_each_orm_answers_what_it_is_asked(name):
    assert taken_by(getattr(ming, name)) == taken_by(getattr(sqlalchemy, name))
