# SPDX-License-Identifier: GPL-2.0-or-later
"""All candidates of a generation, each in all sweeps, in one simulation."""

import itertools

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.fitting.scores import Responses
from izhisyn.fitting.sweeps import n_steps
from izhisyn.kernel import nest, start_kernel
from izhisyn.wiring import create_cells

# Currents reach the cells through connections of this delay, because NEST exchanges events once in
# the shortest delay: the longer, the faster.
_DELAY = 1.0  # [ms]
# A candidate that fires without end costs more than all others: it is silenced when that shows.
_MOST_SPIKES = 1.5  # [1/ms]
_LOOK = 50.0  # how often spikes are counted [ms]


@checked(
    parameters=checks.dictionary,
    resolution=checks.number(above=0, unit="ms"),
    threads=checks.whole_number(1),
    record=checks.sequence_of(checks.boolean, 1, "True or False for each sweep"),
    interval=checks.number(above=0, unit="ms"),
)
def simulate_candidates(
    cell_model, parameters, sweeps, resolution=0.1, threads=1, record=None, interval=1.0
):
    """Simulate candidates; NEST is reset before.

    Parameters
    ----------
    cell_model : izhisyn.fitting.cells.CellModel
    parameters : dict of str to numpy.ndarray, shape (n_candidates,)
        All parameters of the model.
    sweeps : sequence of izhisyn.fitting.sweeps.Sweep
    resolution : float
        Time step [ms].
    threads : int
    record : sequence of bool, optional
        Whether to record the voltage in each of the sweeps; in none if not given.
    interval : float
        Time between two samples of the voltage, rounded to steps [ms].

    Returns
    -------
    list of izhisyn.fitting.scores.Responses
        One for each sweep.
    """
    start_kernel(resolution, threads)
    delay_steps = max(1, round(_DELAY / resolution))
    delay = delay_steps * resolution
    lead = delay + resolution  # a generator is silent in the first step, so sweeps begin later
    recorder = nest.Create("spike_recorder")
    populations, multimeters = [], []
    for sweep, is_recorded in zip(sweeps, record or [False] * len(sweeps), strict=True):
        cells = _create_at_rest(cell_model, parameters, sweep.holding)
        _inject(cells, sweep, parameters.get("gain"), delay, resolution)
        nest.Connect(cells, recorder, syn_spec={"delay": delay})
        populations.append(cells)
        multimeter = None
        if is_recorded:
            multimeter = _record_voltage(cells, interval, delay, resolution)
        multimeters.append(multimeter)
    longest = max(n_steps(sweep.duration, resolution) for sweep in sweeps)
    # The last samples arrive a delay later; NEST simulates in slices of the delay.
    n_slices = -(-(longest + 1 + 2 * delay_steps) // delay_steps)
    senders, times = _run(n_slices, delay, populations, recorder, cell_model.silent)
    return _responses(sweeps, populations, senders, times - lead, multimeters, lead)


def _run(n_slices, delay, populations, recorder, silent):
    """Simulate, silence the candidates that fire without end, and give senders and times."""
    cells = populations[0]
    for population in populations[1:]:
        cells += population
    ids = np.array(cells.tolist())
    senders, times = [], []
    part = max(1, round(_LOOK / delay))
    for done in range(0, n_slices, part):
        nest.Simulate(min(part, n_slices - done) * delay)
        events = recorder.events
        senders.append(np.asarray(events["senders"], dtype=int))
        times.append(np.asarray(events["times"]))
        recorder.n_events = 0
        counts = np.bincount(np.searchsorted(ids, senders[-1]), minlength=ids.size)
        endless = np.flatnonzero(counts > _MOST_SPIKES * _LOOK)
        if endless.size:
            cells[endless.tolist()].set(silent)
    return np.concatenate(senders), np.concatenate(times)


def _create_at_rest(cell_model, parameters, holding):
    own = {name: np.asarray(values, dtype=float) for name, values in parameters.items()}
    gain = own.pop("gain", 1.0)
    own["I_e"] = own["I_e"] + gain * holding
    n_cells = own["I_e"].size
    state = cell_model.resting_state(own, own["I_e"])
    return create_cells(cell_model.simulated, n_cells, own | state)


def _inject(cells, sweep, gain, delay, resolution):
    """Add what the current of a sweep differs from the one under which the cells rest."""
    current = sweep.current_in_steps(resolution) - sweep.holding
    changes = np.flatnonzero(np.diff(current, prepend=0.0))
    if changes.size == 0:
        return
    # What a generator emits in a step acts a delay later, one step after the sweep's lead.
    generator = nest.Create(
        "step_current_generator",
        params={
            "amplitude_times": (changes + 1) * resolution,
            "amplitude_values": current[changes],
        },
    )
    weight = 1.0 if gain is None else np.asarray(gain, dtype=float)[:, np.newaxis]
    nest.Connect(generator, cells, "all_to_all", {"weight": weight, "delay": delay})


def _record_voltage(cells, interval, delay, resolution):
    interval = max(1, round(interval / resolution)) * resolution
    multimeter = nest.Create(
        "multimeter", params={"record_from": ["V_m"], "interval": interval, "start": delay}
    )
    nest.Connect(multimeter, cells, syn_spec={"delay": delay})
    return multimeter


def _responses(sweeps, populations, senders, times, multimeters, lead):
    order = np.lexsort((times, senders))
    times, senders = times[order], senders[order]
    responses = []
    for sweep, cells, multimeter in zip(sweeps, populations, multimeters, strict=True):
        first = cells[0].global_id
        ends = np.searchsorted(senders, np.arange(first, first + len(cells) + 1))
        most = int(_MOST_SPIKES * sweep.duration)
        trains = [
            _within(times[begin:end][:most], sweep.duration)
            for begin, end in itertools.pairwise(ends.tolist())
        ]
        voltage = () if multimeter is None else _voltages(multimeter, len(cells), sweep, lead)
        responses.append(Responses(trains, *voltage))
    return responses


def _within(times, duration):
    return times[(times > 0.0) & (times <= duration)]


def _voltages(multimeter, n_cells, sweep, lead):
    events = multimeter.events
    times, senders = np.asarray(events["times"]) - lead, np.asarray(events["senders"])
    order = np.lexsort((times, senders))
    voltage = np.asarray(events["V_m"])[order].reshape(n_cells, -1)
    sampled = times[order][: voltage.shape[1]]
    inside = (sampled >= 0.0) & (sampled <= sweep.duration - (sweep.interval or 0.0))
    return sampled[inside], voltage[:, inside]
