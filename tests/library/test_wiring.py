# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections reach the receptor they name, and currents act at the stated time."""

import numpy as np
import pytest

from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.recording import record_traces, traces
from izhisyn.wiring import (
    POOLED_MODELS,
    WEIGHT_GRID,
    connect_in_degree,
    create_cells,
    poisson_drive,
    random_values,
    receptor_types,
    round_to_weight_grid,
    static_synapse_for,
    step_current,
    syn_spec,
)

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


def test_synapse_for_a_target(nest_kernel):
    """Pooled for izhisyn's own models; NEST's for copies, its own models, and a stock build."""
    nest = nest_kernel()
    nest.CopyModel("izhikevich_cond_multisyn_neuron", "copied")
    assert syn_spec("NMDA")["synapse_model"] == "static_synapse_pooled"
    assert syn_spec("NMDA", model="copied")["synapse_model"] == "static_synapse"
    assert static_synapse_for("ht_neuron") == "static_synapse"
    for model in POOLED_MODELS:
        nest.Connect(nest.Create(model), nest.Create(model), syn_spec=syn_spec("AMPA", model=model))
    nest.ResetKernel()  # as with a module without pooled neurons
    assert static_synapse_for("izhikevich_cond_multisyn_neuron") == "static_synapse"
    drive = poisson_drive(nest.Create("parrot_neuron"), 5.0, {"delay": 1.0})
    assert drive.model == "poisson_generator"


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
        ([(5.0, 1.0)], r"steps is \[\(5\.0, 1\.0\)\]; give .* from \(0\.0, \.\.\.\)"),
        ([(0.0, 0.0), (5.05, 1.0)], r"5\.05 ms is not a multiple of the resolution 0\.1 ms"),
        ([(0.0, 0.0), (0.1, 1.0)], r"0\.1 ms is too early.*0\.2 ms"),
    ],
)
def test_step_that_cannot_be_kept_is_named(kernel, steps, named):
    """No step is shifted in silence."""
    with pytest.raises(ParameterError, match=named):
        step_current(nest.Create("izhikevich"), steps)


def drawn(values, n_draws=20000):
    """Draw from a nest.Parameter, as often as there are weights."""
    neurons = nest.Create("parrot_neuron", n_draws)
    nest.Connect(neurons, neurons, "one_to_one", {"weight": values, "delay": 1.0})
    return np.array(nest.GetConnections().weight)


@pytest.mark.parametrize("distribution", ["lognormal", "normal"])
def test_random_values_have_their_mean_and_variation(kernel, distribution):
    """20 000 draws: the mean is known to 0.3 / sqrt(20000), less than 0.3 %."""
    weights = drawn(random_values(distribution, mean=2.0, variation=0.3))
    assert weights.mean() == pytest.approx(2.0, rel=4 * 0.003)
    # The lognormal distribution's fourth moment makes this one a little less certain.
    assert weights.std() == pytest.approx(0.6, rel=0.04)
    skewness = np.mean((weights - weights.mean()) ** 3) / weights.std() ** 3
    # 3 v + v^3 for the lognormal distribution.
    assert skewness == pytest.approx({"lognormal": 0.927, "normal": 0.0}[distribution], abs=0.15)


def test_random_values_keep_within_their_bounds(kernel):
    """A wide distribution of delays."""
    values = drawn(random_values("normal", 1.5, 0.75, lower=0.5, upper=3.0))
    assert (values.min() >= 0.5, values.max() <= 3.0) == (True, True)
    assert np.ptp(values) > 2.4


def test_no_variation_is_the_mean():
    """One number, which NEST connects faster."""
    assert random_values("normal", 1.5, 0.0) == 1.5


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("uniform", 1.0, 0.5), "'uniform'; choose one of lognormal, normal"),
        (("normal", 0.0, 0.5), "mean is 0.0; give a finite number above 0"),
        (("normal", 0.2, 0.5, 0.5, 5.0), "mean of 0.2 is not from 0.5 to 5; choose"),
    ],
)
def test_bad_distribution_is_refused(arguments, message):
    """Named with what is possible."""
    with pytest.raises(ParameterError, match=message):
        random_values(*arguments)


@pytest.mark.parametrize("mean", [1e-4, 0.3, 50.0])
def test_weights_on_the_grid_have_exact_sums(kernel, mean):
    """Forwards and backwards the same, and off the plain values by half the grid at most."""
    nest.rng_seed = 5
    plain = drawn(random_values("lognormal", mean, 0.5), 2000)
    nest.ResetKernel()
    nest.rng_seed = 5
    rounded = drawn(round_to_weight_grid(random_values("lognormal", mean, 0.5)), 2000)
    assert np.all(rounded % WEIGHT_GRID == 0.0)
    assert 0.0 < np.abs(rounded - plain).max() <= WEIGHT_GRID / 2
    assert sum(rounded.tolist()) == sum(rounded[::-1].tolist())


def test_cells_get_their_own_parameters(kernel):
    """Arrays for each, numbers for all; not those of neurons that were there before."""
    others = nest.Create("izhikevich_psc_multisyn_neuron", 2)
    cells = create_cells(
        "izhikevich_psc_multisyn_neuron",
        3,
        {"c": np.array([-65.0, -60.0, -55.0]), "d": 4.0, "V_m": np.array([-70.0, -71.0, -72.0])},
    )
    assert cells.tolist() == [3, 4, 5]
    assert (cells.c, cells.V_m) == ((-65.0, -60.0, -55.0), (-70.0, -71.0, -72.0))
    assert set(cells.d) == {4.0}
    assert set(others.c) == {-65.0}


def test_each_target_has_the_in_degree_and_not_itself(kernel):
    """30 targets are more than the calls that share them out; progress counts all connections."""
    neurons = nest.Create("izhikevich_psc_multisyn_neuron", 50)
    made = []
    connect_in_degree(neurons, neurons[:30], 7, syn_spec("GABA_A", 0.5, 2.0), made.append)
    connections = nest.GetConnections()
    sources, targets = np.array(connections.source), np.array(connections.target)
    assert np.bincount(targets, minlength=51).tolist() == [0] + [7] * 30 + [0] * 20
    assert np.all(targets != sources)
    assert sources.max() > 30
    assert sum(made) == 210
    assert len(made) > 1
    assert (set(connections.weight), set(connections.delay)) == ({0.5}, {2.0})


def test_poisson_spikes_are_independent_and_have_their_rate(kernel):
    """Two relays count 2000 spikes/s for 2 s: 4000 +- 63 each, and not the same ones."""
    relays = nest.Create("parrot_neuron", 2)
    poisson_drive(relays, 2000.0, {"delay": 1.0})
    recorder = nest.Create("spike_recorder")
    nest.Connect(relays, recorder)
    simulate(2001.0)
    events = recorder.events
    first, second = (events["times"][events["senders"] == relay.global_id] for relay in relays)
    for times in (first, second):
        assert times.size == pytest.approx(4000, abs=4 * 63)
    assert np.isin(first, second).mean() < 0.3
