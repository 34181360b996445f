# SPDX-License-Identifier: GPL-2.0-or-later
"""The NESTML Izhikevich tutorial, Task 1: one neuron under a constant current.

The finished model of the tutorial, ``izhikevich_tutorial_neuron``, starts at v = -65 mV, u = 0 and
receives 25 pA for 250 ms. Writes a figure of v and u, the recording and the spike times.

The model is solved by forward Euler with its spikes on the grid, which makes every interval too
long by about two steps. The default step is therefore 0.01 ms; at NEST's usual 0.1 ms the last of
the 15 spikes would come after the end.
"""

from izhisyn import analysis, command_line, plotting, recording
from izhisyn.kernel import nest, simulate, start_kernel

SCRIPT = "tutorial"
MODEL = "izhikevich_tutorial_neuron"
INITIAL_STATE = {"v": -65.0, "u": 0.0}  # [mV], [1]
CURRENT = 25.0  # [pA]
DURATION = 250.0  # [ms]


def main(arguments=None):
    """Run the tutorial with these command line arguments."""
    options = command_line.argument_parser(
        SCRIPT, __doc__.partition("\n")[0], resolution=0.01
    ).parse_args(arguments)
    results = command_line.Results(SCRIPT, options.output, options.quiet)

    start_kernel(options.resolution, options.threads, options.seed)
    # The tutorial's dc_generator reaches the neuron only after the first steps; I_e holds from 0.
    neuron = nest.Create(MODEL, params=INITIAL_STATE | {"I_e": CURRENT})
    spike_recorder = recording.record_spikes(neuron)
    multimeter = recording.record_traces(neuron, ["v", "u"])
    simulate(DURATION, command_line.Progress(SCRIPT, options.quiet))

    spikes = recording.gather_spikes(spike_recorder, options.output)
    traces = recording.gather_traces(multimeter, options.output)
    if nest.Rank() > 0:
        return

    intervals = analysis.intervals(spikes.times)
    rate = analysis.rate(spikes.times, DURATION)

    results.write_json(
        {
            "model": MODEL,
            "resolution": options.resolution,
            "I_e": CURRENT,
            "duration": DURATION,
            "nest_version": nest.__version__,
            "spike_times": spikes.times.tolist(),
            "intervals": intervals.tolist(),
            "rate": rate,
        }
    )
    with results.file("npz") as path:
        recording.save(path, spikes, traces)
    results.write_figure(draw(neuron.global_id, spikes, traces))
    results.finish(
        f"{spikes.times.size} spikes in {DURATION:g} ms at {CURRENT:g} pA"
        + (f", the last interval {intervals[-1]:.2f} ms" if intervals.size else "")
    )


def draw(node_id, spikes, traces):
    """Draw v with its spikes, and u below it.

    Parameters
    ----------
    node_id : int
        Node id of the one neuron.
    spikes : izhisyn.recording.Spikes
    traces : izhisyn.recording.Traces
        With the variables v [mV] and u [1].

    Returns
    -------
    matplotlib.figure.Figure
    """
    neuron = nest.GetDefaults(MODEL)
    with plotting.style():
        figure = plotting.new_figure(width=12.0, height=8.0)
        v_axes, u_axes = figure.subplots(2, 1, sharex=True)
        v_axes.plot(
            *plotting.with_spikes(
                traces.times,
                traces.values_of(node_id, "v"),
                spikes.times,
                neuron["V_th"],
                neuron["c"],
            ),
            color=plotting.BLACK,
        )
        v_axes.set_ylabel("v (mV)")
        u_axes.plot(traces.times, traces.values_of(node_id, "u"), color=plotting.BLUE)
        u_axes.set_ylabel("u")
        u_axes.set_xlabel("Time (ms)")
        u_axes.set_xlim(0.0, DURATION)
        figure.align_ylabels()
    return figure


if __name__ == "__main__":
    command_line.run_script(main)
