# SPDX-License-Identifier: GPL-2.0-or-later
"""Izhikevich (2006): a network with delays and STDP, from slow rhythms to gamma.

800 excitatory and 200 inhibitory cells with 100 synapses each. Excitatory synapses have delays of
1 to 20 ms and learn by spike-timing-dependent plasticity; inhibitory ones have 1 ms and stay. In
each millisecond a random cell gets 20 pA. Scheme, step (1 ms) and order of additions are those of
the published program, so that with its connections and stimulus (``--connectivity``) every spike
and every weight is the program's, bit for bit; see docs/learning.md.

References
----------
E. M. Izhikevich, "Polychronization: computation with spikes", Neural Computation 18, 2006; its
program spnet.
"""

import itertools
from dataclasses import dataclass, fields, replace

import numpy as np

from izhisyn import analysis, command_line, learning_network, plotting, recording
from izhisyn.errors import ParameterError
from izhisyn.files import read_arrays
from izhisyn.kernel import nest, simulate, start_kernel, steps_of
from izhisyn.learning_network import ALL, EXCITATORY, INHIBITORY, MODEL, N_TARGETS, RESOLUTION

SCRIPT = "polychronization"
SYNAPSE = "stdp_izhikevich_synapse"

MAX_DELAY = 20  # of excitatory synapses [ms]
W_E, W_I = 6.0, -5.0  # initial weights [pA]
W_MAX = 10.0  # bound of the weights that learn [pA]
STIMULUS = 20.0  # to one random cell in each ms [pA]

PART = 50_000  # stimuli that are handed to the generators at once
SHOWN = 1000.0  # of each raster [ms]
MEASURED = 10_000.0  # at the end, for rates and spectrum [ms]
GAMMA = (30.0, 70.0)  # band in which the spectrum's peak is looked for [Hz]
MIN_SIMTIME = 1000.0  # one interval between two changes of the weights [ms]


@dataclass(frozen=True)
class Connectivity:
    """What is drawn at random.

    Attributes
    ----------
    sources, targets : numpy.ndarray of int, shape (n_connections,)
        Cells, from 0 to 999.
    delays : numpy.ndarray of int, shape (n_connections,)
        Delays [ms].
    V_m, U_m : numpy.ndarray, shape (1000,)
        Initial states [mV].
    stimulated : numpy.ndarray of int, shape (n_ms,)
        The cell that is stimulated in each millisecond.
    """

    sources: np.ndarray
    targets: np.ndarray
    delays: np.ndarray
    V_m: np.ndarray
    U_m: np.ndarray
    stimulated: np.ndarray

    @property
    def learns(self):
        """Whether each connection starts from an excitatory cell, shape (n_connections,)."""
        return self.sources < len(EXCITATORY)


def main(arguments=None):
    """Run the network with these command line arguments."""
    options = parse_arguments(arguments)
    results = command_line.Results(SCRIPT, options.output, options.quiet)
    start_kernel(RESOLUTION, options.threads, options.seed, options.total_vps)
    n_ms = steps_of(options.simtime, "simtime")
    connectivity = (
        load(options.connectivity, n_ms) if options.connectivity else draw(options.seed, n_ms)
    )
    cells = create(connectivity)
    connect(cells, connectivity)
    recorder = recording.record_spikes(cells)
    progress = command_line.Progress(SCRIPT, options.quiet)
    stimulate(cells, connectivity.stimulated, progress)
    spikes = recording.gather_spikes(recorder, options.output)
    weights = learning_network.gather_weights(SYNAPSE, options.output)
    if nest.Rank() > 0:
        return

    measured = measure(spikes, options.simtime)
    results.write_json(
        {
            "model": MODEL,
            "synapse_model": SYNAPSE,
            "nest_version": nest.__version__,
            "seed": options.seed,
            "simtime": options.simtime,
            **measured,
            "strong_weights": float(np.mean(weights > 0.95 * W_MAX)),
            "spike_digest": analysis.spike_digest(spikes.senders, np.rint(spikes.times)),
        }
    )
    with results.file("npz") as path:
        recording.save(path, spikes)
    results.write_figure(draw_figure(spikes, weights, options))
    results.finish(
        f"E {measured['rates']['E']:.2f}, I {measured['rates']['I']:.2f} spikes/s in the last "
        f"{measured['measured_time'] / 1000.0:g} s; spectral peak at "
        f"{measured['gamma_peak']:.0f} Hz; {100.0 * np.mean(weights > 0.95 * W_MAX):.0f} % of the "
        f"weights above 95 % of their bound",
    )


def parse_arguments(arguments=None):
    """Parse the command line."""
    parser = command_line.argument_parser(SCRIPT, __doc__.partition("\n")[0], RESOLUTION)
    parser.add_argument(
        "--simtime",
        type=command_line.positive_number,
        default=60_000.0,
        metavar="MS",
        help="biological time [ms]",
    )
    parser.add_argument(
        "--snapshots",
        type=command_line.number_from_zero,
        nargs="+",
        metavar="MS",
        help="beginnings of the rasters in the figure [ms]; by default the first and last second",
    )
    parser.add_argument(
        "--connectivity",
        metavar="FILE",
        help=f".npz file with connections, initial states and stimulus, arrays "
        f"{', '.join(field.name for field in fields(Connectivity))}; drawn at random otherwise",
    )
    command_line.add_total_vps(parser)
    options = parser.parse_args(arguments)
    if options.resolution != RESOLUTION:
        raise ParameterError(
            f"--resolution {options.resolution:g} ms is not the step of the published scheme; "
            f"choose {RESOLUTION:g} ms"
        )
    if options.simtime < MIN_SIMTIME:
        raise ParameterError(
            f"--simtime {options.simtime:g} ms is shorter than the interval after which weights "
            f"change; choose {MIN_SIMTIME:g} ms or more"
        )
    options.snapshots = options.snapshots or [0.0, options.simtime - SHOWN]
    for start in options.snapshots:
        if start + SHOWN > options.simtime:
            raise ParameterError(
                f"--snapshots {start:g} ms ends after the simulation; choose "
                f"{options.simtime - SHOWN:g} ms or less"
            )
    return options


def draw(seed, n_ms):
    """Draw the network by the published scheme.

    Parameters
    ----------
    seed : int
    n_ms : int
        Length of the stimulation [ms].

    Returns
    -------
    Connectivity
    """
    # NumPy's generator with a seed draws the same in each MPI process.
    generator = np.random.default_rng(seed)
    n_excitatory, n_cells = len(EXCITATORY), len(ALL)
    targets = [
        generator.choice(np.delete(np.arange(n_cells), cell), N_TARGETS, replace=False)
        if cell < n_excitatory
        else generator.choice(n_excitatory, N_TARGETS, replace=False)
        for cell in range(n_cells)
    ]
    excitatory_delays = 1 + np.arange(N_TARGETS) * MAX_DELAY // N_TARGETS
    delays = [excitatory_delays] * n_excitatory + [np.ones(N_TARGETS, int)] * len(INHIBITORY)
    V_m = generator.uniform(-65.0, -55.0, n_cells)
    return Connectivity(
        sources=np.repeat(np.arange(n_cells), N_TARGETS),
        targets=np.concatenate(targets),
        delays=np.concatenate(delays),
        V_m=V_m,
        U_m=0.2 * V_m,
        stimulated=generator.integers(n_cells, size=n_ms),
    )


def load(path, n_ms):
    """Read a network from a file.

    Parameters
    ----------
    path : path-like
        Of ``numpy.savez`` with the attributes of `Connectivity`.
    n_ms : int
        Length of the stimulation [ms].

    Returns
    -------
    Connectivity

    Raises
    ------
    ParameterError
        If an array is missing, or does not fit.
    """
    names = [field.name for field in fields(Connectivity)]
    arrays = read_arrays(path, names)
    if arrays is None:
        raise ParameterError(
            f"cannot read --connectivity {path}; name an .npz file with the arrays "
            f"{', '.join(names)}"
        )
    network = Connectivity(*(arrays[name] for name in names))
    for name in ("sources", "targets", "stimulated"):
        cells = getattr(network, name)
        if cells.min() < 0 or cells.max() >= len(ALL):
            raise ParameterError(f"{name} in {path} has other cells than 0 to {len(ALL) - 1}")
    if not network.sources.shape == network.targets.shape == network.delays.shape:
        raise ParameterError(f"sources, targets and delays in {path} have different lengths")
    if network.V_m.shape != (len(ALL),) or network.U_m.shape != (len(ALL),):
        raise ParameterError(f"V_m and U_m in {path} need {len(ALL)} values each")
    if network.stimulated.size < n_ms:
        raise ParameterError(
            f"stimulated in {path} ends after {network.stimulated.size} ms; choose a --simtime "
            f"that is not longer"
        )
    return replace(network, stimulated=network.stimulated[:n_ms])


def create(connectivity):
    """Create the cells.

    Parameters
    ----------
    connectivity : Connectivity

    Returns
    -------
    nest.NodeCollection
    """
    return learning_network.create(connectivity.V_m, connectivity.U_m)


def connect(cells, connectivity):
    """Connect the cells with each other.

    Parameters
    ----------
    cells : nest.NodeCollection
    connectivity : Connectivity
    """
    nest.SetDefaults(SYNAPSE, {"Wmax": W_MAX})
    learning_network.connect(
        cells,
        connectivity.sources,
        connectivity.targets,
        connectivity.delays,
        np.where(connectivity.learns, W_E, W_I),
        SYNAPSE,
    )


def stimulate(cells, stimulated, progress=None):
    """Simulate while a cell is stimulated in each millisecond.

    Parameters
    ----------
    cells : nest.NodeCollection
    stimulated : numpy.ndarray of int, shape (n_ms,)
        The cells, from 0.
    progress : callable, optional
        Called with the completed fraction, up to 1.
    """
    generators = nest.Create("spike_generator", len(cells))
    nest.Connect(
        generators,
        cells,
        "one_to_one",
        {"synapse_model": "static_synapse_pooled", "weight": STIMULUS, "delay": RESOLUTION},
    )
    for start in range(0, stimulated.size, PART):
        stop = min(start + PART, stimulated.size)
        # A spike of the time to which NEST has simulated would come too late.
        part = stimulated[start + 1 : stop + 1]
        order = np.argsort(part, kind="stable")
        times = (start + 1 + order).astype(float)
        ends = np.searchsorted(part[order], np.arange(len(cells) + 1))
        generators.set(
            [{"spike_times": times[begin:end]} for begin, end in itertools.pairwise(ends)]
        )
        done = start
        if start == 0:  # for which a generator has no spike
            first = cells[int(stimulated[0])]
            first.I_e = STIMULUS
            simulate(1.0, min_delay=RESOLUTION)
            first.I_e = 0.0
            done = 1
        simulate(float(stop - done), min_delay=RESOLUTION)
        if progress is not None:
            progress(stop / stimulated.size)


def measure(spikes, simtime):
    """Measure rates and rhythm in the last ten seconds, or in all if there are fewer.

    Parameters
    ----------
    spikes : izhisyn.recording.Spikes
    simtime : float
        Recorded time [ms].

    Returns
    -------
    dict
        Number of spikes, mean rates [spikes/s], and the frequency from 30 to 70 Hz with the largest
        power of the excitatory population's rate [Hz].
    """
    measured_time = min(simtime, MEASURED)
    late = spikes.times > simtime - measured_time
    senders, times = spikes.senders[late], spikes.times[late]
    frequencies, power = spectrum_of(spikes, simtime - measured_time, simtime)
    in_band = (frequencies >= GAMMA[0]) & (frequencies <= GAMMA[1])
    return {
        "num_spikes": spikes.times.size,
        "measured_time": measured_time,
        "rates": learning_network.rates(senders, measured_time),
        "gamma_peak": float(frequencies[in_band][np.argmax(power[in_band])]),
        "num_measured_spikes": times.size,
    }


def spectrum_of(spikes, start, stop):
    """Compute the spectrum of the excitatory population's rate.

    Parameters
    ----------
    spikes : izhisyn.recording.Spikes
    start, stop : float
        Observed time [ms].

    Returns
    -------
    frequencies, power : numpy.ndarray, shape (n_frequencies,)
    """
    excitatory = spikes.times[spikes.senders <= EXCITATORY[-1]]
    # A spike's time is the end of its step, at which a bin begins.
    _, rate = analysis.population_rate(excitatory - 0.5, len(EXCITATORY), start, stop)
    return analysis.power_spectrum(rate, width=1.0)


def draw_figure(spikes, weights, options):
    """Draw the rasters, the spectrum in each of them, and the weights at the end.

    Parameters
    ----------
    spikes : izhisyn.recording.Spikes
    weights : numpy.ndarray, shape (n_connections,)
        At the end [pA].
    options : argparse.Namespace
        With ``snapshots`` and ``simtime`` [ms].

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = len(options.snapshots)
    populations = ((EXCITATORY, plotting.BLUE), (INHIBITORY, plotting.VERMILION))
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=5.0 * rows + 5.0)
        grid = figure.add_gridspec(rows + 1, 2)
        for row, start in enumerate(options.snapshots):
            raster = figure.add_subplot(grid[row, :])
            plotting.draw_raster(raster, spikes, populations, ms=1.5)
            raster.set_xlim(start, start + SHOWN)
            raster.set_title(f"after {start / 1000.0:g} s", loc="left")
            raster.set_ylabel("Cell (blue: excitatory)")
        raster.set_xlabel("Time (ms)")
        spectrum = figure.add_subplot(grid[rows, 0])
        measured = min(options.simtime, MEASURED)
        for (start, stop), color, label in (
            ((0.0, measured), plotting.ORANGE, "at the beginning"),
            ((options.simtime - measured, options.simtime), plotting.BLACK, "at the end"),
        ):
            frequencies, power = spectrum_of(spikes, start, stop)
            plotting.draw_spectrum(spectrum, frequencies, power, color=color, label=label)
        spectrum.set_ylabel("Power ((spikes/s)$^2$/Hz)")
        plotting.legend_above(spectrum)
        histogram = figure.add_subplot(grid[rows, 1])
        histogram.hist(weights, np.linspace(0.0, W_MAX, 51), color=plotting.BLUE)
        histogram.set_xlabel("Excitatory weight (pA)")
        histogram.set_ylabel("Synapses")
        histogram.set_yscale("log")
    return figure


if __name__ == "__main__":
    command_line.run_script(main)
