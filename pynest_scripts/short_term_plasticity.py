# SPDX-License-Identifier: GPL-2.0-or-later
"""The Brian2 thread on cell types and short-term plasticity: three neurons, two plastic synapses.

Two presynaptic cells of one type receive a step of current, 0 to 10 at 20 ms, and drive a third
through Tsodyks-Markram synapses, the first through its AMPA receptors, the second through NMDA.
Unlike in the post, the resources of the synapses start full, and what they release reaches the
third cell, which receives no step itself unless --post-current says so.

About units: the model's dv/dt = 0.04 v^2 + 5 v + 140 - u + I is in mV/ms, and so is I. The post
calls it a voltage; here it is a current into a membrane of 1 pF, so that 1 pA is 1 mV/ms.
"""

import random

import numpy as np

from izhisyn import command_line, plotting, recording
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.parameters import FORUM_CELL_TYPES
from izhisyn.plastic_pathway import create_pathway
from izhisyn.synapses import tsodyks_markram

SCRIPT = "short_term_plasticity"
MODEL = "izhikevich_psc_multisyn_neuron"
SYNAPSE = "tsodyks_markram_synapse"
# Receptors that the first and the second presynaptic cell drive, and the currents they open. That
# of NMDA is taken before the magnesium block, which would mix the postsynaptic spikes into it.
CURRENTS = {"AMPA": "I_AMPA", "NMDA": "I_NMDA_unblocked"}
DURATION = 250.0  # [ms]
STEP_TIME = 20.0  # onset of the current [ms]
STEP_CURRENT = 10.0  # [pA]
DELAY = 1.0  # of the synapses [ms]


def main(arguments=None):
    """Run the three neurons with these command line arguments."""
    options = parse_arguments(arguments)
    results = command_line.Results(SCRIPT, options.output, options.quiet)
    names = list(FORUM_CELL_TYPES)
    if options.cell_type == "random":
        options.cell_type = random.Random(options.seed).choice(names)
    cell = FORUM_CELL_TYPES[options.cell_type]
    plasticity = {"U_0": options.U_0, "tau_f": options.tau_f, "tau_d": options.tau_d}

    start_kernel(options.resolution, options.threads, options.seed)
    # The thread's initial state.
    state = {"V_m": cell.c, "U_m": 0.0, "integrator": options.integrator}
    pre_step, post_step = (
        ((0.0, 0.0), (STEP_TIME, amplitude)) for amplitude in (STEP_CURRENT, options.post_current)
    )
    pathway = create_pathway(MODEL, cell.parameters | state, [pre_step] * 2, post_step)
    pre, post = pathway.pre, pathway.post
    recorded_synapse = f"{SYNAPSE}_recorded"
    weight_recorder = recording.record_deliveries(SYNAPSE, recorded_synapse)
    pathway.connect(list(CURRENTS), recorded_synapse, options.weight, DELAY, **plasticity)
    spike_recorder = recording.record_spikes(pre + post)
    multimeter = recording.record_traces(pre + post, ["V_m", "U_m", *CURRENTS.values()])
    simulate(DURATION, command_line.Progress(SCRIPT, options.quiet))

    spikes = recording.gather_spikes(spike_recorder, options.output)
    traces = recording.gather_traces(multimeter, options.output)
    deliveries = recording.gather_deliveries(weight_recorder, options.output)
    if nest.Rank() > 0:
        return

    synapses = {
        receptor: pathway.released(deliveries, index, options.weight)
        for index, receptor in enumerate(CURRENTS)
    }

    results.write_json(
        {
            "cell_type": options.cell_type,
            **cell.parameters,
            **plasticity,
            "weight": options.weight,
            "post_current": options.post_current,
            "resolution": options.resolution,
            "integrator": options.integrator,
            "model": MODEL,
            "nest_version": nest.__version__,
            "spike_times": {
                "pre": [spikes.times_of(sender).tolist() for sender in pre.tolist()],
                "post": spikes.times_of(post.global_id).tolist(),
            },
            "synapses": {
                receptor: {
                    "spike_times": times.tolist(),
                    "r": r.tolist(),
                    "peak_current": float(
                        traces.values_of(post.global_id, CURRENTS[receptor]).max()
                    ),
                }
                for receptor, (times, r) in synapses.items()
            },
        }
    )
    with results.file("npz") as path:
        recording.save(path, spikes, traces)
    results.write_figure(draw(cell, pre, post, spikes, traces, synapses, plasticity))
    times, r = synapses["AMPA"]
    results.finish(
        f"{options.cell_type}: {times.size} presynaptic spikes, "
        f"{spikes.times_of(post.global_id).size} postsynaptic"
        + (f"; release {r[0]:.3f} at the first, {r[-1]:.3f} at the last" if r.size else "")
    )


def parse_arguments(arguments=None):
    """Parse the command line."""
    parser = command_line.argument_parser(SCRIPT, __doc__.partition("\n")[0])
    parser.add_argument(
        "--cell-type",
        choices=[*FORUM_CELL_TYPES, "random"],
        default="CH",
        help="of all three cells; RZ is the thread's resonator (b = 0.25, d = 8)",
    )
    parser.add_argument(
        "--U_0",
        type=command_line.fraction,
        default=0.6,
        metavar="P",
        help="release probability of a rested synapse; later in the thread 0.8",
    )
    parser.add_argument(
        "--tau-f",
        type=command_line.positive_number,
        default=30.0,
        metavar="MS",
        help="time constant of facilitation",
    )
    parser.add_argument(
        "--tau-d",
        type=command_line.positive_number,
        default=50.0,
        metavar="MS",
        help="time constant of the recovery from depression",
    )
    parser.add_argument(
        "--weight",
        type=command_line.positive_number,
        default=20.0,
        metavar="PA",
        help="peak current of a spike that releases everything",
    )
    parser.add_argument(
        "--post-current",
        type=command_line.number_from_zero,
        default=0.0,
        metavar="PA",
        help="step of current into the postsynaptic cell; 10 in the post",
    )
    command_line.add_integrator(parser)
    return parser.parse_args(arguments)


def draw(cell, pre, post, spikes, traces, synapses, plasticity):
    """Draw a presynaptic cell as in the thread, and beside it its synapse and the target.

    Parameters
    ----------
    cell : izhisyn.parameters.CellType
    pre, post : nest.NodeCollection
    spikes : izhisyn.recording.Spikes
    traces : izhisyn.recording.Traces
        With V_m [mV], U_m [1] and the currents [pA].
    synapses : dict of str to (numpy.ndarray, numpy.ndarray)
        Receptor to spike times [ms] and releases [1].
    plasticity : dict
        ``U_0``, ``tau_f`` and ``tau_d``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    first, target = pre[0].global_id, post.global_id
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=11.0)
        axes = figure.subplots(3, 2, sharex=True, height_ratios=(3, 2, 1.6))
        draw_cell(axes[:, 0], cell, traces, first, spikes)
        draw_synapse(axes[0, 1], *synapses["AMPA"], plasticity)

        colors = (plotting.BLUE, plotting.VERMILION)
        labels = ("AMPA", "NMDA before the block")
        for name, color, text in zip(CURRENTS.values(), colors, labels, strict=True):
            axes[1, 1].plot(traces.times, traces.values_of(target, name), color=color, label=text)
        axes[1, 1].set_ylabel("Postsynaptic\ncurrents (pA)")
        plotting.legend_above(axes[1, 1])
        draw_potential(axes[2, 1], cell, traces, target, spikes)
        axes[2, 1].set_ylabel("Postsynaptic\n$V_m$ (mV)")

        axes[0, 0].set_xlim(0.0, DURATION)
        for below in axes[-1]:
            below.set_xlabel("Time (ms)")
        for column in axes.T:
            figure.align_ylabels(column)
    return figure


def draw_cell(axes, cell, traces, sender, spikes):
    """Draw membrane potential, recovery variable and input of a cell into three axes."""
    draw_potential(axes[0], cell, traces, sender, spikes)
    parameters = ", ".join(f"${name}={value:g}$" for name, value in cell.parameters.items())
    axes[0].set_title(f"{cell.title}: {parameters}", loc="left")
    axes[0].set_ylabel("Presynaptic\n$V_m$ (mV)")
    axes[1].plot(traces.times, traces.values_of(sender, "U_m"), color=plotting.BLUE)
    axes[1].set_ylabel("$U_m$")
    steps = ((0.0, 0.0), (STEP_TIME, STEP_CURRENT))
    plotting.draw_steps(axes[2], steps, DURATION, color=plotting.VERMILION)
    axes[2].set_ylabel("$I$ (pA)")
    axes[2].set_ylim(-1.0, STEP_CURRENT + 2.0)


def draw_potential(axes, cell, traces, sender, spikes):
    """Draw a membrane potential with its spikes up to the threshold."""
    V_th = 30.0
    trace = traces.times, traces.values_of(sender, "V_m")
    axes.plot(
        *plotting.with_spikes(*trace, spikes.times_of(sender), V_th, cell.c), color=plotting.BLACK
    )


def draw_synapse(axes, spike_times, r, plasticity):
    """Draw the course of u and x, and r at each spike."""
    times = np.linspace(0.0, DURATION, 5001)
    u, x = tsodyks_markram(spike_times, **plasticity, times=times)
    axes.plot(times, u, color=plotting.BLUE, label="$u$")
    axes.plot(times, x, color=plotting.BLACK, label="$x$")
    axes.plot(spike_times, r, "o", markersize=3, color=plotting.VERMILION, label="$r$")
    axes.set_ylim(0.0, 1.05)
    axes.set_title(
        f"AMPA synapse: $U_0={plasticity['U_0']:g}$, "
        rf"$\tau_f={plasticity['tau_f']:g}$ ms, $\tau_d={plasticity['tau_d']:g}$ ms",
        loc="left",
        pad=14,  # above the legend
    )
    axes.set_ylabel("Probability $u$,\nresources $x$,\nrelease $r$")
    plotting.legend_above(axes)


if __name__ == "__main__":
    command_line.run_script(main)
