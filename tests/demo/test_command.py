"""The command that starts the demo, in a process of its own."""

import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@contextmanager
def command_line(*arguments, folder):
    process = subprocess.Popen(
        [sys.executable, "-m", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def address_of(process):
    line = process.stdout.readline()
    return re.fullmatch(r"The board is at (http://127\.0\.0\.1:\d+)/\n", line).group(1)


@pytest.mark.hosts
def test_one_command_starts_it(tmp_path):
    with command_line("--port", "0", folder=tmp_path) as process:
        address = address_of(process)
        with urllib.request.urlopen(f"{address}/", timeout=30) as page:
            assert "Who are you?" in page.read().decode()
        port = address.rpartition(":")[2]
        with command_line("--port", port, folder=tmp_path) as second:
            errors = second.communicate(timeout=60)[1]
            assert second.returncode == 1
            assert errors.startswith(f"The demo cannot listen on 127.0.0.1, port {port}: ")
            assert errors.endswith("; take another one by --port\n")
            assert errors.count("\n") == 1
        process.terminate()
        assert process.communicate(timeout=30)[1] == ""


@pytest.mark.hosts
def test_keeps_the_data_when_started_again(tmp_path):
    def visit(path, **form):
        data = urllib.parse.urlencode(form).encode() if form else None
        with browser.open(f"{address}{path}", data, timeout=30) as page:
            return page.read().decode()

    for is_there in (False, True):
        with command_line("--port", "0", folder=tmp_path) as process:
            address = address_of(process)
            kept = process.stdout.readline()
            assert kept == f"Ctrl-C ends it, and {tmp_path}/demo.db keeps what was done.\n"
            browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
            assert ("Still here" in visit("/enter", name="Ada")) is is_there
            assert "Still here" in visit("/post", title="Still here")
    assert [each.name for each in tmp_path.iterdir()] == ["demo.db"]


@pytest.mark.hosts
@pytest.mark.parametrize("path", ["demo.db", "no/such/folder/demo.db", "."])
def test_never_overwrites_a_file_that_is_not_a_database(tmp_path, path):
    (tmp_path / "demo.db").write_text("my diary " * 100)
    with command_line("--port", "0", "--db", f"sqlite:///{path}", folder=tmp_path) as process:
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert re.fullmatch(r"The demo cannot use this database: .+\n", errors)
    assert (tmp_path / "demo.db").read_text() == "my diary " * 100


@pytest.mark.hosts
@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (["--db", "mongodb://127.0.0.1:1/"], 1, "The demo cannot use this database: "),
        (["--db", "mongodb://"], 1, "The demo cannot use this database: "),
        (["--db", "mongodb://u:p@h:x/"], 1, "The demo cannot use this database: "),
        (["--db", "postgresql+psycopg://127.0.0.1:1/x"], 1, "The demo cannot use this database: "),
        (["--db", "postgresql+psycopg://u:p@h:x/"], 1, "The demo cannot use this database: "),
        (["--db", "sqlite:///"], 1, "The demo cannot use this database: SQLite needs a file"),
        (["--db", "sqlite:///:memory:"], 1, "The demo cannot use this database: SQLite needs"),
        (["--db", "mysql://127.0.0.1/x"], 2, "--db must start with one of sqlite:///, "),
        (["--db", "demo.db"], 2, "--db must start with one of sqlite:///, "),
        (["--port", "http"], 2, "argument --port: invalid int value"),
        (["--port", "99999"], 2, "--port must be "),
        (["--host", "no.such.host.invalid"], 1, "The demo cannot listen on no.such.host.invalid"),
    ],
)
def test_says_in_one_line_why_it_cannot_start(tmp_path, arguments, status, error):
    with command_line("--port", "0", *arguments, folder=tmp_path) as process:
        errors = process.communicate(timeout=60)[1]
        assert process.returncode == status
        assert error in errors.splitlines()[-1]
        assert "Traceback" not in errors
        assert status == 2 or errors.count("\n") == 1


@pytest.mark.hosts
@pytest.mark.parametrize(
    ("missing", "db_url"),
    [
        ("waitress", "mim://"),
        ("ming", "mim://"),
        ("sqlalchemy", "sqlite:///demo.db"),
        ("zope.sqlalchemy", "sqlite:///demo.db"),
        ("psycopg", "postgresql+psycopg://127.0.0.1:1/x"),
    ],
)
def test_says_what_to_install_if_requirements_are_missing(tmp_path, missing, db_url):
    code = f"import sys; sys.modules['{missing}'] = None; import demo.__main__ as it"
    code = f"{code}; sys.argv = ['demo', '--db', '{db_url}']; it.main()"
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 1
    assert result.stderr == f"The demo needs {missing}: ./dev demo installs it\n"
