# SPDX-License-Identifier: GPL-2.0-or-later
"""Independent solutions that the models are held against: closed forms and an adaptive solver."""

import contextlib
import functools
import hashlib
import os
import tempfile
from operator import itemgetter
from pathlib import Path

import numpy as np
import scipy
from scipy.integrate import solve_ivp

from izhisyn.parameters import RECEPTORS, RECEPTORS_2007, PropertyCell

THRESHOLD = 30.0
SOLVER = {"method": "DOP853", "rtol": 1e-10, "atol": 1e-10, "max_step": 1.0}
STIFF_SOLVER = {"method": "LSODA", "rtol": 1e-11, "atol": 1e-10, "max_step": 1.0}


KEPT = Path(__file__).parents[2] / ".pytest_cache" / "reference"


def kept(function):
    """Keep what a function of this file returns, an array, from one run of the tests to the next.

    A solution takes seconds and does not depend on the models. It is found again by the arguments,
    which have all numbers in their repr, this file, and the version of the solver.
    """

    @functools.wraps(function)
    def call(*arguments, **named):
        facts = [function.__name__, arguments, named, RECEPTORS, RECEPTORS_2007, scipy.__version__]
        source = Path(__file__).read_bytes()
        file = KEPT / f"{hashlib.sha256(source + repr(facts).encode()).hexdigest()}.npy"
        with contextlib.suppress(OSError, ValueError, EOFError):
            return np.load(file)
        result = function(*arguments, **named)
        with contextlib.suppress(OSError):
            KEPT.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=KEPT, suffix=".part", delete=False) as part:
                np.save(part, result)
            os.replace(part.name, file)
        return result

    return call


def psc(receptor, t):
    """Biexponential course with peak 1 at its peak time; `t` [ms] after arrival, any shape."""
    shape = np.exp(-t / receptor.tau_decay) - np.exp(-t / receptor.tau_rise)
    return np.where(t < 0.0, 0.0, receptor.peak_factor * shape)


def gate(V_m, conc_Mg2=1.0):
    """Open fraction of the NMDA channels (Jahr and Stevens 1990); `V_m` [mV], `conc_Mg2` [mM]."""
    return 1.0 / (1.0 + conc_Mg2 / 3.57 * np.exp(-V_m / 16.13))


@kept
def spike_times(
    cell,
    I_e,
    duration,
    arrivals=(),
    conductance_based=False,
    V_m=-70.0,
    U_m=None,
    receptors=RECEPTORS,
    solver=SOLVER,
):
    """Spike times of one Izhikevich (2003) neuron from an adaptive solver with event location.

    Parameters
    ----------
    cell : izhisyn.parameters.CellType or izhisyn.parameters.PropertyCell
    I_e : float or sequence of (float, float, float)
        Constant current [pA], or for each piece of a current its start [ms], its value there [pA]
        and its slope [pA/ms].
    duration : float
        Simulated time [ms].
    arrivals : sequence of (float, str, float)
        Time [ms], receptor and weight of each input spike, in order of time.
    conductance_based : bool
        Whether weights are conductances [nS] with reversal potentials or currents [pA].
    V_m : float
        Initial membrane potential [mV].
    U_m : float, optional
        Initial recovery variable, b (V_m - V_u) if not given.
    receptors : dict of str to izhisyn.parameters.Receptor
    solver : dict
        Method and tolerances of `scipy.integrate.solve_ivp`; for strong conductances a stiff one.

    Returns
    -------
    numpy.ndarray, shape (n_spikes,)
        Times [ms] with an error below 1e-6 ms, as halving the tolerances shows.
    """
    linear, constant, V_u = 5.0, 140.0, 0.0
    if isinstance(cell, PropertyCell):
        linear, constant, V_u = cell.linear, cell.constant, cell.V_u

    def field(v, u, courses):
        if conductance_based:
            current = _conductance_current(v, courses, receptors)
        else:
            current = courses["AMPA"] + courses["NMDA"] * gate(v) - courses["GABA_A"]
        slope = 0.04 * v * v + linear * v + constant - u + courses["I"] + current
        return [slope, cell.a * (cell.b * (v - V_u) - u)]

    return _integrate(
        np.array([V_m, cell.b * (V_m - V_u) if U_m is None else U_m]),
        duration,
        _inputs(I_e, arrivals),
        receptors,
        field,
        peak=lambda u: THRESHOLD,
        reset=lambda u: [cell.c, u + cell.d],
        solver=solver,
    )


@kept
def spike_times_2007(cell, I_e, duration, arrivals=(), receptors=RECEPTORS_2007):
    """Spike times of one Izhikevich (2007) neuron, as `spike_times`.

    Parameters
    ----------
    cell : izhisyn.parameters.CellType2007
    I_e : float or sequence of (float, float, float)
        Injected current [pA], as in `spike_times`.
    duration : float
        Simulated time [ms].
    arrivals : sequence of (float, str, float)
        Time [ms], receptor and weight [nS] of each input spike, in order of time.
    receptors : dict of str to izhisyn.parameters.Receptor

    Returns
    -------
    numpy.ndarray, shape (n_spikes,)
        Times [ms].
    """

    def steady(v):
        slope = cell.b if v < cell.v_b else cell.b * cell.b_ratio
        at_corner = cell.b * cell.b_ratio * (cell.v_b - cell.v_r)
        cubic = cell.b_cubic * (v - cell.v_b) ** 3 if v > cell.v_b else 0.0
        return at_corner + slope * (v - cell.v_b) + cubic

    def field(v, u, courses):
        total = courses["I"] + _conductance_current(v, courses, receptors)
        return [
            (cell.k * (v - cell.v_r) * (v - cell.v_t) - u + total) / cell.C,
            cell.a * (steady(v) - u),
        ]

    return _integrate(
        np.array([cell.v_r, 0.0]),
        duration,
        _inputs(I_e, arrivals),
        receptors,
        field,
        peak=lambda u: cell.v_peak + cell.v_peak_U * u,
        reset=lambda u: [cell.c + cell.c_U * u, min(u + cell.d, cell.U_max)],
    )


def _conductance_current(v, courses, receptors):
    return sum(
        courses[name] * (gate(v) if name == "NMDA" else 1.0) * (receptor.E_rev - v)
        for name, receptor in receptors.items()
    )


def _inputs(I_e, arrivals):
    """Put the pieces of a current, as (start, "I", (value, slope)), among the arrivals."""
    pieces = [(0.0, I_e, 0.0)] if np.isscalar(I_e) else I_e
    pieces = [(start, "I", (value, slope)) for start, value, slope in pieces]
    return sorted([*pieces, *arrivals], key=itemgetter(0))


def _integrate(y, duration, inputs, receptors, field, peak, reset, solver=SOLVER):
    """Integrate (v, u) from input to input and from spike to spike."""
    amplitudes = {name: np.zeros(2) for name in receptors}  # of the decaying and rising exponential
    taus = {name: np.array([r.tau_decay, r.tau_rise]) for name, r in receptors.items()}
    active = set()  # receptors that had an input
    current, spikes, t = (0.0, 0.0, 0.0), [], 0.0

    def courses(start, t):
        begin, value, slope = current
        values = dict.fromkeys(receptors, 0.0) | {"I": value + slope * (t - begin)}
        for name in active:
            decaying, rising = amplitudes[name] * np.exp((start - t) / taus[name])
            values[name] = decaying - rising
        return values

    def crossing(_, y):
        return y[0] - peak(y[1])

    crossing.terminal = True
    crossing.direction = 1
    for t_input, name, weight in [*inputs, (duration, None, 0.0)]:
        while t < t_input:
            start = t
            piece = solve_ivp(
                lambda t, y, start=start: field(*y, courses(start, t)),
                (t, t_input),
                y,
                events=crossing,
                **solver,
            )
            t, y = piece.t[-1], piece.y[:, -1]
            for key in receptors:
                amplitudes[key] = amplitudes[key] * np.exp(-(t - start) / taus[key])
            if piece.status == 1:
                spikes.append(t)
                y = np.array(reset(y[1]))
        if name == "I":
            current = (t, *weight)
        elif name is not None:
            active.add(name)
            amplitudes[name] = amplitudes[name] + weight * receptors[name].peak_factor
    return np.array(spikes)
