# SPDX-License-Identifier: GPL-2.0-or-later
"""``poisson_generator_pooled`` sends independent Poisson trains, whichever way they take.

A spike of weight 1 pA that lasts one step is that step's ``I_pulse``: the delta model counts its
spikes. Each test statistic is compared with its law for independent Poisson numbers. A bound of
4.5 standard deviations is crossed by chance once in 150 000 times; seeds are fixed, so that a test
passes always or never.
"""

import numpy as np
import pytest
from scipy import stats

from izhisyn import recording
from tests.models.varied_network import DELTA, PSC

STEP = 0.1  # [ms]
POOLED = "static_synapse_pooled"
PATHS = [POOLED, "static_synapse"]
SIGMAS = 4.5
RATES = [50.0, 2000.0, 9000.0, 60_000.0]  # [spikes/s]; the last two with several spikes in a step


def create_counters(nest, n):
    """Create neurons whose ``I_pulse`` is the number of spikes that arrived in a step."""
    return nest.Create(DELTA, n, {"t_pulse": STEP, "V_m": -80.0, "V_th": 1e6, "integrator": 1})


def record(nest, counters):
    """Record the counts of each step; the connection does not shorten the slices of 1 ms."""
    multimeter = nest.Create("multimeter", params={"record_from": ["I_pulse"], "interval": STEP})
    nest.Connect(multimeter, counters, syn_spec={"delay": 1.0})
    return multimeter


def counted(multimeter):
    """Give the recorded counts, times the weights, which are multiples of 1/2, as they must be."""
    I_pulse = recording.traces(multimeter).values["I_pulse"]
    halves = np.rint(2.0 * I_pulse)
    np.testing.assert_allclose(2.0 * I_pulse, halves, rtol=0, atol=1e-12)  # pulses add up and end
    return halves / 2.0


def count(nest, generator, n_targets=60, duration=400.0, path=POOLED, delay=1.0, weight=1.0):
    """Simulate; give the number of spikes, shape (n_targets, n_steps), by arrival."""
    counters = create_counters(nest, n_targets)
    multimeter = record(nest, counters)
    spec = {"synapse_model": path, "delay": delay, "weight": weight}
    nest.Connect(generator, counters, syn_spec=spec)
    nest.Simulate(duration)
    return counted(multimeter)


def generate(nest, rate=1000.0, **parameters):
    """Create a generator."""
    return nest.Create("poisson_generator_pooled", params={"rate": rate, **parameters})


def deviation(observed, expected, variance):
    """Distance from the expectation in standard deviations."""
    return abs(observed - expected) / np.sqrt(variance)


def assert_poisson(counts, mean):
    """Compare independent numbers with their law: Pearson's chi-square over all values."""
    largest = int(stats.poisson.ppf(1 - 20.0 / counts.size, mean))
    smallest = int(stats.poisson.ppf(20.0 / counts.size, mean))
    values = np.arange(smallest, largest + 1)
    observed = [np.sum(np.clip(counts, smallest, largest) == value) for value in values]
    expected = counts.size * stats.poisson.pmf(values, mean)
    expected[0] = counts.size * stats.poisson.cdf(smallest, mean)
    expected[-1] = counts.size * stats.poisson.sf(largest - 1, mean)
    assert stats.chisquare(observed, expected * (counts.size / expected.sum())).pvalue > 1e-5
    assert deviation(counts.sum(), counts.size * mean, counts.size * mean) < SIGMAS


def assert_dispersion(sums):
    """Demand of Poisson sums that their variance is their mean."""
    index = np.sum((sums - sums.mean()) ** 2) / sums.mean()
    assert deviation(index, sums.size - 1, 2 * (sums.size - 1)) < SIGMAS


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("rate", RATES)
def test_counts_are_independent_poisson_numbers(nest_kernel, rate, path):
    """Of each target and step; none depends on the target's or the step's neighbours."""
    nest = nest_kernel(resolution=STEP, rng_seed=7)
    nest.set(min_delay=1.0, max_delay=1.0)  # slices of ten steps, drawn at once
    counts = count(nest, generate(nest, rate), path=path)[:, 20:]
    mean = 1e-3 * rate * STEP
    assert_poisson(counts.ravel(), mean)
    assert_dispersion(counts.sum(axis=0))  # not if targets had spikes in common
    assert_dispersion(counts.sum(axis=1))  # not if targets differed
    in_slices = counts[:, : counts.shape[1] // 10 * 10].reshape(len(counts), -1, 10)
    assert_dispersion(in_slices.sum(axis=(0, 1)))  # not if steps of a slice differed
    assert_dispersion(in_slices.sum(axis=2).ravel())  # not if a slice's sum were fixed
    centred = counts - mean
    for lag in (1, 2, 3, 9, 10, 11):
        products = centred[:, lag:] * centred[:, :-lag]
        assert deviation(products.sum(), 0.0, products.size * mean**2) < SIGMAS
    neighbours = centred[1:] * centred[:-1]
    assert deviation(neighbours.sum(), 0.0, neighbours.size * mean**2) < SIGMAS


@pytest.mark.parametrize("path", PATHS)
def test_intervals(nest_kernel, path):
    """Between steps with a spike, geometric: one more step is always equally likely."""
    nest = nest_kernel(resolution=STEP, rng_seed=3)
    counts = count(nest, generate(nest, 300.0), path=path)
    intervals = np.concatenate([np.diff(np.flatnonzero(train)) for train in counts])
    probability = -np.expm1(-300.0 * 1e-3 * STEP)
    bins = np.concatenate([[0, 1, 2, 3, 5, 8], np.arange(12, 80, 12), [10**6]])
    observed = np.histogram(intervals, bins + 0.5)[0]
    expected = intervals.size * np.diff(stats.geom.cdf(bins, probability))
    # Long intervals are cut off by the end of the trace, 1 in 120 of all of them.
    assert stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 1e-5


def count_with_seed(nest):
    """Count the spikes of a generator at ten targets."""
    return count(nest, generate(nest), n_targets=10, duration=50.0)


def test_seeds(nest_kernel):
    """The same with the same seed, and a chi-square over many seeds."""
    first, again, *others = (
        count_with_seed(nest_kernel(resolution=STEP, rng_seed=seed))
        for seed in (1, 1, *range(2, 22))
    )
    np.testing.assert_array_equal(again, first)
    totals = np.array([first.sum(), *(other.sum() for other in others)])
    assert np.unique(totals).size > 5
    assert_dispersion(totals)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_many_targets(nest_kernel, n_threads):
    """More than what is drawn at once, which does not divide their number."""
    nest = nest_kernel(resolution=STEP, local_num_threads=n_threads)
    counts = count(nest, generate(nest, 4000.0), n_targets=5003, duration=11.0)[:, 20:]
    assert_poisson(counts.ravel(), 0.4)
    assert_dispersion(counts.sum(axis=1))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("window", [{}, {"start": 5.0, "stop": 12.0, "origin": 3.0}])
def test_times_of_activity(nest_kernel, path, window):
    """The first and the last step with spikes are those of NEST's generator."""
    spans = []
    for model, synapse in (
        ("poisson_generator_pooled", path),
        ("poisson_generator", "static_synapse"),
    ):
        nest = nest_kernel(resolution=STEP)
        generator = nest.Create(model, params={"rate": 2e5, **window})
        counts = count(nest, generator, 5, 25.0, synapse, delay=0.7)
        active = np.flatnonzero(counts.all(axis=0))
        spans.append((active[0], active[-1], active.size))
        assert not np.delete(counts, active, axis=1).any()
    assert spans[0] == spans[1]


@pytest.mark.parametrize("path", PATHS)
def test_rate_that_changes(nest_kernel, path):
    """At the steps at which it changes in NEST's inhomogeneous generator, to the same values."""
    changes = {"rate_times": [2.0, 7.3, 11.0], "rate_values": [3e5, 0.0, 2e5]}
    active = []
    for model, own in (
        ("poisson_generator_pooled", {"rate": 0.0}),
        ("inhomogeneous_poisson_generator", {}),
    ):
        nest = nest_kernel(resolution=STEP, rng_seed=2)
        generator = nest.Create(model, params={**changes, **own})
        counts = count(nest, generator, 40, 20.0, path)
        active.append(counts.all(axis=0).tolist())
        assert_poisson(counts[:, 35:75].ravel(), 30.0)
        assert_poisson(counts[:, 125:].ravel(), 20.0)
    assert active[0] == active[1]
    assert generator_round_trip(nest_kernel, changes) == changes


def generator_round_trip(nest_kernel, changes):
    """Give what Get returns of a generator that was given these values."""
    nest = nest_kernel(resolution=STEP)
    return {name: list(value) for name, value in generate(nest, **changes).get(changes).items()}


def test_rate_and_weights_between_runs(nest_kernel):
    """Both hold from the next step on; an initial rate until the first time."""
    nest = nest_kernel(resolution=STEP, min_delay=1.0, max_delay=2.0)
    generator = generate(nest, 1e5, rate_times=[30.0], rate_values=[0.0])
    counters = create_counters(nest, 10)
    multimeter = record(nest, counters)
    nest.Connect(generator, counters[:5], syn_spec={"synapse_model": POOLED})
    nest.Prepare()
    nest.Run(10.0)
    nest.Connect(generator, counters[5:], syn_spec={"synapse_model": POOLED, "weight": 0.5})
    nest.GetConnections(generator, counters[:5]).weight = 2.0
    nest.Run(10.0)
    generator.rate = 0.0
    nest.Run(10.0)
    nest.Cleanup()
    nest.Simulate(10.0)
    I_pulse = counted(multimeter)
    assert (I_pulse[:5, 15:95] > 0).all()
    assert (I_pulse[:5, 15:95] % 2 == 1).any()
    assert not I_pulse[5:, :105].any()
    assert (I_pulse[:, 115:195] > 0).all()
    assert (I_pulse[:5, 115:195] % 2 == 0).all()
    assert (I_pulse[5:, 115:195] % 1 == 0.5).any()
    assert not I_pulse[:, 215:].any()


def test_other_nodes(nest_kernel):
    """Any neuron takes the spikes as ordinary events, and relays give each target a train."""
    nest = nest_kernel(resolution=STEP)
    generator = generate(nest, 500.0)
    parrots = nest.Create("parrot_neuron", 40)
    leaky = nest.Create("iaf_psc_delta", params={"V_th": 1e6, "tau_m": 1e9, "I_e": 0.0})
    nest.Connect(generator, parrots)
    nest.Connect(generator, leaky)
    recorder = nest.Create("spike_recorder")
    nest.Connect(parrots, recorder)
    nest.Simulate(1000.0)
    per_parrot = np.bincount(recorder.events["senders"], minlength=42)[2:42]
    assert_dispersion(per_parrot)
    total = 40 * 500.0 * 0.998  # what is on its way at the end is not counted
    assert deviation(per_parrot.sum(), total, total) < SIGMAS
    # It only sums: V_m - E_L is the number of spikes of weight 1 mV.
    assert deviation(leaky.V_m + 70.0, 500.0, 500.0) < SIGMAS


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rate": -1.0}, "-1"),
        ({"rate": float("nan")}, "nan"),
        ({"rate": float("inf")}, "inf"),
        ({"rate_times": [1.0]}, "together"),
        ({"rate_times": [1.0, 2.0], "rate_values": [1.0]}, "2 times and 1 values"),
        ({"rate_times": [2.0, 1.0], "rate_values": [1.0, 2.0]}, "1 ms"),
        ({"rate_times": [1.03], "rate_values": [1.0]}, "1.03"),
        ({"rate_times": [1.0], "rate_values": [-2.0]}, "-2"),
        ({"rate": 5.0, "start": 3.0, "stop": 2.0}, "stop"),
    ],
)
def test_refused_values_change_nothing(nest_kernel, wrong, words):
    """The message names the value."""
    nest = nest_kernel(resolution=STEP)
    generator = generate(nest, 3.0, rate_times=[4.0], rate_values=[5.0])
    before = generator.get()
    with pytest.raises(nest.NESTError, match=words):
        generator.set(wrong)
    assert generator.get() == before


def test_one_kind_of_synapse(nest_kernel):
    """As NEST's generators, which number their targets."""
    nest = nest_kernel(resolution=STEP)
    generator, neuron = generate(nest), nest.Create(PSC)
    nest.Connect(generator, neuron, syn_spec={"synapse_model": POOLED, "receptor_type": 1})
    with pytest.raises(nest.NESTError, match="same synapse type"):
        nest.Connect(generator, neuron, syn_spec={"receptor_type": 1})
