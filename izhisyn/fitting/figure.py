# SPDX-License-Identifier: GPL-2.0-or-later
"""The figure of a fit: voltages and spikes of data and model, and the search."""

import numpy as np

from izhisyn import plotting
from izhisyn.plotting import BLACK, BLUE, VERMILION

_DATA, _MODEL = {"color": BLACK}, {"color": VERMILION}


def draw_fit(result):
    """Draw a fit.

    Parameters
    ----------
    result : izhisyn.fitting.Fit

    Returns
    -------
    matplotlib.figure.Figure
    """
    n_fitted = len(result.scores["fit"])
    fitted, tested = result.responses[:n_fitted], result.responses[n_fitted:]
    with plotting.style():
        figure = plotting.new_figure(16.0, 13.0)
        shown = [("fitted", _liveliest(fitted))]
        if tested:
            shown.append(("held out", _liveliest(tested)))
        grid = figure.add_gridspec(len(shown) + 1, 2, width_ratios=(2, 1))
        for row, (part, response) in enumerate(shown):
            _draw_voltage(figure.add_subplot(grid[row, :]), part, response)
        _draw_raster(figure.add_subplot(grid[-1, 0]), result.responses, n_fitted)
        _draw_history(figure.add_subplot(grid[-1, 1]), result.history)
    return figure


def _liveliest(responses):
    return max(responses, key=lambda response: response[0].spike_times.size)


def _draw_voltage(axes, part, response):
    sweep, train, times, voltage = response
    if sweep.voltage is not None:
        recorded_at = sweep.interval * np.arange(sweep.voltage.size)
        axes.plot(recorded_at, sweep.voltage, label="data", **_DATA)
    top = max(0.0, 0.0 if sweep.voltage is None else float(sweep.voltage.max()))
    axes.plot(*_with_peaks(times, voltage, train, top), label="model", alpha=0.9, **_MODEL)
    axes.eventplot([sweep.spike_times], lineoffsets=top + 12, linelengths=8, colors=[BLACK])
    axes.eventplot([train], lineoffsets=top + 22, linelengths=8, colors=[VERMILION])
    axes.set_title(f"{sweep.name}, {part}", loc="left")
    axes.set_ylabel("V (mV)")
    axes.set_xlabel("Time (ms)")
    axes.set_xlim(0.0, sweep.duration)
    plotting.legend_above(axes)


def _with_peaks(times, voltage, train, top):
    """Draw the model's spikes, which are over within a step, up to those of the data."""
    after = np.minimum(np.searchsorted(times, train, side="right"), times.size - 1)
    return plotting.with_spikes(times, voltage, train, top, voltage[after])


def _draw_raster(axes, responses, n_fitted):
    for row, (sweep, train, *_) in enumerate(responses):
        for spikes, shift, colour in ((sweep.spike_times, 0.2, BLACK), (train, -0.2, VERMILION)):
            axes.eventplot([spikes], lineoffsets=-row + shift, linelengths=0.36, colors=[colour])
    names = [
        sweep.name + " (held out)" * (row >= n_fitted) for row, (sweep, *_) in enumerate(responses)
    ]
    axes.set_yticks(-np.arange(len(names)), names)
    axes.set_xlim(0.0, max(sweep.duration for sweep, *_ in responses))
    axes.set_xlabel("Time (ms)")


def _draw_history(axes, history):
    best, median = np.array(history).T
    generations = np.arange(1, len(best) + 1)
    axes.semilogy(generations, median, color=plotting.SKY_BLUE, label="median")
    axes.semilogy(generations, best, color=BLUE, label="best")
    axes.set_xlabel("Generation")
    axes.set_ylabel("Weighted error")
    plotting.legend_above(axes)
