# SPDX-License-Identifier: GPL-2.0-or-later
"""``uniform_noise_generator`` sends the documented numbers, on any split and whichever way.

A spike of weight 1 pA that lasts one step is that step's ``I_pulse`` of the delta model.
"""

import numpy as np
import pytest
from scipy import stats

from izhisyn import recording
from tests.models.single_neuron import COND, DELTA, PSC

STEP = 0.1  # [ms]
GENERATOR = "uniform_noise_generator"
POOLED = "static_synapse_pooled"
PATHS = [POOLED, "static_synapse"]
DURATION = 30.0  # [ms]


def scrambled(number):
    """Give the output of SplitMix64 for states before their increment."""
    z = np.asarray(number, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def documented(seed, targets, stamps):
    """Give the numbers from 0 to 1 of node ids and steps, shape (n_targets, n_steps)."""
    starts = scrambled(scrambled([seed]) + np.asarray(targets, dtype=np.uint64))
    increments = np.asarray(stamps, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (scrambled(starts[:, None] + increments) >> np.uint64(11)) / 2.0**53


def received(nest, path=POOLED, duration=DURATION, delay=1.0, weight=1.0, **parameters):
    """Simulate two runs; give node ids and what arrives, shape (n_targets, n_steps), in pA."""
    # Currents that only sum up: nothing else is at work in these cells.
    cells = nest.Create(DELTA, 40, {"t_pulse": STEP, "V_m": -80.0, "V_th": 1e6, "integrator": 1})
    generator = nest.Create(GENERATOR, params=parameters)
    spec = {"synapse_model": path, "delay": delay, "weight": weight}
    nest.Connect(generator, cells, syn_spec=spec)
    multimeter = nest.Create("multimeter", params={"record_from": ["I_pulse"], "interval": STEP})
    nest.Connect(multimeter, cells, syn_spec={"delay": 1.0})
    nest.Simulate(0.3 * duration)
    nest.Simulate(0.7 * duration)
    return cells.tolist(), recording.traces(multimeter).values["I_pulse"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("threads", "delay"), [(1, 1.0), (2, 1.0), (1, STEP)])
def test_numbers_are_the_documented_ones(nest_kernel, path, threads, delay):
    """In slices of ten steps and of one; to the last bit, as programs that compute them again."""
    nest = nest_kernel(resolution=STEP, local_num_threads=threads)
    ids, found = received(nest, path, delay=delay, weight=3.0, low=-6.5, high=5.0, seed=11)
    # I_pulse is what arrives in a step at the end of that step; the first spike is that of 0.1 ms.
    silent = round(delay / STEP)
    assert np.all(found[:, :silent] == 0.0)
    sent = documented(11, ids, 1 + np.arange(found.shape[1] - silent))
    np.testing.assert_array_equal(found[:, silent:], 3.0 * (-6.5 + 11.5 * sent))


def test_numbers_are_uniform_and_independent(nest_kernel):
    """Of targets, steps and seeds; chance exceeds 4.5 standard deviations once in 150 000 times."""
    nest = nest_kernel(resolution=STEP, rng_seed=3)
    _, found = received(nest, duration=1000.0, low=0.0, high=1.0)
    numbers = found[:, 20:]
    assert stats.kstest(numbers.ravel(), "uniform").pvalue > 1e-4
    centred = numbers - 0.5
    others = documented(3, range(1, 41), np.arange(numbers.shape[1])) - 0.5
    for first, second in (
        (centred[:, 1:], centred[:, :-1]),
        (centred[1:], centred[:-1]),
        (centred, others),
    ):
        # Products of independent numbers of variance 1/12
        assert abs(np.sum(first * second)) < 4.5 * np.sqrt(first.size) / 12.0


def test_seeds(nest_kernel):
    """By default the numbers follow from nest.rng_seed alone, on any number of threads."""

    def with_seed(rng_seed, threads=1, **parameters):
        nest = nest_kernel(resolution=STEP, rng_seed=rng_seed, local_num_threads=threads)
        return received(nest, duration=5.0, **parameters)[1]

    first = with_seed(1)
    np.testing.assert_array_equal(with_seed(1), first)
    assert np.any(with_seed(2) != first)
    np.testing.assert_array_equal(with_seed(1, seed=4), with_seed(2, threads=2, seed=4))


@pytest.mark.parametrize("path", PATHS)
def test_times_of_activity(nest_kernel, path):
    """The first spike comes a step after the start, the last one at the stop, as NEST documents."""
    nest = nest_kernel(resolution=STEP)
    window = {"start": 5.0, "stop": 12.0, "origin": 3.0}
    _, found = received(nest, path, low=1.0, high=2.0, delay=1.0, **window)
    arrivals = STEP * np.flatnonzero(found.all(axis=0))  # beginnings of their steps
    np.testing.assert_allclose(arrivals, np.arange(8.1, 15.05, STEP) + 1.0 - STEP, atol=1e-9)
    assert np.sum(found != 0.0) == arrivals.size * len(found)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"low": 2.0}, "low = 2 and high = 1.*low not above high"),
        ({"high": np.inf}, "finite"),
        ({"seed": -2}, "seed = -2.*from 0 up"),
        ({"seed": 1.5}, "seed = 1.5 is not an integer"),
    ],
)
def test_bad_parameters_are_refused(nest_kernel, params, message):
    """The generator keeps what it has."""
    nest = nest_kernel()
    generator = nest.Create(GENERATOR)
    before = generator.get()
    with pytest.raises(nest.NESTErrors.KernelException, match=message):
        generator.set(params)
    assert generator.get() == before


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("model", [PSC, COND])
def test_ports_without_negative_weights_are_refused(nest_kernel, model, path):
    """At Connect, where the numbers to come are not known yet."""
    nest = nest_kernel()
    generator, cell = nest.Create(GENERATOR), nest.Create(model)
    spec = {"synapse_model": path, "receptor_type": 1}
    with pytest.raises(nest.NESTErrors.KernelException, match="takes no negative ones"):
        nest.Connect(generator, cell, syn_spec=spec)
    assert nest.num_connections == 0
    nest.Simulate(2.0)
