# SPDX-License-Identifier: GPL-2.0-or-later
"""``static_synapse_pooled`` is ``static_synapse`` to its users, in arrays of numbers.

What is right, NEST's own synapse says, in a twin network with the same seed. Weights are powers of
two, so that a sum does not depend on the order of arrival.
"""

import numpy as np
import pytest

from tests.models.test_pooled_nodes import assert_same
from tests.models.varied_network import (
    ASTROCYTE,
    COND,
    DELTA,
    MODELS,
    PSC,
    record,
    recorded,
    varied_network,
)

POOLED = "static_synapse_pooled"
HOM_W = "static_synapse_pooled_hom_w"
NEURONAL = [model for model in MODELS if model != ASTROCYTE]
AMPA, GABA_A = 1, 3


def connections(nest, **selection):
    """List connections as dictionaries, without what must differ between the two synapses."""
    own = ("synapse_model", "synapse_id", "sizeof", "port")
    found = nest.GetConnections(**selection)
    if len(found) == 0:
        return []
    status = found.get()
    columns = [value if isinstance(value, list) else [value] for value in status.values()]
    rows = [dict(zip(status, row, strict=True)) for row in zip(*columns, strict=True)]
    rows = [{name: row[name] for name in row if name not in own} for row in rows]
    return sorted(rows, key=lambda row: sorted(map(str, row.items())))


# Spikes


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("model", NEURONAL)
def test_networks_do_the_same(nest_kernel, model, n_threads):
    """Recurrent connections on every port with delays of 3.2 to 6 ms, spikes from devices."""
    results = []
    for synapse_model in ("static_synapse", POOLED):
        nest = nest_kernel(resolution=0.1, local_num_threads=n_threads)
        recorders = varied_network(nest, model, duration=60.0, synapse_model=synapse_model)
        nest.Simulate(80.0)
        results.append(recorded(*recorders))
    assert results[0]["spikes.times"].size > 30
    assert_same(results[1], results[0])


def mixed_network(nest, synapse_model):
    """Several models in one network, with the shortest delays, and every kind of device."""
    populations = [nest.Create(model, 40, {"I_e": 6.0}) for model in (PSC, COND, DELTA)]
    spec = {"synapse_model": synapse_model, "delay": 0.1 + 0.1 * nest.random.uniform_int(30)}
    for sources in populations:
        for targets in populations:
            port = {} if targets is populations[2] else {"receptor_type": AMPA}
            rule = {"rule": "pairwise_bernoulli", "p": 0.2}
            nest.Connect(sources, targets, rule, {**spec, **port, "weight": 2.0**-6})
    inhibition = {**spec, "receptor_type": GABA_A, "weight": 2.0**-4}
    nest.Connect(populations[0], populations[1], "one_to_one", inhibition)
    parrots = nest.Create("parrot_neuron", 5)
    devices = (
        nest.Create("poisson_generator", params={"rate": 500.0}),
        nest.Create("poisson_generator_ps", params={"rate": 500.0}),
        nest.Create("spike_generator", params={"spike_times": [5.0, 5.1], "spike_weights": [2, 1]}),
        nest.Create(
            "spike_generator", params={"spike_times": [1, 2], "spike_multiplicities": [3, 1]}
        ),
        parrots,
    )
    nest.Connect(nest.Create("poisson_generator", params={"rate": 300.0}), parrots)
    for device in devices:
        nest.Connect(device, populations[0], syn_spec={**spec, "receptor_type": AMPA})
        nest.Connect(device, populations[2], syn_spec={**spec, "weight": 0.25})
    for name, values in (
        ("dc_generator", {"amplitude": 1.0, "start": 3.0}),
        ("noise_generator", {"std": 1.0}),
        ("step_current_generator", {"amplitude_times": [7.0], "amplitude_values": [2.0]}),
    ):
        nest.Connect(nest.Create(name, params=values), populations[0], syn_spec=spec)
    return record(nest, populations[0]), record(nest, populations[2])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_several_models_and_every_device(nest_kernel, n_threads):
    """All pooled models of the module in one network, and devices that draw for each target."""
    results = []
    for synapse_model in ("static_synapse", POOLED):
        nest = nest_kernel(resolution=0.1, local_num_threads=n_threads)
        recorders = mixed_network(nest, synapse_model)
        nest.Simulate(50.0)
        results.append([recorded(*own) for own in recorders])
    for own, theirs in zip(results[1], results[0], strict=True):
        assert theirs["spikes.times"].size >= 40
        assert_same(own, theirs)


def test_uncompressed_spikes(nest_kernel):
    """NEST then does not sort the connections."""
    results = []
    for synapse_model in ("static_synapse", POOLED):
        nest = nest_kernel(resolution=0.1, use_compressed_spikes=False)
        recorders = varied_network(nest, DELTA, duration=40.0, synapse_model=synapse_model)
        nest.Simulate(50.0)
        results.append(recorded(*recorders))
    assert_same(results[1], results[0])


def change_between_runs(nest, synapse_model):
    """Make, change and remove connections between Run and between Simulate."""
    nest.CopyModel(synapse_model, "changing")
    neurons = nest.Create(PSC, 70, {"I_e": 6.0})
    spec = {"synapse_model": "changing", "receptor_type": AMPA, "delay": 1.5, "weight": 0.5}
    rule = {"rule": "fixed_outdegree", "outdegree": 10, "allow_multapses": False}
    nest.Connect(neurons[:40], neurons, rule, spec)
    generator = nest.Create("spike_generator", params={"spike_times": np.arange(1.0, 90.0)})
    nest.Connect(generator, neurons[:10], syn_spec=spec)
    recorders = record(nest, neurons)
    nest.Prepare()
    nest.Run(10.3)
    nest.Connect(generator, neurons[30:], syn_spec={**spec, "receptor_type": 4})
    nest.GetConnections(generator, neurons[5:40]).weight = 0.25
    nest.Run(9.7)
    nest.Cleanup()
    nest.GetConnections(neurons[::2], neurons).set(weight=1.0, delay=1.6)
    recurrent = nest.GetConnections(neurons, neurons)
    for source, target in sorted(zip(recurrent.sources(), recurrent.targets(), strict=True))[::3]:
        pair = neurons[source - 1], neurons[target - 1]
        nest.Disconnect(*pair, syn_spec={"synapse_model": "changing"})
    nest.Connect(neurons[40:], neurons, rule, spec)
    nest.Simulate(30.0)
    return recorded(*recorders), connections(nest, synapse_model="changing")


@pytest.mark.parametrize("n_threads", [1, 2])
def test_connections_change_between_runs(nest_kernel, n_threads):
    """New connections, weights, and Disconnect, between two Run and between two Simulate."""
    (theirs, their_connections), (own, own_connections) = (
        change_between_runs(nest_kernel(resolution=0.1, local_num_threads=n_threads), synapse_model)
        for synapse_model in ("static_synapse", POOLED)
    )
    assert theirs["spikes.times"].size > 50
    assert_same(own, theirs)
    assert own_connections == their_connections


# An ordinary synapse


def test_get_connections(nest_kernel):
    """By source, target, model and label, in small and large networks."""
    found = []
    for synapse_model in ("static_synapse_lbl", f"{POOLED}_lbl"):
        nest = nest_kernel(resolution=0.1)
        neurons = nest.Create(COND, 50)
        nest.Connect(
            neurons,
            neurons,
            {"rule": "pairwise_bernoulli", "p": 0.3},
            {
                "synapse_model": synapse_model,
                "receptor_type": 1 + nest.random.uniform_int(4),
                "weight": nest.random.uniform(0.0, 1.0),
                "delay": 1.0 + 0.1 * nest.random.uniform_int(20),
                "synapse_label": 7,
            },
        )
        nest.Connect(
            neurons[0], neurons[1:4], syn_spec={"synapse_model": synapse_model, "receptor_type": 2}
        )
        for ready in (False, True):
            selections = (
                {"synapse_model": synapse_model},
                {"source": neurons[3:6]},
                {"target": neurons[7]},
                {"source": neurons[0], "target": neurons[::2]},
                {"synapse_label": 7},
                {"synapse_label": 8},
            )
            found.append([connections(nest, **selection) for selection in selections])
            if not ready:
                nest.Simulate(1.0)
    assert len(found[0][0]) > 500
    assert found[2] == found[0]
    assert found[3] == found[1]


def test_status_of_a_connection(nest_kernel):
    """Get gives what Connect was given; a value that is refused changes nothing."""
    nest = nest_kernel(resolution=0.1)
    neurons = nest.Create(COND, 3)
    spec = {"synapse_model": f"{POOLED}_lbl", "weight": 1.5, "delay": 2.0, "synapse_label": 3}
    nest.Connect(neurons[0], neurons[2], syn_spec={**spec, "receptor_type": GABA_A})
    (connection,) = nest.GetConnections()
    status = {**spec, "source": 1, "target": 3, "sizeof": 24}
    assert {name: connection.get(name) for name in status} == status
    connection.set(weight=0.25, delay=1.0, synapse_label=4)
    assert connection.get(["weight", "delay", "synapse_label"]) == {
        "weight": 0.25,
        "delay": 1.0,
        "synapse_label": 4,
    }
    for refused in ({"weight": float("nan"), "delay": 3.0}, {"weight": 2.0, "delay": -1.0}):
        with pytest.raises(nest.NESTError):
            connection.set(refused)
        assert connection.weight == 0.25
        assert connection.delay == 1.0


def test_copied_models_and_defaults(nest_kernel):
    """Each copy has its own defaults; one weight for all is set there only."""
    nest = nest_kernel(resolution=0.1)
    nest.CopyModel(POOLED, "strong", {"weight": 8.0, "delay": 2.0, "receptor_type": GABA_A})
    nest.CopyModel(HOM_W, "all_alike", {"weight": 0.5})
    neurons = nest.Create(PSC, 4)
    nest.Connect(neurons[0], neurons[1], syn_spec="strong")
    nest.Connect(neurons, neurons[2:], syn_spec={"synapse_model": "all_alike", "receptor_type": 2})
    assert nest.GetConnections(synapse_model="strong").get(["weight", "delay"]) == {
        "weight": 8.0,
        "delay": 2.0,
    }
    assert len(nest.GetConnections(synapse_model="all_alike")) == 8
    assert nest.GetDefaults("all_alike", "weight") == 0.5
    with pytest.raises(nest.NESTError, match="weight"):
        spec = {"synapse_model": "all_alike", "receptor_type": 2, "weight": 2.0}
        nest.Connect(neurons[0], neurons[1], syn_spec=spec)
    assert not [name for name in nest.synapse_models if name.endswith("pooled_hpc")]


def test_one_weight_for_all(nest_kernel):
    """Changed between two runs, it holds for the spikes that are delivered from then on."""
    results = []
    for synapse_model in ("static_synapse_hom_w", HOM_W):
        nest = nest_kernel(resolution=0.1)
        nest.SetDefaults(synapse_model, {"weight": 2.0})
        neurons = nest.Create(DELTA, 40, {"I_e": 6.0})
        rule = {"rule": "fixed_indegree", "indegree": 10}
        nest.Connect(neurons, neurons, rule, {"synapse_model": synapse_model, "delay": 1.5})
        recorders = record(nest, neurons)
        nest.Simulate(40.0)
        nest.SetDefaults(synapse_model, {"weight": -1.0})
        nest.Simulate(40.0)
        results.append(recorded(*recorders))
    assert_same(results[1], results[0])


def test_recorded_weights(nest_kernel):
    """A weight recorder sees every spike, with its weight, sender, target and port."""
    results = []
    for synapse_model in ("static_synapse", POOLED):
        nest = nest_kernel(resolution=0.1)
        recorder = nest.Create("weight_recorder")
        nest.CopyModel(synapse_model, "recorded", {"weight_recorder": recorder})
        neurons = nest.Create(DELTA, 20, {"I_e": 6.0})
        weight = 2.0**-5 * nest.random.uniform_int(8)
        rule = {"rule": "fixed_indegree", "indegree": 5}
        nest.Connect(neurons, neurons, rule, {"synapse_model": "recorded", "weight": weight})
        nest.Simulate(60.0)
        events = recorder.events
        names = ("times", "senders", "targets", "weights", "receptors")
        results.append(sorted(zip(*(events[name].tolist() for name in names), strict=True)))
    assert len(results[0]) > 50
    assert results[1] == results[0]


def test_positions_in_space(nest_kernel):
    """Masks, kernels and distance-dependent weights of ``nest.spatial``."""
    found = []
    for synapse_model in ("static_synapse", POOLED):
        nest = nest_kernel(resolution=0.1)
        grid = nest.spatial.grid([8, 8], extent=[1.0, 1.0])
        neurons = nest.Create(PSC, positions=grid)
        rule = {
            "rule": "pairwise_bernoulli",
            "p": 0.7,
            "mask": {"circular": {"radius": 0.3}},
        }
        spec = {"synapse_model": synapse_model, "weight": 1.0 - nest.spatial.distance}
        nest.Connect(neurons, neurons, rule, {**spec, "receptor_type": AMPA})
        found.append(connections(nest))
    assert len(found[0]) > 200
    assert found[1] == found[0]


def test_structural_plasticity(nest_kernel):
    """NEST grows and removes the connections while it simulates."""
    found = []
    for synapse_model in ("static_synapse", POOLED):
        nest = nest_kernel(resolution=0.1)
        nest.CopyModel(synapse_model, "grown", {"weight": 0.5, "delay": 1.5})
        nest.structural_plasticity_update_interval = 10.0
        element = {"growth_curve": "gaussian", "growth_rate": 0.01, "eta": 0.0, "eps": 0.02}
        nest.structural_plasticity_synapses = {
            "grown": {
                "synapse_model": "grown",
                "post_synaptic_element": "den",
                "pre_synaptic_element": "axo",
            }
        }
        elements = {"axo": element, "den": {**element, "continuous": False}}
        neurons = nest.Create(DELTA, 20, {"I_e": 10.0, "synaptic_elements": elements})
        nest.EnableStructuralPlasticity()
        nest.Simulate(350.0)
        grown = len(nest.GetConnections(neurons, neurons))
        neurons.set(I_e=25.0)  # too active, they give connections up
        nest.Simulate(2000.0)
        found.append((grown, connections(nest, synapse_model="grown"), neurons.V_m))
    assert found[0][0] > len(found[0][1])
    assert found[1] == found[0]


# What is refused


@pytest.mark.parametrize("synapse_model", [POOLED, HOM_W])
@pytest.mark.parametrize("target", ["iaf_psc_alpha", "parrot_neuron", "spike_recorder"])
def test_other_targets_are_refused(nest_kernel, synapse_model, target):
    """In a sentence that names the target's model and what to use."""
    nest = nest_kernel(resolution=0.1)
    source, target_node = nest.Create(PSC), nest.Create(target)
    with pytest.raises(nest.NESTError, match=f"{target}.*static_synapse"):
        nest.Connect(source, target_node, syn_spec={"synapse_model": synapse_model})
    assert len(nest.GetConnections()) == 0


@pytest.mark.parametrize("synapse_model", [POOLED, HOM_W])
def test_what_was_refused_leaves_nothing_behind(nest_kernel, synapse_model):
    """NEST keeps an empty table for it, to which spikes come as to any other."""
    nest = nest_kernel(resolution=0.1)
    times = np.arange(1.0, 20.0)
    parrot = nest.Create("parrot_neuron")
    senders = [
        (parrot, "spike_recorder"),
        (nest.Create("spike_generator", params={"spike_times": times}), "parrot_neuron"),
        (nest.Create("poisson_generator_pooled", params={"rate": 1e4}), "spike_recorder"),
        (nest.Create("dc_generator", params={"amplitude": 5.0}), "iaf_psc_alpha"),
        (nest.Create(PSC, params={"I_e": 20.0}), "spike_recorder"),
        (nest.Create(PSC, params={"I_e": 20.0}), "parrot_neuron"),
    ]
    for sender, model in senders:
        with pytest.raises(nest.NESTError):
            nest.Connect(sender, nest.Create(model), syn_spec={"synapse_model": synapse_model})
    recorder = nest.Create("spike_recorder")
    nest.Connect(nest.Create("spike_generator", params={"spike_times": times}), parrot)
    nest.Connect(parrot, recorder)
    nest.Simulate(50.0)
    assert recorder.n_events == times.size


def test_multimeter_needs_another_synapse(nest_kernel):
    """It asks for data, which do not go through the ring."""
    nest = nest_kernel(resolution=0.1)
    with pytest.raises(nest.NESTError):
        nest.Connect(
            nest.Create("multimeter"), nest.Create(PSC), syn_spec={"synapse_model": POOLED}
        )


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(nest_kernel, weight):
    """At Connect, and as a default."""
    nest = nest_kernel(resolution=0.1)
    neurons = nest.Create(DELTA, 2)
    for weights in (weight, [[1.0, weight], [1.0, 1.0]]):
        with pytest.raises(nest.NESTError, match="finite"):
            nest.Connect(neurons, neurons, syn_spec={"synapse_model": POOLED, "weight": weights})
    for synapse_model in (POOLED, HOM_W):
        with pytest.raises(nest.NESTError, match="finite"):
            nest.SetDefaults(synapse_model, {"weight": weight})
    assert len(nest.GetConnections()) == 0


def test_one_weight_for_all_stays_positive_on_receptors(nest_kernel):
    """SetDefaults remembers that a receptor is connected, Connect sees the weight."""
    nest = nest_kernel(resolution=0.1)
    neurons = nest.Create(COND, 2)
    nest.CopyModel(HOM_W, "negative", {"weight": -2.0})
    with pytest.raises(nest.NESTError, match="-2"):
        nest.Connect(neurons, neurons, syn_spec={"synapse_model": "negative", "receptor_type": 1})
    nest.Connect(neurons, neurons, syn_spec={"synapse_model": HOM_W, "receptor_type": GABA_A})
    with pytest.raises(nest.NESTError, match="-1"):
        nest.SetDefaults(HOM_W, {"weight": -1.0})
    assert nest.GetDefaults(HOM_W, "weight") == 1.0
    nest.CopyModel(HOM_W, "without_connections")
    nest.SetDefaults("without_connections", {"weight": -1.0})
    nest.Connect(nest.Create(DELTA), nest.Create(DELTA), syn_spec="without_connections")
