"""The wheel and the sdist, built from what a release would be built from."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def run(*command, cwd, **environ):
    """Return what a command prints; if it fails, all of it is in the error."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**inherited, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    if done.returncode != 0:
        raise AssertionError(
            f"exit status {done.returncode} of {shlex.join(map(str, command))}\n\n{done.stdout}"
        )
    return done.stdout


def source_files():
    """Return the files that git would keep; of an unpacked sdist, all of them."""
    listing = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        # Not of a repository that an sdist was unpacked in.
        names = run(*listing, cwd=ROOT, GIT_CEILING_DIRECTORIES=str(ROOT.parent)).split("\0")
    except (AssertionError, OSError):
        junk = ("__pycache__", "build", "dist", "tgapp_activitystream.egg-info")
        paths = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
        return [
            path
            for path in paths
            if not any(part in junk or part.startswith(".") for part in path.parts)
        ]
    # git lists a file that was removed but not yet staged, too.
    return [Path(name) for name in names if (ROOT / name).is_file()]


def copy_source(folder):
    """Copy only these files, so that no earlier build matters."""
    for path in source_files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    return folder


class Environment:
    """A virtual environment with what is installed in this one, except our own package."""

    def __init__(self, folder):
        self.folder = folder
        self._python = folder / "bin" / "python"
        run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=ROOT)
        # Our package, if it is installed editable, is not among it: a .pth file in a folder that a
        # .pth file names is not read.
        paths = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
        (site_packages,) = folder.glob("lib/python*/site-packages")
        (site_packages / "dependencies.pth").write_text("\n".join(sorted(paths)))

    def python(self, *arguments, cwd, **environ):
        """Return what its Python prints."""
        return run(self._python, *arguments, cwd=cwd, **environ)

    def pip(self, *arguments):
        """Run pip on it, without the Internet."""
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", self._python)
        run(*pip, *arguments, cwd=self.folder, PIP_NO_INDEX="1")


def constraints(path=ROOT / "constraints.txt"):
    """Return what ``./dev`` installs, each in one version."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def build(kind, source, folder):
    """Return the path of the built ``wheel`` or ``sdist``."""
    run(sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "-o", folder, ".", cwd=source)
    (built,) = folder.iterdir()
    return built
