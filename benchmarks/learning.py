# SPDX-License-Identifier: GPL-2.0-or-later
"""Time of the networks that learn, beside programs that do nothing else.

The programs are those of ``tests/learning``, which have the same spikes and weights, bit for bit;
they know their one network at compile time. NEST's own cell and plastic synapses, whose rules are
others, simulate the same connections and input.
"""

import functools
import os
import subprocess

import numpy as np

from benchmarks import report
from benchmarks.builds import ROOT
from benchmarks.measure import Process, Stopwatch, take_turns
from izhisyn import learning_network
from izhisyn.command_line import positive_integer, run_script
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.wiring import connect_pairs
from pynest_scripts import distal_reward, polychronization

NAME = "learning"
SECONDS = 10  # of biological time that are measured
SHORT = 2  # of biological time before, with what a start costs [s]
DOPAMINE = "stdp_dopamine_synapse"
SEED = 1
NETWORKS = {"2006, polychronization": "spnet", "2007, distal reward": "daspnet"}


def main(arguments=None):
    """Run the benchmark with these command line arguments."""
    parser = report.parser(NAME, __doc__.partition("\n")[0], repetitions=3)
    parser.add_argument(
        "--seconds", type=positive_integer, default=SECONDS, help="biological time to measure [s]"
    )
    options = parser.parse_args(arguments)
    measured, rows = {}, []
    for network, name in NETWORKS.items():
        program = compiled(name, options.cache)
        runs = {"the program": functools.partial(run_program, program)}
        for label, run, threads in (
            ("izhisyn", run_own, 1),
            ("izhisyn, 2 threads", run_own, 2),
            ("NEST's cells and synapses", run_stock, 1),
        ):
            runs[label] = functools.partial(Process(), run, name, threads)
        contestants = {
            label: functools.partial(per_second, run, options.seconds)
            for label, run in runs.items()
        }
        measured[network] = take_turns(contestants, options.repetitions)
        fastest = measured[network]["the program"]
        rows += [
            [network, label, 1000.0 * seconds, seconds / fastest]
            for label, seconds in measured[network].items()
        ]
    head = ["network", "", "ms for a biological second", "times the program"]
    report.write(
        NAME,
        options,
        {"biological_seconds": options.seconds, "seconds_per_second": measured},
        {"Networks that learn": report.table(head, rows)},
    )


def compiled(name, cache):
    """Compile a program of ``tests/learning``; return its path."""
    cache.mkdir(parents=True, exist_ok=True)
    program = cache / name
    source = ROOT / "tests" / "learning" / f"{name}.cpp"
    flags = ["-std=c++20", "-O2", "-ffp-contract=off"]
    compiler = os.environ.get("CXX", "g++")
    subprocess.run([compiler, *flags, "-o", program, source], check=True)
    return program


def per_second(run, seconds):
    """Time of a biological second [s]: what a long run takes longer than a short one.

    Parameters
    ----------
    run : callable
        Simulates some biological seconds; returns the time that it took, with or without setup.
    seconds : int
        By how much the runs differ [s].
    """
    return (run(SHORT + seconds) - run(SHORT)) / seconds


def run_program(program, seconds):
    """Run a program; return its time [s]."""
    stopwatch = Stopwatch()
    subprocess.run([program, str(SEED), str(seconds)], check=True, stdout=subprocess.DEVNULL)
    return stopwatch.read()[1]


def run_own(name, threads, seconds):
    """Run the network of a script; return the time of its simulation [s]."""
    start_kernel(learning_network.RESOLUTION, threads, SEED)
    if name == "spnet":
        network = polychronization.draw(SEED, 1000 * seconds)
        cells = polychronization.create(network)
        polychronization.connect(cells, network)
        stopwatch = Stopwatch()
        polychronization.stimulate(cells, network.stimulated)
    else:
        network = distal_reward.draw(SEED, 1000 * seconds)
        cells = distal_reward.create(network)
        reward = distal_reward.Reward(cells, network)
        distal_reward.connect(cells, network, reward.transmitter)
        distal_reward.add_noise(cells, network.noise_seed)
        stopwatch = Stopwatch()
        distal_reward.simulate(1000.0 * seconds, cells, reward)
    return stopwatch.read()[1]


def run_stock(name, threads, seconds):
    """Run a network of NEST's cells and plastic synapses; return the time of its simulation [s]."""
    start_kernel(learning_network.RESOLUTION, threads, SEED)
    cells = nest.Create("izhikevich", len(learning_network.ALL), {"consistent_integration": False})
    cells[len(learning_network.EXCITATORY) :].set({"a": 0.1, "d": 2.0})
    if name == "spnet":
        network = polychronization.draw(SEED, 1000 * seconds)
        connect_stock(cells, network, network.delays, "stdp_synapse", {"Wmax": 10.0, "weight": 6.0})
        times = 1.0 + np.arange(network.stimulated.size)
        generators = nest.Create("spike_generator", len(cells))
        generators.set(
            [{"spike_times": times[network.stimulated == cell]} for cell in range(len(cells))]
        )
        weights, rule = {"weight": polychronization.STIMULUS, "delay": 1.0}, "one_to_one"
    else:
        network = distal_reward.draw(SEED, 1000 * seconds)
        transmitter = nest.Create("volume_transmitter", params={"deliver_interval": 10})
        learning = {"Wmax": 4.0, "weight": 1.0, "A_plus": 0.1, "volume_transmitter": transmitter}
        connect_stock(cells, network, np.ones(network.sources.size), DOPAMINE, learning)
        noise = {"low": -distal_reward.NOISE, "high": distal_reward.NOISE, "seed": SEED}
        generators = nest.Create("uniform_noise_generator", params=noise)
        weights, rule = {"weight": 1.0, "delay": 1.0}, "all_to_all"
    nest.Connect(generators, cells, rule, weights)
    stopwatch = Stopwatch()
    simulate(1000.0 * seconds)
    return stopwatch.read()[1]


def connect_stock(cells, network, delays, synapse_model, learning):
    """Connect NEST's cells as a script connects its own."""
    weight = learning.pop("weight")
    nest.SetDefaults(synapse_model, learning)
    learns = network.sources < len(learning_network.EXCITATORY)
    for chosen, model, own_weight in (
        (learns, synapse_model, weight),
        (~learns, "static_synapse", -5.0 if synapse_model == "stdp_synapse" else -1.0),
    ):
        spec = {"synapse_model": model, "receptor_type": 0, "weight": own_weight}
        spec["delay"] = delays[chosen].astype(float)
        connect_pairs(cells, cells, (network.sources[chosen], network.targets[chosen]), spec)


if __name__ == "__main__":
    run_script(main)
