# SPDX-License-Identifier: GPL-2.0-or-later
"""Fits of recordings whose cells are known."""

import json
import re

import numpy as np
import pytest

from izhisyn.errors import ParameterError
from izhisyn.fitting import fit, sweep
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
    for number, one in enumerate(sweeps):
        current = one.current_in_steps(RESOLUTION)
        for step, (amplitude, voltage) in enumerate(zip(current, one.voltage, strict=True)):
            rows.append(f"{number},{step * RESOLUTION:.1f},{amplitude},{voltage}")
        spikes += [f"{number},{time:.4f}" for time in one.spike_times]
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
        for one, response in zip(sweeps, responses, strict=True):
            assert one.spike_times.size > 3
            assert response.trains[1] == pytest.approx(one.spike_times, abs=1e-6)
            assert response.trains[0].tolist() == response.trains[2].tolist()
            assert response.trains[0].size != one.spike_times.size
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
    # 16 candidates for the published cell and for the recorded voltage, later for the better one.
    assert found["n_candidates"] == 8 * 32 + 2 * 16
    assert [one["recorded_spikes"] for one in found["scores"]["held_out"]] == [
        sweeps[1].spike_times.size
    ]
    assert f"{found['mean_gamma']['held_out']:.3f}" in printed
    assert found["versions"]["cma"]
    assert found["mean_gamma"]["fit"] > 0.9  # with what the voltage says, at once
    assert (folder / "fit.png").stat().st_size > 10_000
    compile((folder / "fit.py").read_text(), "fit.py", "exec")


def plain(result):
    """Give all that a fit found."""
    return result.as_json()


def test_interrupted_search_goes_on_as_if_it_had_not_been(recording, tmp_path):
    """The losses in the log are told to a new search; the seed makes the same candidates."""
    _, sweeps = recording
    search = {"model": "2003", "free": ["a", "d"], "fixed": {"gain": 1.0}, "start": "RS"}
    search |= {"candidates": 16, "seed": 3}
    whole = fit(sweeps, **search, generations=16)
    log = tmp_path / "log.npz"
    fit(sweeps, **search, generations=14, log=log)
    seen = []
    again = fit(
        sweeps,
        **search,
        generations=16,
        log=log,
        resume=True,
        progress=lambda generation, loss: seen.append((generation, loss)),
    )
    assert plain(again) == plain(whole)
    assert [generation for generation, _ in seen] == [15, 16]
    assert seen[-1][1] == whole.history[-1][0]
    other = fit(sweeps, **(search | {"seed": 4}), generations=16)
    assert other.parameters != whole.parameters
    with pytest.raises(ParameterError, match="log of a fit with other sweeps or settings"):
        fit(sweeps[:1], **search, generations=16, log=log, resume=True)
    log.write_text("?")
    with pytest.raises(ParameterError, match="is no log of a fit"):
        fit(sweeps, **search, generations=16, log=log, resume=True)


def test_search_ends_by_time_and_without_gain(recording):
    """And says so; one generation is simulated in any case."""
    _, sweeps = recording
    search = {"model": "2003", "free": ["d"], "start": "RS", "candidates": 8}
    timed = fit(sweeps[:1], **search, time_limit=1e-9)
    assert (len(timed.history), timed.ended) == (1, "the time limit of 1e-09 s")
    patient = fit(sweeps[:1], **search, patience=1)
    assert patient.ended == "no gain for 1 generations"
    assert patient.history[-1][0] > (1 - 1e-3) * patient.history[-2][0]


def test_fit_is_never_worse_than_its_start(recording):
    """The start is the first candidate."""
    parameters, sweeps = recording
    result = fit(sweeps, model="2003", start=parameters | {"gain": 1.0}, generations=1)
    assert result.loss == pytest.approx(0.0, abs=0.02)  # the voltage is interpolated
    assert result.mean_score("fit", "gamma") == 1.0
    assert result.parameters["a"] == pytest.approx(parameters["a"])


def test_snippet_makes_a_cell_that_answers_as_the_fit(recording, fresh_python):
    """In a new interpreter, with the neuron that has receptors."""
    parameters, sweeps = recording
    result = fit(sweeps, model="2003", start=parameters | {"gain": 0.1}, free=["d"], generations=1)
    assert len(result.snippet().splitlines()) <= 12
    printed = fresh_python(result.snippet(), PATH="/usr/bin:/bin")
    assert printed.returncode == 0, printed.stderr
    # 100 pA with a gain of 0.1 are 10 units, at which an RS cell fires some 20 times a second.
    times = np.array(re.findall(r"\d+\.\d+|\d+\.", printed.stdout), dtype=float)
    assert 10 < times.size < 40
    constant = sweep(100.0, 1000.0, times)
    cell = {name: np.array([value]) for name, value in result.parameters.items()}
    (response,) = simulate_candidates(MODELS["2003"], cell, [constant])
    # The generator's current arrives a delay of 1 ms and a step later.
    assert response.trains[0] == pytest.approx(times - 1.1, abs=1e-6)
