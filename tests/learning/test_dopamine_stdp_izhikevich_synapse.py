# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule of Izhikevich (2007) onto pooled neurons, against the rule written out step by step."""

import numpy as np
import pytest

from tests.models.single_neuron import COND, COND_2007, DELTA, PSC

SYNAPSE = "dopamine_stdp_izhikevich_synapse"
STEP = 0.1  # ms
DURATION = 1200.0  # ms
RULE = {
    "A_plus": 0.11,
    "alpha": 1.3,
    "tau_plus": 17.0,
    "tau_minus": 26.0,
    "update_interval": 7.0,
    "derivative_decay": 0.97,
    "dopamine_baseline": 0.01,
    "dopamine_per_spike": 0.3,
    "tau_dopamine": 120.0,
    "Wmin": 0.02,
    "Wmax": 1.5,
}
# A current that makes the cell fire irregularly at 10 to 40 spikes/s [pA].
NOISE = {PSC: 12.0, COND: 12.0, COND_2007: 250.0, DELTA: 12.0}
PORTS = {PSC: "AMPA_NMDA", COND: "AMPA_NMDA", COND_2007: "NMDA", DELTA: None}


def steps(times):
    """Give times [ms] as steps."""
    return set(np.rint(np.asarray(times) / STEP).astype(int).tolist())


def learn(arrivals, post, dopamine_times, weight, rule):
    """Follow a synapse step by step; give the weights that spikes found, and the state at the end.

    The times [ms] are those of the beginning of the step in which a spike acts, of the target's
    spikes, and of the beginning of the step in which dopamine rises.
    """

    def trace(size, age, tau):
        return size * np.exp(-age * STEP / tau)

    arrivals, post, rises = steps(arrivals), steps(post), steps(dopamine_times)
    interval = round(rule["update_interval"] / STEP)
    dopamine, derivative, last_arrival, last_post, found = 0.0, 0.0, None, None, []
    for now in range(round(DURATION / STEP) + 1):
        if now and now % interval == 0:
            weight += (rule["dopamine_baseline"] + dopamine) * derivative
            weight = min(max(weight, rule["Wmin"]), rule["Wmax"])
            derivative *= rule["derivative_decay"]
        if now == round(DURATION / STEP):
            break
        if now in rises:
            dopamine += rule["dopamine_per_spike"]
        dopamine *= np.exp(-STEP / rule["tau_dopamine"])
        if now in post:
            last_post = now
            if last_arrival is not None:
                derivative += trace(rule["A_plus"], now - 1 - last_arrival, rule["tau_plus"])
        if now in arrivals:
            found.append(weight)
            last_arrival = now
            if last_post is not None:
                size = rule["alpha"] * rule["A_plus"]
                derivative -= trace(size, now - last_post, rule["tau_minus"])
    return found, {"weight": weight, "derivative": derivative, "dopamine": dopamine}


def release(nest, times):
    """Create a volume transmitter that dopaminergic spikes reach 1 ms after these times [ms]."""
    transmitter = nest.Create("volume_transmitter")
    generator = nest.Create("spike_generator", params={"spike_times": np.asarray(times) - 1.0})
    parrot = nest.Create("parrot_neuron")
    nest.Connect(generator, parrot, syn_spec={"delay": 1.0})
    nest.Connect(parrot, transmitter, syn_spec={"delay": 1.0})
    return transmitter


@pytest.mark.parametrize("transmitter_is_first", [True, False])
@pytest.mark.parametrize(
    ("model", "deliver_interval"), [(PSC, 1), (COND, 3), (COND_2007, 1), (DELTA, 1)]
)
def test_weights_follow_the_rule(nest_kernel, model, deliver_interval, transmitter_is_first):
    """Several synapses of different delays, from parrots, through any port.

    NEST updates nodes in the order of their creation; that of the volume transmitter must not
    matter. Both sides add the same numbers in the same order, but for the traces and dopamine,
    of which NEST's are products of up to 10^4 factors: 1e-11 is ten times their rounding.
    """
    nest = nest_kernel(resolution=STEP, rng_seed=5)
    released = np.array([100.0, 100.1, 250.3, 600.0, 610.5, 900.0, 1195.0])
    transmitter = release(nest, released) if transmitter_is_first else None
    target = nest.Create(model)
    transmitter = transmitter or release(nest, released)
    transmitter.deliver_interval = deliver_interval
    nest.CopyModel(SYNAPSE, "learning", RULE | {"volume_transmitter": transmitter})
    noise = nest.Create(
        "noise_generator", params={"mean": NOISE[model], "std": NOISE[model], "dt": 1.0}
    )
    nest.Connect(noise, target)
    generator = np.random.default_rng(9)
    delays = [1.0, 3.7, 20.0]
    trains = [np.unique(np.round(generator.uniform(1.0, DURATION - 25.0, 60), 1)) for _ in delays]
    generators = nest.Create("spike_generator", len(delays))
    generators.set([{"spike_times": train} for train in trains])
    parrots = nest.Create("parrot_neuron", len(delays))
    nest.Connect(generators, parrots, "one_to_one", {"delay": 1.0})
    port = 0 if PORTS[model] is None else nest.GetDefaults(model)["receptor_types"][PORTS[model]]
    weight_recorder = nest.Create("weight_recorder")
    nest.SetDefaults("learning", {"weight_recorder": weight_recorder})
    for parrot, delay in zip(parrots, delays, strict=True):
        spec = {"synapse_model": "learning", "weight": 0.5, "delay": delay, "receptor_type": port}
        nest.Connect(parrot, target, syn_spec=spec)
    recorder = nest.Create("spike_recorder")
    nest.Connect(target, recorder)
    # Parts, so that learning goes over the ends of runs; some end within a slice of 1 ms.
    for part in (33.3, 366.7, 100.4, 699.6):
        nest.Simulate(part)
    post = recorder.events["times"]
    assert len(post) > 5
    # The beginning of the step in which it arrives, and an interval of the transmitter
    rises = released + 1.0 - STEP + deliver_interval * 1.0
    weights = weight_recorder.events
    for parrot, delay, train in zip(parrots, delays, trains, strict=True):
        arrivals = train + 1.0 + delay - STEP
        found, end = learn(arrivals, post, rises, 0.5, RULE)
        own = weights["senders"] == parrot.global_id
        np.testing.assert_allclose(weights["weights"][own], found, rtol=0, atol=1e-11)
        synapse = nest.GetConnections(parrot, target)
        assert synapse.get(list(end)) == pytest.approx(end, abs=1e-11)
        assert abs(end["weight"] - 0.5) > 0.01
        assert end["dopamine"] > 0.2


def test_without_dopamine_only_the_derivative_changes(nest_kernel):
    """The weight, of which dopamine is a factor, stays to the last bit."""
    nest = nest_kernel(resolution=1.0)
    transmitter = release(nest, [200.0])
    nest.SetDefaults(SYNAPSE, {"dopamine_baseline": 0.0, "volume_transmitter": transmitter})
    parrot, cell = pair(nest, weight=1.0)
    nest.Simulate(201.0)
    synapse = nest.GetConnections(parrot, cell)
    assert synapse.get("weight") == 1.0
    assert synapse.get("derivative") != 0.0
    assert synapse.get("dopamine") == 0.0
    nest.Simulate(20.0)
    assert synapse.get("weight") != 1.0


def pair(nest, **syn_spec):
    """Connect a parrot, which fires at 5, 15, ... ms, to a cell that fires."""
    generator = nest.Create("spike_generator", params={"spike_times": np.arange(4.0, 400.0, 10.0)})
    parrot = nest.Create("parrot_neuron")
    nest.Connect(generator, parrot, syn_spec={"delay": 1.0})
    cell = nest.Create(PSC, params={"I_e": 10.0})
    nest.Connect(parrot, cell, syn_spec={"synapse_model": SYNAPSE, "receptor_type": 1} | syn_spec)
    return parrot, cell


def test_dopamine_of_a_late_transmitter(nest_kernel):
    """One that is created between two runs has no history, and the same interval."""
    nest = nest_kernel(resolution=1.0)
    nest.Create(PSC)
    nest.Simulate(500.0)
    nest.SetDefaults(SYNAPSE, {"volume_transmitter": release(nest, [510.0])})
    parrot, cell = pair(nest, weight=1.0)
    synapse = nest.GetConnections(parrot, cell)
    levels = []
    for _ in range(20):
        nest.Simulate(1.0)
        levels.append(synapse.get("dopamine"))
    # It arrives in the step from 510 ms on and acts in that from 511 ms on, whose end shows it.
    assert np.flatnonzero(levels)[0] == 11
    np.testing.assert_allclose(levels[11:], 0.5 * 0.995 ** np.arange(1, 10), rtol=1e-14)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"tau_plus": 0.0}, "tau_plus = 0.*above 0 ms"),
        ({"tau_minus": -1.0}, "tau_minus = -1.*above 0 ms"),
        ({"tau_dopamine": 0.0}, "tau_dopamine = 0.*above 0 ms"),
        ({"update_interval": 0.0}, "update_interval = 0.*above 0 ms"),
        ({"Wmin": 20.0}, "Wmin = 20.*not above Wmax"),
        ({"A_plus": np.nan}, "A_plus = nan.*finite"),
        ({"dopamine_per_spike": np.inf}, "dopamine_per_spike = inf.*finite"),
    ],
)
def test_bad_parameters_are_refused(nest_kernel, params, message):
    """The model keeps its parameters."""
    nest = nest_kernel()
    before = nest.GetDefaults(SYNAPSE)
    with pytest.raises(nest.NESTErrors.KernelException, match=message):
        nest.SetDefaults(SYNAPSE, params)
    assert nest.GetDefaults(SYNAPSE) == before
    with pytest.raises(nest.NESTErrors.KernelException, match=message):
        nest.CopyModel(SYNAPSE, "copy", params)


def test_volume_transmitter_is_one_node_of_that_model(nest_kernel):
    """Given as a node or by its id; what is refused leaves the one that was there."""
    nest = nest_kernel()
    cell, parrot = nest.Create(PSC), nest.Create("parrot_neuron")
    spec = {"synapse_model": SYNAPSE, "receptor_type": 1}
    with pytest.raises(nest.NESTErrors.KernelException, match="has no volume_transmitter"):
        nest.Connect(parrot, cell, syn_spec=spec)
    assert nest.num_connections == 0
    transmitter = nest.Create("volume_transmitter")
    nest.SetDefaults(SYNAPSE, {"volume_transmitter": transmitter})
    for wrong, why in (
        (parrot, "node 2 is none"),
        (parrot.global_id, "node 2 is none"),
        (1000, "node 1000 is none"),
        (-1, "node -1 is none"),
        (parrot + transmitter, "must be a single node, not 2"),
    ):
        with pytest.raises(nest.NESTErrors.KernelException, match=why):
            nest.SetDefaults(SYNAPSE, {"volume_transmitter": wrong, "A_plus": 3.0})
    assert nest.GetDefaults(SYNAPSE, "volume_transmitter") == transmitter
    nest.CopyModel(SYNAPSE, "by_id", {"volume_transmitter": transmitter.global_id})
    assert nest.GetDefaults("by_id", "volume_transmitter") == transmitter
    assert nest.GetDefaults(SYNAPSE, "A_plus") == 0.1
    nest.Connect(parrot, cell, syn_spec=spec)
    with pytest.raises(nest.NESTErrors.KernelException, match="set Wmin and Wmax"):
        nest.GetConnections(parrot, cell).weight = 5.0
    nest.Simulate(5.0)


def test_labels(nest_kernel):
    """The synapse has a variant with a label, which has its dopamine, too."""
    nest = nest_kernel(resolution=1.0)
    labelled = f"{SYNAPSE}_lbl"
    nest.SetDefaults(labelled, {"volume_transmitter": release(nest, [20.0])})
    pair(nest, synapse_model=labelled, synapse_label=7, weight=2.0)
    nest.Simulate(50.0)
    assert nest.GetConnections(synapse_label=7).get("dopamine") > 0.4
