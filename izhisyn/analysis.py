# SPDX-License-Identifier: GPL-2.0-or-later
"""Rates and intervals of spike trains: arrays in, numbers out."""

import itertools

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError


@checked(spike_times=checks.array("1d"), duration=checks.number(above=0, unit="ms"))
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


@checked(spike_times=checks.array("1d"))
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


@checked(times=checks.array("1d"), senders=checks.array("1d"), neurons=checks.node_ids)
def trains(times, senders, neurons):
    """Spike trains of the neurons of a population.

    Parameters
    ----------
    times : array_like, shape (n_spikes,)
        Spike times [ms], in any order.
    senders : array_like of int, shape (n_spikes,)
        Node ids of the spikes, of this and other populations.
    neurons : range
        Node ids of the population.

    Returns
    -------
    list of numpy.ndarray, shape (n_spikes_of_neuron,)
        Ascending spike times of each neuron [ms].
    """
    checks.refuse_different_lengths(times=times, senders=senders)
    times, senders = np.asarray(times), np.asarray(senders)
    order = np.lexsort((times, senders))
    ends = np.searchsorted(senders[order], np.arange(neurons.start, neurons.stop + 1))
    return [times[order[start:stop]] for start, stop in itertools.pairwise(ends)]


@checked(spike_times=checks.array("1d"), longest_interval=checks.number(above=0, unit="ms"))
def bursts(spike_times, longest_interval):
    """Split a spike train where an interval is long.

    Parameters
    ----------
    spike_times : array_like, shape (n_spikes,)
        Spike times in ascending order [ms].
    longest_interval : float
        Longest interval between two spikes of a burst [ms].

    Returns
    -------
    list of numpy.ndarray
        Spike times of each burst [ms]; a single spike is a burst of one.
    """
    spike_times = np.asarray(spike_times, dtype=float)
    if spike_times.size == 0:
        return []
    return np.split(spike_times, np.flatnonzero(np.diff(spike_times) > longest_interval) + 1)


@checked(
    senders=checks.array("1d"), neurons=checks.node_ids, duration=checks.number(above=0, unit="ms")
)
def rates(senders, neurons, duration):
    """Mean firing rate of each neuron of a population.

    Parameters
    ----------
    senders : array_like of int, shape (n_spikes,)
        Node ids of the spikes, of this and other populations, in any order.
    neurons : range
        Node ids of the population.
    duration : float
        Observed time [ms].

    Returns
    -------
    numpy.ndarray, shape (n_neurons,)
        Rates [spikes/s], those of silent neurons included.
    """
    rows = np.asarray(senders, dtype=int) - neurons.start
    inside = (rows >= 0) & (rows < len(neurons))
    return 1000.0 / duration * np.bincount(rows[inside], minlength=len(neurons))


@checked(
    times=checks.array("1d"),
    senders=checks.array("1d"),
    neurons=checks.node_ids,
    min_intervals=checks.whole_number(2),
)
def interval_cvs(times, senders, neurons, min_intervals=2):
    """Coefficient of variation of the interspike intervals of each neuron of a population.

    Parameters
    ----------
    times : array_like, shape (n_spikes,)
        Spike times [ms], in any order.
    senders : array_like of int, shape (n_spikes,)
        Node ids of the spikes, of this and other populations.
    neurons : range
        Node ids of the population.
    min_intervals : int
        Intervals a neuron must have, at least 2; few of them underestimate the variation.

    Returns
    -------
    numpy.ndarray, shape (n_neurons,)
        Standard deviation of the intervals over their mean [1]; nan for neurons with fewer.
    """
    checks.refuse_different_lengths(times=times, senders=senders)
    times, rows = np.asarray(times), np.asarray(senders, dtype=int) - neurons.start
    inside = (rows >= 0) & (rows < len(neurons))
    times, rows = times[inside], rows[inside]
    order = np.lexsort((times, rows))
    times, rows = times[order], rows[order]
    of_one_neuron = rows[1:] == rows[:-1]
    gaps, rows = np.diff(times)[of_one_neuron], rows[1:][of_one_neuron]
    count = np.bincount(rows, minlength=len(neurons))
    enough = count >= max(min_intervals, 2)
    divisor = np.where(enough, count, 1)
    mean = np.bincount(rows, gaps, minlength=len(neurons)) / divisor
    variance = np.bincount(rows, (gaps - mean[rows]) ** 2, minlength=len(neurons)) / divisor
    return np.divide(
        np.sqrt(variance), mean, out=np.full(len(neurons), np.nan), where=enough & (mean > 0)
    )


def _bin_edges(start, stop, width):
    """Edges of the bins that count spikes in (start, stop].

    Simulated spikes lie on a grid. The edges lie a millionth of a bin after its points, so that a
    spike at `start` falls before the first bin and one at `stop` into the last.

    Parameters
    ----------
    start, stop : float
        Observed time [ms].
    width : float
        Width of a bin [ms]; what is left at the end is no bin.

    Returns
    -------
    numpy.ndarray, shape (n_bins + 1,)
        Edges [ms].
    """
    if not stop >= start + width:
        raise ParameterError(
            f"from {start:g} to {stop:g} ms there is no bin of {width:g} ms; choose a later stop"
        )
    rounding = 1e-6 * width
    n_bins = int((stop - start + rounding) / width)
    return start + width * np.arange(n_bins + 1) + rounding


@checked(
    times=checks.array("1d"),
    n_neurons=checks.whole_number(1),
    start=checks.number(unit="ms"),
    stop=checks.number(unit="ms"),
    width=checks.number(above=0, unit="ms"),
)
def population_rate(times, n_neurons, start, stop, width=1.0):
    """Measure the firing rate of a population over time.

    Parameters
    ----------
    times : array_like, shape (n_spikes,)
        Spike times of the population [ms].
    n_neurons : int
        Size of the population.
    start, stop : float
        Observed time [ms].
    width : float
        Width of a bin [ms].

    Returns
    -------
    centres : numpy.ndarray, shape (n_bins,)
        Times of the bins [ms].
    rate : numpy.ndarray, shape (n_bins,)
        Mean rate of a neuron in each bin [spikes/s].
    """
    edges = _bin_edges(start, stop, width)
    counts, _ = np.histogram(times, edges)
    return edges[:-1] + 0.5 * width, counts * (1000.0 / (n_neurons * width))


@checked(
    signal=checks.array("1d"),
    width=checks.number(above=0, unit="ms"),
    segment=checks.number(above=0, unit="ms"),
    window=checks.function,
)
def power_spectrum(signal, width, segment=1000.0, window=np.hanning):
    """One-sided power spectral density by the method of Welch (1967).

    Half-overlapping segments are freed of their mean, weighted with a window and averaged.

    Parameters
    ----------
    signal : array_like, shape (n_bins,)
        Regularly sampled signal, such as a population rate.
    width : float
        Sampling interval [ms].
    segment : float
        Length of a segment [ms]; the resolution in frequency is its inverse. A shorter signal is
        one segment.
    window : callable
        Number of samples to a symmetric window; ``numpy.ones`` with a single segment gives the
        plain periodogram.

    Returns
    -------
    frequencies : numpy.ndarray, shape (n_frequencies,)
        Frequencies [Hz], without 0.
    power : numpy.ndarray, shape (n_frequencies,)
        Power spectral density, its unit the square of the signal's over Hz.
    """
    signal = np.asarray(signal, dtype=float)
    length = min(signal.size, round(segment / width))
    weights = window(length + 1)[:-1]
    segments = np.lib.stride_tricks.sliding_window_view(signal, length)[:: max(1, length // 2)]
    segments = (segments - segments.mean(axis=1, keepdims=True)) * weights
    seconds = width / 1000.0
    power = np.mean(np.abs(np.fft.rfft(segments)) ** 2, axis=0) * seconds / np.sum(weights**2)
    power[1 : (length + 1) // 2] *= 2.0  # the negative frequencies; the highest has none
    return np.fft.rfftfreq(length, seconds)[1:], power[1:]


@checked(
    times=checks.array("1d"),
    senders=checks.array("1d"),
    neurons=checks.node_ids,
    start=checks.number(unit="ms"),
    stop=checks.number(unit="ms"),
    width=checks.number(above=0, unit="ms"),
)
def count_correlation(times, senders, neurons, start, stop, width=5.0):
    """Mean correlation of the spike counts of two neurons of a population, a measure of synchrony.

    The counts in bins of time are scaled to variance 1; of n of them the sum has the variance
    n + n (n - 1) r, where r is the mean correlation of two.

    Parameters
    ----------
    times : array_like, shape (n_spikes,)
        Spike times [ms].
    senders : array_like of int, shape (n_spikes,)
        Node ids of the spikes, of this and other populations.
    neurons : range
        Node ids of the population, or of a sample of it.
    start, stop : float
        Observed time [ms].
    width : float
        Width of a bin [ms].

    Returns
    -------
    float
        Mean correlation coefficient [1] over all pairs of neurons that spiked; nan if there is no
        such pair.
    """
    checks.refuse_different_lengths(times=times, senders=senders)
    edges = _bin_edges(start, stop, width)
    counts, _, _ = np.histogram2d(
        senders, times, bins=(np.arange(neurons.start, neurons.stop + 1) - 0.5, edges)
    )
    counts = counts[counts.std(axis=1) > 0]
    n = len(counts)
    if n < 2:
        return float("nan")
    scaled = (counts - counts.mean(axis=1, keepdims=True)) / counts.std(axis=1, keepdims=True)
    return float((scaled.sum(axis=0).var() - n) / (n * (n - 1)))


@checked(senders=checks.array("1d", low=0), steps=checks.array("1d", low=0))
def spike_digest(senders, steps):
    """Digest of spikes, equal for two simulations that gave the same ones.

    Each spike becomes 64 well mixed bits (the finaliser of SplitMix64, Steele et al. 2014); their
    sum modulo 2^64 depends neither on the order of the spikes nor on how they are shared out among
    processes and threads, and the sum of two digests is that of all the spikes.

    Parameters
    ----------
    senders : array_like of int, shape (n_spikes,)
        Node ids.
    steps : array_like of int, shape (n_spikes,)
        Spike times in steps of the simulation.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    checks.refuse_different_lengths(senders=senders, steps=steps)
    senders, steps = (np.asarray(values).astype(np.uint64) for values in (senders, steps))
    with np.errstate(over="ignore"):
        return f"{np.sum(_mixed(_mixed(senders) + steps), dtype=np.uint64):016x}"


def _mixed(bits):
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
