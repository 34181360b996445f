# SPDX-License-Identifier: GPL-2.0-or-later
"""What a receptor takes, and what the status of a node offers and accepts."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.models.single_neuron import COND, COND_2007, DELTA, PSC, TUTORIAL

AS_POSTED = "izhikevich_as_posted_neuron"
WITH_RECEPTORS = [PSC, COND, COND_2007, AS_POSTED]
WITH_SIGNED_WEIGHTS = [DELTA, TUTORIAL]
ASTROCYTE = "astrocyte_li_rinzel_neuron"
PLASTIC = ["tsodyks_markram_synapse", "gliotransmission_synapse"]
OWN_SYNAPSES = [*PLASTIC, "tsodyks_markram_synapse_lbl", "static_synapse_pooled"]
POOLED_HOM_W = "static_synapse_pooled_hom_w"
CURRENTS = ["dc_generator", "ac_generator", "noise_generator", "step_current_generator"]
NO_SPIKES = [
    *("multimeter", "voltmeter"),
    *("spike_recorder", "weight_recorder", "correlation_detector", "volume_transmitter"),
    *("step_rate_generator", "lin_rate_ipn", "siegert_neuron"),  # rates
    "mcculloch_pitts_neuron",  # binary
    "astrocyte_lr_1994",  # slow inward current
]
SECONDARY = [
    "gap_junction",
    "diffusion_connection",
    "rate_connection_delayed",
    "rate_connection_instantaneous",
    "sic_connection",
]


def ports_of(nest, model):
    """Give a model's receptor types by port; a single port has number 0."""
    return nest.GetDefaults(model).get("receptor_types", {"spikes": 0})


@pytest.mark.parametrize("model", WITH_RECEPTORS)
@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_nests_synapse_delivers_no_weight_that_a_receptor_refuses(nest_kernel, model, weight):
    """NEST asks a neuron only when the spike comes; the error names port, weight and remedy."""
    nest = nest_kernel(resolution=0.1)
    for port, number in ports_of(nest, model).items():
        nest = nest_kernel(resolution=0.1)
        source = nest.Create("spike_generator", params={"spike_times": [5.0]})
        spec = {"receptor_type": number, "weight": 1.0}
        if math.isfinite(weight):
            spec["weight"] = weight
        else:  # NEST's synapses take no such weight, but a product of finite ones may be infinite
            source.spike_weights = [1e200]
            spec["weight"] = 1e200
        nest.Connect(source, nest.Create(model), syn_spec=spec)
        with pytest.raises(nest.NESTErrors.BadProperty) as refused:
            nest.Simulate(20.0)
        assert f"for {port} of {model}" in str(refused.value)
        assert "ResetKernel" in str(refused.value)


@pytest.mark.parametrize("synapse", OWN_SYNAPSES)
@pytest.mark.parametrize("model", WITH_RECEPTORS)
def test_own_synapses_refuse_a_negative_weight_at_connect(nest_kernel, model, synapse):
    """Fixed and drawn weights alike; no connection is made."""
    nest = nest_kernel(resolution=0.1)
    source, target = nest.Create("parrot_neuron"), nest.Create(model)
    for port, number in ports_of(nest, model).items():
        for weight in (-1.0, nest.random.uniform(-3.0, -2.0)):
            spec = {"synapse_model": synapse, "receptor_type": number, "weight": weight}
            with pytest.raises(nest.NESTErrors.KernelException) as refused:
                nest.Connect(source, target, syn_spec=spec)
            assert f"for {port} of {model} is negative" in str(refused.value)
    assert nest.num_connections == 0
    nest.Connect(
        source, target, syn_spec={"synapse_model": synapse, "receptor_type": 1, "weight": 0.0}
    )
    assert nest.num_connections == 1


@pytest.mark.parametrize("synapse", OWN_SYNAPSES)
def test_own_synapses_keep_their_weight_when_a_new_one_is_refused(nest_kernel, synapse):
    """A connection knows its receptor; setting names the receptor as connecting does."""
    nest = nest_kernel(resolution=0.1)
    spec = {"synapse_model": synapse, "receptor_type": 3, "weight": 2.0}
    nest.Connect(nest.Create("parrot_neuron"), nest.Create(COND), syn_spec=spec)
    connection = nest.GetConnections()
    for weight in (-1.0, math.nan, math.inf):
        with pytest.raises(nest.NESTErrors.KernelException, match=rf"GABA_A of {COND}"):
            connection.set(weight=weight)
        assert connection.get("weight") == 2.0
    connection.set(weight=0.5)
    assert connection.get("weight") == 0.5


@pytest.mark.parametrize("synapse", [*OWN_SYNAPSES, POOLED_HOM_W])
@pytest.mark.parametrize("way", ["SetDefaults", "CopyModel"])
def test_a_weight_that_comes_with_the_model_is_no_way_round(nest_kernel, synapse, way):
    """What is no number is refused by the model; for a sign it needs the port, hence `Connect`."""
    nest = nest_kernel(resolution=0.1)
    source, target = nest.Create("parrot_neuron"), nest.Create(COND)

    def model_with(weight):
        if way == "SetDefaults":
            nest.SetDefaults(synapse, {"weight": weight})
            return synapse
        copy = f"copy_{weight}"  # of which NEST keeps the name, refused or not
        nest.CopyModel(synapse, copy, {"weight": weight})
        return copy

    for weight in (math.nan, math.inf, -math.inf):
        with pytest.raises(nest.NESTErrors.KernelException, match="finite weight"):
            model_with(weight)
    assert nest.GetDefaults(synapse, "weight") == 1.0
    model = model_with(-2.0)
    with pytest.raises(nest.NESTErrors.KernelException, match=f"GABA_A of {COND}"):
        nest.Connect(source, target, syn_spec={"synapse_model": model, "receptor_type": 3})
    assert nest.num_connections == 0
    nest.Connect(source, nest.Create(DELTA), syn_spec={"synapse_model": model})  # both signs
    assert nest.num_connections == 1


@pytest.mark.parametrize("synapse", OWN_SYNAPSES)
def test_a_list_of_weights_with_a_bad_one_changes_no_connection_that_refuses_it(
    nest_kernel, synapse
):
    """NEST sets connection by connection; the bad one and those after it keep their weights."""
    nest = nest_kernel(resolution=0.1)
    spec = {"synapse_model": synapse, "receptor_type": 1, "weight": 2.0}
    nest.Connect(nest.Create("parrot_neuron"), nest.Create(COND, 3), syn_spec=spec)
    connections = nest.GetConnections()
    with pytest.raises(nest.NESTErrors.KernelException, match=f"AMPA of {COND}"):
        connections.set(weight=[0.5, -1.0, 0.5])
    assert connections.get("weight")[1:] == [2.0, 2.0]


@pytest.mark.parametrize("synapse", ["static_synapse", *OWN_SYNAPSES])
@pytest.mark.parametrize("model", WITH_SIGNED_WEIGHTS)
def test_ports_of_jumps_take_both_signs(nest_kernel, model, synapse):
    """Their weight is the jump itself."""
    nest = nest_kernel(resolution=0.1)
    source = nest.Create("spike_generator", params={"spike_times": [5.0]})
    spec = {"synapse_model": synapse, "weight": -3.0}
    target = nest.Create(model)
    nest.Connect(source, target, syn_spec=spec)
    before = target.get()
    nest.Simulate(10.0)
    potential = "v" if model == TUTORIAL else "V_m"
    assert target.get(potential) < before[potential]


def variants_of(nest, synapses):
    """Give NEST's variants of synapse models, too: with a label, without a receptor."""
    return [
        f"{synapse}{variant}"
        for synapse in synapses
        for variant in ("", "_lbl", "_hpc")
        if f"{synapse}{variant}" in nest.synapse_models
    ]


@pytest.mark.parametrize("synapse", [*PLASTIC, "static_synapse_pooled", POOLED_HOM_W])
@pytest.mark.parametrize("model", [DELTA, COND])
def test_what_is_no_spike_is_refused_by_own_synapses(nest_kernel, synapse, model):
    """At Connect, as NEST's plastic synapses do; a continuous signal is not handed on as a spike.

    The pooled synapses lead to the ports of currents as well, but to no other.
    """
    nest = nest_kernel(resolution=0.1)
    is_pooled = "pooled" in synapse
    target = nest.Create(model)
    variants = variants_of(nest, [synapse])
    assert variants[1:]
    for variant in variants:
        for device in NO_SPIKES + ([] if is_pooled else CURRENTS):
            source = nest.Create(device)
            for receptor in (0, 1):
                spec = {"synapse_model": variant, "receptor_type": receptor}
                with pytest.raises(nest.NESTErrors.KernelException):
                    nest.Connect(source, target, syn_spec=spec)
    assert nest.num_connections == 0
    if is_pooled:
        for variant in variants:
            for device in CURRENTS:
                nest.Connect(nest.Create(device), target, syn_spec={"synapse_model": variant})
    nest.Simulate(1.0)


@pytest.mark.parametrize("model", [DELTA, COND, ASTROCYTE])
def test_secondary_events_reach_no_model_of_ours(nest_kernel, model):
    """Gap junctions, diffusion, rates and slow inward currents are for other models, both ways."""
    nest = nest_kernel(resolution=0.1)
    neuron, theirs = nest.Create(model), nest.Create("hh_psc_alpha_gap")
    for synapse in SECONDARY:
        for source, target in ((neuron, neuron), (theirs, neuron), (neuron, theirs)):
            rule = {"rule": "one_to_one", "make_symmetric": synapse == "gap_junction"}
            with pytest.raises(nest.NESTErrors.KernelException):
                nest.Connect(source, target, rule, {"synapse_model": synapse})
    assert nest.num_connections == 0


@pytest.mark.parametrize("model", [*WITH_RECEPTORS, *WITH_SIGNED_WEIGHTS, ASTROCYTE])
def test_a_node_takes_back_its_own_status(nest_kernel, model):
    """PyNN, and people, read a dictionary and give it back.

    Internals and recordable expressions, which cannot be set, are not offered; a multimeter still
    records the latter.
    """
    of_nest = set(nest_kernel().GetDefaults("iaf_psc_alpha")) | {"receptor_types"}
    nest = nest_kernel(resolution=0.1)
    node = nest.Create(model)
    offered = {k: v for k, v in nest.GetDefaults(model).items() if k not in of_nest or k == "V_m"}
    for name, value in offered.items():
        node.set({name: value})
    node.set(offered)
    assert not {"__h", "dt", "block", "decay_AMPA"} & set(nest.GetDefaults(model))
    if model in (PSC, COND):
        assert "I_NMDA" in nest.GetDefaults(model, "recordables")
        assert "I_NMDA" not in offered


@pytest.mark.parametrize("model", [*WITH_RECEPTORS, *WITH_SIGNED_WEIGHTS, ASTROCYTE])
def test_state_and_parameters_are_numbers(nest_kernel, model):
    """No state variable becomes infinite or NaN by setting it, and no parameter NaN."""
    nest = nest_kernel(resolution=0.1)
    node = nest.Create(model)
    of_nest = set(nest.GetDefaults("iaf_psc_alpha"))
    before = str(node.get())
    reals = [k for k, v in nest.GetDefaults(model).items() if isinstance(v, float)]
    state = set(nest.GetDefaults(model, "recordables"))
    for name in reals:
        if name in of_nest - {"V_m"}:
            continue
        for value in (math.nan, math.inf, -math.inf) if name in state else (math.nan,):
            with pytest.raises(nest.NESTErrors.BadProperty):
                node.set({name: value})
    assert str(node.get()) == before


@pytest.mark.parametrize("model", [TUTORIAL, AS_POSTED])
def test_models_without_bounds_refuse_infinite_parameters(nest_kernel, model):
    """What a beginner would not write an invariant for."""
    nest = nest_kernel(resolution=0.1)
    node = nest.Create(model)
    for name in ("a", "b", "c", "d", "V_th", "I_e"):
        with pytest.raises(nest.NESTErrors.BadProperty):
            node.set({name: math.inf})


def test_a_whole_number_is_an_integer(nest_kernel):
    """JSON and numpy make 0.0 of 0."""
    nest = nest_kernel(resolution=0.1)
    node = nest.Create(PSC, params={"integrator": 1.0})
    assert node.integrator == 1
    with pytest.raises(nest.NESTErrors.BadProperty, match=r"integrator = 0\.5 is not an integer"):
        node.set(integrator=0.5)
    assert node.integrator == 1


@pytest.mark.parametrize("synapse", ["static_synapse", *OWN_SYNAPSES])
def test_a_connection_gives_the_receptor_type_that_made_it(nest_kernel, synapse):
    """So a network that is stored and made again is the same network."""
    nest = nest_kernel(resolution=0.1)
    source, target = nest.Create("parrot_neuron"), nest.Create(COND_2007)
    numbers = sorted(ports_of(nest, COND_2007).values())
    for number in numbers:
        spec = {"synapse_model": synapse, "receptor_type": number, "weight": 1.0}
        nest.Connect(source, target, syn_spec=spec)
    assert sorted(nest.GetConnections().get("receptor")) == numbers


def test_hpc_synapses_name_the_pooled_one_instead(nest_kernel):
    """They keep no receptor; NEST's own multisynapse neurons refuse them, too."""
    nest = nest_kernel(resolution=0.1)
    spec = {"synapse_model": "static_synapse_hpc", "receptor_type": 1}
    with pytest.raises(nest.NESTErrors.KernelException, match="static_synapse_pooled"):
        nest.Connect(nest.Create(COND), nest.Create(COND), syn_spec=spec)


def test_a_volume_transmitter_is_named_by_node_or_id(nest_kernel):
    """As `stdp_dopamine_synapse` takes it: a NodeCollection of one."""
    nest = nest_kernel(resolution=0.1)
    transmitter = nest.Create("gliotransmission_volume_transmitter", 2)
    name = "gliotransmission_synapse"
    nest.CopyModel(name, "by_node", {"volume_transmitter": transmitter[0]})
    nest.CopyModel(name, "by_id", {"volume_transmitter": transmitter[0].global_id})
    assert nest.GetDefaults("by_node", "volume_transmitter") == transmitter[0].global_id
    assert nest.GetDefaults("by_id", "volume_transmitter") == transmitter[0].global_id
    with pytest.raises(nest.NESTErrors.BadProperty, match="single node"):
        nest.CopyModel(name, "by_two", {"volume_transmitter": transmitter})


@pytest.mark.slow
def test_stock_code_does_the_same(stock_module):
    """Run the tests of this file on NESTML's own nodes; pooled synapses are no part of them."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header"]
    options = ["-m", "not slow", "-k", "not pooled", "--module", stock_module]
    result = subprocess.run(
        [*command, *options, Path(__file__)], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout[-5000:]
