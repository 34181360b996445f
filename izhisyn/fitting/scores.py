# SPDX-License-Identifier: GPL-2.0-or-later
"""How far the responses of candidates are from a recording: each objective is an error, 0 at best.

All candidates of a generation are compared at once. The objectives have no unit and are of a
similar size, so that their weighted sum makes sense:

- ``gamma``: 1 minus the coincidence factor of Jolivet et al. [1]_;
- ``rate``: difference of the firing rates over that of the recording [2]_;
- ``latency``: difference of the times of the first spike, over the duration of the sweep;
- ``adaptation``: difference of the adaptation indices, the mean of
  (next interval - interval) / (next interval + interval);
- ``voltage``: root mean square of the voltage difference outside of the recorded spikes, over the
  standard deviation of the recorded voltage there;
- ``van_rossum``, ``victor_purpura``: spike train distances, as Elephant defines them, over that of
  a silent cell.

References
----------
.. [1] R. Jolivet et al., "A benchmark test for a quantitative assessment of simple neuron models",
   Journal of Neuroscience Methods 169, 2008.
.. [2] C. Clopath et al., "Predicting neuronal activity with simple models of the threshold type",
   Neurocomputing 70, 2007.
"""

import itertools
import sys
from dataclasses import dataclass, field

import numpy as np

from izhisyn import analysis, checks
from izhisyn.checks import checked
from izhisyn.errors import ParameterError

PRECISION = 2.0  # largest distance of two spikes that coincide, that of [1] [ms]
SPIKE_CUT = (2.0, 5.0)  # voltage that belongs to a spike, before and after it [ms]
_ROUNDING = 1e-6  # of spike times, which may be exactly a precision apart [ms]
_SMALLEST_SPREAD = 1.0  # of a recorded voltage, so that a flat one is not divided by 0 [mV]


@dataclass(frozen=True)
class Responses:
    """What candidates did in one sweep.

    Attributes
    ----------
    trains : list of numpy.ndarray, shape (n_spikes,)
        Spike times of each candidate in ascending order [ms].
    times : numpy.ndarray, shape (n_samples,)
        Sampling times of the voltage [ms].
    voltage : numpy.ndarray, shape (n_candidates, n_samples)
        Membrane potentials [mV].
    """

    trains: list
    times: np.ndarray = field(default_factory=lambda: np.empty(0))
    voltage: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))


def _trains(value):
    return checks.sequence_of(checks.array("1d"), what="a list of spike trains [ms]")(value)


@checked(
    trains=_trains,
    recorded=checks.array("1d"),
    duration=checks.number(above=0, unit="ms"),
    precision=checks.number(above=0, unit="ms"),
)
def gamma_factors(trains, recorded, duration, precision=PRECISION):
    """Coincidence factors of spike trains with a recorded one, as Jolivet et al. (2008) define it.

    With n the number of coincidences, nu the rate of the train and D the precision,
    Gamma = (n - 2 nu D n_recorded) / (n_recorded + n_train) * 2 / (1 - 2 nu D): 1 for the recorded
    train itself, on average 0 for a Poisson train. Each spike coincides with at most one other.

    Parameters
    ----------
    trains : sequence of array_like, shape (n_spikes,)
        Spike times in ascending order [ms].
    recorded : array_like, shape (n_recorded,)
        Recorded spike times in ascending order [ms].
    duration : float
        Length of the sweep [ms].
    precision : float
        Largest distance of two spikes that coincide [ms].

    Returns
    -------
    numpy.ndarray, shape (n_trains,)
        1 if both are silent, 0 if one is; -1, as for no agreement at all, for a train with so many
        spikes that chance explains every coincidence (2 nu D >= 1).

    Raises
    ------
    ParameterError
        If the recorded train itself has that many spikes.
    """
    recorded = np.asarray(recorded, dtype=float)
    check_precision(recorded, duration, precision)
    sizes = np.array([len(train) for train in trains], dtype=int)
    coincident = coincidences(trains, recorded, precision)
    by_chance = 2.0 * precision * sizes / duration
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = (coincident - by_chance * recorded.size) / (sizes + recorded.size)
        gamma *= 2.0 / (1.0 - by_chance)
    gamma = np.where(by_chance < 1.0, gamma, -1.0)
    return np.where(sizes + recorded.size == 0, 1.0, np.maximum(gamma, -1.0))


def check_precision(recorded, duration, precision):
    """Refuse a precision with which chance explains half of the coincidences with the recording."""
    by_chance = 2.0 * precision * np.size(recorded) / duration
    if by_chance >= 0.5:
        raise ParameterError(
            f"a precision of {precision:g} ms is too coarse for {np.size(recorded)} spikes in "
            f"{duration:g} ms, which would coincide by chance; choose for example "
            f"{_sensible_precision(np.size(recorded), duration):.2g} ms"
        )


def finest_needed(sweep):
    """Give a precision with which chance explains a fifth of the coincidences with a sweep [ms]."""
    n_spikes = sweep.spike_times.size
    return _sensible_precision(n_spikes, sweep.duration) if n_spikes else PRECISION


def _sensible_precision(n_spikes, duration):
    return float(f"{0.1 * duration / n_spikes:.2g}")


def coincidences(trains, recorded, precision):
    """Count the spikes of each train that can be paired with one of the recording each.

    From the first to the last, each recorded spike takes the earliest one that is left and close
    enough: no pairing has more.
    """
    sizes = np.array([len(train) for train in trains], dtype=int)
    if not sizes.any() or not np.size(recorded):
        return np.zeros(len(trains), dtype=int)
    ends = np.cumsum(sizes)
    times = np.concatenate(trains)
    # All trains one after the other on one axis, so that one search serves them all.
    span = max(times.max(), np.max(recorded)) + 2.0 * precision + 1.0
    offsets = span * np.arange(len(trains))
    times = times + np.repeat(offsets, sizes)
    left = ends - sizes  # the earliest spike of each train that is not paired yet
    count = np.zeros(len(trains), dtype=int)
    for time in recorded:
        earliest = offsets + (time - precision - _ROUNDING)
        left = np.maximum(left, np.searchsorted(times, earliest))
        found = times[np.minimum(left, times.size - 1)]
        is_paired = (left < ends) & (found <= offsets + (time + precision + _ROUNDING))
        count += is_paired
        left += is_paired
    return count


def gamma_error(responses, sweep, precision):
    """1 - Gamma, see `gamma_factors`."""
    return 1.0 - gamma_factors(responses.trains, sweep.spike_times, sweep.duration, precision)


def rate_error(responses, sweep, precision):
    """Difference of the spike counts over the recorded one, or over 1 spike for a silent cell."""
    counts = np.array([train.size for train in responses.trains])
    return np.abs(counts - sweep.spike_times.size) / max(1, sweep.spike_times.size)


def latency_error(responses, sweep, precision):
    """Difference of the first spikes over the duration, at whose end a silent cell is put."""
    firsts = np.array([_first(train, sweep.duration) for train in responses.trains])
    return np.abs(firsts - _first(sweep.spike_times, sweep.duration)) / sweep.duration


def adaptation_error(responses, sweep, precision):
    """Difference of the adaptation indices; 0 where the recording has fewer than 3 spikes."""
    if sweep.spike_times.size < 3:
        return np.zeros(len(responses.trains))
    indices = np.array([adaptation_index(train) for train in responses.trains])
    # A candidate without an index is as wrong as one could be: indices are between -1 and 1.
    return np.where(np.isnan(indices), 2.0, np.abs(indices - adaptation_index(sweep.spike_times)))


@checked(spike_times=checks.array("1d"))
def adaptation_index(spike_times):
    """Mean of (next interval - interval) / (next interval + interval).

    Parameters
    ----------
    spike_times : array_like, shape (n_spikes,)
        [ms]

    Returns
    -------
    float
        Between -1 and 1, above 0 if intervals grow; nan for fewer than 3 spikes.
    """
    gaps = analysis.intervals(spike_times)
    if gaps.size < 2:
        return np.nan
    sums = gaps[1:] + gaps[:-1]
    return float(np.mean(np.diff(gaps) / np.where(sums > 0.0, sums, 1.0)))


def voltage_error(responses, sweep, precision):
    """Root mean square difference outside of recorded spikes, over the recorded spread there."""
    outside = outside_spikes(responses.times, sweep.spike_times)
    recorded = sweep.voltage_at(responses.times)[outside]
    if recorded.size == 0:
        return np.zeros(len(responses.voltage))
    spread = max(np.std(recorded), _SMALLEST_SPREAD)
    difference = responses.voltage[:, outside] - recorded
    return np.sqrt(np.mean(np.square(difference), axis=1)) / spread


def _cut(value):
    allowed = not checks.array("1d", low=0)(value) and len(value) == 2
    return None if allowed else "give the times before and after a spike that belong to it [ms]"


@checked(times=checks.array("1d"), spike_times=checks.array("1d"), cut=_cut)
def outside_spikes(times, spike_times, cut=SPIKE_CUT):
    """Find the times that do not belong to a spike.

    Parameters
    ----------
    times : numpy.ndarray, shape (n_times,)
        [ms]
    spike_times : numpy.ndarray, shape (n_spikes,)
        In ascending order [ms].
    cut : (float, float)
        What belongs to a spike, before and after it [ms].

    Returns
    -------
    numpy.ndarray of bool, shape (n_times,)
    """
    before, after = cut
    spike_times = np.asarray(spike_times, dtype=float)
    begun = np.searchsorted(spike_times - before, times, side="right")
    ended = np.searchsorted(spike_times + after, times, side="right")
    return begun == ended


def van_rossum_error(responses, sweep, precision):
    """Van Rossum's distance with a time constant of five precisions, over that of silence."""
    time_constant = 5.0 * precision
    silence = [np.empty(0)]
    distances = van_rossum_distances(responses.trains, sweep.spike_times, time_constant)
    scale = van_rossum_distances(silence, sweep.spike_times, time_constant)[0]
    return distances / (scale if scale > 0.0 else 1.0)


@checked(
    trains=_trains,
    recorded=checks.array("1d"),
    time_constant=checks.number(above=0, unit="ms"),
)
def van_rossum_distances(trains, recorded, time_constant):
    """Van Rossum's distances of spike trains from a recorded one, normalised as Elephant does it.

    Parameters
    ----------
    trains : sequence of array_like, shape (n_spikes,)
        Spike times in ascending order [ms].
    recorded : array_like, shape (n_recorded,)
        Recorded spike times in ascending order [ms].
    time_constant : float
        Decay of the exponential with which the trains are convolved [ms].

    Returns
    -------
    numpy.ndarray, shape (n_trains,)
    """
    recorded = np.asarray(recorded, dtype=float)
    sizes = np.array([len(train) for train in trains], dtype=int)
    times = np.concatenate([*trains, np.empty(0)])
    rows = np.repeat(np.arange(len(trains)), sizes)
    of_recorded = _sum_of_pairs(recorded, np.zeros(recorded.size, dtype=int), 1, time_constant)
    of_trains = _sum_of_pairs(times, rows, len(trains), time_constant)
    across = np.bincount(rows, _kernel_sum(recorded, times, time_constant), len(trains))
    return np.sqrt(np.maximum(of_trains + of_recorded - 2.0 * across, 0.0))


def _decayed_counts(times, rows, time_constant):
    """For each spike, the sum of exp(-age / time_constant) over the earlier ones of its train."""
    sums = np.zeros(times.size)
    decays = np.exp(-np.diff(times, prepend=0.0) / time_constant)
    is_first = np.diff(rows, prepend=-1) > 0
    ranks = np.arange(times.size) - np.maximum.accumulate(
        np.where(is_first, np.arange(times.size), 0)
    )
    # The spikes of one rank, one of each train, are taken at once.
    by_rank = np.argsort(ranks, kind="stable")
    ends = np.cumsum(np.bincount(ranks, minlength=1))
    for begin, end in itertools.pairwise(ends.tolist()):
        chosen = by_rank[begin:end]
        sums[chosen] = (sums[chosen - 1] + 1.0) * decays[chosen]
    return sums


def _sum_of_pairs(times, rows, n_trains, time_constant):
    """Sum of exp(-|t - s| / time_constant) over all pairs of spikes of each train."""
    pairs = 1.0 + 2.0 * _decayed_counts(times, rows, time_constant)
    return np.bincount(rows, pairs, n_trains)


def _kernel_sum(recorded, times, time_constant):
    """Sum over the recorded spikes s of exp(-|t - s| / time_constant), at other times t."""
    if recorded.size == 0:
        return np.zeros(times.size)
    one_train = np.zeros(recorded.size, dtype=int)
    past = 1.0 + _decayed_counts(recorded, one_train, time_constant)
    future = 1.0 + _decayed_counts(-recorded[::-1], one_train, time_constant)[::-1]
    after = np.searchsorted(recorded, times, side="right")
    before, after = np.maximum(after - 1, 0), np.minimum(after, recorded.size - 1)
    since, until = times - recorded[before], recorded[after] - times
    with np.errstate(over="ignore"):
        from_past = np.where(since >= 0.0, past[before] * np.exp(-since / time_constant), 0.0)
        from_future = np.where(until > 0.0, future[after] * np.exp(-until / time_constant), 0.0)
    return from_past + from_future


def victor_purpura_error(responses, sweep, precision):
    """Victor and Purpura's distance, in which a shift by a precision costs as much as a spike.

    Elephant compares one pair of trains after the other: this objective is slow.
    """
    try:
        import neo
        import quantities as pq
        from elephant.spike_train_dissimilarity import victor_purpura_distance
    except ImportError as error:
        raise ParameterError(
            f"{sys.executable} cannot import elephant, which has the objective victor_purpura "
            f"({error}); pip install elephant, or use van_rossum"
        ) from error

    def as_neo(times):
        inside = np.clip(times, 0.0, sweep.duration)
        return neo.SpikeTrain(inside * pq.ms, t_stop=sweep.duration * pq.ms)

    recorded, cost = as_neo(sweep.spike_times), 1.0 / (precision * pq.ms)
    distances = [
        victor_purpura_distance([recorded, as_neo(train)], cost)[0, 1] for train in responses.trains
    ]
    return np.array(distances) / max(1, sweep.spike_times.size)


OBJECTIVES = {
    "gamma": gamma_error,
    "rate": rate_error,
    "latency": latency_error,
    "adaptation": adaptation_error,
    "voltage": voltage_error,
    "van_rossum": van_rossum_error,
    "victor_purpura": victor_purpura_error,
}
WEIGHTS = {"gamma": 1.0, "van_rossum": 1.0, "rate": 0.5, "latency": 0.5, "voltage": 1.0}


def check_weights(value):
    """Allow a dictionary of weights of objectives, at least one of them above 0."""
    if checks.dictionary(value) or not value or set(value) - set(OBJECTIVES):
        return f"give weights of {', '.join(OBJECTIVES)}"
    if any(checks.number(0)(weight) for weight in value.values()) or not any(value.values()):
        return "give weights from 0 up, and at least one above 0"
    return None


def errors(responses, sweep, weights, precision):
    """Compute the errors of all candidates in one sweep.

    Parameters
    ----------
    responses : Responses
    sweep : izhisyn.fitting.sweeps.Sweep
    weights : dict of str to float
        Weights of `OBJECTIVES`; those of weight 0 are not computed, nor is ``voltage`` if the sweep
        has none.
    precision : float
        See `gamma_factors` [ms].

    Returns
    -------
    dict of str to numpy.ndarray, shape (n_candidates,)
    """
    return {
        name: OBJECTIVES[name](responses, sweep, precision)
        for name, weight in weights.items()
        if weight > 0.0 and (name != "voltage" or sweep.voltage is not None)
    }


def total(errors_of_sweeps, weights):
    """Weighted mean of the errors over sweeps.

    Parameters
    ----------
    errors_of_sweeps : sequence of dict
        From `errors`, one for each sweep.
    weights : dict of str to float

    Returns
    -------
    numpy.ndarray, shape (n_candidates,)
    """
    sums = [
        sum(weights[name] * values for name, values in one.items())
        / sum(weights[name] for name in one)
        for one in errors_of_sweeps
    ]
    return np.mean(sums, axis=0)


def _first(train, duration):
    return train[0] if train.size else duration
