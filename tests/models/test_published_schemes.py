# SPDX-License-Identifier: GPL-2.0-or-later
"""Integrators 1 and 2, and the delta model, against numpy and NEST's own izhikevich."""

import numpy as np
import pytest

from izhisyn.parameters import CELL_TYPES, RECEPTORS, PropertyCell
from tests.models.reference import gate, psc
from tests.models.single_neuron import COND, DELTA, PSC, TUTORIAL, deliver, trace

STEP = 0.1
DURATION = 200.0
I_E = 5.0
# The synapses' propagators against their closed form; see test_synapses.
ROUNDING = 1e-9
ARRIVALS = [
    (5.0, "AMPA", 6.0),
    (12.3, "NMDA", 9.0),
    (40.0, "GABA_A", 4.0),
    (41.5, "AMPA_NMDA", 5.0),
    (90.0, "AMPA", 20.0),
    (150.2, "GABA_A", 10.0),
]


def courses(arrivals, times):
    """Evaluate the unit courses of the receptors at `times` [ms], shape (3, n), in closed form."""
    total = dict.fromkeys(RECEPTORS, 0.0)
    for arrival, port, weight in arrivals:
        for receptor in ("AMPA", "NMDA") if port == "AMPA_NMDA" else (port,):
            after = np.round(times - arrival, 6)
            total[receptor] = total[receptor] + weight * psc(RECEPTORS[receptor], after)
    return np.array([total[receptor] for receptor in RECEPTORS])


def synaptic_current(v, synapses, conductance_based):
    """Sum the receptors' currents [pA] at V = `v`."""
    ampa, nmda, gaba = synapses
    nmda = nmda * gate(v)
    if conductance_based:
        return (ampa + nmda) * (0.0 - v) + gaba * (-70.0 - v)
    return ampa + nmda - gaba


def euler(v, u, cell, synapses, conductance_based):
    """Forward Euler for V and U."""
    current = I_E + synaptic_current(v, synapses, conductance_based)
    dv = 0.04 * v * v + 5.0 * v + 140.0 - u + current
    return v + STEP * dv, u + STEP * cell.a * (cell.b * v - u)


def half_steps(v, u, cell, synapses, conductance_based):
    """Two half steps for V, then U with the new V (Izhikevich 2003).

    A current is the same in both half steps, as in the paper's script; that of a conductance
    follows V.
    """
    current = synaptic_current(v, synapses, conductance_based)
    for _ in range(2):
        if conductance_based:
            current = synaptic_current(v, synapses, conductance_based)
        v = v + 0.5 * STEP * (0.04 * v * v + 5.0 * v + 140.0 - u + I_E + current)
    return v, u + STEP * cell.a * (cell.b * v - u)


@pytest.mark.parametrize("name", CELL_TYPES)
@pytest.mark.parametrize(("integrator", "scheme"), [(1, euler), (2, half_steps)])
def test_schemes_equal_numpy(nest_kernel, multisyn_model, integrator, scheme, name):
    """Each step is the scheme's, from the state NEST recorded before it, with the exact synapses.

    Compared step by step because rounding errors grow a million times where V takes off.
    """
    nest = nest_kernel(resolution=STEP)
    cell = CELL_TYPES[name]
    arrivals = ARRIVALS
    if multisyn_model == COND:
        arrivals = [(time, port, 0.02 * weight) for time, port, weight in ARRIVALS]
    neuron = nest.Create(multisyn_model, params={"I_e": I_E, "integrator": integrator})
    neuron.set(cell.parameters | cell.initial_state(-70.0))
    deliver(nest, neuron, arrivals)
    times, V_m, U_m = trace(nest, neuron, ["V_m", "U_m"], DURATION)

    before = courses(arrivals, times[:-1])
    v, u = scheme(V_m[:-1], U_m[:-1], cell, before, multisyn_model == COND)
    spike = v >= 30.0
    expected_V = np.where(spike, cell.c, v)
    expected_U = np.where(spike, u + cell.d, u)
    np.testing.assert_allclose(V_m[1:], expected_V, rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_allclose(U_m[1:], expected_U, rtol=ROUNDING, atol=ROUNDING)
    assert spike.sum() > 1


@pytest.mark.parametrize("integrator", [1, 2])
def test_schemes_with_another_parabola_and_offset(nest_kernel, integrator):
    """linear, constant and V_u enter integrators 1 and 2 as the equations say."""
    cell = PropertyCell(
        *("X", "class 1 with an offset", 0.02, 0.1, -55.0, 6.0),
        linear=4.1,
        constant=108.0,
        V_u=-60.0,
    )
    nest = nest_kernel(resolution=STEP)
    neuron = nest.Create(PSC, params=cell.parameters | {"I_e": 15.0, "integrator": integrator})
    neuron.set(V_m=-60.0, U_m=0.0)
    _, V_m, U_m = trace(nest, neuron, ["V_m", "U_m"], DURATION)
    v, u = V_m[:-1], U_m[:-1]
    old_v = v
    for _ in range(integrator):
        v = v + STEP / integrator * (0.04 * v * v + 4.1 * v + 108.0 - u + 15.0)
    u = u + STEP * cell.a * (cell.b * ((old_v if integrator == 1 else v) + 60.0) - u)
    spike = v >= 30.0
    np.testing.assert_allclose(V_m[1:], np.where(spike, cell.c, v), rtol=ROUNDING)
    np.testing.assert_allclose(U_m[1:], np.where(spike, u + cell.d, u), rtol=ROUNDING, atol=1e-9)
    assert spike.sum() > 1


@pytest.mark.parametrize(("integrator", "consistent"), [(1, True), (2, False)])
def test_delta_model_equals_nest_izhikevich(nest_kernel, integrator, consistent):
    """NEST's model with the same Poisson input, negative weights too, and a step current.

    The two differ in when a current generator acts: NEST's model applies its input one step after
    delivery, and so do NESTML's models; so that traces agree at every step.
    """
    nest = nest_kernel(resolution=STEP)
    common = {"I_e": 4.0, "d": 2.0, "V_m": -70.0, "U_m": -14.0}
    peer = nest.Create(
        "izhikevich", params=common | {"consistent_integration": consistent, "V_min": -90.0}
    )
    ours = nest.Create(DELTA, params=common | {"integrator": integrator, "V_min": -90.0})
    source = nest.Create("poisson_generator", params={"rate": 800.0})
    relay = nest.Create("parrot_neuron", 2)
    nest.Connect(source, relay)
    current = nest.Create(
        "step_current_generator",
        params={"amplitude_times": [50.0, 120.0], "amplitude_values": [5.0, -3.0]},
    )
    recorder = nest.Create("multimeter", params={"interval": STEP, "record_from": ["V_m", "U_m"]})
    for neuron in (peer, ours):
        for source_node, weight in zip(relay, (3.0, -4.0), strict=True):
            nest.Connect(source_node, neuron, syn_spec={"weight": weight, "delay": 1.0})
        nest.Connect(current, neuron)
        nest.Connect(recorder, neuron)
    nest.Simulate(400.0)
    events = recorder.events
    from_peer = events["senders"] == peer.global_id
    for variable in ("V_m", "U_m"):
        theirs, mine = events[variable][from_peer], events[variable][~from_peer]
        # Rounding differs from the first step on and grows while V moves away from rest.
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-6)
    assert np.any(np.diff(theirs) > 1.0)  # U jumped: it spiked


@pytest.mark.parametrize("integrator", [0, 1])
def test_weight_is_a_jump_of_V(nest_kernel, integrator):
    """With t_pulse = 0 a spike adds its weight to V_m at its arrival, on top of the step."""
    nest = nest_kernel(resolution=STEP)
    kicked, quiet = (nest.Create(DELTA, params={"integrator": integrator}) for _ in range(2))
    deliver(nest, kicked, [(2.0, None, 7.5)])
    recorder = nest.Create("multimeter", params={"interval": STEP, "record_from": ["V_m"]})
    nest.Connect(recorder, kicked + quiet, syn_spec={"delay": STEP})
    nest.Simulate(2.0 + STEP)
    events = recorder.events
    of_kicked = events["senders"] == kicked.global_id
    difference = events["V_m"][of_kicked] - events["V_m"][~of_kicked]
    np.testing.assert_allclose(difference, np.where(np.arange(20) < 19, 0.0, 7.5), atol=1e-12)


def test_jump_over_threshold_spikes_at_its_arrival(nest_kernel):
    """The spike's true time is the arrival itself, so its offset is 0, and the reset holds then."""
    nest = nest_kernel(resolution=STEP)
    neuron = nest.Create(DELTA)
    deliver(nest, neuron, [(3.0, None, 150.0)])
    recorder = nest.Create("spike_recorder")
    nest.Connect(neuron, recorder)
    _, V_m, offset = trace(nest, neuron, ["V_m", "spike_offset"], 3.0 + STEP)
    assert list(recorder.events["times"]) == pytest.approx([3.0])
    assert V_m[-1] == -65.0
    assert offset[-1] == 0.0


@pytest.mark.parametrize("integrator", [0, 1])
@pytest.mark.parametrize("t_pulse", [0.05, 0.1, 1.0, 10.0])
def test_pulse_of_current(nest_kernel, integrator, t_pulse):
    """With t_pulse > 0 a spike is w pA for t_pulse (at least one step) from its arrival; they add.

    The current at t_k acts on the step that follows, so the charge is w * t_pulse.
    """
    nest = nest_kernel(resolution=STEP)
    neuron = nest.Create(DELTA, params={"integrator": integrator, "t_pulse": t_pulse})
    deliver(nest, neuron, [(2.0, None, 4.0), (2.5, None, 3.0)])
    times, current, V_m = trace(nest, neuron, ["I_pulse", "V_m"], 20.0)
    steps = max(1, round(t_pulse / STEP))
    index = np.round(times / STEP).astype(int)
    expected = 4.0 * ((index >= 20) & (index < 20 + steps)) + 3.0 * (
        (index >= 25) & (index < 25 + steps)
    )
    np.testing.assert_allclose(current, expected, atol=1e-15)
    assert V_m[index == 20] == pytest.approx(-70.0, abs=1e-9)  # no jump
    # At rest V' = -0.6 V + I while V stays near, so the first step lifts V by 4 * 0.1 mV to 3 %.
    assert V_m[index == 21] + 70.0 == pytest.approx(0.4, rel=0.05)


def test_published_numerics_take_the_weight_as_current(nest_kernel):
    """Integrator 2: w pA in both half steps of the step that ends at the arrival; no t_pulse."""
    nest = nest_kernel(resolution=1.0)
    neuron = nest.Create(DELTA, params={"integrator": 2, "t_pulse": 1.0})
    deliver(nest, neuron, [(5.0, None, 3.0)])
    times, V_m, current = trace(nest, neuron, ["V_m", "I_pulse"], 8.0)
    v, u = -70.0, -14.0
    expected = []
    for time in times:
        I = 3.0 if time == 5.0 else 0.0  # noqa: E741 - the paper's name
        for _ in range(2):
            v += 0.5 * (0.04 * v * v + 5.0 * v + 140.0 - u + I)
        u += 0.02 * (0.2 * v - u)
        expected.append(v)
    np.testing.assert_allclose(V_m, expected, rtol=1e-12)
    assert not current.any()


def test_tutorial_model_is_forward_euler(nest_kernel):
    """The tutorial's equations, its jump of v at a spike, and its reset, against numpy."""
    nest = nest_kernel(resolution=STEP)
    neuron = nest.Create(TUTORIAL, params={"I_e": 10.0})
    deliver(nest, neuron, [(20.0, None, 5.0)])
    times, v_nest, u_nest = trace(nest, neuron, ["v", "u"], DURATION)
    v, u = -65.0, 0.0
    expected = []
    for time in times:
        dv = 0.04 * v * v + 5.0 * v + 140.0 - u + 10.0
        v, u = v + STEP * dv, u + STEP * 0.02 * (0.2 * v - u)
        v += 5.0 if abs(time - 20.0) < 1e-6 else 0.0
        if v >= 30.0:
            v, u = -65.0, u + 8.0
        expected.append((v, u))
    np.testing.assert_allclose(np.array([v_nest, u_nest]).T, expected, rtol=ROUNDING, atol=ROUNDING)
    assert np.any(np.diff(v_nest) < -50.0)


def test_psc_and_cond_models_agree_without_input(nest_kernel):
    """The three models share one quadratic step: without synaptic input they agree to rounding."""
    nest = nest_kernel(resolution=STEP)
    neurons = [nest.Create(model, params={"I_e": 10.0}) for model in (PSC, COND, DELTA)]
    recorder = nest.Create("multimeter", params={"interval": STEP, "record_from": ["V_m"]})
    for neuron in neurons:
        nest.Connect(recorder, neuron, syn_spec={"delay": STEP})
    nest.Simulate(DURATION)
    events = recorder.events
    V_m = [events["V_m"][events["senders"] == neuron.global_id] for neuron in neurons]
    np.testing.assert_allclose(V_m[1], V_m[0], atol=1e-8)
    np.testing.assert_allclose(V_m[2], V_m[0], atol=1e-8)


def test_weight_arrives_as_it_is(nest_kernel):
    """To the last bit: NESTML's ports are rates, and 0.001 w times 1000 is not w for every w."""
    nest = nest_kernel()
    weights = np.random.default_rng(1).uniform(0.0, 20.0, 100)
    assert np.any(0.001 * weights * 1000.0 != weights)
    neurons = nest.Create(DELTA, weights.size, {"t_pulse": 5.0})
    generator = nest.Create("spike_generator", params={"spike_times": [1.0]})
    nest.Connect(generator, neurons, "all_to_all", {"weight": weights[:, None], "delay": 1.0})
    nest.Simulate(3.0)
    assert neurons.I_pulse == tuple(weights)
