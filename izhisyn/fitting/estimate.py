# SPDX-License-Identifier: GPL-2.0-or-later
"""A first guess of the parameters from a recorded voltage, by linear regression.

Between spikes the models are linear in what is unknown, once V is known and the rate a of the
recovery variable is chosen. For the model of 2007

    C V' = I + k V^2 - k (v_r + v_t) V + k v_r v_t - U,
    U = b (F[V] - v_r) + d G,

where F[x] is x after a low-pass filter with the rate a, and G is 1 at a spike and decays with a.
The change of V over a short window is therefore a sum of known integrals with unknown factors; a is
the one of a grid that leaves the smallest residual. The model of 2003 is the same with known
factors of V and V^2. The potential after a spike, c, is where the fall from its peak ends.

This is a start and no fit: what it minimises is the error of the next half millisecond.
"""

import itertools

import numpy as np

from izhisyn.fitting.cells import Start
from izhisyn.fitting.scores import SPIKE_CUT, outside_spikes

_SAMPLE = 0.2  # voltages with shorter intervals are averaged to it [ms]
_WINDOW = 0.6  # over which V changes [ms]
_LONGEST_INTERVAL = 0.5  # between samples that still show how V changes [ms]
_STEEP = 20.0  # slope with which the voltage falls from a peak [mV/ms]
_STEP = 0.006  # such a guess is closer than a published cell, see `izhisyn.fitting.cells.Start`
_UPSTROKE = -30.0  # where V follows its own square alone, too fast for the samples [mV]
_RATES = 15  # values of a that are tried


def starts_from_voltage(cell_model, ranges, starts, sweeps):
    """Guess where a search may begin.

    Parameters
    ----------
    cell_model : izhisyn.fitting.cells.CellModel
    ranges : sequence of izhisyn.fitting.cells.Range
    starts : sequence of izhisyn.fitting.cells.Start
        Published cells; each of their laws of the recovery variable gives a guess.
    sweeps : sequence of izhisyn.fitting.sweeps.Sweep

    Returns
    -------
    list of izhisyn.fitting.cells.Start
        Empty without a voltage, or if no law explains it.
    """
    usable = [
        one for one in sweeps if one.voltage is not None and one.interval <= _LONGEST_INTERVAL
    ]
    if not any(one.spike_times.size for one in usable):
        return []
    free = {one.name: one for one in ranges}
    reset = _reset(usable)
    guessed, by_law, others = [], {}, set()
    for start in starts:
        fixed = {name: value for name, value in start.parameters.items() if name not in free}
        if tuple(fixed.values()) in others:
            continue  # this start would make the same guess as an earlier one
        others.add(tuple(fixed.values()))
        law = tuple(fixed.get(name) for name in ("v_b", "b_ratio", "b_cubic"))
        if law not in by_law:
            by_law[law] = _guess(cell_model, start.parameters, usable, free.get("a"))
        if by_law[law] is None:
            continue
        found = by_law[law] | {"c": reset}
        if start.parameters.get("c_U"):
            # What is recorded is c + c_U U.
            recovery = _recovery_at_spikes(start.parameters | found, usable)
            found["c"] -= start.parameters["c_U"] * recovery
        parameters = dict(start.parameters)
        for name, one in free.items():
            if name in found:
                parameters[name] = float(np.clip(found[name], one.low, one.high))
        guessed.append(Start(f"{start.name} with the recorded voltage", parameters, _STEP))
    return guessed


def _recovery_at_spikes(parameters, sweeps):
    """Median of the recovery current of the 2007 model when the recorded spikes begin [pA]."""
    rates = np.array([parameters["a"]])
    values = []
    for one in sweeps:
        V, times, interval = _samples(one)
        linear, cubic = _steady_parts(parameters, V)
        steady = parameters["b"] * (linear - parameters["b_ratio"] * parameters["v_r"]) + cubic
        spikes = _decaying_spikes(one.spike_times, times, rates)[:, 0]
        recovery = _low_pass(steady, interval, rates)[:, 0] + parameters["d"] * spikes
        before = np.searchsorted(times, one.spike_times) - 1
        values += recovery[np.maximum(before, 0)].tolist()
    return float(np.median(values))


def _guess(cell_model, parameters, sweeps, range_of_a):
    """Give the parameters of the best a, first of a coarse grid, then of a fine one around it."""
    if range_of_a is None:
        found = _best_of(np.array([parameters["a"]]), cell_model, parameters, sweeps)
        return found and found[1]
    grid = np.linspace(0.0, 1.0, _RATES)
    found = _best_of(range_of_a.from_unit(grid), cell_model, parameters, sweeps)
    if found is None:
        return None
    coarse, fine = range_of_a.to_unit(found[1]["a"]), grid[1] * np.linspace(-1.0, 1.0, 11)
    rates = range_of_a.from_unit(np.clip(coarse + fine, 0.0, 1.0))
    return _best_of(rates, cell_model, parameters, sweeps)[1]


def _best_of(rates, cell_model, parameters, sweeps):
    tables = [_table(cell_model.name, parameters, one, rates) for one in sweeps]
    change = np.concatenate([table[0] for table in tables])
    terms = np.concatenate([table[1] for table in tables])  # (n_windows, n_terms, n_rates)
    if len(change) < 5 * terms.shape[1]:
        return None
    best = None
    for column, rate in enumerate(rates):
        factors, residual = _least_squares(terms[:, :, column], change)
        found = _PARAMETERS[cell_model.name](factors, parameters, rate, sweeps)
        if found is not None and (best is None or residual < best[0]):
            best = residual, found | {"a": float(rate)}
    return best


def _least_squares(terms, values):
    """Factors of the terms and the sum of squares that they leave, with one thread of the machine.

    The columns are scaled to length 1, so that the normal equations are well enough conditioned.
    """
    scales = np.sqrt(np.einsum("ij,ij->j", terms, terms)) + 1e-300
    scaled = terms / scales
    products = np.einsum("ij,ik->jk", scaled, scaled)
    factors, *_ = np.linalg.lstsq(products, np.einsum("ij,i->j", scaled, values), rcond=1e-14)
    left = values - np.einsum("ij,j->i", scaled, factors)
    return factors / scales, float(np.einsum("i,i->", left, left))


def _table(model, parameters, sweep, rates):
    """Give changes of V over windows outside of spikes, and the integrals that explain them."""
    V, times, interval = _samples(sweep)
    current = _mean_current(sweep, times, interval)
    terms = _TERMS[model](parameters, V, current, sweep, times, interval, rates)
    known = 0.0
    if model == "2003":
        known = (0.04 * V + 5.0) * V + 140.0
    width = max(1, round(_WINDOW / interval))
    outside = outside_spikes(times, sweep.spike_times).astype(int)
    all_outside = np.convolve(outside, np.ones(width + 1, dtype=int), "valid") == width + 1
    change = V[width:] - V[:-width] - _integral(np.broadcast_to(known, V.shape), interval, width)
    integrals = np.stack([_integral(term, interval, width) for term in terms], axis=1)
    return change[all_outside], integrals[all_outside]


def _samples(sweep):
    """Average the voltage to samples that are not too many; with their times and interval."""
    step = max(1, round(_SAMPLE / sweep.interval))
    interval = step * sweep.interval
    n_samples = sweep.voltage.size // step
    V = sweep.voltage[: n_samples * step].reshape(n_samples, step).mean(axis=1)
    return V, interval * np.arange(n_samples) + 0.5 * (step - 1) * sweep.interval, interval


def _steady_parts(parameters, V):
    """Split what U relaxes to into a part that b multiplies and a cubic one, without upstrokes."""
    ratio, above = parameters["b_ratio"], V - parameters["v_b"]
    linear = ratio * V + (1.0 - ratio) * np.minimum(above, 0.0)
    below = np.minimum(V, _UPSTROKE) - parameters["v_b"]
    return linear, parameters["b_cubic"] * np.maximum(below, 0.0) ** 3


def _mean_current(sweep, times, interval):
    """Mean current between each sample and the next; the last holds on."""
    current_times, amplitudes = sweep.current.T
    grid = np.append(times, times[-1] + interval)
    row = np.maximum(np.searchsorted(current_times, grid, side="right") - 1, 0)
    charge = np.concatenate([[0.0], np.cumsum(amplitudes[:-1] * np.diff(current_times))])
    return np.diff(charge[row] + amplitudes[row] * (grid - current_times[row])) / interval


def _terms_2003(parameters, V, current, sweep, times, interval, rates):
    shape = (V.size, rates.size)
    filtered = _low_pass(V, interval, rates)
    spikes = _decaying_spikes(sweep.spike_times, times, rates)
    return [
        _held(current, shape),
        np.ones(shape),
        -filtered,
        -spikes,
    ]


def _terms_2007(parameters, V, current, sweep, times, interval, rates):
    shape = (V.size, rates.size)
    linear, cubic = _steady_parts(parameters, V)
    return [
        _held(current, shape) - _low_pass(cubic, interval, rates),
        np.broadcast_to(np.square(V)[:, np.newaxis], shape),
        np.broadcast_to(V[:, np.newaxis], shape),
        np.ones(shape),
        -_low_pass(linear, interval, rates),
        -_decaying_spikes(sweep.spike_times, times, rates),
    ]


def _parameters_2003(factors, parameters, rate, sweeps):
    gain, current, b, d = factors
    return {"gain": gain, "I_e": current, "b": b, "d": d} if gain > 0.0 else None


def _parameters_2007(factors, parameters, rate, sweeps):
    per_C, square, linear, constant, b, d = factors
    if per_C <= 0.0 or square <= 0.0:
        return None
    C = 1.0 / per_C
    k, b, d, offset = square * C, b * C, d * C, constant * C
    # v_r (k (sum - v_r) + slope) = offset has two roots. They are two names of the same dynamics,
    # which differ in what U is at rest; the cell rests near v_r.
    total, slope = -linear * C / k, parameters["b_ratio"] * b
    half = 0.5 * (total + slope / k)
    root = np.sqrt(max(half**2 - offset / k, 0.0))
    resting = np.mean([one.voltage[0] for one in sweeps])
    v_r = min((half - root, half + root), key=lambda value: abs(value - resting))
    v_t = total - v_r
    d -= rate * C / k * _cubic_in_upstroke(parameters, v_r, v_t)
    return {"C": C, "k": k, "v_r": v_r, "v_t": v_t, "b": b, "d": d}


def _cubic_in_upstroke(parameters, v_r, v_t):
    """Integral of the cubic part of U's steady state over the upstroke of a spike, times k/C.

    There dt = C / (k (V - v_r) (V - v_t)) dV. The low-pass filter does without it, so that it is in
    what U grows by at a spike.
    """
    begins = max(_UPSTROKE, v_r + 5.0, v_t + 5.0)
    V = np.linspace(begins, max(parameters["v_peak"], begins), 200)
    cubic = parameters["b_cubic"] * np.maximum(V - parameters["v_b"], 0.0) ** 3
    values = cubic / ((V - v_r) * (V - v_t))
    return float(np.sum(0.5 * (values[1:] + values[:-1]) * np.diff(V)))


_TERMS = {"2003": _terms_2003, "2007": _terms_2007}
_PARAMETERS = {"2003": _parameters_2003, "2007": _parameters_2007}


def _held(current, shape):
    """Give a current that holds until the next sample as if it was known at the samples."""
    previous = np.concatenate([current[:1], current[:-1]])
    return np.broadcast_to(0.5 * (current + previous)[:, np.newaxis], shape)


def _integral(values, interval, width):
    """Integrate over windows, by the trapezoidal rule."""
    pieces = 0.5 * interval * (values[1:] + values[:-1])
    sums = np.concatenate([np.zeros((1, *pieces.shape[1:])), np.cumsum(pieces, axis=0)])
    return sums[width:] - sums[:-width]


def _low_pass(values, interval, rates):
    """Filter from the steady state of the first value, shape (n_values, n_rates)."""
    share = -np.expm1(-rates * interval)
    filtered = np.empty((values.size, rates.size))
    state = np.full(rates.size, values[0])
    filtered[0] = state
    middles = 0.5 * (values[1:] + values[:-1])
    for row, value in enumerate(middles, start=1):
        state = state + share * (value - state)
        filtered[row] = state
    return filtered


def _decaying_spikes(spike_times, times, rates):
    """Sum of exp(-rate * age) of the spikes before each time, shape (n_times, n_rates)."""
    counts = np.zeros((times.size, rates.size))
    for spike in spike_times:
        age = times - spike
        passed = age >= 0.0
        counts[passed] += np.exp(-np.outer(age[passed], rates))
    return counts


def _reset(sweeps):
    """Voltage at which the fall from the peak of a spike ends: the median over all spikes [mV]."""
    resets = []
    for one in sweeps:
        for spike, end in itertools.pairwise([*one.spike_times, one.duration]):
            first = max(0, int((spike - 1.0) / one.interval))
            last = int(min(spike + SPIKE_CUT[1], end) / one.interval)
            fall = one.voltage[first:last]
            if fall.size > 1:
                fall = fall[np.argmax(fall) :]
                is_over = np.diff(fall) > -_STEEP * one.interval
                resets.append(fall[np.argmax(is_over)] if is_over.any() else fall[-1])
    return float(np.median(resets))
