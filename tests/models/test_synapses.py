# SPDX-License-Identifier: GPL-2.0-or-later
"""Postsynaptic currents and conductances against their closed form."""

import dataclasses
import itertools

import numpy as np
import pytest

from izhisyn.parameters import (
    CELL_TYPES,
    CELL_TYPES_2007,
    RECEPTORS,
    RECEPTORS_2007,
    Receptor,
)
from tests.models.reference import gate, psc, spike_times, spike_times_2007
from tests.models.single_neuron import COND, COND_2007, PSC, deliver, exact_spike_times, trace

# Rounding of a few thousand steps of a propagator, far below this; see test_psc_is_exact.
EXACT = 1e-9
SIGN = {"AMPA": 1.0, "NMDA": 1.0, "GABA_A": -1.0}
OF_MODEL = {PSC: RECEPTORS, COND: RECEPTORS, COND_2007: RECEPTORS_2007}
MAKES_IT_FIRE = {PSC: 10.0, COND: 10.0, COND_2007: 200.0}  # I_e [pA]


def course_name(model, receptor):
    """Name the recordable that follows the closed form: conductance or current before the block."""
    if model != PSC:
        return f"g_{receptor}"
    return "I_NMDA_unblocked" if receptor == "NMDA" else f"I_{receptor}"


def sign(model, receptor):
    """Give the sign of the course: only the psc model's GABA-A current is negative."""
    return SIGN[receptor] if model == PSC else 1.0


def peak_parameter(model, receptor):
    """Name the parameter that is the peak of a course after a spike of weight 1."""
    return f"{'I' if model == PSC else 'g'}_peak_{receptor}"


@pytest.mark.parametrize(
    ("model", "receptor"), [(model, name) for model, names in OF_MODEL.items() for name in names]
)
def test_psc_is_exact(nest_kernel, model, receptor):
    """A spike of weight w gives w * peak * (exp(-t/tau_d) - exp(-t/tau_r)) * f, at every step.

    On the grid the largest sample is within half a step of t_peak, where the course is flat: with
    curvature 1 / (tau_r tau_d) at the peak it is below the peak by (dt/2)^2 / (2 tau_r tau_d), at
    most 1.1e-3 (AMPA, 0.1 ms).
    """
    nest = nest_kernel(resolution=0.1)
    weight, peak, arrival = 2.5, 3.0, 1.3
    neuron = nest.Create(model, params={peak_parameter(model, receptor): peak})
    deliver(nest, neuron, [(arrival, receptor, weight)])
    variable = course_name(model, receptor)
    times, course = trace(nest, neuron, [variable], 600.0)

    expected = (
        weight * peak * sign(model, receptor) * psc(OF_MODEL[model][receptor], times - arrival)
    )
    np.testing.assert_allclose(course, expected, rtol=EXACT, atol=1e-12)
    top = np.argmax(np.abs(course))
    spec = OF_MODEL[model][receptor]
    assert abs(times[top] - arrival - spec.peak_time) <= 0.1
    flat = (0.1 / 2) ** 2 / (2 * spec.tau_rise * spec.tau_decay)
    assert abs(course[top]) == pytest.approx(weight * peak, rel=1.01 * flat)


def test_spikes_of_all_receptors_add(nest_kernel, receptor_model):
    """Courses superpose, whatever the times, weights and number of spikes."""
    nest = nest_kernel(resolution=0.1)
    receptors = OF_MODEL[receptor_model]
    rng = np.random.default_rng(3)
    neuron = nest.Create(receptor_model, params={"I_e": -20.0})
    arrivals = [
        (round(float(time), 1), receptor, float(weight))
        for receptor in receptors
        for time, weight in zip(rng.uniform(1, 90, 40), rng.uniform(0, 0.5, 40), strict=True)
    ]
    deliver(nest, neuron, arrivals)
    variables = [course_name(receptor_model, receptor) for receptor in receptors]
    times, *courses = trace(nest, neuron, variables, 100.0)
    for receptor, course in zip(receptors, courses, strict=True):
        expected = sum(
            weight * psc(receptors[receptor], np.round(times - time, 6))
            for time, name, weight in arrivals
            if name == receptor
        )
        expected = expected * sign(receptor_model, receptor)
        np.testing.assert_allclose(course, expected, rtol=EXACT, atol=1e-12)


def test_combined_port_equals_both_ports(nest_kernel, receptor_model):
    """A spike of w on AMPA_NMDA is w on AMPA and w * NMDA_ratio on NMDA, to the last bit."""
    nest = nest_kernel(resolution=0.1)
    combined, separate = (nest.Create(receptor_model, params={"NMDA_ratio": 0.5}) for _ in range(2))
    times = [2.0, 3.7, 9.0]
    deliver(nest, combined, [(t, "AMPA_NMDA", 3.0) for t in times])
    deliver(nest, separate, [(t, "AMPA", 3.0) for t in times] + [(t, "NMDA", 1.5) for t in times])
    recorder = nest.Create("multimeter", params={"interval": 0.1, "record_from": ["V_m", "I_NMDA"]})
    nest.Connect(recorder, combined + separate, syn_spec={"delay": 0.1})
    nest.Simulate(100.0)
    events = recorder.events
    of_combined = events["senders"] == combined.global_id
    for variable in ("V_m", "I_NMDA"):
        np.testing.assert_array_equal(events[variable][of_combined], events[variable][~of_combined])
    assert np.ptp(events["V_m"]) > 1.0


def test_declaration_order_is_receptor_type(nest_kernel, receptor_model):
    """Scripts may use the numbers: receptor_type counts the ports in their order from 1."""
    nest = nest_kernel()
    ports = ["AMPA", "NMDA", "GABA_A", "AMPA_NMDA"]
    if receptor_model == COND_2007:
        ports.append("GABA_B")
    expected = {port: number for number, port in enumerate(ports, start=1)}
    assert nest.GetDefaults(receptor_model, "receptor_types") == expected


@pytest.mark.parametrize("conc_Mg2", [0.0, 0.3, 1.0, 4.0])
def test_recorded_NMDA_current_carries_the_block(nest_kernel, receptor_model, conc_Mg2):
    """I_NMDA is the unblocked value times 1 / (1 + [Mg]/3.57 exp(-V/16.13)), at every V."""
    nest = nest_kernel(resolution=0.1)
    neuron = nest.Create(
        receptor_model, params={"conc_Mg2": conc_Mg2, "I_e": MAKES_IT_FIRE[receptor_model]}
    )
    deliver(nest, neuron, [(2.0, "NMDA", 5.0), (30.0, "NMDA", 5.0)])
    unblocked = course_name(receptor_model, "NMDA")
    _, V_m, whole, current = trace(nest, neuron, ["V_m", unblocked, "I_NMDA"], 100.0)
    force = 1.0 if receptor_model == PSC else -V_m
    np.testing.assert_allclose(current, whole * force * gate(V_m, conc_Mg2), rtol=1e-12, atol=1e-14)
    assert V_m.min() < -50.0 and V_m.max() > 0.0


def test_gate_has_the_published_values():
    """The closed form in the tests against the table of values for 1 mM."""
    V_m = np.array([-80.0, -70.0, -65.0, -60.0, -40.0, -20.0, 0.0, 20.0])
    published = [0.0244, 0.0445, 0.0597, 0.0796, 0.2302, 0.508, 0.781, 0.925]
    np.testing.assert_allclose(gate(V_m), published, atol=5e-4)


@pytest.mark.parametrize("model", [COND, COND_2007])
def test_currents_of_conductances(nest_kernel, model):
    """I_R = g_R (E_rev_R - V_m) for AMPA and GABA_A, with reversal potentials of one's own."""
    nest = nest_kernel(resolution=0.1)
    neuron = nest.Create(model, params={"E_rev_AMPA": 5.0, "E_rev_GABA_A": -80.0})
    deliver(nest, neuron, [(2.0, "AMPA", 0.3), (4.0, "GABA_A", 0.4)])
    _, V_m, g_AMPA, g_GABA_A, I_AMPA, I_GABA_A = trace(
        nest, neuron, ["V_m", "g_AMPA", "g_GABA_A", "I_AMPA", "I_GABA_A"], 30.0
    )
    np.testing.assert_allclose(I_AMPA, g_AMPA * (5.0 - V_m), rtol=1e-12)
    np.testing.assert_allclose(I_GABA_A, g_GABA_A * (-80.0 - V_m), rtol=1e-12)
    assert I_AMPA.max() > 10.0 and I_GABA_A.min() < -1.0


@pytest.mark.parametrize(
    ("tau_rise", "tau_decay"),
    [(2.0, 2.0000001), (2.0, 2.001), (0.01, 200.0), (0.1, 0.3)],
    ids=["equal but for 5e-8", "nearly equal", "far apart", "of the step's size"],
)
def test_peak_holds_for_any_time_constants(nest_kernel, tau_rise, tau_decay):
    """Nearly equal time constants lose no digits; in their limit the course is an alpha function.

    With tau_r = tau_d = tau it is t/tau exp(1 - t/tau); a relative difference e changes it by less
    than e.
    """
    nest = nest_kernel(resolution=0.1)
    neuron = nest.Create(PSC, params={"tau_rise_AMPA": tau_rise, "tau_decay_AMPA": tau_decay})
    deliver(nest, neuron, [(1.0, "AMPA", 1.0)])
    times, course = trace(nest, neuron, ["I_AMPA"], 40.0)
    after = np.round(np.maximum(times - 1.0, 0.0), 6)
    if tau_decay - tau_rise < 0.01:
        x = after / tau_rise
        np.testing.assert_allclose(
            course, x * np.exp(1.0 - x), rtol=0, atol=1.1 * (tau_decay / tau_rise - 1.0)
        )
    else:
        receptor = Receptor("AMPA", tau_rise, tau_decay, 0.0)
        np.testing.assert_allclose(course, psc(receptor, after), rtol=EXACT, atol=1e-15)


def test_current_of_GABA_B(nest_kernel):
    """I_GABA_B = g_GABA_B (E_rev_GABA_B - V_m), hyperpolarising by default."""
    nest = nest_kernel(resolution=0.1)
    neuron = nest.Create(COND_2007)
    deliver(nest, neuron, [(2.0, "GABA_B", 2.0)])
    _, V_m, g_GABA_B, I_GABA_B = trace(nest, neuron, ["V_m", "g_GABA_B", "I_GABA_B"], 300.0)
    np.testing.assert_allclose(I_GABA_B, g_GABA_B * (-90.0 - V_m), rtol=1e-12)
    assert V_m.min() < -61.0


def unit_peak_course(tau_rise, tau_decay, t):
    """Give a course with peak 1 for all time constants, without differences that cancel.

    With x = 1/tau_rise - 1/tau_decay the course is proportional to exp(-t/tau_decay) (1 - exp(-x
    t)), which for x = 0 is exp(-t/tau) t, and without rise exp(-t/tau_decay).
    """
    if tau_rise == 0.0:
        return np.exp(-t / tau_decay)
    x = (tau_decay - tau_rise) / tau_decay / tau_rise
    ratio = (tau_decay - tau_rise) / tau_rise
    peak_time = tau_decay * (np.log1p(ratio) / ratio if ratio else 1.0)

    def shape(t):
        return np.exp(-t / tau_decay) * (-np.expm1(-x * t) / x if x else t)

    return shape(t) / shape(peak_time)


@pytest.mark.parametrize("receptor", ["AMPA", "NMDA", "GABA_A"])
def test_rise_as_long_as_the_decay_and_none_at_all(nest_kernel, receptor_model, receptor):
    """Equal, nearly equal and far apart time constants are exact: the course has its closed form.

    A formula with 1 / (tau_decay - tau_rise) would lose 12 of 16 digits at a difference of 1e-12.
    """
    nest = nest_kernel(resolution=0.1)
    pairs = [
        *((rise, 5.0) for rise in (5.0, 5.0 * (1 - 1e-12), 5.0 * (1 - 1e-6), 4.999, 4.0)),
        *((rise, 5.0) for rise in (0.0, 1e-9, 0.02)),
        *((0.03, 0.03), (0.0, 0.03), (300.0, 300.0)),
    ]
    neurons = nest.Create(receptor_model, len(pairs), params={"I_e": -20.0})
    for neuron, (rise, decay) in zip(neurons, pairs, strict=True):
        neuron.set({f"tau_rise_{receptor}": rise, f"tau_decay_{receptor}": decay})
        deliver(nest, neuron, [(1.0, receptor, 2.0)])
    variable = course_name(receptor_model, receptor)
    meter = nest.Create("multimeter", params={"interval": 0.1, "record_from": [variable]})
    nest.Connect(meter, neurons, syn_spec={"delay": 0.1})
    nest.Simulate(60.0)
    events = meter.events
    for neuron, (rise, decay) in zip(neurons, pairs, strict=True):
        of_neuron = events["senders"] == neuron.global_id
        t = np.round(events["times"][of_neuron] - 1.0, 6)
        expected = np.where(t < 0.0, 0.0, unit_peak_course(rise, decay, np.maximum(t, 0.0)))
        # Without a rise the peak is at the arrival; one of 1e-9 ms is over at the next grid point.
        found = events[variable][of_neuron] * sign(receptor_model, receptor)
        np.testing.assert_allclose(found, 2.0 * expected, rtol=EXACT, atol=1e-12, err_msg=str(rise))


def test_spikes_with_any_rise_are_those_of_an_adaptive_solver(nest_kernel, receptor_model):
    """Means and trends over a step as well: an alpha function and a jump drive the same spikes.

    The solver's biexponentials differ by 1e-6: their rise is that much shorter than the decay, or
    1e-9 ms.
    """
    cells = [CELL_TYPES["RS"], CELL_TYPES["FS"]]
    cells_2007 = [CELL_TYPES_2007["RS"], CELL_TYPES_2007["LTS"]]
    is_2007 = receptor_model == COND_2007
    receptors = RECEPTORS_2007 if is_2007 else RECEPTORS
    strong = {PSC: 4.0, COND: 0.2, COND_2007: 4.0}[receptor_model]
    arrivals = [(5.0 + 4.0 * k, "AMPA" if k % 3 else "NMDA", strong) for k in range(40)]
    nest = nest_kernel(resolution=0.1)
    expected, neurons = [], []
    for cell, share in itertools.product(cells_2007 if is_2007 else cells, (1.0, 0.0)):
        shapes = {
            name: dataclasses.replace(r, tau_rise=(1.0 - 1e-6) * r.tau_decay if share else 1e-9)
            for name, r in receptors.items()
        }
        I_e = 60.0 if is_2007 else 5.0
        if is_2007:
            expected.append(spike_times_2007(cell, I_e, 200.0, arrivals, receptors=shapes))
        else:
            based = receptor_model == COND
            expected.append(spike_times(cell, I_e, 200.0, arrivals, based, receptors=shapes))
        neuron = nest.Create(receptor_model, params=cell.parameters | {"I_e": I_e})
        neuron.set(cell.initial_state if is_2007 else cell.initial_state(-70.0))
        neuron.set({f"tau_rise_{name}": share * r.tau_decay for name, r in receptors.items()})
        deliver(nest, neuron, arrivals)
        neurons.append(neuron)
    found = exact_spike_times(nest, sum(neurons[1:], neurons[0]), 200.0)
    assert min(len(times) for times in expected) >= 4
    for times, truth in zip(found, expected, strict=True):
        # Twice the largest error of these cells at 0.1 ms, that of FS with currents.
        assert times == pytest.approx(truth, abs=0.009)
