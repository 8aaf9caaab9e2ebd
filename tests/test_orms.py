"""The modules of the ORMs have what the rest of the package asks of them, and take it alike."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import activitystream
from activitystream.model import ming, sqlalchemy

PACKAGE = Path(activitystream.__file__).parent
ASKED = sorted(
    {
        name
        for path in PACKAGE.rglob("*.py")
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


@pytest.mark.parametrize("call", ["create(user, 'x')", "get_by_recipient(user)", "purge(now)"])
def test_a_script_that_loads_no_app_is_told_so(call):
    script = (
        "import datetime; from activitystream import am; "
        f"user, now = object(), datetime.datetime(2020, 1, 1); am.{call}"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert "plug(base_config, 'activitystream')" in last
    assert "a script loads the app" in last
