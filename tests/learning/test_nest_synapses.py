# SPDX-License-Identifier: GPL-2.0-or-later
"""NEST's plastic synapses onto pooled neurons, each against its own rule.

The rules are written here from the papers that NEST's documentation names, as sums over pairs of
spikes, not as the traces that NEST keeps. NEST attributes the whole delay to the dendrite: a spike
of the target reaches the synapse one delay later, a spike of the source at once. Two spikes that
meet there are no pair; the target's comes first.
"""

from collections.abc import Callable

import numpy as np
import pytest

from izhisyn.parameters import RECEPTORS
from tests.models.reference import psc
from tests.models.single_neuron import COND, COND_2007, PSC

DELTA, TUTORIAL = "izhikevich_psc_delta_neuron", "izhikevich_tutorial_neuron"
# Amplitude [pA] of the random current that makes a cell fire irregularly at 10 to 40 spikes/s.
TARGETS = {PSC: 12.0, COND: 12.0, COND_2007: 250.0, DELTA: 12.0, TUTORIAL: 12.0}
DURATION = 2000.0  # ms
DELAY = 1.3  # ms
WEIGHT, W_MAX = 0.5, 1.0
TAU_PLUS, TAU_MINUS, TAU_MINUS_TRIPLET = 17.0, 26.0, 90.0  # ms
LAMBDA, ALPHA, MU_PLUS, MU_MINUS = 0.06, 0.9, 0.7, 0.4
PAIR = {
    "tau_plus": TAU_PLUS,
    "lambda": LAMBDA,
    "alpha": ALPHA,
    "mu_plus": MU_PLUS,
    "mu_minus": MU_MINUS,
    "Wmax": W_MAX,
}


def sum_of_exponentials(now, earlier, tau):
    """Sum exp(-(now - t) / tau) over the times before `now`."""
    return np.exp((earlier[earlier < now] - now) / tau).sum()


def power_law(weight, change, pre_side):
    """Change a weight as in Guetig et al. (2003), between 0 and W_MAX."""
    x = weight / W_MAX
    if pre_side:
        return W_MAX * max(x - ALPHA * LAMBDA * x**MU_MINUS * change, 0.0)
    return W_MAX * min(x + LAMBDA * (1.0 - x) ** MU_PLUS * change, 1.0)


def follow(pre, post, at_post, at_pre):
    """Apply a rule at each spike in the order of time; return the weight that each `pre` sends."""
    weight, sent = WEIGHT, []
    for time, is_pre in sorted([(t, True) for t in pre] + [(t, False) for t in post]):
        if is_pre:
            weight = at_pre(weight, time)
            sent.append(weight)
        else:
            weight = at_post(weight, time)
    return np.array(sent)


def all_to_all(pre, post):
    """Pair every spike with every earlier one of the other side."""
    return follow(
        pre,
        post,
        lambda w, t: power_law(w, sum_of_exponentials(t, pre, TAU_PLUS), False),
        lambda w, t: power_law(w, sum_of_exponentials(t, post, TAU_MINUS), True),
    )


def latest(now, earlier):
    """Give the latest of the times before `now`, as an array of one or none."""
    return earlier[earlier < now][-1:]


def nearest_symmetric(pre, post):
    """Pair every spike with the latest one of the other side (Morrison et al. 2008, figure 7A)."""
    return follow(
        pre,
        post,
        lambda w, t: power_law(w, sum_of_exponentials(t, latest(t, pre), TAU_PLUS), False),
        lambda w, t: power_law(w, sum_of_exponentials(t, latest(t, post), TAU_MINUS), True),
    )


def nearest_centred(pre, post):
    """Pair as in Morrison et al. (2008), figure 7B: a spike of the target uses up those before."""

    def potentiated(weight, time):
        before = latest(time, post)
        fresh = pre[pre > before[0]] if before.size else pre
        return power_law(weight, sum_of_exponentials(time, fresh, TAU_PLUS), False)

    return follow(
        pre,
        post,
        potentiated,
        lambda w, t: power_law(w, sum_of_exponentials(t, latest(t, post), TAU_MINUS), True),
    )


def nearest_restricted(pre, post):
    """Pair as in Morrison et al. (2008), figure 7C: only immediate neighbours."""

    def between(time, own, other):
        """Give the latest of `other`, unless a spike of the own side came after it."""
        before = latest(time, own)
        return latest(time, other[other > before[0]] if before.size else other)

    return follow(
        pre,
        post,
        lambda w, t: power_law(w, sum_of_exponentials(t, between(t, post, pre), TAU_PLUS), False),
        lambda w, t: power_law(w, sum_of_exponentials(t, between(t, pre, post), TAU_MINUS), True),
    )


POWER = {"lambda": 0.08, "alpha": 0.3, "mu": 0.4, "tau_plus": TAU_PLUS}


def power_of_weight(pre, post):
    """Potentiate by a power of the weight (Morrison et al. 2007)."""
    rate, alpha, mu = POWER["lambda"], POWER["alpha"], POWER["mu"]
    return follow(
        pre,
        post,
        lambda w, t: w + rate * w**mu * sum_of_exponentials(t, pre, TAU_PLUS),
        lambda w, t: max(w - rate * alpha * w * sum_of_exponentials(t, post, TAU_MINUS), 0.0),
    )


TRIPLET = {
    "tau_plus": TAU_PLUS,
    "tau_plus_triplet": 100.0,
    "Aplus": 0.01,
    "Aminus": 0.02,
    "Aplus_triplet": 0.015,
    "Aminus_triplet": 0.005,
    "Wmax": W_MAX,
}


def triplets(pre, post):
    """Pair and triplet terms of Pfister and Gerstner (2006), all-to-all."""
    p = TRIPLET
    return follow(
        pre,
        post,
        lambda w, t: min(
            w
            + sum_of_exponentials(t, pre, TAU_PLUS)
            * (p["Aplus"] + p["Aplus_triplet"] * sum_of_exponentials(t, post, TAU_MINUS_TRIPLET)),
            W_MAX,
        ),
        lambda w, t: max(
            w
            - sum_of_exponentials(t, post, TAU_MINUS)
            * (
                p["Aminus"]
                + p["Aminus_triplet"] * sum_of_exponentials(t, pre, p["tau_plus_triplet"])
            ),
            0.0,
        ),
    )


VOGELS = {"tau": TAU_MINUS, "eta": 0.02, "alpha": 0.5, "Wmax": W_MAX}


def inhibitory(pre, post):
    """Inhibitory plasticity of Vogels et al. (2011): symmetric, with a constant depression."""
    eta, alpha = VOGELS["eta"], VOGELS["alpha"]
    return follow(
        pre,
        post,
        lambda w, t: min(w + eta * sum_of_exponentials(t, pre, VOGELS["tau"]), W_MAX),
        lambda w, t: max(
            min(w + eta * sum_of_exponentials(t, post, TAU_MINUS), W_MAX) - alpha * eta, 0.0
        ),
    )


SHORT_TERM = {"U": 0.4, "tau_rec": 120.0, "tau_fac": 60.0}


def tsodyks_markram(pre, post):
    """Release after Maass and Markram (2002), in which the first u is U."""
    u, x, sent = SHORT_TERM["U"], 1.0, [WEIGHT * SHORT_TERM["U"]]
    for gap in np.diff(pre):
        x = 1.0 + (x * (1.0 - u) - 1.0) * np.exp(-gap / SHORT_TERM["tau_rec"])
        u = SHORT_TERM["U"] + u * (1.0 - SHORT_TERM["U"]) * np.exp(-gap / SHORT_TERM["tau_fac"])
        sent.append(WEIGHT * u * x)
    return np.array(sent)


HT = {"delta_P": 0.3, "tau_P": 150.0}


def depression(pre, post):
    """Depression of Hill and Tononi (2005): each spike takes delta_P of a pool that recovers."""
    pool, sent = 1.0, [WEIGHT]
    for gap in np.diff(pre):
        pool = 1.0 - (1.0 - pool * (1.0 - HT["delta_P"])) * np.exp(-gap / HT["tau_P"])
        sent.append(WEIGHT * pool)
    return np.array(sent)


DOPAMINE = {
    "A_plus": 0.02,
    "A_minus": 0.03,
    "tau_plus": TAU_PLUS,
    "tau_c": 300.0,
    "tau_n": 80.0,
    "b": 0.003,
    "Wmin": 0.0,
    "Wmax": W_MAX,
}
DOPAMINE_SPIKES = np.array([201.0, 422.0, 433.0, 900.0, 1205.0, 1333.0, 1710.0])  # ms


def dopamine(pre, post):
    """Izhikevich (2007), as Potjans et al. (2010): w' = c (n - b), integrated from pair to pair.

    Between two events c and n decay exponentially, so the integral is a sum of two exponentials.
    """
    p = DOPAMINE
    events = [(t, "pre") for t in pre] + [(t, "post") for t in post]
    # By way of a parrot to the transmitter: two connections.
    events += [((t + 2 * DELAY).round(1), "dopamine") for t in DOPAMINE_SPIKES]
    weight, c, n, now, sent = WEIGHT, 0.0, 0.0, 0.0, []
    both = 1.0 / (1.0 / p["tau_c"] + 1.0 / p["tau_n"])
    for time, kind in sorted(events):
        gap = time - now
        grown = c * n * both * -np.expm1(-gap / both)
        grown -= c * p["b"] * p["tau_c"] * -np.expm1(-gap / p["tau_c"])
        weight = min(max(weight + grown, p["Wmin"]), p["Wmax"])
        c, n, now = c * np.exp(-gap / p["tau_c"]), n * np.exp(-gap / p["tau_n"]), time
        if kind == "pre":
            c -= p["A_minus"] * sum_of_exponentials(time, post, TAU_MINUS)
            sent.append(weight)
        elif kind == "post":
            c += p["A_plus"] * sum_of_exponentials(time, pre, TAU_PLUS)
        else:
            n += 1.0 / p["tau_n"]
    return np.array(sent)


RULES: dict[str, tuple[dict, Callable]] = {
    "stdp_synapse": (PAIR, all_to_all),
    "stdp_synapse_hom": (PAIR, all_to_all),
    "stdp_nn_symm_synapse": (PAIR, nearest_symmetric),
    "stdp_nn_pre_centered_synapse": (PAIR, nearest_centred),
    "stdp_nn_restr_synapse": (PAIR, nearest_restricted),
    "stdp_pl_synapse_hom": (POWER, power_of_weight),
    "stdp_triplet_synapse": (TRIPLET, triplets),
    "vogels_sprekeler_synapse": (VOGELS, inhibitory),
    "tsodyks2_synapse": ({**SHORT_TERM, "u": SHORT_TERM["U"]}, tsodyks_markram),
    "ht_synapse": (HT, depression),
    "stdp_dopamine_synapse": (DOPAMINE, dopamine),
}


def connect_dopamine(nest):
    """Make the volume transmitter that `stdp_dopamine_synapse` names, and its source."""
    source = nest.Create("spike_generator", params={"spike_times": DOPAMINE_SPIKES})
    parrot = nest.Create("parrot_neuron")
    transmitter = nest.Create("volume_transmitter")
    nest.Connect(source, parrot, syn_spec={"delay": DELAY})
    nest.Connect(parrot, transmitter, syn_spec={"delay": DELAY})
    nest.SetDefaults("stdp_dopamine_synapse", {"volume_transmitter": transmitter})


@pytest.fixture(scope="module")
def recorded(module_build):
    """Run every rule onto every model at once; give pre spikes, post spikes and weights sent."""
    import nest

    nest.ResetKernel()
    nest.Install(module_build["module"])
    # With longer slices NEST's dopamine synapse brings its traces to the end of a slice before it
    # sends the spikes of that slice.
    nest.set(resolution=0.1, min_delay=0.1, max_delay=2.0, rng_seed=11)
    rng = np.random.default_rng(7)
    pre_times = np.unique(rng.uniform(5.0, DURATION - 20.0, 60).round(1))
    # NEST's nearest-neighbour rules count time 0 as a spike of the source: let none come before.
    steps = np.arange(pre_times[0], DURATION, 10.0).round(1)
    source = nest.Create("spike_generator", params={"spike_times": pre_times - 1.0})
    parrot = nest.Create("parrot_neuron")
    nest.Connect(source, parrot, syn_spec={"delay": 1.0})
    connect_dopamine(nest)
    recorder = nest.Create("weight_recorder")
    spikes = nest.Create("spike_recorder")
    multimeter = nest.Create("multimeter", params={"record_from": ["I_AMPA"], "interval": 1.0})
    post = {}
    for rule, (parameters, _) in RULES.items():
        nest.CopyModel(rule, f"{rule}_recorded", {**parameters, "weight_recorder": recorder})
        for model, amplitude in TARGETS.items():
            neuron = nest.Create(model, params={"tau_minus": TAU_MINUS})
            neuron.tau_minus_triplet = TAU_MINUS_TRIPLET
            currents = amplitude * rng.uniform(-0.5, 2.0, steps.size)
            noise = nest.Create(
                "step_current_generator",
                params={"amplitude_times": steps, "amplitude_values": currents},
            )
            nest.Connect(noise, neuron)
            nest.Connect(neuron, spikes)
            port = 0 if model in (DELTA, TUTORIAL) else 1
            spec = {"synapse_model": f"{rule}_recorded", "receptor_type": port, "delay": DELAY}
            spec["weight"] = WEIGHT
            nest.Connect(parrot, neuron, syn_spec=spec)
            post[rule, model] = neuron
            if model == PSC:
                nest.Connect(multimeter, neuron)
    nest.Simulate(DURATION)
    return pre_times, spikes.events, recorder.events, multimeter.events, post


@pytest.mark.parametrize("model", TARGETS)
@pytest.mark.parametrize("rule", RULES)
def test_rule_of_nests_synapse(recorded, rule, model):
    """Every weight that is sent is the rule's.

    Both sides do the same few hundred operations in another order; 1e-9 is far above their
    rounding and far below the effect of a single pair (1e-4 and more).
    """
    pre, spikes, weights, _, neurons = recorded
    neuron = neurons[rule, model].global_id
    post = np.sort(spikes["times"][spikes["senders"] == neuron] + DELAY).round(1)
    assert post.size >= 15, "too few spikes to test a rule with"
    sent = weights["weights"][weights["targets"] == neuron]
    expected = RULES[rule][1](pre, post)
    assert np.ptp(expected) > 0.05 * WEIGHT
    np.testing.assert_allclose(sent, expected, rtol=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_weights_sent_are_the_weights_received(recorded, rule):
    """The current is the sum of the PSCs of the weights sent, one delay after each spike.

    Rounding of 20 000 steps of a propagator.
    """
    pre, _, weights, traces, neurons = recorded
    neuron = neurons[rule, PSC].global_id
    sent = weights["weights"][weights["targets"] == neuron]
    times, current = (traces[name][traces["senders"] == neuron] for name in ("times", "I_AMPA"))
    since = times[:, None] - pre[None, :] - DELAY
    courses = psc(RECEPTORS["AMPA"], np.maximum(since, -1.0))  # exp of far less would overflow
    expected = (sent * courses).sum(axis=1)
    np.testing.assert_allclose(current, expected, rtol=1e-9, atol=1e-12)
