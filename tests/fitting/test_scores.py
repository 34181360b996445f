# SPDX-License-Identifier: GPL-2.0-or-later
"""Scores against their definitions, an independent program, and brute force."""

import itertools

import neo
import numpy as np
import pytest
import quantities as pq
from elephant.spike_train_dissimilarity import van_rossum_distance, victor_purpura_distance

from izhisyn.errors import ParameterError
from izhisyn.fitting import gamma_factors, outside_spikes, scores, sweep, van_rossum_distances
from izhisyn.fitting.scores import Responses

DURATION = 1000.0  # [ms]


@pytest.fixture
def random():
    """Give a generator of random numbers."""
    return np.random.default_rng(1)


def poisson(random, rate):
    """Draw a Poisson train of a rate [spikes/s]."""
    return np.sort(random.uniform(0.0, DURATION, random.poisson(rate * DURATION / 1000.0)))


def most_pairs(train, recorded, precision):
    """Count the largest number of pairs of close spikes, by trying all of them."""
    if not len(train) or not len(recorded):
        return 0
    without = most_pairs(train[1:], recorded, precision)
    paired = [
        1 + most_pairs(train[1:], np.delete(recorded, row), precision)
        for row, time in enumerate(recorded)
        if abs(time - train[0]) <= precision
    ]
    return max([without, *paired])


def test_coincidences_are_the_largest_number_of_pairs(random):
    """Of dense trains, in which each spike is close to several others."""
    trains = [np.sort(random.uniform(0.0, 20.0, size)) for size in (0, 1, 2, 4, 6, 6, 6, 6)]
    for recorded, precision in itertools.product(trains, (0.5, 2.0, 5.0)):
        expected = [most_pairs(train, recorded, precision) for train in trains]
        assert scores.coincidences(trains, recorded, precision).tolist() == expected


def test_spikes_exactly_a_precision_apart_coincide():
    """Whatever the rounding of times on a grid of 0.1 ms."""
    recorded = 0.1 * np.arange(100, 9000, 150)
    shifted = [recorded + 2.0, recorded - 2.0, recorded + 2.1]
    assert scores.coincidences(shifted, recorded, 2.0).tolist() == [60, 60, 0]


def test_gamma_is_1_for_the_same_train_and_0_for_poisson_trains(random):
    """The two points that define it."""
    recorded = poisson(random, 20.0)
    assert gamma_factors([recorded], recorded, DURATION) == pytest.approx([1.0])
    chance = gamma_factors([poisson(random, 20.0) for _ in range(2000)], recorded, DURATION)
    # A coincidence more or less changes Gamma by 1/20; the mean of 2000 trains is known to 0.002.
    assert np.mean(chance) == pytest.approx(0.0, abs=0.01)


def test_gamma_by_hand():
    """8 of 10 spikes coincide with 8 of 12: (8 - 2 * 0.012 * 2 * 10) / 11 / (1 - 2 * 0.012 * 2)."""
    recorded = np.arange(50.0, 1000.0, 100.0)
    train = np.sort(np.concatenate([recorded[:8] + 1.0, [5.0, 15.0, 25.0, 920.0]]))
    expected = (8 - 0.48) / 11 / (1 - 0.048)
    assert gamma_factors([train], recorded, DURATION)[0] == pytest.approx(expected)


def test_gamma_of_silence_and_of_a_train_without_end():
    """Two silent cells agree; one that fires all the time does not, though it misses no spike."""
    recorded = np.array([100.0, 200.0])
    silent, endless = np.empty(0), np.arange(0.5, 1000.0, 1.0)
    assert gamma_factors([silent, recorded], silent, DURATION).tolist() == [1.0, 0.0]
    assert gamma_factors([silent, endless], recorded, DURATION).tolist() == [0.0, -1.0]


def test_too_coarse_a_precision_is_refused():
    """279 spikes in a second coincide with anything within 2 ms; the remedy is taken."""
    recorded = np.linspace(1.0, 999.0, 279)
    with pytest.raises(ParameterError, match=r"precision of 2 ms .* for example 0.36 ms"):
        gamma_factors([recorded], recorded, DURATION)
    assert gamma_factors([recorded], recorded, DURATION, 0.36) == pytest.approx([1.0])


def as_neo(times):
    """Convert a train for Elephant."""
    return neo.SpikeTrain(times * pq.ms, t_stop=DURATION * pq.ms)


def test_van_rossum_distances_are_those_of_elephant(random):
    """Of trains of all sizes, empty ones among them."""
    trains = [poisson(random, rate) for rate in (0.0, 1.0, 5.0, 40.0, 0.0, 200.0)]
    for recorded in trains:
        expected = [
            van_rossum_distance([as_neo(recorded), as_neo(train)], 10.0 * pq.ms)[0, 1]
            for train in trains
        ]
        # The square root makes 1e-7 of rounding at 1e-14.
        distances = van_rossum_distances(trains, recorded, 10.0)
        assert distances == pytest.approx(expected, abs=1e-6)


def recorded_sweep(spike_times, voltage=None, interval=1.0):
    """Make a sweep of a second without current."""
    return sweep(0.0, DURATION, spike_times, voltage, interval)


def test_distances_are_relative_to_that_of_a_silent_cell(random):
    """Victor and Purpura's as Elephant computes it, with a cost of 1 for a shift by 2 ms."""
    one = recorded_sweep(poisson(random, 20.0))
    train = np.clip(one.spike_times + random.normal(0.0, 1.0, one.spike_times.size), 0, DURATION)
    responses = Responses([np.empty(0), one.spike_times, np.sort(train)])
    own = scores.errors(responses, one, {"van_rossum": 1.0, "victor_purpura": 1.0}, 2.0)
    expected = victor_purpura_distance(
        [as_neo(one.spike_times), as_neo(np.sort(train))], 0.5 / pq.ms
    )
    assert own["van_rossum"][:2] == pytest.approx([1.0, 0.0], abs=1e-6)
    assert own["victor_purpura"] == pytest.approx([1.0, 0.0, expected[0, 1] / one.spike_times.size])


def test_rate_latency_and_adaptation_by_hand():
    """For a cell that adapts, against one that does not, one that is late, and a silent one."""
    one = recorded_sweep([100.0, 110.0, 140.0])  # intervals 10 and 30: index 20/40
    responses = Responses(
        [np.array([100.0, 120.0, 140.0]), np.array([600.0, 610.0, 640.0, 700.0]), np.empty(0)]
    )
    own = scores.errors(responses, one, {"rate": 1, "latency": 1, "adaptation": 1}, 2.0)
    late_index = (20 / 40 + 30 / 90) / 2
    assert own["rate"] == pytest.approx([0.0, 1 / 3, 1.0])
    assert own["latency"] == pytest.approx([0.0, 0.5, 0.9])
    assert own["adaptation"] == pytest.approx([0.5, 0.5 - late_index, 2.0])


def test_voltage_error_leaves_out_recorded_spikes():
    """A shift by a standard deviation is an error of 1, whatever happens at the spikes."""
    times = np.arange(1000.0)
    voltage = -60.0 + 5.0 * np.sin(times / 20.0)
    spike_times = np.array([300.0, 700.0])
    outside = outside_spikes(times, spike_times)
    assert (~outside).sum() == 2 * 7  # from 2 ms before to 5 ms after, the last not among them
    one = recorded_sweep(spike_times, np.where(outside, voltage, 40.0))
    shift = np.std(voltage[outside])
    responses = Responses(
        [spike_times] * 2, times, np.stack([voltage, np.where(outside, voltage + shift, -500.0)])
    )
    own = scores.errors(responses, one, {"voltage": 1.0, "gamma": 1.0}, 2.0)
    assert own["voltage"] == pytest.approx([0.0, 1.0])


def test_total_is_the_weighted_mean_of_what_a_sweep_has():
    """The voltage counts only in the sweep that has one."""
    own = [{"gamma": np.array([0.2]), "voltage": np.array([0.6])}, {"gamma": np.array([0.8])}]
    loss = scores.total(own, {"gamma": 1.0, "voltage": 3.0})
    assert loss == pytest.approx([((0.2 + 3 * 0.6) / 4 + 0.8) / 2])
