# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers of spike trains."""

import math

import numpy as np
import pytest
import scipy.signal

from izhisyn import analysis


def test_rate_counts_spikes_per_second():
    """Three spikes in a quarter of a second."""
    assert analysis.rate([3.0, 40.0, 41.5], duration=250.0) == 12.0


def test_intervals_do_not_depend_on_the_order_of_the_spikes():
    """Spikes of several threads arrive in any order."""
    assert analysis.intervals([7.0, 1.0, 4.0]).tolist() == [3.0, 3.0]


@pytest.mark.parametrize("spike_times", [[], [5.0]])
def test_fewer_than_two_spikes_have_no_interval(spike_times):
    """No spike and one spike are no errors."""
    assert analysis.intervals(spike_times).size == 0


def cv_of_one(spike_times):
    """Coefficient of variation of a population of one neuron."""
    [cv] = analysis.interval_cvs(spike_times, [7] * len(spike_times), range(7, 8))
    return cv


def test_cv_of_a_regular_train_is_zero():
    """Equal intervals do not vary."""
    assert cv_of_one([0.0, 10.0, 20.0, 30.0]) == 0.0


def test_cv_is_standard_deviation_over_mean():
    """Intervals 1 and 3 have the mean 2 and the standard deviation 1."""
    assert cv_of_one([0.0, 1.0, 4.0]) == 0.5


@pytest.mark.parametrize("spike_times", [[], [5.0], [5.0, 6.0]])
def test_cv_needs_two_intervals(spike_times):
    """One interval has no variation to speak of, which 0 would pretend."""
    assert math.isnan(cv_of_one(spike_times))


def test_bursts_end_where_an_interval_is_long():
    """An interval of just the longest is within a burst; a spike alone is a burst of one."""
    bursts = analysis.bursts([1.0, 3.0, 8.0, 13.1, 20.0, 22.0], longest_interval=5.0)
    assert [burst.tolist() for burst in bursts] == [[1.0, 3.0, 8.0], [13.1], [20.0, 22.0]]
    assert analysis.bursts([], longest_interval=5.0) == []


def random_spikes(seed=1, n_spikes=2000, n_neurons=20, duration=1000.0):
    """Draw spikes in no order, their times in steps of 0.1 ms, with node ids from 5 on."""
    generator = np.random.default_rng(seed)
    times = generator.integers(1, round(10 * duration) + 1, n_spikes) * 0.1
    return times, generator.integers(5, 5 + n_neurons, n_spikes)


def test_trains_are_those_of_the_neurons():
    """Neurons 3 to 30, of which 5 to 24 spike, each on its own."""
    times, senders = random_spikes()
    trains = analysis.trains(times, senders, range(3, 31))
    assert len(trains) == 28
    for neuron, train in enumerate(trains, start=3):
        np.testing.assert_array_equal(train, np.sort(times[senders == neuron]))


def test_trains_leave_out_other_neurons():
    """Neurons 4 and 8 are not of the population, 6 is silent."""
    trains = analysis.trains([1.0, 2.0, 3.0, 4.0], [8, 7, 5, 4], range(5, 8))
    assert [train.tolist() for train in trains] == [[3.0], [], [2.0]]


def test_rates_of_a_population_leave_out_other_neurons():
    """Neurons 5 to 7; 4 and 8 are not of the population, 6 is silent."""
    rates = analysis.rates([4, 5, 7, 7, 8, 7, 5], range(5, 8), duration=500.0)
    assert rates.tolist() == [4.0, 0.0, 6.0]


def test_cvs_of_a_population_are_those_of_its_neurons():
    """Each neuron on its own; the last neurons are not of the population."""
    times, senders = random_spikes()
    cvs = analysis.interval_cvs(times, senders, range(5, 20))
    trains = [np.diff(np.sort(times[senders == neuron])) for neuron in range(5, 20)]
    expected = [gaps.std() / gaps.mean() for gaps in trains]
    np.testing.assert_allclose(cvs, expected, rtol=1e-12)


def test_cvs_need_enough_intervals():
    """Neuron 1 has three intervals, neuron 2 has two, neuron 3 none."""
    times, senders = [1.0, 2.0, 4.0, 5.0, 1.0, 2.0, 4.0], [1, 1, 1, 1, 2, 2, 2]
    assert np.isnan(analysis.interval_cvs(times, senders, range(1, 4), 3)).tolist() == [
        False,
        True,
        True,
    ]
    assert np.isnan(analysis.interval_cvs(times, senders, range(1, 4), 2)).tolist() == [
        False,
        False,
        True,
    ]


def test_population_rate_has_every_spike_after_the_start_once():
    """Spikes on the edges of bins belong to the bin that ends there, as in a simulation."""
    grid = np.arange(0, 301) * 0.1
    centres, rate = analysis.population_rate(grid, 2, start=10.0, stop=30.0, width=5.0)
    np.testing.assert_allclose(centres, [12.5, 17.5, 22.5, 27.5], rtol=1e-6)
    # 50 steps in 5 ms, shared by two neurons: 5000 spikes/s each.
    np.testing.assert_allclose(rate, 5000.0)


@pytest.mark.parametrize("n_bins", [5300, 4999, 700, 701])
def test_spectrum_is_scipys(n_bins):
    """Welch's method, with an even and an odd number of samples in a segment."""
    signal = np.random.default_rng(2).normal(3.0, 1.0, n_bins)
    frequencies, power = analysis.power_spectrum(signal, width=2.0, segment=2000.0)
    expected = scipy.signal.welch(signal, 500.0, nperseg=min(1000, n_bins), noverlap=None)
    np.testing.assert_allclose(frequencies, expected[0][1:])
    np.testing.assert_allclose(power, expected[1][1:], rtol=1e-9)


def test_plain_periodogram_is_scipys():
    """One segment without a window."""
    signal = np.random.default_rng(2).normal(3.0, 1.0, 501)
    frequencies, power = analysis.power_spectrum(signal, 1.0, segment=501.0, window=np.ones)
    expected = scipy.signal.periodogram(signal, 1000.0)
    np.testing.assert_allclose(frequencies, expected[0][1:])
    np.testing.assert_allclose(power, expected[1][1:], rtol=1e-9)


def test_independent_neurons_are_not_correlated():
    """400 neurons; over 2000 bins the mean of all pairs is 0 to about 1 / 400 / sqrt(2000 / 2)."""
    times, senders = random_spikes(3, 40000, 400, 10000.0)
    correlation = analysis.count_correlation(times, senders, range(5, 405), 0.0, 10000.0)
    assert abs(correlation) < 3.0 / 400 / np.sqrt(1000)


def test_correlation_is_the_mean_over_pairs():
    """Against the full matrix of correlation coefficients, with a silent neuron in between."""
    times, senders = random_spikes()
    times, senders = times[senders != 9], senders[senders != 9]
    times[senders < 12] = np.ceil(times[senders < 12] / 50.0) * 50.0
    counts = [
        np.bincount(np.ceil(times[senders == n] / 5.0 - 1e-9).astype(int) - 1, minlength=200)
        for n in range(5, 25)
        if n != 9
    ]
    pairs = np.corrcoef(counts)[np.triu_indices(19, 1)]
    correlation = analysis.count_correlation(times, senders, range(5, 25), 0.0, 1000.0)
    assert correlation == pytest.approx(pairs.mean(), rel=1e-9)
    assert correlation > 0.05


def test_correlation_needs_two_neurons_that_spike():
    """One has nobody to be correlated with."""
    assert math.isnan(analysis.count_correlation([3.0], [1], range(1, 4), 0.0, 50.0))


def test_digest_is_that_of_plain_integers():
    """SplitMix64 with Python's integers, summed modulo 2^64."""

    def mixed(bits):
        bits = (bits + 0x9E3779B97F4A7C15) % 2**64
        bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        bits = (bits ^ bits >> 27) * 0x94D049BB133111EB % 2**64
        return bits ^ bits >> 31

    # The published first output of the generator with the state 0.
    assert mixed(0) == 0xE220A8397B1DCDAF
    spikes = [(1, 10), (1, 11), (2, 10), (100_000_000, 3)]
    expected = sum(mixed((mixed(sender) + step) % 2**64) for sender, step in spikes) % 2**64
    assert analysis.spike_digest(*zip(*spikes, strict=True)) == f"{expected:016x}"


def test_digest_depends_on_each_spike_but_not_on_their_order():
    """Any permutation; one spike moved by a step, to another neuron, doubled or lost."""
    times, senders = random_spikes()
    steps = np.rint(times * 10).astype(int)
    digest = analysis.spike_digest(senders, steps)
    order = np.random.default_rng(4).permutation(steps.size)
    assert analysis.spike_digest(senders[order], steps[order]) == digest
    one = np.arange(steps.size) == 700
    assert analysis.spike_digest(senders, steps + one) != digest
    assert analysis.spike_digest(senders + one, steps) != digest
    assert analysis.spike_digest(np.append(senders, 7), np.append(steps, 7)) != digest
    assert analysis.spike_digest(senders[1:], steps[1:]) != digest
    assert analysis.spike_digest(steps, senders) != digest


def test_digests_of_parts_add_up():
    """Processes can digest their own spikes."""
    times, senders = random_spikes()
    steps = np.rint(times * 10).astype(int)
    parts = [
        analysis.spike_digest(senders[part], steps[part]) for part in (slice(9), slice(9, None))
    ]
    total = sum(int(part, 16) for part in parts) % 2**64
    assert f"{total:016x}" == analysis.spike_digest(senders, steps)
