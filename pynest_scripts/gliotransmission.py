# SPDX-License-Identifier: GPL-2.0-or-later
"""De Pitta and Brunel (2016): an astrocyte sets the release probability of synapses.

Three Izhikevich neurons, as the Brian2 thread on short-term plasticity asks for: two presynaptic
cells, which pulses of current make spike in short trains, drive the AMPA receptors of a third
through synapses with presynaptic receptors. An astrocyte whose calcium oscillates releases
gliotransmitter whenever calcium rises through 0.5 uM; the receptors bind it at once and let go of
it over minutes. With alpha = 0 that decreases what the first spike of a train releases, with
alpha = 1 it increases it. Both cases run side by side under one astrocyte.
"""

from dataclasses import dataclass

import numpy as np

from izhisyn import command_line, plotting, recording
from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.parameters import cell_type
from izhisyn.plastic_pathway import create_pathway

SCRIPT = "gliotransmission"
NEURON = "izhikevich_psc_multisyn_neuron"
SYNAPSE = "gliotransmission_synapse"
ALPHA = {"decreasing": 0.0, "increasing": 1.0}  # release probability when all receptors are bound
COLORS = {"decreasing": plotting.BLUE, "increasing": plotting.VERMILION}
PULSE_CURRENT = 20.0  # into the presynaptic cells [pA]
PULSE_LENGTH = 100.0  # [ms]
PULSE_PERIOD = 1000.0  # [ms]
PULSE_ONSETS = (200.0, 700.0)  # of the first pulse into each presynaptic cell [ms]
DELAY = 1.0  # of all connections [ms]
CA_TH = 0.5  # calcium at which the astrocyte releases gliotransmitter [uM]
CALCIUM_INTERVAL = 10.0  # sampling interval of calcium [ms]
MIN_DURATION = 2 * CALCIUM_INTERVAL  # for a sample that is delivered [ms]
CURRENT_INTERVAL = 1.0  # and of the postsynaptic currents [ms]


@dataclass(frozen=True)
class Recorded:
    """What was recorded of both cases together.

    Attributes
    ----------
    releases : numpy.ndarray, shape (n_releases,)
        Times at which the astrocyte released gliotransmitter [ms].
    sample_times, Gamma_S : numpy.ndarray, shape (n_samples,)
        Bound fraction of the receptors [1] and when it was read [ms].
    calcium, currents : izhisyn.recording.Traces
        ``Ca_astro`` [uM] of the astrocyte, ``I_AMPA`` [pA] of the postsynaptic cells.
    """

    releases: np.ndarray
    sample_times: np.ndarray
    Gamma_S: np.ndarray
    calcium: recording.Traces
    currents: recording.Traces


def main(arguments=None):
    """Run both cases with these command line arguments."""
    options = parse_arguments(arguments)
    results = command_line.Results(SCRIPT, options.output, options.quiet)

    start_kernel(options.resolution, options.threads, options.seed)
    astrocyte = nest.Create(
        "astrocyte_li_rinzel_neuron", params={"IP3": options.IP3, "Ca_th": CA_TH}
    )
    transmitter = nest.Create("gliotransmission_volume_transmitter")
    nest.Connect(astrocyte, transmitter, syn_spec={"delay": DELAY})
    recorded_synapse = f"{SYNAPSE}_recorded"
    weight_recorder = recording.record_deliveries(SYNAPSE, recorded_synapse)
    pathways = {
        name: create_pathway_with_glia(alpha, transmitter, recorded_synapse, options)
        for name, alpha in ALPHA.items()
    }

    cells = sum((pathway.pre + pathway.post for pathway in pathways.values()), start=astrocyte)
    spike_recorder = recording.record_spikes(cells)
    calcium_meter = recording.record_traces(astrocyte, ["Ca_astro"], interval=CALCIUM_INTERVAL)
    posts = pathways["decreasing"].post + pathways["increasing"].post
    current_meter = recording.record_traces(posts, ["I_AMPA"], interval=CURRENT_INTERVAL)
    observed = pathways["decreasing"]
    samples = simulate_and_sample(observed, options)

    spikes = recording.gather_spikes(spike_recorder, options.output)
    calcium = recording.gather_traces(calcium_meter, options.output)
    currents = recording.gather_traces(current_meter, options.output)
    deliveries = recording.gather_deliveries(weight_recorder, options.output)
    all_samples = recording.gather(options.output, samples=samples)
    if nest.Rank() > 0:
        return

    sample_times, Gamma_S = np.concatenate([part["samples"] for part in all_samples]).T
    recorded = Recorded(
        releases=spikes.times_of(astrocyte.global_id),
        sample_times=sample_times,
        Gamma_S=Gamma_S,
        calcium=calcium,
        currents=currents,
    )
    measured = {
        name: measure(ALPHA[name], pathway, deliveries, spikes, options.weight)
        for name, pathway in pathways.items()
    }
    results.write_json(
        {
            "IP3": options.IP3,
            "U_0": options.U_0,
            "weight": options.weight,
            "duration": options.duration,
            "resolution": options.resolution,
            "nest_version": nest.__version__,
            "release_times": recorded.releases.tolist(),
            "sample_times": sample_times.tolist(),
            "Gamma_S": Gamma_S.tolist(),
            "cases": measured,
        }
    )
    with results.file("npz") as path:
        recording.save(path, spikes, recorded.calcium)
    results.write_figure(draw(pathways, measured, recorded, options))
    results.finish(
        f"{recorded.releases.size} releases of gliotransmitter in {options.duration:g} ms, "
        f"up to {100 * Gamma_S.max():.0f} % of the receptors bound",
        *(
            f"alpha = {case['alpha']:g}: release at the start of the first train "
            f"{case['r_at_train_start'][0]:.3f}, of the last {case['r_at_train_start'][-1]:.3f}"
            for case in measured.values()
            if case["r"]
        ),
    )


def parse_arguments(arguments=None):
    """Parse the command line."""
    parser = command_line.argument_parser(SCRIPT, __doc__.partition("\n")[0])
    parser.add_argument(
        "--duration",
        type=command_line.positive_number,
        default=40_000.0,
        metavar="MS",
        help="biological time",
    )
    parser.add_argument(
        "--IP3",
        type=command_line.number_from_zero,
        default=1.0,
        metavar="UM",
        help="IP3 of the astrocyte; between 0.54 and 1.12 uM calcium oscillates for ever",
    )
    parser.add_argument(
        "--U_0",
        type=command_line.fraction,
        default=0.6,
        metavar="P",
        help="release probability of a rested synapse without gliotransmitter",
    )
    parser.add_argument(
        "--weight",
        type=command_line.positive_number,
        default=20.0,
        metavar="PA",
        help="peak current of a spike that releases everything",
    )
    options = parser.parse_args(arguments)
    if options.duration < MIN_DURATION:
        raise ParameterError(
            f"--duration {options.duration:g} ms is too short for a sample of calcium; choose "
            f"{MIN_DURATION:g} ms or more"
        )
    return options


def create_pathway_with_glia(alpha, transmitter, synapse_model, options):
    """Create three regular spiking neurons and the synapses that listen to the astrocyte.

    Parameters
    ----------
    alpha : float
        Release probability when all receptors are bound [1].
    transmitter : nest.NodeCollection
        The node to which the astrocyte's releases go.
    synapse_model : str
        Model of the synapses.
    options : argparse.Namespace
        With ``U_0`` [1], ``weight`` [pA] and ``duration`` [ms].

    Returns
    -------
    izhisyn.plastic_pathway.Pathway
    """
    cell = cell_type("RS")
    resting = cell.parameters | cell.initial_state(-70.0)
    currents = [pulses(onset, options.duration) for onset in PULSE_ONSETS]
    pathway = create_pathway(NEURON, resting, currents)
    pathway.connect(
        ("AMPA",) * len(PULSE_ONSETS),
        synapse_model,
        options.weight,
        DELAY,
        U_0=options.U_0,
        alpha=alpha,
        volume_transmitter=transmitter.global_id,
    )
    return pathway


def pulses(onset, duration):
    """List the steps of the current into a presynaptic cell.

    Parameters
    ----------
    onset : float
        Onset of the first pulse [ms].
    duration : float
        Length of the run [ms].

    Returns
    -------
    list of (float, float)
        Time [ms] from which an amplitude [pA] holds.
    """
    steps = [(0.0, 0.0)]
    for start in np.arange(onset, duration, PULSE_PERIOD):
        steps += [(start, PULSE_CURRENT), (start + PULSE_LENGTH, 0.0)]
    return steps


def simulate_and_sample(pathway, options):
    """Simulate, reading the bound fraction of a synapse's receptors on the way.

    Parameters
    ----------
    pathway : izhisyn.plastic_pathway.Pathway
        The synapse of its first presynaptic cell is read.
    options : argparse.Namespace
        With ``duration`` [ms] and ``quiet``.

    Returns
    -------
    numpy.ndarray, shape (n_samples, 2)
        About a hundred times [ms], and the bound fraction at the last presynaptic spike before each
        of them [1]; empty if the synapse is another MPI process's.
    """
    progress = command_line.Progress(SCRIPT, options.quiet)
    samples = []

    def read(completed):
        # Not before the first run, see `simulate`.
        synapse = nest.GetConnections(pathway.pre[0], pathway.post)
        if len(synapse):
            samples.append((nest.biological_time, synapse.Gamma_S))
        progress(completed)

    simulate(options.duration, read, min_delay=nest.resolution)  # the delay of the recorders
    return np.array(samples).reshape(-1, 2)


def measure(alpha, pathway, deliveries, spikes, weight):
    """Collect what one case gave, for the JSON file.

    Parameters
    ----------
    alpha : float
        Release probability when all receptors are bound [1].
    pathway : izhisyn.plastic_pathway.Pathway
    deliveries : izhisyn.recording.Deliveries
        What the synapses delivered.
    spikes : izhisyn.recording.Spikes
    weight : float
        Weight of the synapses [pA].

    Returns
    -------
    dict
        alpha, spike times [ms] of the presynaptic and the postsynaptic cells, and what each spike
        of the first presynaptic cell released [1], in particular the first of each train.
    """
    times, r = pathway.released(deliveries, 0, weight)
    starts_train = np.diff(times, prepend=-np.inf) > PULSE_LENGTH
    return {
        "alpha": alpha,
        "pre_spike_times": [spikes.times_of(sender).tolist() for sender in pathway.pre.tolist()],
        "post_spike_times": spikes.times_of(pathway.post.global_id).tolist(),
        "r": r.tolist(),
        "r_at_train_start": r[starts_train].tolist(),
    }


def draw(pathways, measured, recorded, options):
    """Draw the astrocyte, what its releases do to the synapses, and the postsynaptic currents.

    Parameters
    ----------
    pathways : dict of str to izhisyn.plastic_pathway.Pathway
    measured : dict of str to dict
        From `measure`.
    recorded : Recorded
    options : argparse.Namespace
        With ``U_0`` [1] and ``duration`` [ms].

    Returns
    -------
    matplotlib.figure.Figure
    """
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=15.0)
        rows = figure.subfigures(2, 1, height_ratios=(3.6, 1))
        overview = rows[0].subplots(5, 1, sharex=True, height_ratios=(1, 2, 2, 2, 2))
        draw_overview(overview, measured, recorded, options)
        windows = rows[1].subplots(1, 2, sharey=True)
        starts = (0.0, max(0.0, options.duration - PULSE_PERIOD))
        for axes, start in zip(windows, starts, strict=True):
            draw_currents(axes, pathways, recorded.currents, start)
        windows[0].set_ylabel("$I_{AMPA}$ (pA)")
    return figure


def draw_overview(axes, measured, recorded, options):
    """Draw the whole run: spikes, calcium, Gamma_S, U_0 and what each spike releases."""
    first = next(iter(measured.values()))
    seconds, Gamma_S = held_values(recorded, first["pre_spike_times"][0], options.duration)
    axes[0].eventplot(
        [np.array(times) / 1000.0 for times in first["pre_spike_times"]],
        colors=plotting.BLACK,
        linewidths=0.4,
    )
    axes[0].set_yticks([0, 1], ["cell 1", "cell 2"])

    calcium = recorded.calcium
    axes[1].plot(calcium.times / 1000.0, calcium.values["Ca_astro"][0], color=plotting.BLACK)
    axes[1].axhline(CA_TH, color=plotting.BLACK, linestyle=":")
    axes[1].plot(
        recorded.releases / 1000.0,
        np.full(recorded.releases.size, CA_TH),
        "v",
        color=plotting.BLACK,
        markersize=4,
        label="release of gliotransmitter",
    )
    plotting.legend_above(axes[1])
    axes[1].set_ylabel("Calcium (µM)")

    axes[2].step(seconds, Gamma_S, where="post", color=plotting.BLACK)
    axes[2].set_ylabel(r"$\Gamma_S$")
    for name, case in measured.items():
        alpha, color = case["alpha"], COLORS[name]
        label = rf"$\alpha={alpha:g}$"
        U = (1.0 - Gamma_S) * options.U_0 + alpha * Gamma_S
        axes[3].step(seconds, U, where="post", color=color, label=label)
        spike_times = np.array(case["pre_spike_times"][0][: len(case["r"])]) / 1000.0
        axes[4].plot(spike_times, case["r"], ".", markersize=2, color=color)
    axes[3].set_ylabel("$U_0$")
    plotting.legend_above(axes[3])
    axes[4].set_ylabel("Release $r$\n(cell 1)")
    for bounded in axes[2:]:
        bounded.set_ylim(-0.03, 1.03)
    axes[-1].set_xlim(0.0, options.duration / 1000.0)
    axes[-1].set_xlabel("Time (s)")


def held_values(recorded, spike_times, duration):
    """Find out from when on the synapse had each value that was read.

    Parameters
    ----------
    recorded : Recorded
    spike_times : sequence of float
        Presynaptic spikes [ms], at which alone the synapse takes a new value.
    duration : float
        End of the run [ms].

    Returns
    -------
    seconds, Gamma_S : numpy.ndarray, shape (n_samples + 1,)
        Times [s], the last one the end of the run, and the bound fraction from then on [1].
    """
    changes = np.array([0.0, *spike_times])
    last = np.searchsorted(changes, recorded.sample_times, side="right") - 1
    return (
        np.append(changes[last], duration) / 1000.0,
        np.append(recorded.Gamma_S, recorded.Gamma_S[-1]),
    )


def draw_currents(axes, pathways, currents, start):
    """Draw the postsynaptic currents of both cases for one period from a time [ms] on."""
    for name, pathway in reversed(pathways.items()):
        trace = currents.values_of(pathway.post.global_id, "I_AMPA")
        axes.plot(currents.times, trace, color=COLORS[name])
    axes.set_xlim(start, start + PULSE_PERIOD)
    axes.set_xlabel("Time (ms)")


if __name__ == "__main__":
    command_line.run_script(main)
