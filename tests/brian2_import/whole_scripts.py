# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a Brian2 script in Brian2 and, imported, in NEST, and compare what both record."""

import re
import runpy
import subprocess
import sys

import brian2
import numpy as np

from izhisyn import analysis
from izhisyn.brian2_import import __main__ as command
from izhisyn.brian2_import.run_script import NESTML_OPTIONS
from izhisyn.brian2_import.units import unit_size
from tests.conftest import ROOT

ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "MPLBACKEND": "Agg"}


def seeded(seed=7):
    """Let Brian2 draw the same numbers each time, without compiling."""
    brian2.prefs.codegen.target = "numpy"
    brian2.seed(seed)
    np.random.seed(seed + 1)  # noqa: NPY002 - the generator that scripts use


def run_imported(folder):
    """Build the models and run the script in a folder; give what it recorded."""
    build_imported(folder)
    run_python(folder / "run.py")
    return np.load(folder / "results.npz")


def build_imported(folder):
    """Build the models in a folder, and let its script find them there."""
    text = (folder / "run.py").read_text()
    if "--module-name" in text:
        module = text.split("--module-name ")[1].split()[0]
        build = ["-m", "izhisyn", "build", "--models", folder, "--module-name", module]
        if "--codegen-opts" in text:
            build += ["--codegen-opts", folder / NESTML_OPTIONS]
        run_python(*build, "--numeric-solver", "forward-Euler", "--install-dir", folder)
        text = text.replace(f'module="{module}"', f'module="{folder / module}"')
        (folder / "run.py").write_text(text)


def run_python(*arguments):
    """Run Python in the clone; give what it prints."""
    command_line = [sys.executable, *map(str, arguments)]
    result = subprocess.run(
        command_line, cwd=ROOT, capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def compare(script, folder):
    """Compare what a script's monitors record in both simulators: all spikes, and traces.

    A trace that Brian2 records at the start of a step is not compared if spikes come first in the
    model and change the variable; one that it records after the thresholds, only if the model
    resets in the next step.

    Parameters
    ----------
    script : pathlib.Path
    folder : pathlib.Path
        For what is written.

    Returns
    -------
    dict of str to int
        Number of spikes of each SpikeMonitor, and of samples of each StateMonitor.
    """
    seeded()
    command.main([str(script), "--all", "--same-network", "--output", str(folder)])
    found = run_imported(folder)
    seeded()
    monitors = runpy.run_path(str(script))
    models = "".join(file.read_text() for file in folder.glob("*.nestml"))
    spikes_come_first = "Brian2's delays of 0" in (folder / "run.py").read_text()
    counts = {}
    for name, monitor in monitors.items():
        if f"{name}_t" not in found:
            continue
        step = float(monitor.clock.dt) * 1e3
        if isinstance(monitor, brian2.SpikeMonitor):
            expected = np.array([np.rint(monitor.t_[:] * 1e3 / step) + 1, monitor.i[:]])
            spikes = np.array([np.rint(found[f"{name}_t"] / step), found[f"{name}_i"]])
            assert sorted(zip(*spikes, strict=True)) == sorted(zip(*expected, strict=True)), name
            counts[name] = spikes.shape[1]
            continue
        if isinstance(monitor, brian2.PopulationRateMonitor):
            continue
        is_late = monitor.when == "after_thresholds"
        resolution = float(brian2.defaultclock.dt) * 1e3
        # NEST dates at the end of a step what Brian2 records after its thresholds.
        times = np.rint(found[f"{name}_t"] / resolution).astype(int) - is_late
        columns = np.searchsorted(np.rint(monitor.t_[:] * 1e3 / resolution), times)
        for variable in monitor.record_variables:
            is_later = "spiking boolean = false" in models  # the reset, in the step that follows
            added = re.search(rf"^ +{variable} \+= .*\(1 s\)$", models, re.MULTILINE)
            if not is_later if is_late else spikes_come_first and (added or is_later):
                continue
            size = unit_size(monitor.source.variables[variable].dim)
            expected = getattr(monitor, f"{variable}_")[:] / size
            key = f"{name}_{variable}"  # or, if NESTML needs this name itself, the other one
            recorded = found[key if key in found else f"{key}_1"]
            values = recorded[:, : np.sum(columns < expected.shape[1])]
            np.testing.assert_allclose(
                values, expected[:, columns[: values.shape[1]]], atol=1e-9, err_msg=name
            )
            counts[name] = values.size
    return counts


def statistics(script, folder, monitors, n_neurons, seeds):
    """Simulate a script with several seeds in both simulators; NEST draws its own network.

    Parameters
    ----------
    script, folder : pathlib.Path
    monitors : tuple of str
        Name of a SpikeMonitor in the script, and where it calls ``run()``.
    n_neurons : int
        Number of neurons that it records.
    seeds : sequence of int

    Returns
    -------
    expected, values : numpy.ndarray, shape (n_seeds, 3)
        Of Brian2 and NEST: rate [spikes/s], mean CV of the neurons' intervals, CV of the number of
        spikes in bins of 5 ms; without the first 100 ms.
    """
    command.main([str(script), "--all", "--output", str(folder)])
    build_imported(folder)
    expected, values = [], []
    for seed in seeds:
        seeded(seed)
        monitor = runpy.run_path(str(script))[monitors[0]]
        end = monitor.clock.variables["t"].get_value().item() * 1e3
        expected.append(_statistics(monitor.t_[:] * 1e3, monitor.i[:], n_neurons, end))
        run_python(folder / "run.py", "--seed", seed + 1)
        found = np.load(folder / "results.npz")
        times, indices = found[f"{monitors[1]}_t"], found[f"{monitors[1]}_i"]
        values.append(_statistics(times, indices, n_neurons, end))
    return np.array(expected), np.array(values)


def _statistics(times, indices, n_neurons, end, begin=100.0):
    late = times > begin
    times, indices = times[late], indices[late]
    cvs = analysis.interval_cvs(times, indices, range(n_neurons))
    _, rates = analysis.population_rate(times, n_neurons, begin, end, width=5.0)
    return np.mean(rates), np.nanmean(cvs), np.std(rates) / np.mean(rates)
