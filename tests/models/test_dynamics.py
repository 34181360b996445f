# SPDX-License-Identifier: GPL-2.0-or-later
"""Equilibria, onset of firing, rates, and inputs far outside any physiological range."""

import numpy as np
import pytest

from izhisyn.parameters import CELL_TYPES, CellType
from tests.models.reference import spike_times
from tests.models.single_neuron import (
    COND,
    COND_2007,
    DELTA,
    PSC,
    deliver,
    exact_spike_times,
    trace,
)


def rest(b, I_e):
    """Stable equilibrium potential: the lower root of 0.04 v^2 + (5 - b) v + 140 + I [mV]."""
    return (-(5.0 - b) - np.sqrt((5.0 - b) ** 2 - 0.16 * (140.0 + I_e))) / 0.08


@pytest.mark.parametrize(("name", "published"), [("RS", -70.0), ("LTS", -64.4139), ("RZ", -62.5)])
def test_rest_is_the_published_equilibrium(nest_kernel, name, published):
    """Any exact step has the equilibrium of the equations: V_m = rest(b), U_m = b V_m."""
    nest = nest_kernel(resolution=0.1)
    cell = CELL_TYPES[name]
    neuron = nest.Create(PSC, params=cell.parameters | cell.initial_state(published + 0.5))
    _, V_m, U_m = trace(nest, neuron, ["V_m", "U_m"], 2000.0)
    assert rest(cell.b, 0.0) == pytest.approx(published, abs=5e-5)
    assert V_m[-1] == pytest.approx(rest(cell.b, 0.0), abs=1e-6)
    assert U_m[-1] == pytest.approx(cell.b * rest(cell.b, 0.0), abs=1e-6)


# Hopf and saddle-node currents from the equations: at the equilibrium the trace 0.08 v + 5 - a
# changes sign (Hopf), or the discriminant of rest() vanishes (saddle-node).
@pytest.mark.parametrize(
    ("a", "b", "hopf", "saddle_node"),
    [
        (0.02, 0.2, 3.7975, 4.0),
        (0.1, 0.2, 3.9375, 4.0),
        (0.02, 0.25, 0.685, 1.015625),
        (0.1, 0.25, 0.875, 1.015625),
        (0.1, 0.26, 0.2625, 0.4225),
    ],
)
def test_onset_of_firing(nest_kernel, multisyn_model, a, b, hopf, saddle_node):
    """Rest is stable below the Hopf current and gone above the saddle-node."""
    v_hopf = (a - 5.0) / 0.08
    assert 0.04 * v_hopf**2 + (5.0 - b) * v_hopf + 140.0 + hopf == pytest.approx(0.0, abs=1e-9)
    assert (5.0 - b) ** 2 / 0.16 - 140.0 == pytest.approx(saddle_node)

    nest = nest_kernel(resolution=0.1)
    margin = 0.02
    below, above = nest.Create(multisyn_model, 2, params={"a": a, "b": b, "d": 2.0})
    start = rest(b, hopf - margin)
    below.set(I_e=hopf - margin, V_m=start + 0.01, U_m=b * start)
    above.set(I_e=saddle_node + margin, V_m=start, U_m=b * start)
    quiet, firing = exact_spike_times(nest, below + above, 3000.0)
    assert len(quiet) == 0
    assert below.V_m == pytest.approx(start, abs=0.01)
    assert len(firing) > 0


# Steady rates [spikes/s], computed with RK4 at 0.001 ms.
RATES = {
    "RS": {4: 7.15, 5: 10.65, 7: 15.65, 10: 22.32, 14: 30.88, 20: 43.63},
    "FS": {4: 25.18, 5: 45.50, 7: 79.21, 10: 136.19, 14: 211.64, 20: 315.45},
    "LTS": {4: 32.84, 5: 39.50, 7: 53.21, 10: 74.79, 14: 104.56, 20: 149.55},
}


@pytest.mark.parametrize("name", RATES)
def test_frequency_current_curve(nest_kernel, name):
    """The steady rate at six currents is the converged one to 0.1 %, or its last printed digit."""
    nest = nest_kernel(resolution=0.1)
    cell = CELL_TYPES[name]
    neurons = nest.Create(PSC, len(RATES[name]), params=cell.parameters | cell.initial_state(-70.0))
    neurons.I_e = [float(current) for current in RATES[name]]
    for times, published in zip(
        exact_spike_times(nest, neurons, 3000.0), RATES[name].values(), strict=True
    ):
        assert 1000.0 / np.diff(times)[-1] == pytest.approx(published, rel=1e-3, abs=5e-3)


ABSURD = [1e6, -1e6, 1e4, -1e4, 300.0, -300.0]


@pytest.mark.parametrize("resolution", [0.001, 0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("model", [PSC, COND, COND_2007, DELTA])
def test_any_finite_input_gives_finite_state(nest_kernel, model, resolution):
    """Currents and weights up to 1e6, conductances up to 1e6 nS, potentials far out, any step."""
    nest = nest_kernel(resolution=resolution)
    receptors = nest.GetDefaults(model).get("receptor_types", {None: 0})
    neurons = nest.NodeCollection()
    for I_e in (0.0, 10.0, *ABSURD):
        for receptor in receptors:
            weights = ABSURD if receptor is None else [abs(weight) for weight in ABSURD[::2]]
            for weight in weights:
                neuron = nest.Create(model, params={"I_e": I_e})
                arrivals = [(resolution * step, receptor, weight) for step in range(2, 30, 3)]
                deliver(nest, neuron, arrivals)
                neurons += neuron
    for V_m in (-1e6, -1e3, 29.999, 31.0, 1e6):
        neurons += nest.Create(model, params={"V_m": V_m})
    recorder = nest.Create(
        "multimeter", params={"interval": resolution, "record_from": ["V_m", "U_m"]}
    )
    nest.Connect(recorder, neurons, syn_spec={"delay": resolution})
    nest.Simulate(resolution * 60)
    events = recorder.events
    assert np.isfinite(events["V_m"]).all() and np.isfinite(events["U_m"]).all()
    assert events["V_m"].max() < (35.0 if model == COND_2007 else 30.0)
    assert np.isfinite(neurons.spike_offset).all()


@pytest.mark.parametrize("resolution", [0.1, 1.0])
@pytest.mark.parametrize("strength", [10.0, 100.0, 1e4, 1e6])
def test_strong_inhibition_never_overshoots(nest_kernel, multisyn_model, resolution, strength):
    """While inhibition lasts V_m stays below rest, however strong it is.

    A spike may only follow as a rebound, after the inhibition has gone.
    """
    nest = nest_kernel(resolution=resolution)
    neuron = nest.Create(
        multisyn_model, params={"E_rev_GABA_A": -90.0} if multisyn_model == COND else {}
    )
    deliver(nest, neuron, [(2.0, "GABA_A", strength), (5.0, "GABA_A", strength)])
    _, V_m = trace(nest, neuron, ["V_m"], 20.0)
    assert V_m.max() <= -70.0 + 1e-9
    if multisyn_model == COND:
        # V relaxes to between E_rev and rest and cannot cross E_rev.
        assert V_m.min() >= -90.0 - 1e-9


def test_rebound_after_strong_inhibition(nest_kernel):
    """The rebound spikes of a strongly inhibited cell are real: the adaptive solver has them."""
    cell = CELL_TYPES["LTS"]
    arrivals = [(2.0, "GABA_A", 200.0)]
    truth = spike_times(cell, 0.0, 200.0, arrivals, V_m=-64.4)
    nest = nest_kernel(resolution=0.1)
    neuron = nest.Create(PSC, params=cell.parameters | cell.initial_state(-64.4))
    deliver(nest, neuron, arrivals)
    (found,) = exact_spike_times(nest, neuron, 200.0)
    assert len(truth) > 0
    np.testing.assert_allclose(found, truth, atol=0.1)


def test_spikes_inside_one_step(nest_kernel):
    """Several spikes fit into one step, as many as the solver finds; an absurd current gives 10."""
    cell = CellType("fast", "no adaptation", a=0.02, b=0.2, c=-65.0, d=0.0)
    truth = spike_times(cell, 300.0, 20.0)
    nest = nest_kernel(resolution=1.0)
    fast, absurd = nest.Create(PSC, 2, params=cell.parameters)
    fast.I_e, absurd.I_e = 300.0, 1e6
    recorder = nest.Create("spike_recorder")
    nest.Connect(fast + absurd, recorder)
    nest.Simulate(20.0)
    times, senders = recorder.events["times"], recorder.events["senders"]
    # A spike reaches the grid point that ends its step.
    expected = np.bincount(np.ceil(truth).astype(int))
    np.testing.assert_array_equal(
        np.bincount(times[senders == fast.global_id].astype(int)), expected
    )
    assert expected.max() >= 3
    assert np.all(np.bincount(times[senders == absurd.global_id].astype(int))[1:] == 10)


def test_a_generators_current_adds_to_that_of_the_model_as_posted(nest_kernel):
    """Its I_e is 3.47 pA by default; at rest only their sum matters, however it comes.

    The generator's current arrives later, which 2 s of relaxation make up for.
    """
    nest = nest_kernel(resolution=0.1)
    model = "izhikevich_as_posted_neuron"
    by_generator, added, by_parameter = nest.Create(model, 3)
    by_generator.I_e, by_parameter.I_e = 0.0, 3.0
    added.I_e = 2.0
    for amplitude, neuron in ((3.0, by_generator), (1.0, added)):
        generator = nest.Create("dc_generator", params={"amplitude": amplitude})
        nest.Connect(generator, neuron)
    nest.Simulate(2000.0)
    assert nest.GetDefaults(model, "I_e") == 3.47
    for neuron in (by_generator, added):
        assert neuron.V_m == pytest.approx(by_parameter.V_m, abs=1e-9)
