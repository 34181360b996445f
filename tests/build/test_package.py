# SPDX-License-Identifier: GPL-2.0-or-later
"""``pip install`` into a fresh environment: from source, and with the compiled models."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

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
    assert {"setup.py", "constraints.txt"} <= packed


def test_wheel_has_models_and_templates_and_no_tests(packages):
    """All below the package's own name: ``models`` would be anybody's in site-packages."""
    _, wheel = packages
    packed = set(zipfile.ZipFile(wheel).namelist())
    inside = files("models") | files("nestml_templates") | files("pynest_scripts")
    wanted = {f"izhisyn/{name}" for name in inside | {"build_module.py"}} | files("izhisyn")
    outside = {name for name in packed - wanted if ".dist-info/" not in name}
    assert (wanted - packed, outside) == (set(), set())


def test_fresh_environment_builds_and_draws(packages, tmp_path):
    """``pip install``, ``izhisyn build``, ``izhisyn figure2``, far from any clone."""
    _, wheel = packages
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    commands = tmp_path / "venv" / "bin"
    pip_install = (commands / "pip", "--disable-pip-version-check", "install", "-q")
    run(*pip_install, f"{wheel}[build]", cwd=tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    before = subprocess.run([commands / "izhisyn", "info"], capture_output=True, text=True)
    assert before.returncode == 1
    assert "run izhisyn build" in before.stdout.splitlines()[-2]
    module = run(commands / "izhisyn", "build", cwd=work).strip()
    assert Path(module).is_relative_to(tmp_path / "venv")
    assert "RS 6, IB 7, CH 17" in run(commands / "izhisyn", "figure2", cwd=work)
    assert (work / "output" / "figure2.png").is_file()
    assert run(commands / "izhisyn", "info", cwd=work).splitlines()[-1].endswith("everything fits")


@pytest.fixture(scope="module")
def compiled_wheel():
    """Make the wheel with the compiled models."""
    run("make", "-C", ROOT, "wheel", cwd=ROOT)
    [wheel] = (ROOT / "dist").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def without_tools(compiled_wheel, tmp_path_factory):
    """Install it into an environment with the oldest allowed packages; run in it without PATH."""
    folder = tmp_path_factory.mktemp("without tools")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = map(Requirement, project["dependencies"])
    oldest = [f"{one.name}=={next(iter(one.specifier)).version}.*" for one in needed]
    pip_install = (folder / "venv" / "bin" / "pip", "--disable-pip-version-check", "install", "-q")
    run(*pip_install, compiled_wheel, *oldest, cwd=folder)

    def call(command, *arguments):
        result = subprocess.run(
            [folder / "venv" / "bin" / command, *map(str, arguments)],
            env={"PATH": ""},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return result.returncode, result.stdout, result.stderr

    return call


def test_compiled_wheel_serves_every_python_on_this_platform(compiled_wheel):
    """Its tag is the one auditwheel finds: the symbols' versions decide on the oldest system."""
    python, abi, platform = compiled_wheel.stem.split("-")[-3:]
    assert (python, abi) == ("py3", "none")
    shown = run(sys.executable, "-m", "auditwheel", "show", compiled_wheel, cwd=ROOT)
    assert f'"{platform}"' in " ".join(shown.split())
    assert platform.startswith("manylinux_")
    with zipfile.ZipFile(compiled_wheel) as archive:
        metadata = archive.read(f"{compiled_wheel.name.split('-py3')[0]}.dist-info/METADATA")
    needed = re.findall(r"^Requires-Dist: ([\w-]+)\S*$", metadata.decode(), re.MULTILINE)
    assert {name.lower() for name in needed} == {"matplotlib", "nest-simulator", "numpy"}


def test_compiled_wheel_runs_without_compiler_or_nestml(without_tools):
    """Figure 2, through the command."""
    code, printed, errors = without_tools("izhisyn", "figure2")
    assert code == 0, errors
    assert "RS 6, IB 7, CH 17" in printed


def test_compiled_wheel_runs_the_readme(without_tools):
    """Its PyNEST script, as it stands there."""
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    script = next(block for block in blocks if "nest.Install(" in block)
    code, printed, errors = without_tools("python", "-c", script)
    assert code == 0, errors
    assert re.search(r"\d+\.\d", printed), printed


def test_compiled_wheel_runs_a_network(without_tools):
    """Spikes of a small one; ``python -m izhisyn`` is the command."""
    arguments = ("--neurons", "500", "--indegree", "100", "--simtime", "100")
    code, printed, errors = without_tools("python", "-m", "izhisyn", "network", *arguments)
    assert code == 0, errors
    assert "Wrote output" in printed


def test_info_knows_the_compiled_module(without_tools):
    """It fits, although nothing that building needs is there."""
    code, printed, _ = without_tools("izhisyn", "info")
    assert code == 0
    *_, module, verdict = printed.splitlines()
    assert re.match(r"module +\d+ models, for any processor", module)
    assert "the module fits; building needs NESTML, compiler" in verdict


def test_build_without_what_it_needs_names_the_extra(without_tools):
    """One sentence for all that pip can install."""
    code, printed, errors = without_tools("izhisyn", "build")
    assert (code, printed) == (1, "")
    [sentence] = errors.splitlines()
    assert "needs NESTML" in sentence
    assert "pip install 'izhisyn[build]'" in sentence
