# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings of cells whose parameters are known, made with plain PyNEST."""

import numpy as np

from izhisyn.fitting import sweep
from izhisyn.fitting.cells import MODELS
from izhisyn.kernel import nest, start_kernel

RESOLUTION = 0.1  # [ms]
# Current with which each published cell of 2007 fires some 20 times a second [pA].
CURRENTS_2007 = {"RS": 300, "IB": 900, "CH": 400, "LTS": 400, "FS": 300, "TC": 400, "RTN": 300}
CURRENT_2003 = 12.0


def current_of(model, name):
    """Give the current with which a published cell fires steadily [pA]."""
    return CURRENT_2003 if model == "2003" else CURRENTS_2007[name]


def perturbed(model, name, seed=5, size=0.04):
    """Give the parameters of a published cell, each moved by a share of its default range.

    No search then starts at its goal.
    """
    cell_model = MODELS[model]
    random = np.random.default_rng(seed)
    parameters = dict(cell_model.types[name])
    for free in cell_model.free:
        if free not in ("gain", "I_e"):
            one = cell_model.default_range(free, 1.0)
            moved = one.to_unit(parameters[free]) + size * random.choice([-1.0, 1.0])
            parameters[free] = float(one.from_unit(moved))
    return parameters


def fluctuating(random, mean, deviation, duration, time_constant=5.0):
    """Make an Ornstein-Uhlenbeck current, a sample for each step [pA]."""
    n_steps = round(duration / RESOLUTION)
    decay = np.exp(-RESOLUTION / time_constant)
    kicks = np.sqrt(1.0 - decay**2) * random.standard_normal(n_steps)
    values = np.empty(n_steps)
    value = 0.0
    for step, kick in enumerate(kicks):
        value = decay * value + kick
        values[step] = value
    return mean + deviation * values


def stimuli(current, duration=500.0, seed=3):
    """Make two protocols of steps and three fluctuating currents, arrays of samples [pA]."""
    random = np.random.default_rng(seed)
    times = RESOLUTION * np.arange(round(duration / RESOLUTION))
    steps = [
        np.select([times < 50, times < 350], [0.0, 0.6 * current], 0.0),
        np.select([times < 50, times < 350], [0.0, 1.2 * current], -0.4 * current),
    ]
    means = (0.7, 0.9, 0.8)
    fluctuations = [fluctuating(random, mean * current, 0.5 * current, duration) for mean in means]
    return steps + fluctuations


def recorded(model, parameters, currents, noise=0.0, seed=1, with_voltage=True):
    """Record a cell in sweeps, from rest without current.

    Parameters
    ----------
    model : str
        "2003" or "2007".
    parameters : dict of str to float
    currents : list of numpy.ndarray, shape (n_steps,)
        Samples [pA].
    noise : float
        Standard deviation of a current that is drawn anew every ms and is not told to the fit [pA].
    seed : int
        Of the noise.
    with_voltage : bool

    Returns
    -------
    list of izhisyn.fitting.Sweep
    """
    cell_model = MODELS[model]
    start_kernel(RESOLUTION)
    own = {name: value for name, value in parameters.items() if name != "gain"}
    random = np.random.default_rng(seed)
    cells = nest.Create(cell_model.simulated, len(currents))
    cells.set(own)
    rest = cell_model.resting_state(
        {name: np.array([value]) for name, value in own.items()}, np.array([own["I_e"]])
    )
    cells.set({name: float(values[0]) for name, values in rest.items()})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    multimeter = nest.Create("multimeter", {"record_from": ["V_m"], "interval": RESOLUTION})
    nest.Connect(multimeter, cells, syn_spec={"delay": RESOLUTION})
    lead = 1.0
    for cell, current in zip(cells, currents, strict=True):
        redrawn = round(1.0 / RESOLUTION)
        kicks = np.repeat(random.standard_normal(-(-current.size // redrawn)), redrawn)
        total = current + noise * kicks[: current.size]
        # A generator's change acts one step later, through a delay of one step.
        generator = nest.Create(
            "step_current_generator",
            {
                "amplitude_times": lead + RESOLUTION * (np.arange(current.size) - 1),
                "amplitude_values": total,
            },
        )
        nest.Connect(generator, cell, syn_spec={"delay": RESOLUTION})
    nest.Simulate(lead + RESOLUTION * (max(map(len, currents)) + 1))
    senders, times = (np.asarray(recorder.events[name]) for name in ("senders", "times"))
    events = {name: np.asarray(multimeter.events[name]) for name in ("senders", "times", "V_m")}
    sweeps = []
    for number, (cell, current) in enumerate(zip(cells, currents, strict=True)):
        mine = events["senders"] == cell.global_id
        begun = events["times"] > lead - 0.5 * RESOLUTION
        voltage = events["V_m"][mine & begun][: current.size]
        spikes = np.sort(times[senders == cell.global_id]) - lead
        sweeps.append(
            sweep(
                current,
                interval=RESOLUTION,
                duration=RESOLUTION * current.size,
                holding=0.0,
                spike_times=spikes[(spikes > 0.0) & (spikes <= RESOLUTION * current.size)],
                voltage=voltage if with_voltage else None,
                name=f"sweep {number}",
            )
        )
    return sweeps
