# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole Brian2 script becomes a PyNEST script that does the same."""

import runpy
import subprocess
import sys
from pathlib import Path

import brian2
import numpy as np
import pytest

from izhisyn.brian2_import import __main__ as command
from izhisyn.brian2_import.units import unit_size
from tests.conftest import ROOT

SCRIPTS = Path(__file__).parent / "scripts"


def seeded():
    """Let Brian2 draw the same numbers each time, without compiling."""
    brian2.prefs.codegen.target = "numpy"
    brian2.seed(7)
    np.random.seed(8)  # noqa: NPY002 - the generator that scripts use


def run_imported(folder):
    """Build the models and run the script in a folder; give what it recorded."""
    text = (folder / "run.py").read_text()
    if "--module-name" in text:
        module = text.split("--module-name ")[1].split()[0]
        build = ["-m", "izhisyn", "build", "--models", folder, "--module-name", module]
        run_python(*build, "--numeric-solver", "forward-Euler", "--install-dir", folder)
        text = text.replace(f'module="{module}"', f'module="{folder / module}"')
        (folder / "run.py").write_text(text)
    run_python(folder / "run.py")
    return np.load(folder / "results.npz")


def run_python(*arguments):
    """Run Python in the clone; give what it prints."""
    command_line = [sys.executable, *map(str, arguments)]
    result = subprocess.run(
        command_line, cwd=ROOT, capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}


def compare(script, folder):
    """Compare everything that a script's monitors record in both simulators.

    Returns
    -------
    dict of str to int
        Number of spikes of each SpikeMonitor.
    """
    seeded()
    command.main([str(script), "--all", "--same-network", "--output", str(folder)])
    found = run_imported(folder)
    seeded()
    monitors = runpy.run_path(str(script))
    counts, compared = {}, set()
    for name, monitor in monitors.items():
        if f"{name}_t" not in found:
            continue
        compared.add(name)
        step = float(monitor.clock.dt) * 1e3
        if isinstance(monitor, brian2.SpikeMonitor):
            expected = np.array([np.rint(monitor.t_[:] * 1e3 / step) + 1, monitor.i[:]])
            spikes = np.array([np.rint(found[f"{name}_t"] / step), found[f"{name}_i"]])
            assert sorted(zip(*spikes, strict=True)) == sorted(zip(*expected, strict=True)), name
            counts[name] = spikes.shape[1]
            continue
        # Recorded after the thresholds of a step: NEST dates that at the end of the step.
        assert monitor.when == "after_thresholds", name
        resolution = float(brian2.defaultclock.dt) * 1e3
        times = np.rint(found[f"{name}_t"] / resolution).astype(int) - 1
        columns = np.searchsorted(np.rint(monitor.t_[:] * 1e3 / resolution), times)
        for variable in monitor.record_variables:
            size = unit_size(monitor.source.variables[variable].dim)
            expected = getattr(monitor, f"{variable}_")[:] / size
            values = found[f"{name}_{variable}"][:, : np.sum(columns < expected.shape[1])]
            np.testing.assert_allclose(
                values, expected[:, columns[: values.shape[1]]], atol=1e-9, err_msg=name
            )
    assert compared
    return counts


def test_small_network_has_the_same_spikes_and_traces(tmp_path):
    """Every kind of connection, with delays of none, one and several steps, and two runs."""
    counts = compare(SCRIPTS / "small_network.py", tmp_path)
    assert counts["spikes_of_cells"] > 200
    assert counts["spikes_of_relays"] > 50


def test_scripts_that_are_written_are_formatted(tmp_path):
    """As a person's are: ruff finds nothing in them but the names of the script's author."""
    command.main([str(SCRIPTS / "small_network.py"), "--all", "--output", str(tmp_path)])
    for action in (["check"], ["format", "--check"]):
        arguments = ["-m", "ruff", *action, "--config", ROOT / "pyproject.toml"]
        ignored = ["--ignore", "E741"] if action == ["check"] else []
        run_python(*arguments, *ignored, tmp_path / "run.py")


@pytest.fixture
def write_script(tmp_path):
    """Write a Brian2 script, and give the text of the PyNEST script."""

    def write(lines, *options):
        path = tmp_path / "model.py"
        path.write_text(f"from brian2 import *\n{lines}\nrun(10*ms)\n")
        command.main([str(path), "--all", "--output", str(tmp_path / "out"), *options])
        return (tmp_path / "out" / "run.py").read_text()

    return write
