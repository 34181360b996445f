# SPDX-License-Identifier: GPL-2.0-or-later
"""Starting states for a network whose neurons fire at a steady rate from the first step on.

Neurons that start together fire together for a long time. Here each one starts at a random phase of
the orbit that a neuron without synapses settles on.
"""

import numpy as np

from izhisyn.parameters import CELL_TYPES

CELL = CELL_TYPES["RS"]
I_E = 4.25  # at which `CELL` fires 8 spikes/s [pA]
LEAKY = {"tau_m": 100.0, "E_L": -70.0, "I_e": 53.0, "C_m": 250.0}  # 8 spikes/s above -55 mV, too
T_REF = 2.0  # refractory time of NEST's leaky neurons [ms]


def random_phases(n):
    """Give `n` neurons random phases of the orbit.

    Returns
    -------
    V_m, U_m : numpy.ndarray, shape (n,)
        [mV] and [1].
    """
    step, V_m, U_m = 0.01, CELL.c, CELL.b * CELL.c
    orbit, n_spikes = [], 0
    while n_spikes < 10:  # until it has settled
        dV = 0.04 * V_m**2 + 5.0 * V_m + 140.0 - U_m + I_E
        V_m, U_m = V_m + step * dV, U_m + step * CELL.a * (CELL.b * V_m - U_m)
        orbit.append((V_m, U_m))
        if V_m >= 30.0:
            V_m, U_m = CELL.c, U_m + CELL.d
            n_spikes += 1
            period, orbit = np.array(orbit), []
    points = np.random.default_rng(1).integers(0, len(period), n)
    return period[points].T


def random_leaky_phases(n):
    """Give `n` leaky integrate-and-fire neurons random phases; V_m [mV], shape (n,)."""
    drive = LEAKY["I_e"] * LEAKY["tau_m"] / LEAKY["C_m"]
    period = T_REF - LEAKY["tau_m"] * np.log(1.0 - 15.0 / drive)
    since_reset = np.random.default_rng(1).uniform(0.0, period, n) - T_REF
    return LEAKY["E_L"] + drive * (1.0 - np.exp(-np.maximum(since_reset, 0.0) / LEAKY["tau_m"]))
