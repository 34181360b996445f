# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections reach the receptor they name, and currents act at the stated time."""

import numpy as np
import pytest

from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.recording import record_traces, traces
from izhisyn.wiring import receptor_types, step_current, syn_spec

MULTISYN_MODELS = ["izhikevich_psc_multisyn_neuron", "izhikevich_cond_multisyn_neuron"]


@pytest.fixture
def kernel(module_build):
    """NEST with the models."""
    start_kernel(resolution=0.1)


@pytest.mark.parametrize("model", MULTISYN_MODELS)
def test_ports_are_numbered_in_the_order_of_their_declaration(kernel, model):
    """The numbers other scripts rely on."""
    assert receptor_types(model) == {"AMPA": 1, "NMDA": 2, "GABA_A": 3, "AMPA_NMDA": 4}


@pytest.mark.parametrize("model", MULTISYN_MODELS)
@pytest.mark.parametrize(
    "receptor, driven",
    [
        ("AMPA", {"I_AMPA"}),
        ("NMDA", {"I_NMDA"}),
        ("GABA_A", {"I_GABA_A"}),
        ("AMPA_NMDA", {"I_AMPA", "I_NMDA"}),
    ],
)
def test_spike_drives_the_named_receptor_with_its_weight_after_its_delay(
    kernel, model, receptor, driven
):
    """A spike sent at 1 ms with a delay of 2 ms has not acted at 3 ms, and shows at 3.1 ms."""
    source = nest.Create("spike_generator", params={"spike_times": [1.0]})
    single, double = neurons = nest.Create(model, 2, params={"V_m": -60.0})
    for neuron, weight in ((single, 1.0), (double, 2.0)):
        nest.Connect(
            source, neuron, syn_spec=syn_spec(receptor, weight=weight, delay=2.0, model=model)
        )
    currents = ("I_AMPA", "I_NMDA", "I_GABA_A")
    multimeter = record_traces(neurons, currents)
    simulate(3.2)
    recorded = traces(multimeter)
    for current in currents:
        of_single, of_double = recorded.values[current]
        assert not of_single[:30].any()
        assert (of_single[30] != 0.0) == (current in driven)
        # Not exactly twice: in the step from 3 to 3.1 ms the current has moved V_m, by up to 1 mV,
        # on which the driving force (60 mV) and the NMDA block (16 mV per e-fold) depend.
        assert of_double[30] == pytest.approx(2.0 * of_single[30], rel=0.05)


def test_unknown_receptor_lists_the_known_ones(kernel):
    """The message names the receptor and its alternatives."""
    with pytest.raises(ValueError, match=r"'GABA_C'.*AMPA, NMDA, GABA_A, AMPA_NMDA"):
        syn_spec("GABA_C")


def test_receptor_of_a_model_with_one_port_says_so(kernel):
    """There is nothing to choose from."""
    with pytest.raises(ParameterError, match=r"izhikevich_psc_delta_neuron.*without a receptor"):
        syn_spec("AMPA", model="izhikevich_psc_delta_neuron")


def test_unknown_model_lists_known_ones(kernel):
    """The message names the model and ours."""
    with pytest.raises(ParameterError, match=r"'izhi'.*izhikevich_psc_multisyn_neuron"):
        receptor_types("izhi")


def test_synapse_model_is_passed_on(kernel):
    """Any synapse of NEST can drive a receptor."""
    assert syn_spec("NMDA", synapse_model="tsodyks2_synapse")["synapse_model"] == "tsodyks2_synapse"


@pytest.mark.parametrize(
    "model, parameters",
    [
        ("izhikevich", {}),
        ("izhikevich_psc_delta_neuron", {"integrator": 1}),
        ("izhikevich_psc_multisyn_neuron", {"integrator": 1}),
    ],
)
@pytest.mark.parametrize("resolution", [0.1, 0.25, 1.0])
def test_current_follows_its_steps(module_build, model, parameters, resolution):
    """Forward Euler with the stated current, step for step; NEST's own model included."""
    start_kernel(resolution)
    steps = ((0.0, -2.0), (5.0, 1.5), (6.0, -3.0), (12.0, 0.5))
    neuron = nest.Create(model, params={"V_m": -70.0, "U_m": -14.0, **parameters})
    step_current(neuron, steps)
    multimeter = record_traces(neuron, ["V_m"])
    simulate(20.0 + resolution)

    V, U, expected = -70.0, -14.0, []
    for t in np.arange(round(20.0 / resolution)) * resolution:
        current = [amplitude for start, amplitude in steps if start <= t + resolution / 2][-1]
        V, U = (
            V + resolution * (0.04 * V**2 + 5 * V + 140 - U + current),
            U + resolution * 0.02 * (0.2 * V - U),
        )
        expected.append(V)
    # Rounding: sums of 200 steps, in another order of operations.
    np.testing.assert_allclose(traces(multimeter).values["V_m"][0], expected, rtol=1e-11)


def test_constant_current_needs_no_generator(kernel):
    """I_e alone holds it."""
    neurons = nest.Create("izhikevich", 2)
    step_current(neurons, [(0.0, 4.0)])
    assert neurons.I_e == (4.0, 4.0)
    assert nest.network_size == 2


@pytest.mark.parametrize(
    "steps, named",
    [
        ([(5.0, 1.0)], r"starts at 5 ms; begin with \(0\.0, amplitude\)"),
        ([(0.0, 0.0), (5.05, 1.0)], r"5\.05 ms is not a multiple of the resolution 0\.1 ms"),
        ([(0.0, 0.0), (0.1, 1.0)], r"0\.1 ms is too early.*0\.2 ms"),
    ],
)
def test_step_that_cannot_be_kept_is_named(kernel, steps, named):
    """No step is shifted in silence."""
    with pytest.raises(ParameterError, match=named):
        step_current(nest.Create("izhikevich"), steps)
