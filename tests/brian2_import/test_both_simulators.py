# SPDX-License-Identifier: GPL-2.0-or-later
"""A carried-over model does in NEST what Brian2 does, step for step."""

import brian2
import numpy as np
import pytest
from brian2 import ms

from tests.brian2_import.cases import CASES, OTHER_CASES, SHORT_TERM_PLASTICITY, spike_train
from tests.brian2_import.simulators import run_brian2, run_nest

# Both simulators add up the same numbers in another order. Rounding at 1e-16 grows along the
# unstable branch of a spike, by 1e7 in the worst of these cases.
TOLERANCE = 1e-6  # [mV, pA, nS, 1]


def assert_same(case, model, module):
    """Compare every recorded value and every spike."""
    expected, expected_spikes = run_brian2(case)
    traces, spikes = run_nest(case, model, module)
    assert len(expected_spikes) >= case.min_spikes
    np.testing.assert_array_equal(spikes, expected_spikes)
    for name in case.record:
        np.testing.assert_allclose(traces[name], expected[name], rtol=0, atol=TOLERANCE)
    assert np.ptp(expected[case.record[0]]) > 0


@pytest.mark.parametrize("name", CASES)
def test_same_trace_and_spikes_as_brian2(name, threads_module):
    """The threads' models, and those that together use every construct."""
    assert_same(CASES[name], f"{name}_neuron", threads_module)


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHER_CASES)
def test_public_examples_give_the_same(name, examples_module):
    """Models of Brian2's documentation and examples."""
    assert_same(OTHER_CASES[name], f"{name}_neuron", examples_module)


def test_event_driven_synapse_releases_the_same(threads_module):
    """Each spike carries r_S = u_S x_S of Brian2, through facilitation and depression."""
    times = np.array(spike_train(10, 50, 400))
    brian2.start_scope()
    brian2.prefs.codegen.target = "numpy"
    brian2.defaultclock.dt = 0.1 * ms
    source = brian2.SpikeGeneratorGroup(1, np.zeros(len(times), int), times * ms)
    target = brian2.NeuronGroup(1, "released : 1")
    on_pre = f"{SHORT_TERM_PLASTICITY['on_pre']}\nreleased_post += r_S"
    synapse = brian2.Synapses(
        source,
        target,
        SHORT_TERM_PLASTICITY["model"],
        on_pre=on_pre,
        namespace=SHORT_TERM_PLASTICITY["namespace"],
    )
    synapse.connect()
    synapse.x_S = 1
    monitor = brian2.StateMonitor(target, "released", record=True)
    brian2.Network(source, target, synapse, monitor).run(400 * ms)
    released = np.diff(monitor.released[0])
    expected = released[released != 0]
    assert len(expected) == len(times)

    import nest

    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = 0.1
    nest.Install(threads_module)
    generator = nest.Create("spike_generator", params={"spike_times": times})
    parrot = nest.Create("parrot_neuron")  # plastic synapses do not start at a device
    nest.Connect(generator, parrot, syn_spec={"delay": 0.1})
    recorder = nest.Create("spike_recorder")
    sink = nest.Create("iaf_psc_delta", params={"V_th": 1e9, "tau_m": 1e9, "E_L": 0.0, "V_m": 0.0})
    nest.Connect(parrot, sink, syn_spec={"synapse_model": "stp_synapse", "delay": 0.1})
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 0.1})
    nest.Connect(meter, sink)
    nest.Connect(parrot, recorder)
    nest.Simulate(401.0)
    jumps = np.diff(meter.get("events")["V_m"])
    carried = jumps[np.abs(jumps) > 1e-9]
    np.testing.assert_allclose(carried, expected, rtol=1e-6)
