# SPDX-License-Identifier: GPL-2.0-or-later
"""Rates and intervals of spike trains: arrays in, numbers out."""

import numpy as np


def rate(spike_times, duration):
    """Mean firing rate.

    Parameters
    ----------
    spike_times : array_like, shape (n_spikes,)
        Spike times of one neuron [ms].
    duration : float
        Observed time [ms].

    Returns
    -------
    float
        Rate [spikes/s].
    """
    return 1000.0 * len(spike_times) / duration


def intervals(spike_times):
    """Interspike intervals.

    Parameters
    ----------
    spike_times : array_like, shape (n_spikes,)
        Spike times of one neuron [ms], in any order.

    Returns
    -------
    numpy.ndarray, shape (max(n_spikes - 1, 0),)
        Intervals [ms].
    """
    return np.diff(np.sort(spike_times))


def interval_cv(spike_times):
    """Coefficient of variation of the interspike intervals.

    Parameters
    ----------
    spike_times : array_like, shape (n_spikes,)
        Spike times of one neuron [ms].

    Returns
    -------
    float
        Standard deviation of the intervals over their mean [1]; nan with fewer than two intervals.
    """
    gaps = intervals(spike_times)
    if gaps.size < 2:
        return float("nan")
    return float(gaps.std() / gaps.mean())
