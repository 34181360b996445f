# SPDX-License-Identifier: GPL-2.0-or-later
"""What the synapses of the models compute, in closed form: the magnesium block, plasticity."""

import numpy as np

from izhisyn import checks
from izhisyn.checks import checked


@checked(V_m=checks.array(), conc_Mg2=checks.number(0, unit="mM"))
def nmda_gate(V_m, conc_Mg2=1.0):
    """Open fraction of the NMDA channels under the magnesium block of Jahr and Stevens (1990).

    Parameters
    ----------
    V_m : array_like
        Membrane potential [mV].
    conc_Mg2 : float
        Extracellular magnesium concentration [mM].

    Returns
    -------
    numpy.ndarray
        Fraction, of the shape of `V_m`.
    """
    return 1.0 / (1.0 + conc_Mg2 / 3.57 * np.exp(-np.asarray(V_m) / 16.13))


@checked(
    spike_times=checks.array("1d"),
    U_0=checks.number(0, 1),
    tau_f=checks.number(above=0, unit="ms"),
    tau_d=checks.number(above=0, unit="ms"),
    times=checks.array(),
)
def tsodyks_markram(spike_times, U_0, tau_f, tau_d, times):
    """Course of a ``tsodyks_markram_synapse`` between the spikes at which it changes.

    Parameters
    ----------
    spike_times : array_like, shape (n_spikes,)
        Presynaptic spikes [ms], ascending.
    U_0 : float
        Release probability of the rested synapse [1].
    tau_f, tau_d : float
        Time constants of facilitation and of the recovery from depression [ms].
    times : array_like, shape (n_times,)
        Times at which the course is wanted [ms].

    Returns
    -------
    u, x : numpy.ndarray, shape (n_times,)
        Release probability and available resources [1]; at a spike, those after it.
    """
    after = np.array([(-np.inf, 0.0, 1.0)] + [(spike, 0.0, 0.0) for spike in spike_times])
    for row, before in zip(after[1:], after[:-1], strict=True):
        u, x = _relaxed(before, row[0], tau_f, tau_d)
        u += U_0 * (1.0 - u)
        row[1:] = u, x - u * x
    last = np.searchsorted(after[:, 0], times, side="right") - 1
    return _relaxed(after[last].T, np.asarray(times), tau_f, tau_d)


def _relaxed(state, now, tau_f, tau_d):
    then, u, x = state
    return u * np.exp((then - now) / tau_f), 1.0 + (x - 1.0) * np.exp((then - now) / tau_d)
