# SPDX-License-Identifier: GPL-2.0-or-later
"""The Brian2 thread on AMPA, NMDA and GABA-A: an E and an I neuron under noise and Poisson input.

Every E neuron has AMPA and NMDA receptors, every I neuron GABA-A receptors, and a Poisson source
of 10 spikes/s drives one of each. A constant and a noisy current do most of the work. With
--as-posted the same network, input and noise are run a second time with the arithmetic of the
post, whose synapses have no rise and squared weights; the post's neuron is stepped by forward
Euler, so that with --integrator 1 the synapses are all that differs.
"""

from dataclasses import dataclass, replace

import numpy as np

from izhisyn import analysis, command_line, plotting, recording
from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, simulate, start_kernel, steps_of
from izhisyn.parameters import CellType, cell_type
from izhisyn.synapses import nmda_gate
from izhisyn.wiring import connect_in_degree, noise_current, syn_spec

SCRIPT = "ampa_nmda_gaba"
V_0 = -70.0  # initial membrane potential [mV]
V_PEAK = 30.0  # threshold of the models and peak of a drawn spike [mV]
INPUT_RATE = 10.0  # Poisson input of each neuron [spikes/s]
NOISE_REDRAW_INTERVAL = 0.01  # interval for which the post chose its noise, its time step [ms]
# Peak of a postsynaptic current after one spike, the post's g_peak [pA].
PEAKS = {"I_peak_AMPA": 0.05, "I_peak_NMDA": 0.075, "I_peak_GABA_A": 0.33}
CONNECTED_FRACTION = 0.1  # sources of a neuron in each population, with --recurrent
MAX_IN_DEGREE = 100  # and their largest number, which bounds the input of a large network
DELAY = 1.0  # transmission delay of all connections [ms]
# From the generator to the sources and on to the neurons, and a delay for the traces [ms].
FIRST_RESPONSE = 3 * DELAY
CURRENTS = ("I_AMPA", "I_NMDA", "I_GABA_A")


@dataclass(frozen=True)
class Population:
    """Neurons of one kind.

    Attributes
    ----------
    cell : izhisyn.parameters.CellType
    offset : float
        Constant current [pA].
    noise : float
        Standard deviation of the noise at each redraw of the post [pA].
    input_port : str
        Receptor port that the Poisson input drives.
    output_port : str
        Receptor port of other neurons that these neurons drive, with --recurrent.
    """

    cell: CellType
    offset: float
    noise: float
    input_port: str
    output_port: str


POPULATIONS = {
    "E": Population(replace(cell_type("RS"), d=2.0), 3.47, 5.0, "AMPA_NMDA", "AMPA_NMDA"),
    "I": Population(cell_type("FS"), 3.85, 2.0, "GABA_A", "GABA_A"),
}


@dataclass(frozen=True)
class Recording:
    """What one run of the network gave.

    Attributes
    ----------
    model : str
        Neuron model.
    senders : dict of str to range
        Node ids of the populations and of their "input".
    spikes : izhisyn.recording.Spikes or None
        Spikes of all of them; None in all MPI processes but the first, as the traces.
    traces : izhisyn.recording.Traces or None
        ``V_m`` [mV], currents [pA] and the NMDA current before the block, of the first neuron of
        each population.
    """

    model: str
    senders: dict
    spikes: recording.Spikes
    traces: recording.Traces

    def trace(self, population, variable):
        """Trace of the first neuron of a population, shape (n_samples,)."""
        return self.traces.values_of(self.senders[population].start, variable)

    def first_spikes(self, population):
        """Spike times of the first neuron of a population [ms]."""
        return self.spikes.times_of(self.senders[population].start)

    def count(self, population):
        """Count the spikes of a population."""
        return int(np.isin(self.spikes.senders, self.senders[population]).sum())

    def mean_rate(self, population, duration):
        """Mean rate of a population [spikes/s]."""
        return float(analysis.rates(self.spikes.senders, self.senders[population], duration).mean())

    def peaks(self):
        """Largest size of each current in the recorded neurons [pA]."""
        return {name: float(np.abs(self.traces.values[name]).max()) for name in CURRENTS}


def main(arguments=None):
    """Run the network with these command line arguments."""
    options = parse_arguments(arguments)
    endings = ("json", "npz", "as_posted.npz", "png")
    results = command_line.Results(SCRIPT, options.output, options.quiet, endings)

    runs = {
        "corrected": simulate_model("izhikevich_psc_multisyn_neuron", options, options.integrator)
    }
    if options.as_posted:
        runs["as_posted"] = simulate_model("izhikevich_as_posted_neuron", options)
    if nest.Rank() > 0:
        return

    results.write_json(
        {
            "neurons": options.neurons,
            "recurrent": options.recurrent,
            "duration": options.duration,
            "resolution": options.resolution,
            "integrator": options.integrator,
            "seed": options.seed,
            "nest_version": nest.__version__,
            "runs": {name: measure(recorded, options) for name, recorded in runs.items()},
            **({"difference": difference(**runs)} if options.as_posted else {}),
        }
    )
    for name, recorded in runs.items():
        ending = "npz" if name == "corrected" else f"{name}.npz"
        with results.file(ending) as path:
            recording.save(path, recorded.spikes, recorded.traces)
    results.write_figure(draw(runs, options.duration))
    lines = [summary(name, recorded, options) for name, recorded in runs.items()]
    if options.as_posted:
        lines.append(difference_summary(difference(**runs)))
    results.finish(*lines)


def parse_arguments(arguments=None):
    """Parse the command line."""
    parser = command_line.argument_parser(SCRIPT, __doc__.partition("\n")[0], resolution=0.01)
    parser.add_argument(
        "--neurons",
        type=command_line.positive_integer,
        default=1,
        metavar="N",
        help="neurons in each of the two populations",
    )
    parser.add_argument(
        "--recurrent", action="store_true", help="connect the neurons with each other"
    )
    parser.add_argument(
        "--as-posted", action="store_true", help="compare with the arithmetic of the post"
    )
    parser.add_argument(
        "--duration",
        type=command_line.positive_number,
        default=1000.0,
        metavar="MS",
        help="time to simulate [ms]",
    )
    command_line.add_integrator(parser)
    command_line.add_total_vps(parser)
    options = parser.parse_args(arguments)
    if options.duration < FIRST_RESPONSE:
        raise ParameterError(
            f"duration {options.duration:g} ms is too short for an input to arrive; "
            f"simulate {FIRST_RESPONSE:g} ms or more"
        )
    return options


def simulate_model(model, options, integrator=None):
    """Run the network with one neuron model.

    Random numbers do not depend on the model: another run has the same input and the same noise.

    Parameters
    ----------
    model : str
    options : argparse.Namespace
    integrator : int, optional
        Integrator of the model, if it has the choice.

    Returns
    -------
    Recording
    """
    start_kernel(options.resolution, options.threads, options.seed, options.total_vps)
    steps_of(DELAY, "transmission delay")  # NEST would round it
    populations = create(model, options.neurons, integrator)
    sources = connect_input(model, populations)
    if options.recurrent:
        connect_recurrently(model, populations)
    spike_recorder = recording.record_spikes(sources + populations["E"] + populations["I"])
    multimeter = recording.record_traces(
        populations["E"][:1] + populations["I"][:1],
        ["V_m", *CURRENTS, "I_NMDA_unblocked"],
        delay=DELAY,
    )
    simulate(options.duration, command_line.Progress(model, options.quiet), min_delay=DELAY)
    created = populations | {"input": sources}
    return Recording(
        model=model,
        senders={
            name: range(nodes[0].global_id, nodes[-1].global_id + 1)
            for name, nodes in created.items()
        },
        spikes=recording.gather_spikes(spike_recorder, options.output),
        traces=recording.gather_traces(multimeter, options.output),
    )


def create(model, n_neurons, integrator=None):
    """Create the populations with their constant and noisy currents.

    Parameters
    ----------
    model : str
    n_neurons : int
        Size of each population.
    integrator : int, optional
        Integrator of the model, if it has the choice.

    Returns
    -------
    dict of str to nest.NodeCollection
    """
    numerics = {} if integrator is None else {"integrator": integrator}
    created = {}
    for name, population in POPULATIONS.items():
        cell = population.cell
        parameters = {"V_th": V_PEAK, "I_e": population.offset} | cell.parameters | PEAKS | numerics
        created[name] = nest.Create(model, n_neurons, params=parameters | cell.initial_state(V_0))
        noise_current(created[name], population.noise, NOISE_REDRAW_INTERVAL, DELAY)
    return created


def connect_input(model, populations):
    """Let one Poisson source drive the first neurons of all populations, one the second, and so on.

    Parameters
    ----------
    model : str
    populations : dict of str to nest.NodeCollection

    Returns
    -------
    nest.NodeCollection
        Neurons that repeat what the sources send.
    """
    # A poisson_generator sends each target another train; its repeaters' targets share one.
    generator = nest.Create("poisson_generator", params={"rate": INPUT_RATE})
    sources = nest.Create("parrot_neuron", len(populations["E"]))
    nest.Connect(generator, sources)
    for name, neurons in populations.items():
        port = POPULATIONS[name].input_port
        nest.Connect(sources, neurons, "one_to_one", syn_spec(port, delay=DELAY, model=model))
    return sources


def connect_recurrently(model, populations):
    """Connect each neuron with random others of each population, never with itself.

    Parameters
    ----------
    model : str
    populations : dict of str to nest.NodeCollection
    """
    for source_name, sources in populations.items():
        spec = syn_spec(POPULATIONS[source_name].output_port, delay=DELAY, model=model)
        for target_name, targets in populations.items():
            if len(sources) == 1 and source_name == target_name:
                continue
            in_degree = min(int(np.ceil(CONNECTED_FRACTION * len(sources))), MAX_IN_DEGREE)
            connect_in_degree(sources, targets, in_degree, spec)


def measure(recorded, options):
    """Give what one run measured, for the JSON file."""
    return {
        "model": recorded.model,
        "input_spikes": recorded.count("input"),
        "peak_currents": recorded.peaks(),
        "populations": {
            name: {
                **population.cell.parameters,
                "I_e": population.offset,
                "noise": population.noise,
                "spikes": recorded.count(name),
                "rate": recorded.mean_rate(name, options.duration),
                "first_neuron_spike_times": recorded.first_spikes(name).tolist(),
            }
            for name, population in POPULATIONS.items()
        },
    }


def difference(corrected, as_posted):
    """Give what the post's arithmetic changes: spikes more, and the ratio of the largest currents.

    A current that does not flow has no ratio.
    """
    posted_peaks = as_posted.peaks()
    return {
        "spikes": {name: as_posted.count(name) - corrected.count(name) for name in POPULATIONS},
        "peak_current_ratios": {
            name: posted_peaks[name] / peak if peak > 0.0 else None
            for name, peak in corrected.peaks().items()
        },
    }


def summary(name, recorded, options):
    """Sum up one run in a line."""
    spikes = ", ".join(
        f"{population} {recorded.count(population)} "
        f"({recorded.mean_rate(population, options.duration):.2f} per neuron and second)"
        for population in POPULATIONS
    )
    peaks = ", ".join(f"{current} {peak:.4f}" for current, peak in recorded.peaks().items())
    return f"{name.replace('_', ' ')}: spikes {spikes}; largest currents (pA) {peaks}"


def difference_summary(changes):
    """Sum up the difference in a line."""
    spikes = ", ".join(f"{name} {more:+d}" for name, more in changes["spikes"].items())
    ratios = ", ".join(
        f"{name} x {ratio:.3f}"
        for name, ratio in changes["peak_current_ratios"].items()
        if ratio is not None
    )
    return f"as posted against corrected: spikes {spikes}; largest currents {ratios or 'none'}"


def draw(runs, duration):
    """Draw the first neuron of each population, and the spikes of all.

    Parameters
    ----------
    runs : dict of str to Recording
        "corrected", and "as_posted" if it was run.
    duration : float
        Length of the traces [ms].

    Returns
    -------
    matplotlib.figure.Figure
    """
    # Where the two agree, the thin line shows on the broad one.
    lines = {
        "corrected": {"color": plotting.BLACK, "linewidth": 0.6, "zorder": 3, "label": "corrected"},
        "as_posted": {"color": plotting.VERMILION, "linewidth": 1.2, "label": "as posted"},
    }
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=12.0)
        axes = figure.subplot_mosaic(
            [
                ["E V_m", "I V_m"],
                ["E I_AMPA", "I I_GABA_A"],
                ["E I_NMDA", "spikes"],
                ["E unblocked", "spikes"],
                ["E gate", "spikes"],
            ],
            sharex=True,
            height_ratios=(2, 1, 1, 1, 1),
        )
        for name, recorded in runs.items():
            for column in POPULATIONS:
                draw_potential(axes[f"{column} V_m"], recorded, column, **lines[name])
            for panel, course in courses(recorded).items():
                axes[panel].plot(recorded.traces.times, course, **lines[name])
        draw_spikes(axes["spikes"], runs["corrected"])
        label(axes, runs, duration)
        figure.align_ylabels([axes[name] for name in axes if name.startswith("E")])
        figure.align_ylabels([axes[name] for name in ("I V_m", "I I_GABA_A", "spikes")])
    return figure


def courses(recorded):
    """Give what the lower panels show: currents, and what the NMDA current is the product of."""
    return {
        "E I_AMPA": recorded.trace("E", "I_AMPA"),
        "E I_NMDA": recorded.trace("E", "I_NMDA"),
        "E unblocked": recorded.trace("E", "I_NMDA_unblocked"),
        "E gate": nmda_gate(recorded.trace("E", "V_m")),
        "I I_GABA_A": recorded.trace("I", "I_GABA_A"),
    }


def draw_potential(axes, recorded, population, **line):
    """Draw the membrane potential of the first neuron with its spikes."""
    axes.plot(
        *plotting.with_spikes(
            recorded.traces.times,
            recorded.trace(population, "V_m"),
            recorded.first_spikes(population),
            V_PEAK,
            POPULATIONS[population].cell.c,
        ),
        **line,
    )


def draw_spikes(axes, recorded):
    """Draw the spikes of the input and of the populations, a row for each neuron."""
    blocks = {name: recorded.senders[name] for name in ("I", "E", "input")}  # from bottom to top
    block_size = len(recorded.senders["input"])
    height = 120.0 / (len(blocks) * block_size)  # of a row [pt]
    plotting.draw_raster(
        axes,
        recorded.spikes,
        [(senders, plotting.BLACK) for senders in blocks.values()],
        marker="|",
        ms=max(0.8 * height, 1.0),
        mew=0.8,
    )
    axes.set_yticks((np.arange(len(blocks)) + 0.5) * block_size - 0.5, blocks)


def label(axes, runs, duration):
    """Name the panels and scale their axes."""
    axes["E V_m"].set_title("E neuron (AMPA, NMDA)", loc="left")
    axes["I V_m"].set_title("I neuron (GABA-A)", loc="left")
    axes["spikes"].set_title(
        "Spikes of all neurons" + (" (corrected)" if len(runs) > 1 else ""), loc="left"
    )
    quantities = {
        "V_m": "$V_m$ (mV)",
        "I_AMPA": "$I_{AMPA}$\n(pA)",
        "I_NMDA": "$I_{NMDA}$\n(pA)",
        "I_GABA_A": "$I_{GABA\\_A}$\n(pA)",
        "unblocked": "NMDA before\nblock (pA)",
        "gate": "NMDA\ngate",
    }
    for name, panel in axes.items():
        panel.set_xlim(0.0, duration)
        if name != "spikes":
            panel.set_ylabel(quantities[name.partition(" ")[2]])
    for bottom in ("E gate", "spikes"):
        axes[bottom].set_xlabel("Time (ms)")
    if len(runs) > 1:
        plotting.legend_above(axes["E V_m"])


if __name__ == "__main__":
    command_line.run_script(main)
