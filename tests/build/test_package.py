# SPDX-License-Identifier: GPL-2.0-or-later
"""A plain ``pip install`` into a fresh environment builds the module and runs a script."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def run(*command, cwd):
    """Run a command that has to succeed; give what it printed."""
    result = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def generated(folder, names):
    """Choose what `shutil.copytree` leaves out: git's folder, and what is made by tools."""
    everywhere = (".git", ".venv", "_build", "__pycache__", "*.egg-info", ".*_cache")
    at_the_top = ("build", "output") if Path(folder) == ROOT else ()
    return shutil.ignore_patterns(*everywhere, *at_the_top)(folder, names)


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Make the sdist from a copy of the clone, and the wheel from the sdist; give both."""
    folder = tmp_path_factory.mktemp("packages")
    shutil.copytree(ROOT, folder / "clone", ignore=generated)
    run(sys.executable, "-m", "build", "--outdir", folder, folder / "clone", cwd=folder)
    shutil.rmtree(folder / "clone")
    [sdist], [wheel] = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def files(folder):
    """List the files below a folder of the clone."""
    paths = (path for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts)
    return {str(path.relative_to(ROOT)) for path in paths if path.is_file()}


def test_sdist_has_what_the_tests_and_the_documents_need(packages):
    """All that a clone has, so that a packager can run the tests."""
    sdist, _ = packages
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    for folder in ("models", "nestml_templates", "izhisyn", "pynest_scripts", "tests", "cluster"):
        assert files(folder) <= packed, folder
    assert {"Makefile", "CMakeLists.txt", "build_module.py", "CITATION.cff", "LICENSE"} <= packed


def test_wheel_has_models_and_templates_and_no_tests(packages):
    """Below the package's own name: ``models`` would be anybody's in site-packages."""
    _, wheel = packages
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"izhisyn/{name}" for name in files("models") | files("nestml_templates")}
    wanted |= files("izhisyn") | files("pynest_scripts") | {"build_module.py"}
    outside = {name for name in packed - wanted if ".dist-info/" not in name}
    assert (wanted - packed, outside) == (set(), set())


def test_fresh_environment_builds_and_draws(packages, tmp_path):
    """``pip install``, ``izhisyn build``, ``izhisyn figure2``, far from any clone."""
    _, wheel = packages
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    commands = tmp_path / "venv" / "bin"
    run(commands / "pip", "--disable-pip-version-check", "install", "-q", wheel, cwd=tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    before = subprocess.run([commands / "izhisyn", "info"], capture_output=True, text=True)
    assert before.returncode == 1
    assert "run izhisyn build" in before.stdout.splitlines()[-1]
    module = run(commands / "izhisyn", "build", cwd=work).strip()
    assert Path(module).is_relative_to(tmp_path / "venv")
    assert "RS 6, IB 7, CH 17" in run(commands / "izhisyn", "figure2", cwd=work)
    assert (work / "output" / "figure2.png").is_file()
    assert run(commands / "izhisyn", "info", cwd=work).splitlines()[-1].endswith("everything fits")
