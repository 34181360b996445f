# SPDX-License-Identifier: GPL-2.0-or-later
"""States stay finite and time goes on, however strong the input and wherever the threshold."""

import numpy as np
import pytest

from tests.models.single_neuron import COND, COND_2007, DELTA, PSC

BOUND = 1e12  # where a state that runs away stops, as the models say
THRESHOLD = {PSC: "V_th", COND: "V_th", COND_2007: "v_peak", DELTA: "V_th"}


def drawn(rng, low, high, n):
    """Draw numbers whose logarithm is uniform between those of `low` and `high`."""
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


@pytest.mark.parametrize("resolution", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("model", THRESHOLD)
def test_no_input_makes_a_state_infinite(nest_kernel, model, resolution):
    """One spike of 1e-3 to 1e8 at each port of a cell, one port a cell, and a current as strong.

    Thresholds lie anywhere above the reset, at the reversal potential of excitation (0 mV) as well,
    where V_m approaches the threshold for ever. The cells of one simulation share its clock: a cell
    that hangs would not let it end.
    """
    nest = nest_kernel(resolution=resolution)
    rng = np.random.default_rng(17)
    n = 600
    cells = nest.Create(model, n)
    thresholds = rng.uniform(-40.0, 60.0, n)
    thresholds[::3] = rng.choice([-1e-6, 0.0, 1e-6, 5.0], thresholds[::3].size)
    cells.set(
        {THRESHOLD[model]: thresholds, "I_e": rng.choice([-1, 1], n) * drawn(rng, 1e-3, 1e8, n)}
    )
    cells[: n // 2].I_e = 0.0
    ports = nest.GetDefaults(model).get("receptor_types", {"spikes": 0})
    generator = nest.Create("spike_generator", params={"spike_times": [5.0, 30.0]})
    spec = {
        "receptor_type": rng.choice(list(ports.values()), (n, 1)),
        "weight": drawn(rng, 1e-3, 1e8, (n, 1)),
        "delay": 1.0,
    }
    nest.Connect(generator, cells, "all_to_all", spec)
    nest.Simulate(60.0)
    for name in ("V_m", "U_m"):
        state = np.array(cells.get(name))
        assert np.all(np.abs(state) <= BOUND), (name, np.flatnonzero(~(np.abs(state) <= BOUND)))


@pytest.mark.parametrize("model", [PSC, COND, DELTA])
def test_a_state_that_runs_away_stops(nest_kernel, model):
    """With a < 0 U_m grows for ever; it stops where the models say."""
    nest = nest_kernel(resolution=0.1)
    cells = nest.Create(model, 3, params={"a": -1.0, "I_e": 5.0})
    cells.U_m = [1.0, -1.0, 1e11]
    nest.Simulate(1000.0)
    for name in ("V_m", "U_m"):
        assert np.all(np.abs(cells.get(name)) <= BOUND)
