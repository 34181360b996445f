# SPDX-License-Identifier: GPL-2.0-or-later
"""Fits of recordings whose cells are known."""

import json

import numpy as np
import pytest

from izhisyn.fitting.__main__ import main
from izhisyn.fitting.cells import MODELS
from izhisyn.fitting.simulation import simulate_candidates
from tests.fitting.recordings import RESOLUTION, current_of, perturbed, recorded, stimuli

pytestmark = pytest.mark.usefixtures("module_build")


@pytest.fixture(scope="module")
def recording(module_build):
    """Give a cell of 2003 and its recording: two sweeps of 200 ms."""
    parameters = perturbed("2003", "RS")
    currents = [one[:2000] for one in stimuli(current_of("2003", "RS"))[1:3]]
    return parameters, recorded("2003", parameters, currents)


def write_csv(path, sweeps):
    """Write sweeps as a table with a line for each sample."""
    rows = ["sweep,time_ms,current_pA,voltage_mV"]
    spikes = ["sweep,time_ms"]
    for number, sweep in enumerate(sweeps):
        current = sweep.current_in_steps(RESOLUTION)
        for step, (amplitude, voltage) in enumerate(zip(current, sweep.voltage, strict=True)):
            rows.append(f"{number},{step * RESOLUTION:.1f},{amplitude},{voltage}")
        spikes += [f"{number},{time:.4f}" for time in sweep.spike_times]
    path.write_text("\n".join(rows) + "\n")
    path.with_name(f"{path.stem}_spikes.csv").write_text("\n".join(spikes) + "\n")
    return path


@pytest.mark.parametrize("model, name", [("2003", "CH"), ("2007", "LTS"), ("2007", "FS")])
def test_candidates_answer_a_current_as_the_recorded_cell(model, name):
    """Each in its own row: the recorded spikes and voltage to the last step of the simulation."""
    cell = perturbed(model, name)
    sweeps = recorded(model, cell, [one[:2000] for one in stimuli(current_of(model, name))[1:3]])
    other = MODELS[model].types["RS"] | ({"gain": 0.5} if model == "2003" else {})
    parameters = {key: np.array([other[key], cell[key], other[key]]) for key in cell}
    for threads in (1, 2):
        responses = simulate_candidates(
            MODELS[model], parameters, sweeps, RESOLUTION, threads, record=[True, False]
        )
        for sweep, response in zip(sweeps, responses, strict=True):
            assert sweep.spike_times.size > 3
            assert response.trains[1] == pytest.approx(sweep.spike_times, abs=1e-6)
            assert response.trains[0].tolist() == response.trains[2].tolist()
            assert response.trains[0].size != sweep.spike_times.size
        at = np.rint(responses[0].times / RESOLUTION).astype(int)
        recorded_voltage = sweeps[0].voltage[at]
        assert responses[0].voltage[1] == pytest.approx(recorded_voltage, abs=1e-6)
        assert responses[1].voltage.size == 0


def test_command_writes_parameters_code_and_a_figure(recording, tmp_path, capsys):
    """From a table; what it writes agrees with what it prints."""
    _, sweeps = recording
    file = write_csv(tmp_path / "cell.csv", sweeps)
    folder = tmp_path / "fit"
    command = [file, "--model", "2003", "--held-out", 1, "--holding", 0, "--output", folder]
    command += ["--fixed", "gain=1", "I_e=0", "--start", "RS"]
    main([str(word) for word in (*command, "--generations", 10, "--candidates", 32)])
    found = json.loads((folder / "fit.json").read_text())
    printed = capsys.readouterr().out
    assert found["free"].keys() == {"a", "b", "c", "d"}
    assert found["parameters"]["gain"] == 1.0
    assert found["n_candidates"] == 10 * 16  # all of the race, from one start
    assert [one["recorded_spikes"] for one in found["scores"]["held_out"]] == [
        sweeps[1].spike_times.size
    ]
    assert f"{found['mean_gamma']['held_out']:.3f}" in printed
    assert found["versions"]["cma"]
    # The start is 4 % of the ranges away from the cell, so that even this short search is close.
    assert found["mean_gamma"]["fit"] > 0.5
    assert (folder / "fit.png").stat().st_size > 10_000
    compile((folder / "fit.py").read_text(), "fit.py", "exec")
