# SPDX-License-Identifier: GPL-2.0-or-later
"""Izhikevich (2003), figure 3: a network of 1000 randomly coupled spiking neurons.

800 excitatory and 200 inhibitory cells with random parameters, all connected to all, under noisy
thalamic input. A spike is a current for 1 ms, its weight drawn between 0 and 0.5 pA (excitatory)
or 0 and -1 pA (inhibitory). The network runs twice, with

- published: the paper's scheme (integrator 2) at its step of 1 ms. NEST's shortest delay is one
  step, and the model takes its input one step early (see there), so that a spike acts in the step
  that follows it, as in the paper's program: NEST's delay adds nothing.
- exact: the exact quadratic step (integrator 0) at 0.1 ms, with pulses of the same 1 ms and noise
  drawn for the same 1 ms. The pulse starts at NEST's shortest delay, 0.1 ms after the spike.

Both runs have the same cells. Ten seeds of 5 s, mean and standard deviation over seeds; power is
that of the bands 8-12 Hz and 30-50 Hz over the median of 150-450 Hz:

========= =========== ================ ============= ========== ==========
numerics  extra delay rate (spikes/s)  median CV     8-12 Hz    30-50 Hz
========= =========== ================ ============= ========== ==========
published none        7.17 +- 0.08     0.394 +- .002 69 +- 18   31.5 +- 4
published 1 ms        7.14 +- 0.07     0.392 +- .004 66 +- 22   21.9 +- 3
exact     none        8.22 +- 0.15     0.430 +- .005 78 +- 26   53.9 +- 7
exact     1 ms        8.15 +- 0.14     0.428 +- .006 75 +- 21   46.9 +- 3
========= =========== ================ ============= ========== ==========

Converged, the network fires a seventh more (inhibitory cells a quarter more), less regularly, with
a stronger gamma rhythm. A delay of 1 ms more (`--extra-delay 1`), as a model that took its input at
the end of the step would have, hardly changes the rates but weakens the gamma rhythm by a third.

References
----------
E. M. Izhikevich, "Simple model of spiking neurons", IEEE Transactions on Neural Networks 14(6),
2003; its program net.m.
"""

from dataclasses import dataclass

import numpy as np

from izhisyn import analysis, command_line, plotting, recording
from izhisyn.errors import ParameterError
from izhisyn.kernel import nest, simulate, start_kernel, steps_of
from izhisyn.parameters import excitatory_cells, inhibitory_cells
from izhisyn.wiring import create_cells, round_to_weight_grid

SCRIPT = "izhikevich_2003_network"
MODEL = "izhikevich_psc_delta_neuron"

# Node ids: the cells are created first.
EXCITATORY = range(1, 801)
INHIBITORY = range(801, 1001)
ALL = range(1, 1001)
MAX_WEIGHT = 0.5  # excitatory weights are uniform from 0 to this [pA]
MIN_WEIGHT = -1.0  # inhibitory weights are uniform from this to 0 [pA]
T_PULSE = 1.0  # duration of the current that a spike is [ms]
MIN_RESOLUTION = T_PULSE / 100  # the model's pulses have up to 100 steps [ms]
NOISE_E = 5.0  # standard deviation of the thalamic input of excitatory cells [pA]
NOISE_I = 2.0  # the same of inhibitory cells [pA]
NOISE_INTERVAL = 1.0  # time after which it is drawn anew [ms]
V_0 = -65.0  # initial membrane potential [mV]

ALPHA, GAMMA = (8.0, 12.0), (30.0, 50.0)  # bands of the rhythms [Hz]
BACKGROUND = (150.0, 450.0)  # band without rhythm [Hz]
MIN_SIMTIME = 500.0  # shortest time in which these are measured [ms]


@dataclass(frozen=True)
class Numerics:
    """How the equations are solved.

    Attributes
    ----------
    integrator : int
        Integrator of the model.
    resolution : float
        Time step [ms].
    """

    integrator: int
    resolution: float


def main(arguments=None):
    """Run the network with these command line arguments."""
    options = parse_arguments(arguments)
    endings = ("json", "published.npz", "exact.npz", "png")
    results = command_line.Results(SCRIPT, options.output, options.quiet, endings)
    numerics = {
        "published": Numerics(integrator=2, resolution=1.0),
        "exact": Numerics(integrator=0, resolution=options.resolution),
    }
    runs = {name: simulate_network(name, how, options) for name, how in numerics.items()}
    if nest.Rank() > 0:
        return

    measured = {
        name: {
            "integrator": numerics[name].integrator,
            "resolution": numerics[name].resolution,
            "delay": numerics[name].resolution + options.extra_delay,
            **measure(spikes, options.simtime),
        }
        for name, spikes in runs.items()
    }
    results.write_json(
        {
            "model": MODEL,
            "nest_version": nest.__version__,
            "seed": options.seed,
            "simtime": options.simtime,
            "extra_delay": options.extra_delay,
            "difference": difference(measured),
            **measured,
        }
    )
    for name, spikes in runs.items():
        with results.file(f"{name}.npz") as path:
            recording.save(path, spikes)
    results.write_figure(draw(runs, options.simtime))
    results.finish(
        *(
            f"{name}: {m['rates']['all']:.2f} spikes/s (E {m['rates']['E']:.2f}, "
            f"I {m['rates']['I']:.2f}), median CV {m['cv_median']:.3f}, power against 150-450 Hz: "
            f"alpha {m['alpha_power']:.0f}, gamma {m['gamma_power']:.0f}"
            for name, m in measured.items()
        )
    )


def parse_arguments(arguments=None):
    """Parse the command line."""
    parser = command_line.argument_parser(SCRIPT, __doc__.partition("\n")[0])
    parser.add_argument(
        "--simtime",
        type=command_line.positive_number,
        default=1000.0,
        metavar="MS",
        help="biological time [ms]",
    )
    parser.add_argument(
        "--extra-delay",
        type=command_line.number_from_zero,
        default=0.0,
        metavar="MS",
        help="what all delays have beyond NEST's shortest [ms]",
    )
    command_line.add_total_vps(parser)
    options = parser.parse_args(arguments)
    if options.simtime < MIN_SIMTIME:
        raise ParameterError(
            f"--simtime {options.simtime:g} ms is too short for the rhythms of the network; "
            f"choose {MIN_SIMTIME:g} ms or more"
        )
    if options.resolution < MIN_RESOLUTION:
        raise ParameterError(
            f"--resolution {options.resolution:g} ms is too fine for pulses of {T_PULSE:g} ms, "
            f"which have up to 100 steps; choose {MIN_RESOLUTION:g} ms or more"
        )
    return options


def simulate_network(name, numerics, options):
    """Build and simulate the network.

    Returns
    -------
    izhisyn.recording.Spikes or None
        In the first MPI process; None in others.
    """
    start_kernel(numerics.resolution, options.threads, options.seed, options.total_vps)
    steps_of(NOISE_INTERVAL, "noise interval")
    steps_of(options.extra_delay, "extra delay")
    excitatory, inhibitory = create(numerics, options.seed)
    connect(excitatory, inhibitory, numerics.resolution + options.extra_delay)
    drive(excitatory, inhibitory)
    recorder = recording.record_spikes(excitatory + inhibitory)
    progress = command_line.Progress(f"{SCRIPT}, {name}", options.quiet)
    simulate(options.simtime, progress, min_delay=numerics.resolution)
    return recording.gather_spikes(recorder, options.output)


def create(numerics, seed):
    """Create the cells; the same ones for the same seed, whatever the numerics.

    Returns
    -------
    excitatory, inhibitory : nest.NodeCollection
    """
    # NumPy's generator with a seed draws the same in each MPI process.
    generator = np.random.default_rng(seed)
    cells = (
        excitatory_cells(generator.random(len(EXCITATORY))),
        inhibitory_cells(generator.random(len(INHIBITORY))),
    )
    t_pulse = {} if numerics.integrator == 2 else {"t_pulse": T_PULSE}
    common = {"integrator": numerics.integrator, "V_m": V_0} | t_pulse
    return tuple(
        create_cells(
            MODEL, parameters["b"].size, common | parameters | {"U_m": parameters["b"] * V_0}
        )
        for parameters in cells
    )


def connect(excitatory, inhibitory, delay):
    """Connect all cells to all, themselves included, as the paper's program does.

    Parameters
    ----------
    excitatory, inhibitory : nest.NodeCollection
    delay : float
        Delay of all connections [ms].
    """
    for sources, low, high in ((excitatory, 0.0, MAX_WEIGHT), (inhibitory, MIN_WEIGHT, 0.0)):
        weight = round_to_weight_grid(nest.random.uniform(low, high))
        nest.Connect(
            sources,
            excitatory + inhibitory,
            "all_to_all",
            {"weight": weight, "delay": delay},
        )


def drive(excitatory, inhibitory):
    """Give each cell a noisy thalamic current of its own."""
    for neurons, std in ((excitatory, NOISE_E), (inhibitory, NOISE_I)):
        noise = nest.Create("noise_generator", params={"std": std, "dt": NOISE_INTERVAL})
        nest.Connect(noise, neurons, syn_spec={"delay": nest.resolution})


def measure(spikes, simtime):
    """Measure rates, variation and rhythms.

    Parameters
    ----------
    spikes : izhisyn.recording.Spikes
    simtime : float
        Recorded time [ms].

    Returns
    -------
    dict
        Numbers of spikes, mean rates [spikes/s], the median of the neurons' coefficients of
        variation of the intervals, and the mean power in the bands of the alpha and the gamma
        rhythm, against the median power between 150 and 450 Hz (in the plain periodogram).
    """
    cvs = analysis.interval_cvs(spikes.times, spikes.senders, ALL)
    _, rate = analysis.population_rate(spikes.times, len(ALL), 0.0, simtime)
    frequencies, power = analysis.power_spectrum(rate, width=1.0, segment=simtime, window=np.ones)

    def within(band):
        return power[(frequencies >= band[0]) & (frequencies <= band[1])]

    background = np.median(within(BACKGROUND))
    return {
        "num_spikes": spikes.times.size,
        "rates": {
            name: float(analysis.rates(spikes.senders, neurons, simtime).mean())
            for name, neurons in {"E": EXCITATORY, "I": INHIBITORY, "all": ALL}.items()
        },
        "cv_median": float(np.nanmedian(cvs)),
        "alpha_power": float(within(ALPHA).mean() / background),
        "gamma_power": float(within(GAMMA).mean() / background),
    }


def difference(measured):
    """Tell what the exact numerics change, relative to the published ones [1].

    Parameters
    ----------
    measured : dict
        What `measure` gives for "published" and "exact".

    Returns
    -------
    dict
    """
    published, exact = measured["published"], measured["exact"]
    relative = {
        name: exact[name] / published[name] - 1.0
        for name in ("num_spikes", "cv_median", "alpha_power", "gamma_power")
    }
    rates = {
        name: exact["rates"][name] / published["rates"][name] - 1.0 for name in published["rates"]
    }
    return relative | {"rates": rates}


def draw(runs, simtime):
    """Draw raster, population rate and spectrum, each numerics in a column.

    Parameters
    ----------
    runs : dict of str to izhisyn.recording.Spikes
    simtime : float
        Recorded time [ms].

    Returns
    -------
    matplotlib.figure.Figure
    """
    shown = min(simtime, 1000.0)
    with plotting.style():
        figure = plotting.new_figure(width=18.0, height=14.0)
        axes = figure.subplots(3, len(runs), height_ratios=(3, 1, 1.5), sharey="row", squeeze=False)
        populations = ((EXCITATORY, plotting.BLUE), (INHIBITORY, plotting.VERMILION))
        for (raster, rates, spectrum), (name, spikes) in zip(axes.T, runs.items(), strict=True):
            plotting.draw_raster(raster, spikes, populations, ms=1.5)
            raster.set_title(f"{name} numerics", loc="left")
            raster.tick_params(labelbottom=False)
            times, rate = analysis.population_rate(spikes.times, len(ALL), 0.0, simtime)
            rates.plot(times, rate, color=plotting.BLACK, lw=0.5)
            rates.set_xlabel("Time (ms)")
            for panel in (raster, rates):
                panel.set_xlim(0.0, shown)
            frequencies, power = analysis.power_spectrum(rate, width=1.0)
            plotting.draw_spectrum(spectrum, frequencies, power, color=plotting.BLACK)
            for band, name in ((ALPHA, r"$\alpha$"), (GAMMA, r"$\gamma$")):
                spectrum.axvspan(*band, color=plotting.BLUE, alpha=0.15, lw=0.0)
                middle, top = np.sqrt(band[0] * band[1]), spectrum.get_xaxis_transform()
                spectrum.text(middle, 1.02, name, transform=top, ha="center", va="bottom")
        labels = ("Cell (blue: excitatory)", "Rate (spikes/s)", "Power ((spikes/s)$^2$/Hz)")
        for panel, label in zip(axes[:, 0], labels, strict=True):
            panel.set_ylabel(label)
        figure.align_ylabels(axes[:, 0])
    return figure


if __name__ == "__main__":
    command_line.run_script(main)
