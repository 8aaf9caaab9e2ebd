"""What somebody gets who installs activitystream, or unpacks its source."""

import email
import email.policy
import json
import re
import tarfile
import zipfile
from pathlib import Path

import docutils.core
import docutils.writers
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.helpers import distributions

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def wheel(wheel_path):
    with zipfile.ZipFile(wheel_path) as archive:
        yield archive


@pytest.fixture(scope="module")
def unpacked_sdist(source, tmp_path_factory):
    path = distributions.build("sdist", source, tmp_path_factory.mktemp("sdist"))
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(path) as archive:
        # Older patch releases of Python have no filters.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    (top,) = folder.iterdir()
    return top


@pytest.fixture(scope="module")
def metadata(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(wheel.read(name), policy=email.policy.compat32)


def files_below(folder, *parts):
    files = (path for path in folder.joinpath(*parts).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in files}


def contents(archive):
    """Return the bytes of each file of a wheel, without its list of hashes."""
    names = [name for name in archive.namelist() if not name.endswith(("/", "/RECORD"))]
    return {name: archive.read(name) for name in names}


def lowest(text):
    """Return the lowest version that a requirement allows."""
    (version,) = [each.version for each in Requirement(text).specifier if each.operator in _LEAST]
    return Version(version)


_LEAST = (">=", "==")


def requirements(metadata, extra=""):
    """Return what is installed only with an extra, by name."""
    found = [Requirement(text) for text in metadata.get_all("Requires-Dist")]
    return {
        canonicalize_name(each.name)
        for each in found
        if (each.marker is None and not extra)
        or (each.marker and extra and each.marker.evaluate({"extra": extra}))
    }


def test_the_wheel_holds_exactly_the_package(source, wheel):
    installed = {name for name in contents(wheel) if ".dist-info/" not in name}
    assert installed == files_below(source, "activitystream")


def test_installs_compiled_translations(source, wheel):
    folder = "activitystream/i18n/{}/LC_MESSAGES/activitystream"
    catalogs = {
        str(each.relative_to(source)) for each in source.glob("activitystream/i18n/**/*.po")
    }
    assert catalogs == {f"{folder.format(language)}.po" for language in ("en", "it", "ru")}
    for catalog in catalogs:
        assert Path(catalog).with_suffix(".mo").as_posix() in wheel.namelist()


def test_type_checkers_find_the_type_hints(wheel):
    assert "activitystream/py.typed" in wheel.namelist()


def test_the_wheel_holds_the_licence(wheel):
    assert any(name.endswith("/LICENSE") for name in wheel.namelist())


def test_the_wheel_leaves_out_the_demo(wheel):
    assert not [name for name in wheel.namelist() if "demo" in name]


def test_the_sdist_holds_every_file_of_our_folders(source, unpacked_sdist):
    for folder in ("activitystream", "benchmarks", "demo", "docs", "tests"):
        assert files_below(unpacked_sdist, folder) == files_below(source, folder)


@pytest.mark.parametrize(
    "name",
    [
        "CHANGELOG.rst",
        "LICENSE",
        "MANIFEST.in",
        "README.rst",
        "constraints.txt",
        "dev",
        "pyproject.toml",
        "setup.py",
        "tox.ini",
    ],
)
def test_the_sdist_can_be_read_built_and_tested(source, unpacked_sdist, name):
    assert (unpacked_sdist / name).read_bytes() == (source / name).read_bytes()


def test_the_sdist_holds_no_junk(unpacked_sdist):
    junk = {"__pycache__", "build", "dist", ".git", ".venv"}
    assert not [path for path in unpacked_sdist.rglob("*") if path.name in junk]


def test_the_sdist_builds_the_same_wheel(wheel, unpacked_sdist, tmp_path):
    with zipfile.ZipFile(distributions.build("wheel", unpacked_sdist, tmp_path)) as again:
        theirs, ours = contents(again), contents(wheel)
    assert theirs.keys() == ours.keys()
    assert [name for name in ours if theirs[name] != ours[name]] == []


def test_gearbox_plug_finds_the_distribution(metadata):
    assert metadata["Name"] == "tgapp-activitystream"


def test_requires_python_3_10_or_newer(metadata):
    assert metadata["Requires-Python"] == ">=3.10"


def test_requires_turbogears_and_babel_but_no_orm(metadata):
    assert requirements(metadata) == {"turbogears2", "tgext-pluggable", "kajiki", "babel"}


def test_the_extra_ming_requires_ming(metadata):
    assert requirements(metadata, extra="ming") == {"ming", "pymongo"}


def test_tests_the_lowest_allowed_versions(source, metadata):
    lines = Path(source, "tests/lowest.txt").read_text(encoding="utf-8").splitlines()
    tested = {canonicalize_name(Requirement(line).name): lowest(line) for line in lines[1:]}
    of_an_app = {*requirements(metadata), *requirements(metadata, extra="demo"), "alembic"}
    allowed = {
        canonicalize_name(Requirement(text).name): lowest(text)
        for text in metadata.get_all("Requires-Dist")
    }
    assert tested == {name: allowed[name] for name in of_an_app}


@pytest.mark.parametrize("python", ["3.10.0", "3.11.0", "3.12.0", "3.13.0"])
def test_pins_every_development_requirement_on_each_python(source, metadata, python):
    here = {"python_version": python.rpartition(".")[0], "python_full_version": python}
    lines = distributions.constraints(source / "constraints.txt")
    pins = [each for each in lines if each.marker is None or each.marker.evaluate(here)]
    pinned = {canonicalize_name(each.name): lowest(str(each)) for each in pins}
    assert len(pinned) == len(pins)
    asked = [Requirement(text) for text in metadata.get_all("Requires-Dist")]
    for each in [*asked, *map(Requirement, build_requirements(source))]:
        assert each.specifier.contains(pinned[canonicalize_name(each.name)]), each


def build_requirements(source):
    (text,) = re.findall(r"^requires = (\[.*\])$", (source / "pyproject.toml").read_text(), re.M)
    return json.loads(text)


def test_the_documentation_lists_the_allowed_versions(source, metadata):
    page = Path(source, "docs/guides/install.rst").read_text(encoding="utf-8")
    told = [Requirement("".join(row)) for row in re.findall(r"^(\S+ +)(>= .+)$", page, re.M)]
    allowed = map(Requirement, metadata.get_all("Requires-Dist"))
    ranges = {canonicalize_name(each.name): each.specifier for each in allowed}
    of_a_host = {
        name: ranges[name]
        for extra in ("", "ming", "sqlalchemy")
        for name in requirements(metadata, extra)
    }
    of_a_host["alembic"] = ranges["alembic"]
    assert {canonicalize_name(each.name): each.specifier for each in told} == of_a_host


def test_the_readme_is_a_valid_description(source, metadata):
    readme = Path(source, "README.rst").read_text(encoding="utf-8")
    assert metadata["Description-Content-Type"] == "text/x-rst"
    assert metadata.get_payload(decode=True).decode("utf-8").strip() == readme.strip()
    warning = 2
    docutils.core.publish_string(
        readme,
        source_path="README.rst",
        writer=docutils.writers.get_writer_class("html5")(),
        settings_overrides={
            "report_level": warning,
            "halt_level": warning,
            # PyPI renders it so.
            "file_insertion_enabled": False,
            "raw_enabled": False,
        },
    )
