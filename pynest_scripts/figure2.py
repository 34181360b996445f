# SPDX-License-Identifier: GPL-2.0-or-later
"""Izhikevich (2003), figure 2, bottom eight panels: the cell types under a step of current.

The paper prints the cells' parameters, a step of I = 10 and, for the thalamo-cortical cell, two
starting potentials; the numbers of every panel are in the script that its author published later
(izhi2003.m). The protocol "author" takes that script's starting potentials and currents, "paper"
gives the cortical cells the I = 10 of the text instead.

The default integrator at 0.1 ms has the spikes of the converged solution. The author's script takes
Euler steps of 0.25 ms, which lose some of them: it draws RS 5, IB 7, CH 15, FS 15, TC 4, TCb 5,
RZ 2 and LTS 18 spikes where the equations have 6, 7, 17, 19, 6, 7, 2 and 20. ``--integrator 1
--resolution 0.25`` takes the same steps, but advances the recovery variable with the potential
before the step, the script with the one after it, and so comes to 5, 7, 13, 17, 5, 6, 2 and 19.
"""

from dataclasses import dataclass, replace

from matplotlib.ticker import MultipleLocator

from izhisyn import analysis, command_line, plotting, recording
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.parameters import CellType, cell_type
from izhisyn.wiring import step_current

SCRIPT = "figure2"
MODEL = "izhikevich_psc_delta_neuron"
V_PEAK = 30.0  # threshold of the model and peak of a drawn spike [mV]


@dataclass(frozen=True)
class Panel:
    """What one panel of the figure shows.

    Attributes
    ----------
    cell : izhisyn.parameters.CellType
    V_0 : float
        Initial membrane potential [mV]; the recovery variable starts at b V_0.
    steps : tuple of (float, float)
        Time [ms] from which an amplitude [pA] holds; 1 pA is one unit of the paper's I.
    duration : float
        Length of the trace [ms].
    """

    cell: CellType
    V_0: float
    steps: tuple
    duration: float


# In the order of the paper.
AUTHOR = {
    "RS": Panel(cell_type("RS"), -63.0, ((0.0, 0.0), (15.0, 14.0)), 150.0),
    "IB": Panel(cell_type("IB"), -70.0, ((0.0, 0.0), (15.0, 11.0)), 150.0),
    "CH": Panel(cell_type("CH"), -70.0, ((0.0, 0.0), (15.0, 10.0)), 150.0),
    "FS": Panel(cell_type("FS"), -70.0, ((0.0, 0.0), (15.0, 10.0)), 150.0),
    "TC": Panel(cell_type("TC"), -63.0, ((0.0, 0.0), (30.0, 1.5)), 150.0),
    "TCb": Panel(cell_type("TC"), -87.0, ((0.0, -25.0), (45.0, 0.0)), 150.0),
    "RZ": Panel(
        cell_type("RZ"), -70.0, ((0.0, -2.0), (10.0, -0.5), (60.0, 10.0), (65.0, -0.5)), 100.0
    ),
    "LTS": Panel(cell_type("LTS"), -63.0, ((0.0, 0.0), (25.0, 10.0)), 250.0),
}
# The remaining cortical cells have the text's I = 10 in the author's script, too.
PAPER = AUTHOR | {
    name: replace(AUTHOR[name], steps=((0.0, 0.0), (15.0, 10.0))) for name in ("RS", "IB")
}
PROTOCOLS = {"author": AUTHOR, "paper": PAPER}


def main(arguments=None):
    """Run all panels of a protocol with these command line arguments."""
    options = parse_arguments(arguments)
    results = command_line.Results(SCRIPT, options.output, options.quiet)
    panels = PROTOCOLS[options.protocol]

    start_kernel(options.resolution, options.threads, options.seed)
    neurons, spike_recorder, multimeter = create(panels, options.integrator)
    simulate(
        max(panel.duration for panel in panels.values()),
        command_line.Progress(SCRIPT, options.quiet),
    )

    spikes = recording.gather_spikes(spike_recorder, options.output, multimeter)
    traces = recording.gather_traces(multimeter, options.output)
    if nest.Rank() > 0:
        return

    senders = dict(zip(panels, neurons.tolist(), strict=True))
    spike_times = {
        name: within(spikes.times_of(senders[name]), panel.duration)
        for name, panel in panels.items()
    }

    results.write_json(
        {
            "protocol": options.protocol,
            "resolution": options.resolution,
            "integrator": options.integrator,
            "model": MODEL,
            "nest_version": nest.__version__,
            "panels": {
                name: {
                    **panel.cell.parameters,
                    "V_0": panel.V_0,
                    "current_steps": panel.steps,
                    "duration": panel.duration,
                    "sender": senders[name],
                    "spike_times": spike_times[name].tolist(),
                    "rate": analysis.rate(spike_times[name], panel.duration),
                }
                for name, panel in panels.items()
            },
        }
    )
    with results.file("npz") as path:
        recording.save(path, spikes, traces)
    results.write_figure(draw(panels, senders, spike_times, traces))
    results.finish(
        f"Spikes ({options.protocol} protocol): "
        + ", ".join(f"{name} {times.size}" for name, times in spike_times.items())
    )


def parse_arguments(arguments=None):
    """Parse the command line."""
    parser = command_line.argument_parser(SCRIPT, __doc__.partition("\n")[0])
    parser.add_argument(
        "--protocol",
        choices=list(PROTOCOLS),
        default="author",
        help="author: potentials and currents of the author's script; paper: the text's I = 10",
    )
    command_line.add_integrator(parser)
    return parser.parse_args(arguments)


def create(panels, integrator):
    """Create one neuron for each panel, with its current and its recorders.

    Parameters
    ----------
    panels : dict of str to Panel
    integrator : int
        Integrator of the model.

    Returns
    -------
    neurons, spike_recorder, multimeter : nest.NodeCollection
        The neurons are in the order of the panels; spikes and ``V_m`` are recorded at every step.
    """
    neurons = nest.Create(MODEL, len(panels), params={"V_th": V_PEAK, "integrator": integrator})
    for panel, neuron in zip(panels.values(), neurons, strict=True):
        neuron.set(panel.cell.parameters | panel.cell.initial_state(panel.V_0))
        step_current(neuron, panel.steps)
    multimeter = recording.record_traces(neurons, ["V_m", "spike_offset"])
    return neurons, recording.record_spikes(neurons), multimeter


def within(times, duration):
    """Those of the times [ms] that a panel of this duration [ms] shows."""
    return times[times <= duration]


def draw(panels, senders, spike_times, traces):
    """Draw the panels as in the paper: the trace, and the input current below it.

    Parameters
    ----------
    panels : dict of str to Panel
    senders : dict of str to int
        Node id of each panel's neuron.
    spike_times : dict of str to numpy.ndarray
        Spike times of each panel [ms].
    traces : izhisyn.recording.Traces
        With the variable V_m [mV].

    Returns
    -------
    matplotlib.figure.Figure
    """
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=11.5)
        axes = figure.subplots(4, 4, height_ratios=(4, 1, 4, 1))
        V_axes, I_axes = axes[0::2].ravel(), axes[1::2].ravel()
        for above, below, (name, panel) in zip(V_axes, I_axes, panels.items(), strict=True):
            times = within(traces.times, panel.duration)
            V_m = traces.values_of(senders[name], "V_m")[: times.size]
            above.plot(
                *plotting.with_spikes(times, V_m, spike_times[name], V_PEAK, panel.cell.c),
                color=plotting.BLACK,
            )
            plotting.draw_steps(below, panel.steps, panel.duration, color=plotting.VERMILION)
            label(above, below, name, panel)
        for row, quantity in enumerate(("$V_m$ (mV)", "$I$ (pA)") * 2):
            axes[row, 0].set_ylabel(quantity)
        for last_of_column in axes[-1]:
            last_of_column.set_xlabel("Time (ms)")
        figure.align_ylabels(axes[:, 0])
    return figure


def label(V_axes, I_axes, name, panel):
    """Name a panel and its parameters, and scale its axes."""
    cell = panel.cell
    V_axes.set_title(
        f"{name}, {cell.title}\n$a={cell.a:g}$, $b={cell.b:g}$\n$c={cell.c:g}$, $d={cell.d:g}$",
        loc="left",
    )
    V_axes.set_ylim(-92.0, 32.0)
    V_axes.set_yticks([-80, -40, 0])
    amplitudes = [amplitude for _, amplitude in panel.steps]
    I_axes.set_yticks([min(amplitudes), max(amplitudes)])
    I_axes.yaxis.set_major_formatter("{x:g}")
    I_axes.sharex(V_axes)
    I_axes.set_xlim(0.0, panel.duration)
    I_axes.xaxis.set_major_locator(MultipleLocator(50.0))
    V_axes.tick_params(labelbottom=False)


if __name__ == "__main__":
    command_line.run_script(main)
