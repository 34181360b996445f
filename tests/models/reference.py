# SPDX-License-Identifier: GPL-2.0-or-later
"""Independent solutions that the models are held against: closed forms and an adaptive solver."""

import numpy as np
from scipy.integrate import solve_ivp

from izhisyn.parameters import RECEPTORS

THRESHOLD = 30.0
SOLVER = {"method": "DOP853", "rtol": 1e-10, "atol": 1e-10, "max_step": 1.0}


def psc(receptor, t):
    """Biexponential course with peak 1 at its peak time; `t` [ms] after arrival, any shape."""
    shape = np.exp(-t / receptor.tau_decay) - np.exp(-t / receptor.tau_rise)
    return np.where(t < 0.0, 0.0, receptor.peak_factor * shape)


def gate(V_m, conc_Mg2=1.0):
    """Open fraction of the NMDA channels (Jahr and Stevens 1990); `V_m` [mV], `conc_Mg2` [mM]."""
    return 1.0 / (1.0 + conc_Mg2 / 3.57 * np.exp(-V_m / 16.13))


def spike_times(cell, I_e, duration, arrivals=(), conductance_based=False, V_m=-70.0):
    """Spike times of one neuron from an adaptive solver with event location.

    Parameters
    ----------
    cell : izhisyn.parameters.CellType
    I_e : float
        Constant current [pA].
    duration : float
        Simulated time [ms].
    arrivals : sequence of (float, str, float)
        Time [ms], receptor and weight of each input spike, in order of time.
    conductance_based : bool
        Whether weights are conductances [nS] with reversal potentials or currents [pA].
    V_m : float
        Initial membrane potential [mV]; U_m starts at b V_m.

    Returns
    -------
    numpy.ndarray, shape (n_spikes,)
        Times [ms] with an error below 1e-6 ms, as halving the tolerances shows.
    """
    crossing = _threshold_event()
    y = np.array([V_m, cell.b * V_m])
    amplitudes = {name: np.zeros(2) for name in RECEPTORS}  # of the decaying and rising exponential
    spikes, t = [], 0.0
    for t_input, name, weight in [*arrivals, (duration, None, 0.0)]:
        while t < t_input:
            field = _field(cell, I_e, t, amplitudes, conductance_based)
            piece = solve_ivp(
                field,
                (t, t_input),
                y,
                "DOP853",
                events=crossing,
                rtol=1e-10,
                atol=1e-10,
                max_step=1.0,
            )
            for key, receptor in RECEPTORS.items():
                taus = np.array([receptor.tau_decay, receptor.tau_rise])
                amplitudes[key] = amplitudes[key] * np.exp(-(piece.t[-1] - t) / taus)
            t, y = piece.t[-1], piece.y[:, -1]
            if piece.status == 1:
                spikes.append(t)
                y = np.array([cell.c, y[1] + cell.d])
        if name is not None:
            amplitudes[name] = amplitudes[name] + weight * RECEPTORS[name].peak_factor
    return np.array(spikes)


def _threshold_event():
    def crossing(t, y):
        return y[0] - THRESHOLD

    crossing.terminal = True
    crossing.direction = 1
    return crossing


def _field(cell, I_e, t_start, amplitudes, conductance_based):
    def field(t, y):
        v, u = y
        current = I_e
        for name, receptor in RECEPTORS.items():
            decaying, rising = amplitudes[name]
            course = decaying * np.exp((t_start - t) / receptor.tau_decay) - rising * np.exp(
                (t_start - t) / receptor.tau_rise
            )
            if name == "NMDA":
                course *= gate(v)
            if conductance_based:
                current += course * (receptor.E_rev - v)
            else:
                current += -course if name == "GABA_A" else course
        return [0.04 * v * v + 5.0 * v + 140.0 - u + current, cell.a * (cell.b * v - u)]

    return field
