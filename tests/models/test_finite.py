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


def spikes_without_recovery(I_e, duration, d=8.0, c=-65.0):
    """Spike times [ms] for a = 0, where U_m only grows by d at each spike, from V_m = -70 mV.

    V' = 0.04 (V + 62.5)^2 + r with r = 140 - 0.04 62.5^2 - U + I has a tangent as its solution.
    """
    t, V_m, U_m, times = 0.0, -70.0, -14.0, []
    while (r := 140.0 - 0.04 * 62.5**2 - U_m + I_e) > 0.0:
        scale = np.sqrt(0.04 / r)
        angles = np.arctan(92.5 * scale) - np.arctan((V_m + 62.5) * scale)
        t += angles / np.sqrt(0.04 * r)
        if t > duration:
            break
        times.append(t)
        V_m, U_m = c, U_m + d
    return np.array(times)


@pytest.mark.parametrize("resolution", [0.1, 1.0])
@pytest.mark.parametrize("model", [PSC, COND, DELTA])
def test_spikes_are_sent_or_counted(nest_kernel, model, resolution):
    """Up to 10 spikes in a ms all go out; the rest is counted, and the rate is right to 1e-3.

    Intervals are extrapolated until they have changed by a fiftieth, with a change that is one
    extrapolation old and lags by twice a fiftieth of itself: an error of 0.02^2 to 2 0.02^2.
    """
    nest = nest_kernel(resolution=resolution)
    currents = [100.0, 500.0, 800.0, 1e4, 1e5, 1e6, 1e7]
    cells = nest.Create(model, len(currents), params={"a": 0.0, "I_e": currents})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder, syn_spec={"delay": resolution})
    nest.Simulate(4.0)
    missed = np.array(cells.missed_spikes)
    cells.set(I_e=-100.0, U_m=0.0)
    nest.Simulate(2.0)  # brings the last spikes to the recorder
    recorded = recorder.events["senders"][recorder.events["times"] < 4.0 + resolution / 2]
    for cell, current, missed_of_cell in zip(cells, currents, missed, strict=True):
        sent = np.sum(recorded == cell.global_id)
        expected = spikes_without_recovery(current, 4.0)
        if np.bincount(expected.astype(int)).max() <= 10:
            assert (sent, missed_of_cell) == (expected.size, 0)
        else:
            assert missed_of_cell > 0
            assert sent + missed_of_cell == pytest.approx(expected.size, rel=1e-3)


@pytest.mark.parametrize("model", THRESHOLD)
def test_infinite_threshold(nest_kernel, model):
    """The neuron never spikes; its V_m stops at 1e12 mV."""
    nest = nest_kernel(resolution=0.1)
    cell = nest.Create(model, params={THRESHOLD[model]: np.inf, "I_e": 500.0})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cell, recorder)
    nest.Simulate(50.0)
    assert recorder.n_events == 0
    assert cell.missed_spikes == 0
    assert cell.V_m == BOUND
