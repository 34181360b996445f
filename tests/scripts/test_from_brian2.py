# SPDX-License-Identifier: GPL-2.0-or-later
"""What docs/from-brian2.md shows can be run as it stands."""

import re
import subprocess
import sys


def blocks(pytestconfig, language):
    """Code blocks of the page in a language."""
    page = (pytestconfig.rootpath / "docs" / "from-brian2.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def test_the_script_of_the_page_runs(module_build, pytestconfig, tmp_path):
    """It prints spike times and a mean potential near the spike threshold."""
    (script,) = blocks(pytestconfig, "python")
    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    spike_times, _, mean = finished.stdout.strip().rpartition(" ")
    assert len(spike_times.split()) >= 3
    assert -70.0 < float(mean) < -55.0


def test_what_the_table_calls_exists(module_build, pytestconfig):
    """Functions of izhisyn and node and synapse models of NEST, by their names on the page."""
    from izhisyn import analysis, kernel, recording, wiring

    page = (pytestconfig.rootpath / "docs" / "from-brian2.md").read_text(encoding="utf-8")
    library = {name for room in (analysis, kernel, recording, wiring) for name in dir(room)}
    for name in (
        "start_kernel simulate syn_spec noise_current poisson_drive step_current record_traces "
        "record_spikes traces spikes exact_spikes population_rate"
    ).split():
        assert f"{name}(" in page
        assert name in library
    kernel.start_kernel()
    models = {*kernel.nest.node_models, *kernel.nest.synapse_models}
    named = set(re.findall(r"\b\w+_(?:neuron|generator|synapse)\b", page))
    assert len(named) >= 8
    assert named <= models
