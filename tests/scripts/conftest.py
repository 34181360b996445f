# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts run as a user runs them, and their results."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib.image
import pytest

from izhisyn import command_line


@dataclass(frozen=True)
class Run:
    """A finished script: its exit code, what it printed, and the folder it wrote to."""

    returncode: int
    stdout: str
    stderr: str
    script: str
    folder: Path

    def path(self, ending):
        """Path of a result."""
        return self.folder / f"{self.script}.{ending}"

    def json(self):
        """Measured values."""
        return json.loads(self.path("json").read_text())

    def figure(self):
        """Pixels of the figure, shape (height, width, 3), grey values 0 to 1."""
        return matplotlib.image.imread(self.path("png"))[..., :3]


@pytest.fixture(scope="session")
def run_script(module_build, pytestconfig, tmp_path_factory):
    """Run ``python -m pynest_scripts.<script>`` with arguments, in a folder of its own."""

    def run(script, *arguments):
        folder = tmp_path_factory.mktemp(script)
        finished = subprocess.run(
            [sys.executable, "-m", f"pynest_scripts.{script}", "--output", folder, *arguments],
            cwd=pytestconfig.rootpath,
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(finished.returncode, finished.stdout, finished.stderr, script, folder)

    return run


@pytest.fixture
def refusal(capsys, tmp_path):
    """Run a script's ``main`` in this process with arguments it refuses; give its last line."""

    def run(main, *arguments):
        folder = tmp_path / "results"
        with pytest.raises(SystemExit) as exit_:
            command_line.run_script(lambda: main(["--output", str(folder), *arguments]))
        assert exit_.value.code == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert not folder.exists() or not any(folder.iterdir())
        return printed.err.splitlines()[-1]

    return run


@pytest.fixture(scope="session")
def euler_spikes():
    """Spike times [ms] by forward Euler in plain Python.

    The threshold is tested after each step; a spike is at its end.
    """

    def integrate(cell, V, U, steps, duration, h):
        spikes = []
        for step in range(round(duration / h)):
            # The middle of a step lies safely on one side of a change of the current.
            current = [amplitude for start, amplitude in steps if start <= (step + 0.5) * h][-1]
            V, U = (
                V + h * (0.04 * V**2 + 5 * V + 140 - U + current),
                U + h * cell.a * (cell.b * V - U),
            )
            if V >= 30.0:
                spikes.append((step + 1) * h)
                V, U = cell.c, U + cell.d
        return spikes

    return integrate
