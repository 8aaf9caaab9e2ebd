"""Beside a distribution that installs a package ``activitystream`` too, as ActivityStream does."""

import re
import shlex

import pytest

from tests.helpers import distributions

pytestmark = pytest.mark.hosts

#: The files of the other distribution that matter here.
THEIRS = {
    "setup.py": "from setuptools import setup\n"
    "setup(name='ActivityStream', version='0.5.1', packages=['activitystream'])",
    "activitystream/__init__.py": "from .managers import NodeManager",
    "activitystream/managers.py": "class NodeManager: pass",
}

PLUG = """
from tg import MinimalApplicationConfigurator
from tgext.pluggable import plug
plug(MinimalApplicationConfigurator(), "activitystream")
"""


@pytest.fixture(scope="module")
def ours(wheel_path):
    return wheel_path


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    source = tmp_path_factory.mktemp("theirs")
    for name, text in THEIRS.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(text)
    return distributions.build("wheel", source, tmp_path_factory.mktemp("their_wheel"))


@pytest.fixture
def environment(tmp_path):
    return distributions.Environment(tmp_path / "venv")


def plug(environment):
    environment.python("-c", PLUG, cwd=environment.folder)


@pytest.mark.parametrize("order", [("ours", "theirs"), ("theirs", "ours")], ids="->".join)
def test_says_which_distribution_to_remove_and_how(environment, ours, theirs, order):
    for each in order:
        environment.pip("install", "--no-deps", {"ours": ours, "theirs": theirs}[each])
    with pytest.raises(
        AssertionError, match="ActivityStream and tgapp-activitystream both install"
    ) as caught:
        plug(environment)
    uninstall, reinstall = re.findall(r"`pip (.*?)`", str(caught.value))
    environment.pip(*shlex.split(uninstall), "--yes")
    environment.pip(*shlex.split(reinstall), "--find-links", ours.parent)
    plug(environment)


def test_is_silent_without_another_distribution(environment, ours):
    environment.pip("install", "--no-deps", ours)
    plug(environment)
    with pytest.raises(AssertionError, match="activitystream.managers does not exist: write from"):
        environment.python("-c", "import activitystream.managers", cwd=environment.folder)
