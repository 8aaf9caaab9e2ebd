"""The commands of the README and of the pages do what they say."""

import re
import shlex
import subprocess
import sys
import time
import urllib.request

import pytest
from packaging.utils import canonicalize_name
from tg.configuration import AppConfig
from tgext.pluggable import plug

from tests.helpers.distributions import ROOT, Environment, constraints, copy_source, run
from tests.helpers.documents import blocks, text_of


def test_quotes_the_error_of_hosts_with_app_config():
    with pytest.raises(AttributeError) as caught:
        plug(AppConfig(minimal=True), "activitystream")
    assert f"``AttributeError: {caught.value}``" in text_of("docs/guides/from-0.1.1.rst")


def test_the_demo_uses_the_documented_htmx_settings():
    (block,) = [each for each in blocks("html") if "htmx-config" in each.text]
    master = ROOT / "demo" / "templates" / "master.xhtml"
    assert block.text in master.read_text()


def test_every_command_is_tested():
    """The stock host runs its own, CI runs ./dev test, and the tests below run the others."""
    lines = [line for block in blocks("bash") for line in block.text.splitlines()]
    reinstall = "pip install --force-reinstall --no-deps tgapp-activitystream"
    assert {line for line in lines if not line.startswith(("./dev", "pybabel"))} == {
        "pip install ./tgapp-activitystream",
        "pip install tgapp-activitystream",
        reinstall,
        "pip install alembic",
        "gearbox plug tgapp-activitystream",
        "gearbox setup-app",
        "gearbox activitystream purge --older-than 180d --dry-run",
        "gearbox activitystream purge --older-than 180d",
        "gearbox activitystream forget User 42 --dry-run",
        "gearbox activitystream forget User 42",
        "gearbox migrate-pluggable activitystream upgrade",
        "gearbox migrate-pluggable activitystream db_version",
        "gearbox migrate-pluggable activitystream downgrade base",
    }
    # tests/hosts/test_distributions.py runs what our own message says.
    message = (ROOT / "activitystream" / "lib" / "distributions.py").read_text()
    assert reinstall.replace("tgapp-activitystream", "{_OUR_DISTRIBUTION}") in message
    stock_host = (ROOT / "tests/helpers/stock_host/__init__.py").read_text()
    assert '"plug", "tgapp-activitystream"' in stock_host
    assert '"install"' in stock_host
    tests_of_it = (ROOT / "tests/hosts/test_stock_host.py").read_text()
    words = ("setup-app", "migrate-pluggable", "upgrade", "db_version", "downgrade", "base")
    assert "from alembic import" in tests_of_it
    for word in (*words, "purge", "--older-than", "180d", "forget", "User", "--dry-run"):
        assert f'"{word}"' in tests_of_it
    assert "./dev test" in (ROOT / ".ci" / "run").read_text()
    assert "./dev demo" in lines


@pytest.mark.hosts
def test_installs_from_a_clone_as_the_readme_says(tmp_path):
    clone = tmp_path / "tgapp-activitystream"
    clone.mkdir()
    copy_source(clone)
    environment = Environment(tmp_path / "venv")
    environment.pip("install", "--no-deps", "--no-build-isolation", clone)
    version = "import importlib.metadata as m; print(m.version('tgapp-activitystream'))"
    assert environment.python("-c", version, cwd=tmp_path).startswith("1.")


def test_the_translators_commands_keep_current_catalogs(tmp_path):
    copy_source(tmp_path)
    for line in [line for block in blocks("bash") for line in block.text.splitlines()]:
        if line.startswith("pybabel"):
            command = [sys.executable, "-m", "babel.messages.frontend", *shlex.split(line)[1:]]
            subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    def sentences(folder):
        files = sorted((folder / "activitystream" / "i18n").rglob("*.po*"))
        return [file.read_text().partition("\n\n")[2] for file in files]

    assert sentences(tmp_path) == sentences(ROOT)


@pytest.mark.hosts
def test_one_command_sets_up_and_serves_the_demo(tmp_path):
    copy_source(tmp_path)
    told = tmp_path / "log"
    with told.open("w") as log:
        demo = subprocess.Popen(
            ["./dev", "demo", "--port", "0"], cwd=tmp_path, stdout=log, stderr=log
        )
        try:
            url = patiently(lambda: re.search(r"at (http://\S+)", told.read_text()), demo)[1]
            assert b"Who are you?" in urllib.request.urlopen(url).read()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{told.read_text()}") from None
        finally:
            demo.terminate()
            demo.wait()
    assert re.fullmatch(
        r"Setting up \.venv for: demo \(once, .*\)\nThe board is at .*\nCtrl-C ends it, .*\n",
        (tmp_path / "log").read_text(),
    )
    python = tmp_path / ".venv" / "bin" / "python"
    frozen = run(python, "-m", "pip", "freeze", "--all", "--exclude-editable", cwd=tmp_path)
    installed = {line for line in frozen.splitlines() if not re.match("(pip|wheel)==", line)}
    pinned = {f"{canonicalize_name(each.name)}{each.specifier}" for each in constraints()}
    assert {re.sub(r"^[^=]+", canonicalized, line) for line in installed} <= pinned


def canonicalized(match):
    return canonicalize_name(match.group())


@pytest.mark.hosts
def test_a_failed_setup_says_why(tmp_path):
    copy_source(tmp_path)
    (tmp_path / "constraints.txt").write_text("setuptools == 1.0\n")
    failed = subprocess.run(
        ["./dev", "demo"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert failed.returncode != 0
    assert "setuptools" in failed.stderr
    assert not (tmp_path / "demo.db").exists()


def patiently(call, process):
    """Call until it returns anything, while a process prepares it; return that."""
    deadline = time.monotonic() + 500
    while not (given := call()):
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < deadline, "it says nothing"
        time.sleep(0.5)
    return given
