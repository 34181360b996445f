# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule of Izhikevich (2006) onto pooled neurons, against the rule written out step by step."""

import numpy as np
import pytest

from tests.models.single_neuron import COND, COND_2007, DELTA, PSC

SYNAPSE = "stdp_izhikevich_synapse"
DURATION = 1200.0  # ms
RULE = {
    "A_plus": 0.11,
    "A_minus": 0.13,
    "tau_plus": 17.0,
    "tau_minus": 26.0,
    "update_interval": 100.0,
    "derivative_decay": 0.8,
    "drift": 0.003,
    "Wmin": 0.02,
    "Wmax": 1.5,
}
# A current that makes the cell fire irregularly at 10 to 40 spikes/s [pA].
NOISE = {PSC: 12.0, COND: 12.0, COND_2007: 250.0, DELTA: 12.0}
PORTS = {PSC: "AMPA_NMDA", COND: "AMPA_NMDA", COND_2007: "NMDA", DELTA: None}


def learn(arrivals, post, step, weight, rule):
    """Follow a synapse step by step; give the weights that spikes found, weight and derivative.

    `arrivals` and `post` are times [ms]: of the beginning of the step in which a spike acts, and of
    the target's spikes.
    """

    def bounded(value):
        return min(max(value, rule["Wmin"]), rule["Wmax"])

    derivative, last_arrival, last_post, found = 0.0, None, None, []
    arrival_steps, post_steps = (
        set(np.rint(np.asarray(t) / step).astype(int)) for t in (arrivals, post)
    )
    interval = round(rule["update_interval"] / step)
    for now in range(round(DURATION / step) + 1):
        if interval and now and now % interval == 0:
            derivative *= rule["derivative_decay"]
            weight = bounded(weight + rule["drift"] + derivative)
        if now == round(DURATION / step):
            break
        change = 0.0
        if now in post_steps:
            last_post = now
            if last_arrival is not None:
                age = (now - 1 - last_arrival) * step
                change = rule["A_plus"] * np.exp(-age / rule["tau_plus"])
        if not interval:
            weight, change = bounded(weight + change), 0.0
        derivative += change
        if now in arrival_steps:
            found.append(weight)
            last_arrival = now
            if last_post is not None:
                age = (now - last_post) * step
                change = -rule["A_minus"] * np.exp(-age / rule["tau_minus"])
                if interval:
                    derivative += change
                else:
                    weight = bounded(weight + change)
    return found, weight, derivative


@pytest.mark.parametrize("model", NOISE)
@pytest.mark.parametrize("update_interval", [100.0, 0.0], ids=["at intervals", "at once"])
def test_weights_follow_the_rule(nest_kernel, model, update_interval):
    """Several synapses of different delays, from parrots, through any port; nothing is rounded.

    Both sides add the same numbers in the same order, but for the traces, of which NEST's are
    products of up to 10^4 factors: 1e-11 is ten times their rounding.
    """
    rule = RULE | {"update_interval": update_interval}
    nest = nest_kernel(resolution=0.1, rng_seed=5)
    nest.CopyModel(SYNAPSE, "learning", rule)
    target = nest.Create(model)
    noise = nest.Create(
        "noise_generator", params={"mean": NOISE[model], "std": NOISE[model], "dt": 1.0}
    )
    nest.Connect(noise, target)
    generator = np.random.default_rng(9)
    delays = [0.1, 1.0, 3.7, 20.0]
    trains = [np.unique(np.round(generator.uniform(1.0, DURATION - 25.0, 60), 1)) for _ in delays]
    generators = nest.Create("spike_generator", len(delays))
    generators.set([{"spike_times": train} for train in trains])
    parrots = nest.Create("parrot_neuron", len(delays))
    nest.Connect(generators, parrots, "one_to_one", {"delay": 0.1})
    port = 0 if PORTS[model] is None else nest.GetDefaults(model)["receptor_types"][PORTS[model]]
    weight_recorder = nest.Create("weight_recorder")
    nest.SetDefaults("learning", {"weight_recorder": weight_recorder})
    for parrot, delay in zip(parrots, delays, strict=True):
        spec = {"synapse_model": "learning", "weight": 0.5, "delay": delay, "receptor_type": port}
        nest.Connect(parrot, target, syn_spec=spec)
    recorder = nest.Create("spike_recorder")
    nest.Connect(target, recorder)
    # Parts, so that learning goes over the ends of runs; the last one ends at a change of weights.
    for part in (33.3, 366.7, 100.0, 700.0):
        nest.Simulate(part)
    post = recorder.events["times"]
    assert len(post) > 5
    weights = weight_recorder.events
    for parrot, delay, train in zip(parrots, delays, trains, strict=True):
        # The parrot's spike comes 0.1 ms after the generator's; a step is counted from its begin.
        arrivals = train + 0.1 + delay - 0.1
        found, weight, derivative = learn(arrivals, post, 0.1, 0.5, rule)
        own = weights["senders"] == parrot.global_id
        np.testing.assert_allclose(weights["weights"][own], found, rtol=0, atol=1e-11)
        synapse = nest.GetConnections(parrot, target)
        assert synapse.get("weight") == pytest.approx(weight, abs=1e-11)
        assert synapse.get("weight") != 0.5
        assert synapse.get("derivative") == pytest.approx(derivative, abs=1e-11)


def pair(nest, **syn_spec):
    """Connect a parrot, which fires at 5, 15, ... ms, to a cell."""
    generator = nest.Create("spike_generator", params={"spike_times": np.arange(4.0, 400.0, 10.0)})
    parrot = nest.Create("parrot_neuron")
    nest.Connect(generator, parrot, syn_spec={"delay": 1.0})
    cell = nest.Create(PSC, params={"I_e": 10.0})
    nest.Connect(parrot, cell, syn_spec={"synapse_model": SYNAPSE, "receptor_type": 1} | syn_spec)
    return parrot, cell


def test_spike_on_its_way_takes_the_weight_at_its_arrival(nest_kernel):
    """Set between sending and arrival, as in the program; NEST's own synapses take the old one."""
    nest = nest_kernel()
    parrot, cell = pair(nest, weight=1.0, delay=8.0)
    recorder = nest.Create("multimeter", params={"record_from": ["I_AMPA"], "interval": 0.1})
    nest.Connect(recorder, cell)
    nest.Simulate(6.0)
    nest.GetConnections(parrot, cell).weight = 3.0
    nest.Simulate(12.0)
    found = recorder.events["I_AMPA"]
    assert found.max() > 0.0
    nest = nest_kernel()
    parrot, cell = pair(nest, weight=3.0, delay=8.0)
    expected = nest.Create("multimeter", params={"record_from": ["I_AMPA"], "interval": 0.1})
    nest.Connect(expected, cell)
    nest.Simulate(18.0)
    assert np.array_equal(found, expected.events["I_AMPA"])


@pytest.mark.parametrize(
    ("large", "delays", "is_last"),
    [
        (0, (1.0, 1.0, 1.0), True),  # of one delay, higher sources come first
        (2, (1.0, 1.0, 1.0), False),
        (2, (1.0, 1.0, 3.0), True),  # shorter delays come before
        (0, (1.0, 3.0, 3.0), False),
    ],
)
def test_spikes_of_a_step_are_added_in_the_order_of_the_program(
    nest_kernel, large, delays, is_last
):
    """A small weight is half of the last digit of the large one: only two, added first, survive."""
    weights = np.full(3, 2.0**-14)
    weights[large] = 2.0**39
    nest = nest_kernel(resolution=1.0)
    nest.CopyModel(SYNAPSE, "learning", {"Wmax": 1e12})
    cell = nest.Create(DELTA, params={"t_pulse": 5.0, "integrator": 1})
    generators = nest.Create("spike_generator", 3)
    generators.set([{"spike_times": [10.0 - delay]} for delay in delays])
    parrots = nest.Create("parrot_neuron", 3)
    nest.Connect(generators, parrots, "one_to_one", {"delay": 1.0})
    for parrot, weight, delay in zip(parrots, weights, delays, strict=True):
        spec = {"synapse_model": "learning", "weight": weight, "delay": delay}
        nest.Connect(parrot, cell, syn_spec=spec)
    nest.Simulate(12.0)
    assert cell.I_pulse - 2.0**39 == (2.0**-13 if is_last else 0.0)


def test_disconnected_synapse_learns_no_more_and_its_spike_arrives(nest_kernel):
    """What is on its way stays."""
    nest = nest_kernel()
    parrot, cell = pair(nest, weight=1.0, delay=8.0)
    recorder = nest.Create("multimeter", params={"record_from": ["I_AMPA"], "interval": 0.1})
    nest.Connect(recorder, cell)
    nest.Simulate(6.0)
    nest.GetConnections(parrot, cell).disconnect()
    nest.Simulate(30.0)
    current = recorder.events["I_AMPA"]
    assert current.max() == pytest.approx(1.0, abs=0.01)  # one spike of weight 1
    assert len(nest.GetConnections(parrot, cell)) == 0


def test_synapses_of_many_sources_keep_their_numbers(nest_kernel):
    """NEST sorts connections by source before the first run, and when more are made later."""
    nest = nest_kernel()
    cells = nest.Create(COND, 70)
    sources = nest.Create("parrot_neuron", 50)
    random = np.random.default_rng(1)
    expected = {}
    for _ in range(2):
        for source in random.permutation(50).tolist():
            targets = random.choice(70, 20, replace=False)
            weights = random.uniform(0.0, 10.0, 20)
            nest.Connect(
                [sources[source].global_id] * 20,
                np.array(cells.tolist())[targets],
                "one_to_one",
                {
                    "synapse_model": SYNAPSE,
                    "weight": weights,
                    "delay": np.full(20, 1.5),
                    "receptor_type": np.full(20, 1 + source % 4),
                },
            )
            for target, weight in zip(targets.tolist(), weights.tolist(), strict=True):
                key = (sources[source].global_id, cells[target].global_id)
                expected.setdefault(key, []).append(weight)
        nest.Simulate(10.0)
        columns = nest.GetConnections(synapse_model=SYNAPSE).get(["source", "target", "weight"])
        by_pair = {}
        for source, target, weight in zip(*columns.values(), strict=True):
            by_pair.setdefault((source, target), []).append(weight)
        assert {key: sorted(w) for key, w in by_pair.items()} == {
            key: sorted(w) for key, w in expected.items()
        }


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"weight": -1.0}, "negative"),
        ({"weight": 11.0}, "bounds .* 0 to 10; set Wmin and Wmax"),
        ({"weight": np.inf}, "finite"),
    ],
)
def test_bad_weights_are_refused(nest_kernel, params, message):
    """At Connect and when set; nothing changes."""
    nest = nest_kernel()
    parrot, cell = pair(nest, weight=1.0)
    count = nest.num_connections
    with pytest.raises(nest.NESTErrors.KernelException, match=message):
        nest.Connect(parrot, cell, syn_spec={"synapse_model": SYNAPSE, "receptor_type": 1} | params)
    assert nest.num_connections == count
    synapse = nest.GetConnections(parrot, cell)
    with pytest.raises(nest.NESTErrors.KernelException, match=message):
        synapse.set(params)
    assert synapse.get("weight") == 1.0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"tau_plus": 0.0}, "tau_plus = 0.*above 0 ms"),
        ({"tau_minus": -1.0}, "tau_minus = -1.*above 0 ms"),
        ({"update_interval": -1.0}, "update_interval = -1.*from 0 ms up"),
        ({"Wmin": 20.0}, "Wmin = 20.*not above Wmax"),
        ({"A_plus": np.nan}, "A_plus = nan.*finite"),
        ({"drift": np.inf}, "drift = inf.*finite"),
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


def test_sources_and_targets_that_do_not_fit_are_refused(nest_kernel):
    """A generator that draws spikes for each target, a stock neuron, an analog device."""
    nest = nest_kernel()
    spec = {"synapse_model": SYNAPSE, "receptor_type": 1}
    cell, parrot = nest.Create(PSC), nest.Create("parrot_neuron")
    for source, target, message in (
        ("poisson_generator", cell, "parrot_neuron"),
        ("spike_generator", cell, "parrot_neuron"),
        ("dc_generator", cell, "does not support current input"),
        ("multimeter", cell, "not support|not possible"),
        (parrot, nest.Create("iaf_psc_exp"), "pooled neurons of izhisynmodule"),
    ):
        node = nest.Create(source) if isinstance(source, str) else source
        with pytest.raises(nest.NESTErrors.KernelException, match=message):
            nest.Connect(
                node, target, syn_spec=spec | ({} if target is cell else {"receptor_type": 0})
            )
    nest.Simulate(5.0)


def test_labels(nest_kernel):
    """The synapse has a variant with a label."""
    nest = nest_kernel()
    parrot, cell = pair(nest, synapse_model=f"{SYNAPSE}_lbl", synapse_label=7, weight=2.0)
    nest.Simulate(50.0)
    synapse = nest.GetConnections(synapse_label=7)
    assert synapse.get(["source", "target"]) == {
        "source": parrot.global_id,
        "target": cell.global_id,
    }
