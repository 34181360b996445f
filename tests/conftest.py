# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the whole suite: the built module, fresh interpreters, and a clean NEST kernel."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

# The banner of `import nest` would come before pytest's own output.
os.environ.setdefault("PYNEST_QUIET", "1")

import pytest

from tests.one_model import concerns

ROOT = Path(__file__).resolve().parent.parent
BUILD_MODULE = ROOT / "build_module.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tests run on one model (`make test MODELS=models/x.nestml`), or on another build."""
    parser.addoption(
        "--model",
        action="append",
        default=[],
        metavar="FILE",
        help="run only the tests in which this model occurs; may be given several times",
    )
    parser.addoption("--module", help="path of a built module to test instead of izhisynmodule")
    parser.addoption("--part", metavar="N/M", help="run only each Mth test, from the Nth on")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of other models."""
    if not (files := [Path(file) for file in config.getoption("model")]):
        return
    known = {file.stem for file in (ROOT / "models").glob("*.nestml")}
    chosen = {file.stem for file in files}
    if unknown := chosen - known:
        raise pytest.UsageError(f"there is no model {', '.join(sorted(unknown))} in models/")
    kept = [item for item in items if concerns(item, chosen, known - chosen)]
    if part := config.getoption("part"):
        first, step = map(int, part.split("/"))
        kept = kept[first::step]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_reaches_programs() -> None:
    """Undo that a shell without job control lets its background jobs ignore SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def module_build(request: pytest.FixtureRequest) -> dict:
    """Build izhisynmodule if it is not up to date, and give what ``--json`` prints."""
    if module := request.config.getoption("--module"):
        return {"module": module}
    result = subprocess.run(
        [sys.executable, BUILD_MODULE, "--json"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mount a disk of this many KiB, and give its folder; skips without the right to mount."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size: int) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", folder]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting a file system needs root")
        return folder

    yield mount
    if folder.is_mount():
        # Lazily: NEST may still hold files open there.
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def fresh_python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Run a snippet in a new interpreter, in an empty folder, with an empty environment."""

    def run(snippet: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(snippet), *arguments],
            env={"PYNEST_QUIET": "1", **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def nest_kernel(module_build: dict) -> Callable[..., object]:
    """Reset NEST, install the module, and give ``nest``: ``nest = nest_kernel(resolution=0.1)``.

    Further keyword arguments are kernel attributes, such as ``local_num_threads``.
    """
    import nest

    def start(resolution: float = 0.1, **attributes: object) -> object:
        nest.ResetKernel()
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.Install(module_build["module"])
        nest.set(resolution=resolution, **attributes)
        return nest

    return start
