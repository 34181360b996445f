# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of the model pages, from what was measured."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from izhisyn import plotting

COLORS = (plotting.BLACK, plotting.BLUE, plotting.VERMILION)
MARKERS = ("o", "s", "^")
VISIBLE = 0.03  # a response is shown until it is below this share of its peak
BEFORE = 0.05  # share of the time axis before a spike arrives


def draw_f_I_curves(currents, rates):
    """Draw firing rate over current.

    Parameters
    ----------
    currents, rates
        As `measurements.f_I_curves` gives them.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with plotting.style():
        figure = plotting.new_figure(width=11.0, height=6.5)
        axes = figure.subplots()
        for colour, (cell, values) in zip(COLORS, rates.items(), strict=False):
            axes.plot(currents, values, color=colour, lw=1.2)
            axes.annotate(
                cell,
                (currents[-1], values[-1]),
                xytext=(4, 0),
                textcoords="offset points",
                color=colour,
                va="center",
            )
        axes.set_xlabel("Current I_e (pA)")
        axes.set_ylabel("Firing rate (spikes/s)")
        axes.set_xlim(0.0, currents[-1])
        axes.set_ylim(bottom=0.0)
    return figure


def draw_current_pulse(names, amplitude, length, times, values, spike_times, V_th, V_reset):
    """Draw potential, recovery variable and current of a pulse below each other.

    Parameters
    ----------
    names : izhisyn_docs.measurements.Membrane
    amplitude : float
        [pA]
    length : float
        Duration of the pulse [ms].
    times, values, spike_times
        As `measurements.current_pulse` gives them.
    V_th, V_reset : float
        Potential at a spike and after it [mV].

    Returns
    -------
    matplotlib.figure.Figure
    """
    with plotting.style():
        figure = plotting.new_figure(width=14.0, height=8.5)
        V_axes, U_axes, I_axes = figure.subplots(3, sharex=True, height_ratios=(3, 1.5, 1))
        V_axes.plot(
            *plotting.with_spikes(times, values[names.potential], spike_times, V_th, V_reset),
            color=plotting.BLACK,
        )
        V_axes.set_ylabel(f"{names.potential} (mV)")
        U_axes.plot(times, values[names.recovery], color=plotting.BLUE)
        U_axes.set_ylabel(names.recovery)
        I_axes.step(
            (times[0], 0.0, length, times[-1]),
            (0.0, amplitude, 0.0, 0.0),
            where="post",
            color=plotting.VERMILION,
        )
        I_axes.set_ylabel("I (pA)")
        I_axes.set_xlabel("Time from the onset of the pulse (ms)")
        I_axes.set_xlim(times[0], times[-1])
        figure.align_ylabels()
    return figure


def draw_postsynaptic_responses(names, responses):
    """Draw conductances, currents and potential after a spike, one column for each port.

    Parameters
    ----------
    names : izhisyn_docs.measurements.Membrane
    responses : list of izhisyn_docs.measurements.PostsynapticResponse

    Returns
    -------
    matplotlib.figure.Figure
    """
    kinds = {"Conductance (nS)": "g_", "Current (pA)": "I_", "Potential (mV)": names.potential}
    kinds = {
        label: prefix
        for label, prefix in kinds.items()
        if any(name.startswith(prefix) for one in responses for name in one.values)
    }
    with plotting.style():
        figure = plotting.new_figure(
            width=max(8.0, 4.5 * len(responses)), height=1.0 + 3.0 * max(1.5, len(kinds))
        )
        grid = figure.subplots(len(kinds), len(responses), sharex="col", squeeze=False)
        for column, response in zip(grid.T, responses, strict=True):
            column[0].set_title(f"{response.port}, weight {response.weight:g}")
            for axes, (label, prefix) in zip(column, kinds.items(), strict=True):
                drawn = [name for name in response.values if name.startswith(prefix)]
                for colour, name in zip(COLORS, drawn, strict=False):
                    axes.plot(response.times, response.values[name], color=colour, label=name)
                if len(drawn) > 1:
                    axes.legend(frameon=False, fontsize=6, handlelength=1.0)
                if axes in grid[:, 0]:
                    axes.set_ylabel(label)
                axes.yaxis.set_major_locator(MaxNLocator(4))
            end = _end_of_response(response)
            column[-1].set_xlim(-BEFORE * end, end)
            column[-1].xaxis.set_major_locator(MaxNLocator(4))
            column[-1].set_xlabel("Time (ms)")
        figure.align_ylabels()
    return figure


def draw_releases(releases):
    """Draw the weights of the spikes in trains through a synapse.

    Parameters
    ----------
    releases
        As `measurements.releases` gives them.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with plotting.style():
        figure = plotting.new_figure(width=11.0, height=6.5)
        axes = figure.subplots()
        for colour, marker, (rate, values) in zip(COLORS, MARKERS, releases.items(), strict=False):
            axes.plot(
                np.arange(1, values.size + 1),
                values,
                color=colour,
                marker=marker,
                ms=3.5,
                label=f"{rate:g} spikes/s",
            )
        axes.set_xlabel("Spike in the train")
        axes.set_ylabel("Weight that reaches the target")
        axes.set_ylim(bottom=0.0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False)
    return figure


def draw_calcium(times, calcium, releases, threshold):
    """Draw calcium over time with the releases.

    Parameters
    ----------
    times, calcium, releases
        As `measurements.calcium_course` gives them.
    threshold : float
        Calcium at a release [uM].

    Returns
    -------
    matplotlib.figure.Figure
    """
    with plotting.style():
        figure = plotting.new_figure(width=14.0, height=6.0)
        axes = figure.subplots()
        axes.plot(times / 1000.0, calcium, color=plotting.BLACK)
        axes.plot(
            releases / 1000.0,
            np.full(releases.size, threshold),
            color=plotting.VERMILION,
            ls="",
            marker="o",
            ms=4,
            label="release",
        )
        axes.set_xlabel("Time (s)")
        axes.set_ylabel("Calcium (µM)")
        axes.set_xlim(0.0, times[-1] / 1000.0)
        axes.set_ylim(bottom=0.0)
        axes.legend(frameon=False, loc="upper right")
    return figure


def _end_of_response(response):
    """Time until all curves have fallen below the visible share of their peaks [ms]."""
    end = response.times[-1]
    sizes = [np.abs(values - values[0]) for values in response.values.values()]
    visible = np.any([size > VISIBLE * size.max() for size in sizes], axis=0)
    return min(end, response.times[np.flatnonzero(visible)[-1]])
