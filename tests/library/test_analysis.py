# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers of spike trains."""

import math

import pytest

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


def test_cv_of_a_regular_train_is_zero():
    """Equal intervals do not vary."""
    assert analysis.interval_cv([0.0, 10.0, 20.0, 30.0]) == 0.0


def test_cv_is_standard_deviation_over_mean():
    """Intervals 1 and 3 have the mean 2 and the standard deviation 1."""
    assert analysis.interval_cv([0.0, 1.0, 4.0]) == 0.5


@pytest.mark.parametrize("spike_times", [[], [5.0], [5.0, 6.0]])
def test_cv_needs_two_intervals(spike_times):
    """One interval has no variation to speak of, which 0 would pretend."""
    assert math.isnan(analysis.interval_cv(spike_times))
