# SPDX-License-Identifier: GPL-2.0-or-later
"""Izhikevich (2007), chapter 8: seven cell types in physical units under steps of current.

The cells of the book's figures 8.12, 8.19, 8.23, 8.25, 8.27, 8.31 and 8.32, with the currents that
OpenSourceBrain/IzhikevichModel (MATLAB/izhi2007.m) has for them. TC and RTN are shown twice: from
rest, and in burst mode, after 120 ms of strong inhibition.
"""

from dataclasses import dataclass

import numpy as np

from izhisyn import analysis, command_line, plotting, recording
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.parameters import CELL_TYPES_2007, CellType2007
from izhisyn.wiring import step_current

SCRIPT = "izhikevich_2007_cells"
MODEL = "izhikevich2007_cond_multisyn_neuron"
INHIBITED = 120.0  # before a burst [ms]


@dataclass(frozen=True)
class Protocol:
    """Currents under which a cell is shown.

    Attributes
    ----------
    cell : izhisyn.parameters.CellType2007
    amplitudes : tuple of float
        Step of current of each panel [pA].
    duration : float
        Length of a trace [ms].
    inhibition : float, optional
        Current for the first `INHIBITED` ms [pA]; the steps start at once if not given.
    """

    cell: CellType2007
    amplitudes: tuple
    duration: float
    inhibition: float | None = None

    def steps(self, amplitude):
        """Give the times [ms] from which currents [pA] hold."""
        if self.inhibition is None:
            return ((0.0, amplitude),)
        return ((0.0, self.inhibition), (INHIBITED, amplitude))


PROTOCOLS = {
    "RS": Protocol(CELL_TYPES_2007["RS"], (60.0, 70.0, 85.0, 100.0), 520.0),
    "IB": Protocol(CELL_TYPES_2007["IB"], (290.0, 370.0, 500.0, 550.0), 600.0),
    "CH": Protocol(CELL_TYPES_2007["CH"], (200.0, 300.0, 400.0, 600.0), 210.0),
    "LTS": Protocol(CELL_TYPES_2007["LTS"], (100.0, 125.0, 200.0, 300.0), 320.0),
    "FS": Protocol(CELL_TYPES_2007["FS"], (73.2, 100.0, 200.0, 400.0), 100.0),
    "TC": Protocol(CELL_TYPES_2007["TC"], (50.0, 100.0, 150.0), 650.0),
    "TC burst": Protocol(CELL_TYPES_2007["TC"], (0.0, 50.0, 100.0), 770.0, -1200.0),
    "RTN": Protocol(CELL_TYPES_2007["RTN"], (50.0, 70.0, 110.0), 650.0),
    "RTN burst": Protocol(CELL_TYPES_2007["RTN"], (30.0, 50.0, 90.0), 840.0, -350.0),
}
PANELS = [(name, amplitude) for name, p in PROTOCOLS.items() for amplitude in p.amplitudes]


def main(arguments=None):
    """Run all cells with these command line arguments."""
    parser = command_line.argument_parser(SCRIPT, __doc__.partition("\n")[0])
    command_line.add_integrator(parser, choices=("exact", "euler"))
    options = parser.parse_args(arguments)
    results = command_line.Results(SCRIPT, options.output, options.quiet)

    start_kernel(options.resolution, options.threads, options.seed)
    neurons = create(options.integrator)
    spike_recorder = recording.record_spikes(neurons)
    multimeter = recording.record_traces(neurons, ["V_m", "U_m", "spike_offset"])
    simulate(
        max(protocol.duration for protocol in PROTOCOLS.values()),
        command_line.Progress(SCRIPT, options.quiet),
    )
    spikes = recording.gather_spikes(spike_recorder, options.output, multimeter)
    traces = recording.gather_traces(multimeter, options.output)
    if nest.Rank() > 0:
        return

    senders = dict(zip(PANELS, neurons.tolist(), strict=True))
    spike_times = {
        panel: within(spikes.times_of(sender), PROTOCOLS[panel[0]].duration)
        for panel, sender in senders.items()
    }

    results.write_json(
        {
            "resolution": options.resolution,
            "integrator": options.integrator,
            "model": MODEL,
            "nest_version": nest.__version__,
            "cells": {
                name: {
                    # A bound of infinity is no number in JSON.
                    "parameters": {
                        key: value
                        for key, value in protocol.cell.parameters.items()
                        if np.isfinite(value)
                    },
                    "duration": protocol.duration,
                    "panels": [
                        {
                            "current_steps": protocol.steps(amplitude),
                            "sender": senders[name, amplitude],
                            "spike_times": spike_times[name, amplitude].tolist(),
                            "rate": analysis.rate(spike_times[name, amplitude], protocol.duration),
                        }
                        for amplitude in protocol.amplitudes
                    ],
                }
                for name, protocol in PROTOCOLS.items()
            },
        }
    )
    with results.file("npz") as path:
        recording.save(path, spikes, traces)
    results.write_figure(draw(senders, spike_times, traces))
    results.finish(
        "Spikes: "
        + ", ".join(
            f"{name} " + "/".join(str(spike_times[name, I_e].size) for I_e in protocol.amplitudes)
            for name, protocol in PROTOCOLS.items()
        )
    )


def create(integrator):
    """Create a neuron at rest for each panel, with its current.

    Parameters
    ----------
    integrator : int
        Integrator of the model.

    Returns
    -------
    nest.NodeCollection
        The neurons, in the order of `PANELS`.
    """
    neurons = nest.Create(MODEL, len(PANELS), params={"integrator": integrator})
    for (name, amplitude), neuron in zip(PANELS, neurons, strict=True):
        protocol = PROTOCOLS[name]
        neuron.set(protocol.cell.parameters | protocol.cell.initial_state)
        step_current(neuron, protocol.steps(amplitude))
    return neurons


def within(times, duration):
    """Those of the times [ms] that a panel of this duration [ms] shows."""
    return times[times <= duration]


def draw(senders, spike_times, traces):
    """Draw a row for each cell, a panel for each of its currents.

    Parameters
    ----------
    senders : dict of (str, float) to int
        Node id of each panel's neuron.
    spike_times : dict of (str, float) to numpy.ndarray
        Spike times of each panel [ms].
    traces : izhisyn.recording.Traces
        With the variables V_m [mV] and U_m [pA].

    Returns
    -------
    matplotlib.figure.Figure
    """
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=22.0)
        rows = figure.subplots(len(PROTOCOLS), 4, sharey="row")
        for row, (name, protocol) in zip(rows, PROTOCOLS.items(), strict=True):
            for axes, amplitude in zip(row, protocol.amplitudes, strict=False):
                panel = name, amplitude
                times = within(traces.times, protocol.duration)
                V_m, U_m = (
                    traces.values_of(senders[panel], variable)[: times.size]
                    for variable in ("V_m", "U_m")
                )
                draw_course(axes, protocol.cell, times, V_m, U_m, spike_times[panel])
                axes.set_xlim(0.0, protocol.duration)
                currents = [value for _, value in protocol.steps(amplitude)]
                axes.set_title(
                    ", ".join(f"{value:g}" for value in currents) + " pA", loc="right", pad=2.0
                )
            for unused in row[len(protocol.amplitudes) :]:
                unused.set_axis_off()
            row[0].set_title(name, loc="left", pad=2.0, fontweight="bold")
        for axes in (*rows[-1, :3], rows[4, 3]):
            axes.set_xlabel("Time (ms)")
        rows[len(PROTOCOLS) // 2, 0].set_ylabel("$V_m$ (mV)")
    return figure


def draw_course(axes, cell, times, V_m, U_m, spikes):
    """Draw V_m with its spikes, up to the peak and down to the reset that U_m gives them.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    cell : izhisyn.parameters.CellType2007
    times, V_m, U_m : numpy.ndarray, shape (n_samples,)
        Times [ms], membrane potential [mV] and recovery current [pA].
    spikes : numpy.ndarray, shape (n_spikes,)
        Spike times [ms].
    """
    before = np.maximum(np.searchsorted(times, spikes, side="left") - 1, 0)
    peaks = cell.v_peak + cell.v_peak_U * U_m[before]
    resets = cell.c + cell.c_U * U_m[before]
    axes.plot(
        *plotting.with_spikes(times, V_m, spikes, peaks, resets), color=plotting.BLACK, lw=0.5
    )


if __name__ == "__main__":
    command_line.run_script(main)
