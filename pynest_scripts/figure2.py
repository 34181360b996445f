# SPDX-License-Identifier: GPL-2.0-or-later
"""Izhikevich (2003), figure 2, bottom eight panels: the cell types under a step of current.

The paper prints the cells' parameters, a step of I = 10 and, for the thalamo-cortical cell, two
starting potentials; the numbers of every panel are in the script that its author published later
(izhi2003.m). The protocol "author" takes that script's starting potentials and currents, "paper"
gives the cortical cells the I = 10 of the text instead.
"""

from dataclasses import dataclass, replace

from izhisyn import analysis, command_line, plotting, recording
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.parameters import CellType, cell_type
from izhisyn.wiring import step_current

SCRIPT = "figure2"
MODEL = "izhikevich_psc_delta_neuron"


@dataclass(frozen=True)
class Panel:
    """What one panel of the figure shows.

    Attributes
    ----------
    cell : izhisyn.parameters.CellType
    title : str
    V_0 : float
        Initial membrane potential [mV]; the recovery variable starts at b V_0.
    steps : tuple of (float, float)
        Time [ms] from which an amplitude [pA] holds; 1 pA is one unit of the paper's I.
    duration : float
        Length of the trace [ms].
    """

    cell: CellType
    title: str
    V_0: float
    steps: tuple
    duration: float


def _panel(cell_name, V_0, steps, duration, note=""):
    cell = cell_type(cell_name)
    return Panel(cell, cell.title + note, V_0, steps, duration)


# In the order of the paper.
AUTHOR = {
    "RS": _panel("RS", -63.0, ((0.0, 0.0), (15.0, 14.0)), 150.0),
    "IB": _panel("IB", -70.0, ((0.0, 0.0), (15.0, 11.0)), 150.0),
    "CH": _panel("CH", -70.0, ((0.0, 0.0), (15.0, 10.0)), 150.0),
    "FS": _panel("FS", -70.0, ((0.0, 0.0), (15.0, 10.0)), 150.0),
    "TC": _panel("TC", -63.0, ((0.0, 0.0), (30.0, 1.5)), 150.0),
    "TCb": _panel("TC", -87.0, ((0.0, -25.0), (45.0, 0.0)), 150.0, ", rebound burst"),
    "RZ": _panel("RZ", -70.0, ((0.0, -2.0), (10.0, -0.5), (60.0, 10.0), (65.0, -0.5)), 100.0),
    "LTS": _panel("LTS", -63.0, ((0.0, 0.0), (25.0, 10.0)), 250.0),
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

    spikes = recording.exact_spikes(spike_recorder, multimeter)
    traces = recording.traces(multimeter)
    spike_times = {
        name: within(spikes.of(neuron.global_id), panel.duration)
        for (name, panel), neuron in zip(panels.items(), neurons, strict=True)
    }

    results.write_figure(draw(panels, neurons, spike_times, traces))
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
                    "spike_times": spike_times[name].tolist(),
                    "rate": analysis.rate(spike_times[name], panel.duration),
                }
                for name, panel in panels.items()
            },
        }
    )
    results.report(
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
        The neurons in the order of the panels.
    """
    neurons = nest.Create(MODEL, len(panels), params={"integrator": integrator})
    for panel, neuron in zip(panels.values(), neurons, strict=True):
        neuron.set(panel.cell.parameters | panel.cell.resting_state(panel.V_0))
        step_current(neuron, panel.steps)
    multimeter = recording.record_traces(neurons, ["V_m", "spike_offset"])
    return neurons, recording.record_spikes(neurons), multimeter


def within(times, duration):
    """Those of the times [ms] that a panel of this duration [ms] shows."""
    return times[times <= duration]


def draw(panels, neurons, spike_times, traces):
    """Draw the panels as in the paper: the trace, and the input current below it.

    Parameters
    ----------
    panels : dict of str to Panel
    neurons : nest.NodeCollection
        The neurons in the order of the panels.
    spike_times : dict of str to numpy.ndarray
        Spike times of each panel [ms].
    traces : izhisyn.recording.Traces
        With the variable V_m [mV].

    Returns
    -------
    matplotlib.figure.Figure
    """
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=10.5)
        for (name, panel), neuron, cell in zip(
            panels.items(), neurons, figure.subfigures(2, 4).flat, strict=True
        ):
            V_axes, I_axes = cell.subplots(2, 1, sharex=True, height_ratios=(4, 1))
            times = within(traces.times, panel.duration)
            V_m = traces.of(neuron.global_id, "V_m")[: times.size]
            V_axes.plot(
                *plotting.with_spikes(times, V_m, spike_times[name], neuron.V_th, panel.cell.c),
                color=plotting.BLACK,
            )
            plotting.draw_steps(I_axes, panel.steps, panel.duration, color=plotting.VERMILION)
            label(V_axes, I_axes, name, panel)
    return figure


def label(V_axes, I_axes, name, panel):
    """Name a panel and its parameters, and scale its axes."""
    cell = panel.cell
    V_axes.set_title(
        f"$\\bf{{{name}}}$  {panel.title}\n"
        f"$a$={cell.a:g}  $b$={cell.b:g}  $c$={cell.c:g}  $d$={cell.d:g}",
        loc="left",
    )
    V_axes.set_ylim(-92.0, 34.0)
    V_axes.set_yticks([-80, -60, -40, -20, 0, 20])
    V_axes.set_ylabel("$V_m$ (mV)")
    amplitudes = sorted({amplitude for _, amplitude in panel.steps})
    I_axes.set_yticks(amplitudes)
    I_axes.set_xlim(0.0, panel.duration)
    I_axes.set_ylabel("$I$ (pA)")
    I_axes.set_xlabel("Time (ms)")


if __name__ == "__main__":
    command_line.run(main)
