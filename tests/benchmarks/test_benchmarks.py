"""The benchmark runs, as small as can be, and tells what it should.

It times nothing that a test could rely on.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pyperf
import pytest

from benchmarks import bounds, results
from benchmarks.contenders import CLASSES
from tests.helpers.databases import without
from tests.helpers.workers import made_once

pytestmark = pytest.mark.benchmarks

SOURCE = Path(__file__).parents[2]

PAGES = {"newest-typical", "newest-most", "newest-audiences", "newest-crowds"}
LINES = {
    *(*PAGES, "far-before", "far-skip"),
    *("count-0", "count-100", "count-20000", "count-capped-20000", "mark-seen", "mark-read"),
    *("create-1", "create-5", "create-1000", "create-100000", "import-1000"),
}
MARKS = {"newest-marked", "count-unread", "mark-all-read", "mark-read"}
MUTED = {"newest-muted", "count-muted"}
BUSIEST = {"actor-busiest", "target-busiest"}
ROLES = {*BUSIEST, "actor-typical", "target-typical"}
HTTP = {"http-bell", "http-newest", "http-page", "http-host"}
SMALL = ("--users", 150, "--passes", 2, "--rounds", 2, "--seconds", 0)


def bench(*arguments):
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=SOURCE, capture_output=True, text=True)


def measured(folder):
    """Return what a run wrote, grouped."""
    return results.grouped(pyperf.BenchmarkSuite.load(str(folder / "results.json")))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Return what a run on SQLite wrote."""

    def run(out):
        ran = bench("--db", "sqlite", "--actions", 200, 400, *SMALL, "--out", out)
        assert ran.returncode == 0, ran.stderr
        assert "create, 150 recipients: ours" in ran.stderr
        assert ran.stdout == (out / "results.rst").read_text() + "\n"

    return made_once(tmp_path_factory, "benchmark", run)


@pytest.fixture(scope="module")
def groups(out):
    return measured(out)


@pytest.mark.parametrize("actions", [200, 400])
def test_times_each_line_with_each_contender(groups, actions):
    lines = groups["sqlite", actions]
    assert lines.keys() == LINES | MARKS | MUTED | ROLES | HTTP | {"memory"}
    for key in LINES:
        assert lines[key].keys() == {"ours", "by hand"}
        assert all(len(each.get_values()) == 2 for each in lines[key].values())


def test_times_what_nobody_does_by_hand(groups):
    for key in (MARKS | ROLES | HTTP) - LINES - {"http-newest"}:
        assert groups["sqlite", 400][key].keys() == {"ours"}
    assert groups["sqlite", 400]["http-newest"].keys() == {"ours", "in groups"}
    for key in MUTED:
        assert groups["sqlite", 400][key].keys() == {"ours", "none muted"}


def test_measures_the_memory_of_an_iteration(groups):
    memory = groups["sqlite", 400]["memory"]["ours"]
    assert memory.get_unit() == "byte"
    assert memory.get_metadata()["iterated"] > 10


def test_results_name_the_machine_but_no_host_and_no_path(out):
    text = (out / "results.json").read_text()
    about = pyperf.BenchmarkSuite.load(str(out / "results.json")).get_metadata()
    assert about.keys() >= {"cpu_count", "platform", "python_version", "packages", "users"}
    assert "SQLAlchemy" in about["packages"]
    assert sys.executable not in text
    assert "hostname" not in text


def test_fails_beyond_a_bound(groups, out):
    judged = {(where, label, against) for where, label, against, *_ in bounds.judged(groups)}
    label = "newest ten, most notified user"
    assert (("sqlite", 200), label, "by hand") in judged
    assert (("sqlite", 400), label, "200 actions") in judged
    against_others, growing = 2 * len(PAGES | MUTED), len(PAGES | MUTED | MARKS | BUSIEST)
    assert (("sqlite", 400), "the opened bell, in groups", "ours") in judged
    assert len(judged) == against_others + growing + 5
    assert f"of {len(judged)} bounds are met" in (out / "results.rst").read_text()


def test_reports_a_run_again(out, tmp_path):
    ran = bench("report", out / "results.json", "--out", tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"results.rst", "medians-sqlite.svg"}
    assert (tmp_path / "results.rst").read_text() == (out / "results.rst").read_text()


@pytest.fixture
def other_tree(tmp_path):
    """Return another tree of the project, which marks slowly and counts wrongly."""
    tree = tmp_path / "other"
    shutil.copytree(SOURCE / "activitystream", tree / "activitystream")
    with (tree / "activitystream" / "__init__.py").open("a") as package:
        package.write(
            "\nimport time\n"
            "right = ActionManager.mark_seen\n"
            "ActionManager.mark_seen = lambda *given: time.sleep(0.2) or right(*given)\n"
            "ActionManager.count_not_seen_by_recipient = lambda *given, **named: -1\n"
        )
    return tree


def test_compares_two_trees_in_one_run(other_tree, tmp_path):
    run = ("--db", "sqlite", "--actions", 200, *SMALL, "--only", "newest-most", "mark-seen")
    ran = bench(*run, "--against", other_tree, "--out", tmp_path)
    assert ran.returncode == 0, ran.stderr
    lines = measured(tmp_path)["sqlite", 200]
    assert lines.keys() == {"newest-most", "mark-seen"}
    assert all(by_name.keys() == {"ours", "other tree"} for by_name in lines.values())
    assert lines["mark-seen"]["other tree"].median() >= 0.2
    assert "of 2 bounds are met" in ran.stdout


def test_refuses_to_compare_different_answers(other_tree, tmp_path):
    run = ("--db", "sqlite", "--actions", 200, *SMALL, "--only", "count-0")
    ran = bench(*run, "--against", other_tree, "--out", tmp_path)
    assert ran.returncode == 1
    assert "count-0: other tree says -1, ours 0" in ran.stderr


def test_refuses_to_compare_with_a_folder_without_the_package(tmp_path):
    run = ("--db", "sqlite", "--actions", 200, *SMALL, "--against", tmp_path, "--out", tmp_path)
    ran = bench(*run)
    assert ran.returncode == 1
    assert f"there is no activitystream in {tmp_path}" in ran.stderr


def test_refuses_an_unknown_database(tmp_path):
    ran = bench("--db", "oracle://here", "--out", tmp_path)
    assert ran.returncode == 1
    assert "'oracle://here' is none of mongodb, postgresql, sqlite" in ran.stderr


def test_every_contender_has_a_class():
    ours = {"ours", "none muted", "in groups"}
    assert CLASSES["mongodb"].keys() == {*ours, "by hand", "raw", "0.1.1's layout"}
    peers = {"django-notifications-hq", "django-activity-stream"}
    assert CLASSES["postgresql"].keys() == {*ours, "by hand", "raw", *peers}


def test_puts_the_demo_under_load(tmp_path):
    if shutil.which("wrk") is None:
        without("no wrk to make a load: install Debian's package of that name")
    load = ("--db", "sqlite", "--actions", 20, "--minutes", 0.05)
    ran = bench("load", *load, "--out", tmp_path)
    assert ran.returncode == 0, ran.stderr
    table = (tmp_path / "load-sqlite.rst").read_text()
    assert ran.stdout == table + "\n"
    errors = [
        line.split()[-1] for line in table.splitlines() if line.strip().startswith(("the", "/see"))
    ]
    assert errors == ["0", "0", "0"]


@pytest.mark.parametrize(
    ("simulation", "told"), [("partitions", "DROP TABLE"), ("sizes", "1,000 million")]
)
def test_runs_a_simulation(simulation, told, tmp_path):
    ran = bench("simulate", simulation, "--actions", 500, "--out", tmp_path)
    if "The benchmark cannot run" in ran.stderr:
        without(ran.stderr)
    assert ran.returncode == 0, ran.stderr
    assert told in (tmp_path / f"{simulation}.rst").read_text()
