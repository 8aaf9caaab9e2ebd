"""Each ORM's package has the names of a backend, and its functions take the same arguments."""

import inspect
import subprocess
import sys

import pytest

from activitystream.model import ming, sqlalchemy
from activitystream.model.backend import Backend

#: The names of a backend: functions and values.
ASKED = sorted(name for name in vars(Backend) if not name.startswith("_"))


def taken_by(asked):
    """Return the parameters of a function; None for what is no function."""
    if not inspect.isroutine(inspect.unwrap(asked)):
        return None
    parameters = inspect.signature(asked).parameters.values()
    return [(each.name, each.default) for each in parameters]


@pytest.mark.parametrize("name", ASKED)
def test_each_orm_defines_the_whole_backend(name):
    assert taken_by(getattr(ming, name)) == taken_by(getattr(sqlalchemy, name))
    assert not inspect.isroutine(getattr(Backend, name)) or inspect.isroutine(getattr(ming, name))


@pytest.mark.hosts
@pytest.mark.parametrize("call", ["create(user, 'x')", "get_by_recipient(user)", "purge(now)"])
def test_a_script_without_an_app_gets_a_clear_error(call):
    script = (
        "import datetime; from activitystream import am; "
        f"user, now = object(), datetime.datetime(2020, 1, 1); am.{call}"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert "plug(base_config, 'activitystream')" in last
    assert "in a script load the app first" in last
