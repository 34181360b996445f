# SPDX-License-Identifier: GPL-2.0-or-later
"""Which firing pattern an Izhikevich cell has: rules for its spikes, closed forms for its rest.

The patterns of the response to a step of current are called as by Izhikevich (2004) [1]_: tonic
and phasic spiking, tonic bursting (here "chattering", the name of that cell type), phasic bursting,
mixed mode ("initial bursting", as intrinsically bursting cells do), spike frequency adaptation
("adapting"). The excitability at rest is that of an integrator or, where small disturbances ring,
of a resonator.

The numbers that separate the patterns are ours. They lie between what the published cells [2]_ do
at I = 10: an interval is at most 2.6 times the one before it where RS adapts, but 11 times at the
end of IB's initial burst, and the pauses of CH are 27 times its shortest interval. The steady
interval is 2.6 times the first in RS and 4.6 times in LTS; in FS, RZ and TC it is at most 1.9
times, and so for all I from 4 to 20. The disturbed rest of RZ swings back by 36 %, that of the
others by less than 0.01 %.

References
----------
.. [1] E. M. Izhikevich, "Which model to use for cortical spiking neurons?", IEEE Transactions on
   Neural Networks 15(5), 2004.
.. [2] E. M. Izhikevich, "Simple model of spiking neurons", IEEE Transactions on Neural
   Networks 14(6), 2003.
"""

import numpy as np

from izhisyn import checks
from izhisyn.analysis import intervals
from izhisyn.checks import checked

PATTERNS = (
    "silent",
    "phasic",
    "phasic bursting",
    "tonic",
    "adapting",
    "initial bursting",
    "chattering",
)

PAUSE = 4.0  # a pause between bursts is at least this many times an interval within them
BURST_SPIKES = 3  # a burst at onset has at least as many spikes; two are a doublet
ADAPTATION = 2.2  # an adapting cell's late intervals are at least this many times its first
SWING = 0.1  # a resonator swings back by at least this share of the swing before


@checked(spike_times=checks.array("1d"), duration=checks.number(above=0, unit="ms"))
def firing_pattern(spike_times, duration):
    """Classify the response to a step of current.

    In this order, the first that holds:

    - silent: no spike.
    - phasic: one or two spikes, none of them in the second half of the step; phasic bursting:
      three or more.
    - chattering: in the second half the longest interval is at least `PAUSE` times the shortest,
      where all would be alike if the cell had become regular.
    - initial bursting: the first interval that is at least `PAUSE` times the one before it comes
      after at least `BURST_SPIKES` spikes.
    - adapting: the shortest interval of the second half is at least `ADAPTATION` times the first
      of all.
    - tonic: all others.

    Parameters
    ----------
    spike_times : array_like, shape (n_spikes,)
        Spike times after the onset of the step [ms], in any order.
    duration : float
        Length of the step [ms], long against the pauses between bursts.

    Returns
    -------
    str
        One of `PATTERNS`.
    """
    times = np.sort(spike_times)
    if times.size == 0:
        return "silent"
    if times[-1] <= duration / 2:
        return "phasic" if times.size < BURST_SPIKES else "phasic bursting"
    gaps = intervals(times)
    late = late_intervals(times, duration)
    if late.size and late.max() >= PAUSE * late.min():
        return "chattering"
    spikes_before_pause = np.flatnonzero(gaps[1:] >= PAUSE * gaps[:-1]) + 2
    if spikes_before_pause.size and spikes_before_pause[0] >= BURST_SPIKES:
        return "initial bursting"
    if late.size and late.min() >= ADAPTATION * gaps[0]:
        return "adapting"
    return "tonic"


@checked(spike_times=checks.array("1d"), duration=checks.number(above=0, unit="ms"))
def late_intervals(spike_times, duration):
    """Intervals that end in the second half of a step.

    Parameters
    ----------
    spike_times : array_like, shape (n_spikes,)
        Spike times after the onset of the step [ms], in any order.
    duration : float
        Length of the step [ms].

    Returns
    -------
    numpy.ndarray, shape (n_intervals,)
        Intervals [ms].
    """
    times = np.sort(spike_times)
    return np.diff(times)[times[1:] > duration / 2]


@checked(b=checks.array(), current=checks.array())
def equilibrium(b, current=0.0):
    """Membrane potential at which an Izhikevich cell can rest under a constant current.

    The lower root of 0.04 V^2 + 5 V + 140 - b V + I = 0; `ringing` returns whether it is stable.

    Parameters
    ----------
    b : array_like
        Sensitivity of the recovery variable [1/mV].
    current : array_like
        Input [pA].

    Returns
    -------
    numpy.ndarray
        Potential [mV]; nan where the cell cannot rest. The recovery variable there is b times it.
    """
    slope = 5.0 - np.asarray(b, dtype=float)
    discriminant = slope**2 - 0.16 * (140.0 + np.asarray(current))
    root = np.sqrt(np.where(discriminant >= 0.0, discriminant, np.nan))
    return (-slope - root) / 0.08


@checked(a=checks.array(), b=checks.array(), current=checks.array())
def ringing(a, b, current=0.0):
    """How a cell at rest comes back from a small disturbance.

    Near the rest V' = g V - U, U' = a (b V - U) with g = 0.08 V_rest + 5. The eigenvalues
    (g - a)/2 +- i sqrt(a b - (g + a)^2 / 4) give frequency and damping of the oscillation.

    Parameters
    ----------
    a, b : array_like
        Rate [1/ms] and sensitivity [1/mV] of the recovery variable.
    current : array_like
        Input [pA].

    Returns
    -------
    frequency : numpy.ndarray
        Frequency of the subthreshold oscillation [Hz]; 0 where the cell comes back without one,
        nan where it has no stable rest.
    swing : numpy.ndarray
        Size of a half wave over that of the one before it [1]; 0 and nan likewise.
    """
    a, g = np.asarray(a, dtype=float), 0.08 * equilibrium(b, current) + 5.0
    growth = (g - a) / 2.0
    stable = (growth < 0.0) & (a * (b - g) > 0.0)
    omega = np.sqrt(np.maximum(a * b - (g + a) ** 2 / 4.0, 0.0))
    rings = omega > 0.0
    swing = np.exp(np.pi * growth / np.where(rings, omega, np.inf))
    return (
        np.where(stable, 1000.0 * omega / (2.0 * np.pi), np.nan),
        np.where(stable, np.where(rings, swing, 0.0), np.nan),
    )


@checked(a=checks.number(), b=checks.number(), current=checks.number())
def excitability(a, b, current=0.0):
    """Tell integrators from resonators.

    Parameters
    ----------
    a, b, current : float
        As for `ringing`.

    Returns
    -------
    str
        "resonator" if a small disturbance swings back by at least `SWING`, "integrator" if less,
        "no rest" if the cell has no stable rest and fires by itself.
    """
    _, swing = ringing(a, b, current)
    if np.isnan(swing):
        return "no rest"
    return "resonator" if swing >= SWING else "integrator"
