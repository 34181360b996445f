# SPDX-License-Identifier: GPL-2.0-or-later
"""Fits of cells of other models, beside brian2modelfitting: predicted spikes, and time.

NEST's own neurons with other equations are recorded: Hodgkin-Huxley, Traub-Miles and the adaptive
exponential neuron, each in two protocols of steps and three fluctuating currents. Both programs fit
the 2007 neuron to the same four sweeps with the same number of simulated candidates, bounds and
one thread, each with its own objectives and search as a user would call it; the fifth sweep is held
out. Both cells found are then simulated and scored in the same way, by izhisyn.

brian2modelfitting 0.4 needs other versions than izhisyn: make an environment with ``brian2==2.9.0
brian2modelfitting==0.4 nevergrad==0.3.0 numpy<2 scipy<1.14 pandas<2.3 scikit-learn<1.6
bayesian-optimization<1.5 cython setuptools`` and name its Python with ``--peer``.
"""

import json
import subprocess
import time
from pathlib import Path

import numpy as np

from benchmarks import report
from izhisyn.fitting import fit, gamma_factors, sweep
from izhisyn.fitting.cells import MODELS
from izhisyn.fitting.problem import pose
from izhisyn.fitting.simulation import simulate_candidates
from izhisyn.kernel import nest, start_kernel

NAME = "fitting"
RESOLUTION = 0.1  # [ms]
DURATION = 1000.0  # of a sweep [ms]
PRECISION = 2.0  # of coincidences [ms]
CANDIDATES = 5000
PEER = Path(__file__).with_name("fitting_brian2.py")
HELD_OUT = "sweep 4"
# Each cell with the current at which it fires some 20 times a second [pA].
CELLS = {"hh_psc_alpha": 800.0, "hh_cond_exp_traub": 500.0, "aeif_cond_alpha": 1000.0}


def main(arguments=None):
    """Run the benchmark with these command line arguments."""
    parser = report.parser(NAME, __doc__.partition("\n")[0], repetitions=1)
    parser.add_argument("--peer", type=Path, metavar="PYTHON", help="has brian2modelfitting")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--candidates", type=int, default=CANDIDATES, metavar="N")
    options = parser.parse_args(arguments)
    rows = []
    for cell in options.cells:
        sweeps = record(cell, CELLS[cell])
        rows.append(fit_here(cell, sweeps, options.candidates))
        if options.peer is not None:
            rows.append(fit_there(cell, sweeps, options))
    head = ["cell and program", "held-out Γ", "fitted Γ", "rate error (spikes/s)", "time (s)"]
    cells = [[f"{row['cell']}, {row['program']}", *row["numbers"]] for row in rows]
    title = f"The 2007 neuron fitted with {options.candidates} candidates, one thread"
    report.write(NAME, options, {"rows": rows}, {title: report.table(head, cells)})


def record(model, current):
    """Record one of NEST's neurons.

    Parameters
    ----------
    model : str
    current : float
        Scale of the injected currents [pA].

    Returns
    -------
    list of izhisyn.fitting.Sweep
    """
    start_kernel(RESOLUTION)
    currents = stimuli(current)
    cells = nest.Create(model, len(currents))
    recorder = nest.Create("spike_recorder")
    multimeter = nest.Create("multimeter", {"record_from": ["V_m"], "interval": RESOLUTION})
    nest.Connect(cells, recorder)
    nest.Connect(multimeter, cells, syn_spec={"delay": RESOLUTION})
    settling = 500.0  # until the cell rests
    for cell, values in zip(cells, currents, strict=True):
        times = settling + RESOLUTION * (np.arange(values.size) - 1)
        settings = {"amplitude_times": times, "amplitude_values": values}
        generator = nest.Create("step_current_generator", settings)
        nest.Connect(generator, cell, syn_spec={"delay": RESOLUTION})
    nest.Simulate(settling + DURATION + 1.0)
    events = {name: np.asarray(values) for name, values in multimeter.events.items()}
    spikes = {name: np.asarray(values) for name, values in recorder.events.items()}
    sweeps = []
    for number, (cell, values) in enumerate(zip(cells, currents, strict=True)):
        mine = (events["senders"] == cell.global_id) & (events["times"] > settling - 0.05)
        train = np.sort(spikes["times"][spikes["senders"] == cell.global_id]) - settling
        sweeps.append(
            sweep(
                values,
                duration=DURATION,
                interval=RESOLUTION,
                holding=0.0,
                spike_times=train[(train > 0.0) & (train <= DURATION)],
                voltage=events["V_m"][mine][: values.size],
                name=f"sweep {number}",
            )
        )
    return sweeps


def stimuli(current, seed=3):
    """Make two protocols of steps and three fluctuating currents, arrays of samples [pA]."""
    random = np.random.default_rng(seed)
    times = RESOLUTION * np.arange(round(DURATION / RESOLUTION))
    currents = [
        np.select([times < 100, times < 700], [0.0, 0.8 * current], 0.0),
        np.select([times < 100, times < 700], [0.0, 1.1 * current], -0.3 * current),
    ]
    decay = np.exp(-RESOLUTION / 5.0)
    for mean in (0.5, 0.8, 0.65):
        kicks = np.sqrt(1.0 - decay**2) * random.standard_normal(times.size)
        values = np.empty(times.size)
        value = 0.0
        for step, kick in enumerate(kicks):
            value = decay * value + kick
            values[step] = value
        currents.append(current * (mean + 0.5 * values))
    return currents


def fit_here(cell, sweeps, candidates):
    """Fit with izhisyn, until the number of candidates has been simulated."""
    begun = time.monotonic()
    result = fit(sweeps, "2007", [HELD_OUT], precision=PRECISION, evaluations=candidates)
    seconds = time.monotonic() - begun
    return describe(cell, "izhisyn", sweeps, result.parameters, seconds, result.n_candidates)


def fit_there(cell, sweeps, options):
    """Fit with brian2modelfitting, in its own environment."""
    fitted = [one for one in sweeps if one.name != HELD_OUT]
    ranges = pose(sweeps, "2007", [HELD_OUT], precision=PRECISION).ranges
    task = {
        "resolution": RESOLUTION,
        "duration": DURATION,
        "precision": PRECISION,
        "candidates": options.candidates,
        "bounds": {one.name: [one.low, one.high] for one in ranges},
        "currents": [one.current_in_steps(RESOLUTION).tolist() for one in fitted],
        "spike_times": [one.spike_times.tolist() for one in fitted],
        "v_rest": float(np.mean([one.voltage[0] for one in sweeps])),
    }
    begun = time.monotonic()
    finished = subprocess.run(
        [options.peer, "-W", "ignore", PEER],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(finished.stdout.splitlines()[-1])
    seconds = time.monotonic() - begun - found["import_seconds"]
    parameters = MODELS["2007"].types["RS"] | found["parameters"]
    return describe(cell, "brian2modelfitting", sweeps, parameters, seconds, found["candidates"])


def describe(cell, program, sweeps, parameters, seconds, candidates):
    """Score a cell that was found."""
    arrays = {name: np.array([value]) for name, value in parameters.items()}
    responses = simulate_candidates(MODELS["2007"], arrays, sweeps, RESOLUTION)
    gammas = [
        float(gamma_factors(response.trains, one.spike_times, DURATION, PRECISION)[0])
        for response, one in zip(responses, sweeps, strict=True)
    ]
    counts = [response.trains[0].size for response in responses]
    rate_error = abs(counts[-1] - sweeps[-1].spike_times.size) * 1000.0 / DURATION
    return {
        "cell": cell,
        "program": program,
        "parameters": {name: value for name, value in parameters.items() if np.isfinite(value)},
        "candidates": candidates,
        "spikes": counts,
        "recorded_spikes": [one.spike_times.size for one in sweeps],
        "gammas": gammas,
        "numbers": [gammas[-1], float(np.mean(gammas[:-1])), float(rate_error), seconds],
    }


if __name__ == "__main__":
    main()
