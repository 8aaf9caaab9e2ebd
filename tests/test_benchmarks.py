"""The benchmark runs, with as little as can be, and all that it should tell is told.

It times nothing that a test could rely on.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import bounds, report
from tests.databases import without

SOURCE = Path(__file__).parent.parent

LINES = {
    *(
        "newest-typical",
        "newest-most",
        "newest-audiences",
        "newest-crowds",
        "far-before",
        "far-skip",
    ),
    *("count-0", "count-100", "count-20000", "count-capped-20000", "mark-seen"),
    *("create-1", "create-5", "create-1000", "create-100000", "import-1000"),
}
HTTP = {"http-bell", "http-bell-8", "http-ten", "http-ten-8"}


def bench(*arguments):
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=SOURCE, capture_output=True, text=True)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """What a run on SQLite wrote."""
    out = tmp_path_factory.mktemp("benchmark")
    size = ("--users", 150, "--actions", 200, 400, "--rounds", 2, "--seconds", 0)
    ran = bench("--db", "sqlite", *size, "--no-peers", "--out", out)
    assert ran.returncode == 0, ran.stderr
    assert "create, 150 recipients: ours" in ran.stderr
    assert ran.stdout == (out / "results.txt").read_text() + "\n"
    return out


@pytest.fixture(scope="module")
def results(out):
    return json.loads((out / "results.json").read_text())


@pytest.mark.parametrize("actions", [200, 400])
@pytest.mark.parametrize("contender", ["ours", "by hand", "raw"])
def test_each_contender_does_each_line(results, contender, actions):
    found = [
        line
        for line in results["lines"]
        if (line["contender"], line["actions"]) == (contender, actions)
    ]
    assert {line["line"] for line in found} - HTTP == LINES
    assert all(line["database"] == "sqlite" and line["rounds"] == 2 for line in found[: len(LINES)])
    assert all(line["median_ms"] > 0 and line["p99_ms"] > 0 for line in found)


def test_pages_are_asked_for_over_http(results):
    for contender in ("ours", "host alone"):
        of_contender = {each["line"] for each in results["lines"] if each["contender"] == contender}
        assert of_contender >= HTTP
    at_once = [line for line in results["lines"] if line["line"].endswith("-8")]
    assert all(line["per_second"] > 0 for line in at_once)


def test_memory_is_told(results):
    assert [each["actions"] for each in results["memory"]] == [200, 400]
    assert all(each["without_mb"] > 10 for each in results["memory"])


def test_it_says_on_what_it_ran(results):
    assert set(results["machine"]) == {"cpu", "cores", "memory_gb", "kernel"}
    assert {"Python", "SQLAlchemy", "sqlite"} <= set(results["versions"])


def test_bounds_are_judged_by_the_json(results):
    assert results["bounds"] == bounds.checked(results)
    judged = {(each["line"], each["against"]) for each in results["bounds"]}
    assert {("newest-most", "by hand"), ("newest-most", "200 actions")} <= judged
    assert "raw" not in {against for _, against in judged}, "SQLite answers inside the process"


def test_a_run_can_be_reported_again(out, results, tmp_path):
    ran = bench("report", out / "results.json", "--out", tmp_path)
    assert ran.returncode == 0, ran.stderr
    files = {path.name for path in out.iterdir()}
    assert files == {path.name for path in tmp_path.iterdir()}
    assert files > {
        "results.rst",
        *(f"{chart}-sqlite.svg" for chart in ("growth", "http", "medians")),
    }
    for name in ("results.json", "results.txt", "results.rst"):
        assert (tmp_path / name).read_text() == (out / name).read_text()


def test_every_contender_has_a_column(results):
    assert {line["contender"] for line in results["lines"]} <= set(report.CONTENDERS)


def test_a_database_that_it_does_not_know_is_refused(tmp_path):
    ran = bench("--db", "oracle://here", "--out", tmp_path)
    assert ran.returncode == 1
    assert "'oracle://here' is none of mongodb, postgresql, sqlite" in ran.stderr


def test_the_demo_is_put_under_load(tmp_path):
    if shutil.which("wrk") is None:
        without("no wrk to make a load: install Debian's package of that name")
    ran = bench(
        "load", "--db", f"sqlite:///{tmp_path}/demo.db", "--minutes", 0.05, "--out", tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads((tmp_path / "load-sqlite.json").read_text())
    assert set(told["asked"]) == {"the bell's request", "the stream's page", "/see"}
    assert all(each["requests"] > 0 and each["errors"] == 0 for each in told["asked"].values())
    assert len(told["memory_mb"]) == 3
    assert '"/see"' in (tmp_path / "load-sqlite.rst").read_text()


@pytest.mark.parametrize(
    ("simulation", "told"), [("partitions", "by month: DROP TABLE"), ("sizes", "1,000 million")]
)
def test_a_simulation_runs(simulation, told):
    command = [sys.executable, "-m", "benchmarks.simulations", simulation, "--actions", "3000"]
    ran = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True)
    if "The simulation cannot run" in ran.stderr:
        pytest.skip(ran.stderr)
    assert ran.returncode == 0, ran.stderr
    assert told in ran.stdout
