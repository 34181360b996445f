# SPDX-License-Identifier: GPL-2.0-or-later
"""A network of excitatory and inhibitory cells in the asynchronous irregular state.

80 % regular spiking and 20 % fast spiking cells, their parameters spread as in Izhikevich (2003).
Each cell has the same number of random inputs: excitatory ones drive AMPA and NMDA receptors
through one connection, inhibitory ones GABA-A receptors. Weights and delays are random. Poisson
generators stand for the inputs from outside.

`izhisyn.network_design` has the parameters, and the theory by which the state stays the same for
any number of neurons and any in-degree.
"""

import platform
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from izhisyn import analysis, command_line, plotting, random_network, recording, spike_files
from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, simulate, start_kernel, steps_of
from izhisyn.network_design import NETWORK, NEURON_MODELS, inputs_of, network_size
from izhisyn.processes import peak_memory
from izhisyn.wiring import DISTRIBUTIONS

SCRIPT = "population_network"
SPIKES = f"{SCRIPT}-spikes"  # folder of the spikes on the disk
CORRELATED_CELLS = 1000  # cells of which the correlation is taken
MIN_SIMTIME = 5.0  # a bin of the counts whose correlation is taken [ms]
MIN_INTERVALS = 5  # fewer intervals would underestimate the variation
V_PEAK, V_RESET = 30.0, -65.0  # ends of a spike in the figure [mV]
SHOWN = 1000.0  # time shown in the figure [ms]
RASTER_CELLS = 200  # cells shown in the figure

# Options that the JSON repeats.
RUN_OPTIONS = (
    "heterogeneity",
    "weights",
    "delays",
    "simtime",
    "presimtime",
    "resolution",
    "total_vps",
    "seed",
    "record",
    "spikes_to",
)


def main(arguments=None):
    """Run the network, or recover a run, with these command line arguments."""
    options = parse_arguments(arguments)
    if options.recover:
        recover(options)
    else:
        simulate_network(options)


def parse_arguments(arguments=None):
    """Parse the command line."""
    number, integer = command_line.positive_number, command_line.positive_integer
    from_zero = command_line.number_from_zero
    parser = command_line.argument_parser(SCRIPT, __doc__.partition("\n")[0])
    add = parser.add_argument
    add("--model", choices=list(NEURON_MODELS), default="cond", help="conductances or currents")
    add("--neurons", type=integer, default=10000, metavar="N", help="number of cells")
    add("--indegree", type=integer, default=1000, metavar="K", help="inputs of each cell")
    add("--scale", type=number, default=1.0, metavar="S", help="multiplies neurons and in-degree")
    add(
        "--heterogeneity",
        type=from_zero,
        default=1.0,
        metavar="H",
        help="spread of the cells' parameters, 1 as in Izhikevich (2003)",
    )
    for what, default in (("weights", "lognormal"), ("delays", "normal")):
        add(f"--{what}", choices=DISTRIBUTIONS, default=default, help=f"distribution of {what}")
    add("--simtime", type=number, default=2000.0, metavar="MS", help="recorded time [ms]")
    add("--presimtime", type=from_zero, default=500.0, metavar="MS", help="time before that [ms]")
    command_line.add_total_vps(parser)
    add(
        "--record",
        type=command_line.integer_from_zero,
        default=5,
        metavar="N",
        help="cells whose V_m and receptors are recorded, in proportion to the populations",
    )
    add(
        "--spikes-to",
        choices=("memory", "ascii"),
        default="memory",
        help="ascii: to files while the simulation runs, which outlive a kill",
    )
    add(
        "--recover",
        type=Path,
        metavar="DIR",
        help="read the spikes of a run with --spikes-to ascii and --output DIR that was killed",
    )
    return parser.parse_args(arguments)


def simulate_network(options):
    """Build, simulate, measure and draw the network."""
    size, model = size_of(options), NEURON_MODELS[options.model]
    results = command_line.Results(SCRIPT, options.output, options.quiet)
    start_kernel(options.resolution, options.threads, options.seed, options.total_vps)
    # Before the network is built, which can take long.
    for what in ("presimtime", "simtime"):
        steps_of(getattr(options, what), what)
    steps_of(NETWORK["delay_min"], "shortest delay")
    if options.simtime < MIN_SIMTIME:
        raise ParameterError(
            f"--simtime {options.simtime:g} ms is too short to measure the state of the network; "
            f"choose {MIN_SIMTIME:g} ms or more"
        )
    files = spike_files_of(options, size) if options.spikes_to == "ascii" else None

    times = {}
    with timed(times, "build"):
        cells = random_network.create(size, model, options.seed, options.heterogeneity)
    with timed(times, "connect"):
        progress = command_line.Progress(f"{SCRIPT}, connect", options.quiet)
        random_network.connect(cells, size, model, options.weights, options.delays, progress)
        recorder, multimeter = record(cells, model, files, options)
    for phase, duration in (("presim", options.presimtime), ("sim", options.simtime)):
        with timed(times, phase):
            simulate(duration, progress_of(phase, files, options), NETWORK["delay_min"])

    spikes = read_spikes(recorder, files, options.output)
    traces = recording.gather_traces(multimeter, options.output) if multimeter else None
    processes = recording.gather(
        options.output, memory=peak_memory(), num_connections=nest.num_connections
    )
    if nest.Rank() > 0:
        return

    measured = measure(spikes, size, options)
    results.write_json(
        {
            **summary(measured),
            "num_spikes": spikes.times.size,
            "spike_digest": digest(spikes, options.resolution),
            "num_synapses": size.N * size.K,
            "num_connections": [int(process["num_connections"]) for process in processes],
            "times": times,
            "real_time_factor": times["sim"] / (options.simtime / 1000.0),
            "peak_memory_MiB": [float(process["memory"]) for process in processes],
            "num_processes": nest.num_processes,
            "threads_per_process": nest.local_num_threads,
            "parameters": {
                "model": model.name,
                "N_E": size.N_E,
                "N_I": size.N_I,
                "K_E": size.K_E,
                "K_I": size.K_I,
                **{name: getattr(options, name) for name in RUN_OPTIONS},
                "network": NETWORK,
                "inputs": {
                    name: {kind: vars(one) for kind, one in inputs_of(name, size, model).items()}
                    for name in size.populations
                },
            },
            "versions": {
                "nest": nest.__version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
        }
    )
    # What an earlier run left is not of this one.
    recovered_results(options.output, options.quiet).discard()
    if files is None:
        spike_files.remove(options.output / SPIKES)
    with results.file("npz") as path:
        recording.save(path, spikes, traces)
    results.write_figure(draw(spikes, traces, measured, size, options))
    mean = summary(measured)
    results.finish(
        f"E {mean['rates']['E']:.2f} spikes/s, I {mean['rates']['I']:.2f} spikes/s, mean CV "
        f"{as_text(mean['cv']['all'])}, mean correlation of two cells "
        f"{as_text(mean['correlation']['all'])}",
        f"{spikes.times.size} spikes, digest {digest(spikes, options.resolution)}; "
        + ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in times.items()),
    )


def size_of(options):
    """Choose the size of the network, and refuse options that do not fit it."""
    size = network_size(options.neurons, options.indegree, options.scale)
    if options.record > size.N:
        raise ParameterError(
            f"--record {options.record} is more than the {size.N} neurons; choose at most {size.N}"
        )
    if options.heterogeneity > 1:
        raise ParameterError(
            f"--heterogeneity {options.heterogeneity:g} leaves the range of cells; choose 0 to 1"
        )
    return size


def record(cells, model, files, options):
    """Record all spikes after the presimulation, and the state of a sample of cells.

    Returns
    -------
    recorder, multimeter : nest.NodeCollection
        The multimeter is None if no cell is recorded.
    """
    record_spikes = recording.record_spikes if files is None else files.record_spikes
    recorder = record_spikes(cells["E"] + cells["I"], start=options.presimtime)
    if options.record == 0:
        return recorder, None
    n_I = min(max(round((1.0 - NETWORK["share_E"]) * options.record), 0), len(cells["I"]))
    n_E = min(options.record - n_I, len(cells["E"]))
    sample = cells["E"][:n_E] + cells["I"][: options.record - n_E]
    return recorder, recording.record_traces(
        sample, ["V_m", *model.inputs], delay=NETWORK["delay_min"]
    )


def progress_of(phase, files, options):
    """Give the callback of `simulate` that shows progress and notes complete files."""
    show = command_line.Progress(f"{SCRIPT}, {phase}", options.quiet)

    def progress(fraction):
        if files is not None:
            note = files.complete if fraction >= 1.0 else files.complete_when_due
            note()
        show(fraction)

    return progress


def spike_files_of(options, size):
    """Prepare the folder of the spikes, with what `recover` needs to know."""
    run = {name: getattr(options, name) for name in ("resolution", "presimtime", "simtime", "seed")}
    return spike_files.SpikeFiles(
        options.output / SPIKES, run | {"script": SCRIPT, "N_E": size.N_E, "N_I": size.N_I}
    )


def read_spikes(recorder, files, folder):
    """Read the spikes of all MPI processes; None in all but the first."""
    if files is None:
        return recording.gather_spikes(recorder, folder)
    nest.SyncProcesses()
    if nest.Rank() > 0:
        return None
    recovered = spike_files.recover(files.folder)
    if recovered.damage:
        raise spike_files.LostSpikesError(
            f"{'; '.join(recovered.damage)}, although the run has not ended; repeat it in another "
            f"folder with --output"
        )
    return recovered.spikes


def recover(options):
    """Read what a killed run left, write it as a finished run does, and say how far it came."""
    if nest.Rank() > 0:
        return
    recovered = spike_files.recover(options.recover / SPIKES)
    run, spikes = recovered.run, recovered.spikes
    results = recovered_results(options.recover, options.quiet)
    end = run["presimtime"] + run["simtime"]
    results.write_json(
        {
            "complete_until": recovered.complete_until,
            "noted_until": recovered.noted_until,
            "damage": recovered.damage,
            "end": end,
            "num_spikes": spikes.times.size,
            "spike_digest": digest(spikes, run["resolution"]),
            "run": run,
        }
    )
    with results.file("npz") as path:
        recording.save(path, spikes)
    until, start = recovered.complete_until, run["presimtime"]
    results.finish(
        f"Recovered {spikes.times.size} spikes, complete from {start:g} ms to {until:g} ms of "
        f"{end:g} ms"
        if until > start
        else f"No spikes to recover: the run ended at {until:g} ms, and recording starts at "
        f"{start:g} ms",
        *recovered.damage,
    )


def recovered_results(folder, quiet):
    """Give the files of a recovery."""
    return command_line.Results(f"{SCRIPT}-recovered", folder, quiet, endings=("json", "npz"))


def digest(spikes, resolution):
    """Digest all spikes, see `izhisyn.analysis.spike_digest`."""
    return analysis.spike_digest(spikes.senders, np.rint(spikes.times / resolution))


def measure(spikes, size, options):
    """Measure the state of each population.

    Returns
    -------
    dict of str to dict
        For "E", "I" and "all": ``rates`` [spikes/s] and ``cvs`` [1] of the cells, ``correlation``
        [1], ``times`` [ms], ``rate`` [spikes/s], ``frequencies`` [Hz] and ``power``.
    """
    start, stop = options.presimtime, options.presimtime + options.simtime
    measured = {}
    for name, ids in (size.populations | {"all": range(1, size.N + 1)}).items():
        inside = (spikes.senders >= ids.start) & (spikes.senders < ids.stop)
        times, senders = spikes.times[inside], spikes.senders[inside]
        # A stride, so that a sample of all cells has its share of both populations.
        sample = ids[:: max(1, len(ids) // CORRELATED_CELLS)]
        in_sample = np.isin(senders, sample)
        rows = (senders[in_sample] - ids.start) // sample.step
        bin_times, rate = analysis.population_rate(times, len(ids), start, stop)
        frequencies, power = analysis.power_spectrum(rate, width=1.0)
        measured[name] = {
            "rates": analysis.rates(senders, ids, options.simtime),
            "cvs": analysis.interval_cvs(times, senders, ids, MIN_INTERVALS),
            "correlation": analysis.count_correlation(
                times[in_sample], rows, range(len(sample)), start, stop
            ),
            "times": bin_times,
            "rate": rate,
            "frequencies": frequencies,
            "power": power,
        }
    return measured


def summary(measured):
    """Reduce what `measure` gives to a number for each population, None where there is none."""
    return {
        "rates": {name: float(cells["rates"].mean()) for name, cells in measured.items()},
        "cv": {name: mean_or_none(cells["cvs"]) for name, cells in measured.items()},
        "correlation": {
            name: mean_or_none(np.array([cells["correlation"]])) for name, cells in measured.items()
        },
    }


def mean_or_none(values):
    """Mean of the values that are numbers; None if none is."""
    numbers = values[np.isfinite(values)]
    return float(numbers.mean()) if numbers.size else None


def as_text(value):
    """Three decimals, or that there is nothing to say."""
    return "(too few spikes)" if value is None else f"{value:.3f}"


@contextmanager
def timed(times, name):
    """Context that notes its wall time [s]."""
    started = time.perf_counter()
    yield
    times[name] = time.perf_counter() - started


def draw(spikes, traces, measured, size, options):
    """Draw raster, membrane potentials, population rates, and the distributions over cells.

    Parameters
    ----------
    spikes : izhisyn.recording.Spikes
    traces : izhisyn.recording.Traces or None
    measured : dict
        What `measure` gives.
    size : izhisyn.network_design.NetworkSize
    options : argparse.Namespace

    Returns
    -------
    matplotlib.figure.Figure
    """
    colours = {"E": plotting.BLUE, "I": plotting.VERMILION}
    start = options.presimtime
    stop = start + min(options.simtime, SHOWN)
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=15.0)
        rows = figure.subfigures(2, 1, height_ratios=(2, 1))
        raster, potentials, rates = rows[0].subplots(3, 1, sharex=True, height_ratios=(3, 1.2, 1))
        plotting.draw_raster(
            raster,
            spikes,
            [(size.populations[name], colours[name]) for name in colours],
            sample=min(1.0, RASTER_CELLS / size.N),
            ms=2.0,
        )
        raster.set_ylabel("Cell of a sample")
        draw_potentials(potentials, traces, spikes, size, colours, (start, stop))
        for name, colour in colours.items():
            rates.plot(measured[name]["times"], measured[name]["rate"], color=colour, lw=0.5)
        rates.set_ylabel("Rate (spikes/s)")
        rates.set_xlabel("Time (ms)")
        rates.set_xlim(start, stop)
        rows[0].align_ylabels()

        rate_axes, cv_axes, spectrum = rows[1].subplots(1, 3)
        draw_distributions(rate_axes, cv_axes, measured, colours)
        for name, colour in colours.items():
            plotting.draw_spectrum(
                spectrum, measured[name]["frequencies"], measured[name]["power"], color=colour
            )
        spectrum.set_ylabel("Power ((spikes/s)$^2$/Hz)")
    return figure


def draw_potentials(axes, traces, spikes, size, colours, window):
    """Draw the membrane potential of the first recorded cell of each population."""
    axes.set_ylabel("$V_m$ (mV)")
    if traces is None:
        axes.text(0.5, 0.5, "not recorded (--record 0)", ha="center", transform=axes.transAxes)
        return
    start, stop = window
    shown = (traces.times > start) & (traces.times <= stop)
    for name, ids in size.populations.items():
        recorded = [sender for sender in traces.senders if sender in ids]
        if recorded:
            V_m = traces.values_of(recorded[0], "V_m")[shown]
            spike_times = spikes.times_of(recorded[0])
            spike_times = spike_times[spike_times <= traces.times[shown][-1]]
            axes.plot(
                *plotting.with_spikes(traces.times[shown], V_m, spike_times, V_PEAK, V_RESET),
                color=colours[name],
                lw=0.5,
            )


def draw_distributions(rate_axes, cv_axes, measured, colours):
    """Draw how rates and coefficients of variation are distributed over the cells."""
    for axes, key, label, width in (
        (rate_axes, "rates", "Rate (spikes/s)", 1.0),
        (cv_axes, "cvs", "CV of intervals", 0.1),
    ):
        finite = {name: measured[name][key][np.isfinite(measured[name][key])] for name in colours}
        top = max(
            (np.quantile(values, 0.995) for values in finite.values() if values.size), default=0
        )
        # Rates are whole numbers of spikes: edges between them.
        edges = width * (np.arange(np.ceil(top / width) + 2) - 0.5)
        for (name, colour), word in zip(colours.items(), ("excitatory", "inhibitory"), strict=True):
            share = np.full(finite[name].size, 1.0 / max(finite[name].size, 1))
            axes.hist(finite[name], edges, weights=share, histtype="step", color=colour, label=word)
        axes.set_xlabel(label)
        axes.set_ylabel("Share of cells")
        axes.set_xlim(left=0.0)
    rate_axes.legend(frameon=False, fontsize=7)


if __name__ == "__main__":
    command_line.run_script(main)
