# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures from arrays."""

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from izhisyn import checks
from izhisyn.checks import checked

# Okabe and Ito's palette, which colour-blind readers can tell apart.
BLACK = "#000000"
BLUE = "#0072B2"
VERMILION = "#D55E00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
ORANGE = "#E69F00"

_AXES = checks.instance(("plot", "set_xlim", "legend"), "matplotlib axes")


def _population(value):
    pair = isinstance(value, tuple | list) and len(value) == 2
    fault = checks.node_ids(value[0]) if pair else "give pairs of node ids and a colour"
    return fault


STYLE = {
    "font.size": 8,
    "axes.titlesize": 7,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "lines.linewidth": 0.8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
}


def style():
    """Context in which figures for print are made: ``with style(): ...``."""
    return mpl.rc_context(STYLE)


@checked(width=checks.number(above=0, unit="cm"), height=checks.number(above=0, unit="cm"))
def new_figure(width, height):
    """Make an empty figure that needs no display and no pyplot state.

    Parameters
    ----------
    width, height : float
        Size [cm].

    Returns
    -------
    matplotlib.figure.Figure
    """
    return Figure(figsize=(width / 2.54, height / 2.54), dpi=300, layout="constrained")


@checked(
    times=checks.array("1d"),
    V_m=checks.array("1d"),
    spike_times=checks.array("1d"),
    V_peak=checks.array(),
    V_reset=checks.array(),
)
def with_spikes(times, V_m, spike_times, V_peak, V_reset):
    """Put the spikes into a membrane potential trace that was sampled on a grid.

    A model resets V_m in the step in which it spikes, so that samples do not show the peak.

    Parameters
    ----------
    times : array_like, shape (n_samples,)
        Sampling times [ms].
    V_m : array_like, shape (n_samples,)
        Sampled membrane potential [mV].
    spike_times : array_like, shape (n_spikes,)
        Spike times [ms].
    V_peak, V_reset : float or array_like, shape (n_spikes,)
        Membrane potential at the peak of a spike and after it [mV]; one for each spike if the
        spike times are in ascending order.

    Returns
    -------
    times : numpy.ndarray, shape (n_samples + 2 n_spikes,)
        Times [ms] with each spike time twice: at the peak and at the reset.
    V_m : numpy.ndarray, shape (n_samples + 2 n_spikes,)
        Membrane potential [mV] at these times.
    """
    checks.refuse_different_lengths(times=times, V_m=V_m)
    for name, values in (("V_peak", V_peak), ("V_reset", V_reset)):
        if np.ndim(values) > 0:
            checks.refuse_different_lengths(**{name: values, "spike_times": spike_times})
    spike_times = np.sort(spike_times)
    # A sample at the very time of a spike is already the state after the reset.
    before = np.repeat(np.searchsorted(times, spike_times, side="left"), 2)
    peaks_and_resets = np.empty((spike_times.size, 2))
    peaks_and_resets[:, 0], peaks_and_resets[:, 1] = V_peak, V_reset
    return (
        np.insert(np.asarray(times, dtype=float), before, np.repeat(spike_times, 2)),
        np.insert(np.asarray(V_m, dtype=float), before, peaks_and_resets.ravel()),
    )


@checked(axes=_AXES, steps=checks.steps, duration=checks.number(above=0, unit="ms"))
def draw_steps(axes, steps, duration, **line):
    """Draw a current that changes in steps.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    steps : sequence of (float, float)
        Time [ms] from which an amplitude [pA] holds, in ascending order.
    duration : float
        End of the last step [ms].
    **line
        Properties of the line.
    """
    times, amplitudes = zip(*steps, strict=True)
    axes.stairs(amplitudes, [*times, duration], baseline=None, **line)


@checked(
    axes=_AXES,
    spikes=checks.instance(("times", "senders"), "Spikes"),
    populations=checks.sequence_of(_population),
    sample=checks.number(above=0, high=1),
)
def draw_raster(axes, spikes, populations, sample=None, **markers):
    """Draw a dot for each spike, the populations on top of each other.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    spikes : izhisyn.recording.Spikes
    populations : sequence of (range, str)
        Node ids and colour of each population, from bottom to top.
    sample : float, optional
        Share of each population to draw, evenly spaced [1]; all if not given.
    **markers
        Properties of the dots.
    """
    bottom = 0
    for neurons, colour in populations:
        step = 1 if sample is None else max(1, round(1.0 / sample))
        rows, outside = np.divmod(spikes.senders - neurons.start, step)
        drawn = (outside == 0) & np.isin(spikes.senders, neurons)
        axes.plot(
            spikes.times[drawn],
            bottom + rows[drawn],
            **{"color": colour, "ls": "", "marker": ".", "ms": 1.0, "mew": 0.0} | markers,
        )
        bottom += len(neurons[::step])
    axes.set_ylim(-0.5, bottom - 0.5)


@checked(axes=_AXES, frequencies=checks.array("1d"), power=checks.array("1d"))
def draw_spectrum(axes, frequencies, power, **line):
    """Draw a power spectrum on logarithmic axes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    frequencies, power : numpy.ndarray, shape (n_frequencies,)
        Frequencies above 0 [Hz] and power spectral density.
    **line
        Properties of the line.
    """
    checks.refuse_different_lengths(frequencies=frequencies, power=power)
    axes.loglog(frequencies, power, **line)
    axes.set_xlabel("Frequency (Hz)")


@checked(axes=_AXES)
def legend_above(axes):
    """Put the legend in one row on the right above the axes, where it hides no curve.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    """
    axes.legend(
        frameon=False,
        ncols=len(axes.get_legend_handles_labels()[1]),
        fontsize=7,
        loc="lower right",
        bbox_to_anchor=(1.0, 0.97),
        borderaxespad=0.0,
        handlelength=1.2,
        columnspacing=1.0,
    )
