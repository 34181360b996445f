# SPDX-License-Identifier: GPL-2.0-or-later
"""What spikes cost on their way to pooled neurons: synapses, Poisson drive, and a whole network.

The network is the default `population_network`: 10 000 conductance-based cells with 1000 random
inputs each, random weights and delays, and Poisson background. Its parts are those of networks with
less in them: the cells alone, which do not fire without input; the cells with the background; all.
Both synapses get the same connections and, with NEST's generator, the same spikes.
"""

import functools
import hashlib

import numpy as np

from benchmarks import builds, nest_runs, report
from benchmarks.measure import Process, Stopwatch, resident_bytes, take_turns
from izhisyn import random_network, recording
from izhisyn.kernel import nest, start_kernel
from izhisyn.network_design import NETWORK, NEURON_MODELS, network_size
from izhisyn.wiring import POOLED_GENERATOR, POOLED_SYNAPSE

NAME = "delivery"
PSC = "izhikevich_psc_multisyn_neuron"
STEP = 0.1  # [ms]
PART = 100.0  # of a turn in the network [ms]
SETTLED = 100.0  # before the first turn [ms]
NEURONS, SYNAPSES = 10_000, 1000
RATES = (1.0, 100.0, 1000.0, 5000.0, 20_000.0, 100_000.0)  # of the Poisson drive [spikes/s]
TARGETS = (10_000, 100_000)
STATIC, POISSON = "static_synapse", "poisson_generator"

# What each network has: recurrent connections, background, synapse and generator.
CELLS = "cells alone"
BACKGROUND = "cells and background"
NETWORKS = {
    CELLS: (False, False, STATIC, POISSON),
    f"{BACKGROUND}, {POISSON}": (False, True, STATIC, POISSON),
    f"{BACKGROUND}, {POOLED_GENERATOR}": (False, True, POOLED_SYNAPSE, POOLED_GENERATOR),
    f"all, {STATIC} and {POISSON}": (True, True, STATIC, POISSON),
    f"all, {POOLED_SYNAPSE} and {POISSON}": (True, True, POOLED_SYNAPSE, POISSON),
    "all, both pooled (default)": (True, True, POOLED_SYNAPSE, POOLED_GENERATOR),
}
SAME_SPIKES = (f"all, {STATIC} and {POISSON}", f"all, {POOLED_SYNAPSE} and {POISSON}")
DRIVES = {
    "both pooled": (POOLED_GENERATOR, POOLED_SYNAPSE),
    f"{POOLED_GENERATOR} through {STATIC}": (POOLED_GENERATOR, STATIC),
    POISSON: (POISSON, STATIC),
    "poisson_generator_ps": ("poisson_generator_ps", STATIC),
}
_state = {}  # of a process with a network


def main(arguments=None):
    """Run the benchmark with these command line arguments."""
    options = report.parser(NAME, __doc__.partition("\n")[0], repetitions=3).parse_args(arguments)
    networks = [run for threads in (1, 2) for run in measure_networks(threads, options)]
    check_spikes(networks)
    drives = measure_drives(options)
    report.write(
        NAME,
        options,
        {"part": PART, "networks": networks, "drives": drives},
        {
            "The default population_network: seconds for a simulated second": table_of_networks(
                networks
            ),
            "Poisson drive: what it adds to a neuron's step (ns)": table_of_drives(drives),
        },
    )


def measure_networks(threads, options):
    """Simulate parts of all networks in turns, each in a process of its own."""
    processes = {name: Process() for name in NETWORKS}
    built = {
        name: processes[name](build_network, parts, threads, builds.own_module())
        for name, parts in NETWORKS.items()
    }
    turns = {name: [] for name in NETWORKS}
    for _ in range(options.repetitions):
        for name, process in processes.items():
            turns[name].append(process(simulate_part))
    spikes = {name: process(digest) for name, process in processes.items()}
    for process in processes.values():
        process.close()
    return [
        {
            "name": name,
            "threads": threads,
            **built[name],
            **spikes[name],
            "wall": min(turn["wall"] for turn in turns[name]) * 1e3 / PART,
            "processor": min(turn["processor"] for turn in turns[name]) * 1e3 / PART,
        }
        for name in NETWORKS
    ]


def build_network(parts, threads, module):
    """Build a network in this process; give the seconds and the bytes of a connection."""
    is_recurrent, has_background, synapse, generator = parts
    size, model = network_size(NEURONS, SYNAPSES), NEURON_MODELS["cond"]
    start_kernel(STEP, threads, module=module)
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.set(min_delay=NETWORK["delay_min"], max_delay=NETWORK["delay_max"])
    cells = random_network.create(size, model, seed=1)
    memory, stopwatch = resident_bytes(), Stopwatch()
    if is_recurrent:
        random_network.connect_recurrently(cells, size, model, synapse_model=synapse)
    if has_background:
        random_network.connect_background(cells, size, model, synapse, generator)
    seconds = stopwatch.read()[1]
    _state["recorder"] = recording.record_spikes(cells["E"] + cells["I"])
    nest.Prepare()
    nest.Run(SETTLED)
    return {"seconds": seconds, "bytes": resident_bytes() - memory}


def simulate_part():
    """Simulate `PART` ms in this process; give the seconds on the wall and on the processor."""
    stopwatch = Stopwatch()
    nest.Run(PART)
    processor, wall = stopwatch.read()
    return {"wall": wall, "processor": processor}


def digest():
    """Hash the spikes of the network in this process, and give their mean rate [spikes/s]."""
    events = _state["recorder"].events
    order = np.lexsort((events["senders"], events["times"]))
    pairs = np.stack([np.rint(events["times"] / STEP)[order], events["senders"][order]])
    return {
        "spikes": hashlib.sha256(pairs.astype(np.int64).tobytes()).hexdigest()[:16],
        "rate": events["times"].size / NEURONS / (1e-3 * nest.biological_time),
    }


def check_spikes(networks):
    """Refuse to compare synapses that do not give the same spikes."""
    for threads in (1, 2):
        found = {
            run["spikes"]
            for run in networks
            if run["threads"] == threads and run["name"] in SAME_SPIKES
        }
        if len(found) != 1:
            raise RuntimeError(f"the two synapses give different spikes on {threads} threads")


def measure_drives(options):
    """Processor time that Poisson drive adds to a neuron's step, for each device and rate."""
    drives = []
    for n_targets in TARGETS:
        rates = RATES if n_targets == TARGETS[0] else (RATES[2],)
        with Process() as process:
            turns = {
                (name, rate): functools.partial(process, drive_cost, models, rate, n_targets)
                for name, models in {**DRIVES, None: None}.items()
                for rate in (rates if models else (0.0,))
            }
            costs = take_turns(turns, options.repetitions)
        alone = costs.pop((None, 0.0))
        drives += [
            {"name": name, "targets": n_targets, "rate": rate, "added": cost - alone}
            for (name, rate), cost in costs.items()
        ]
    return drives


def drive_cost(models, rate, n_targets):
    """Processor time of a neuron's step, with input that is too weak to make it fire [ns]."""
    nest_runs.start(nest_runs.Contestant(builds.own_module(), PSC), STEP)
    neurons = nest.Create(PSC, n_targets)
    if models is not None:
        generator, synapse = models
        device = nest.Create(generator, params={"rate": rate})
        spec = {"synapse_model": synapse, "weight": 1e-6, "delay": 1.0, "receptor_type": 1}
        nest.Connect(device, neurons, syn_spec=spec)
    duration = 2e5 / n_targets
    with nest.RunManager():
        nest.Run(nest_runs.MIN_DELAY)
        stopwatch = Stopwatch()
        nest.Run(duration)
        processor, _ = stopwatch.read()
    return 1e9 * processor / (n_targets * duration / STEP)


def table_of_networks(networks):
    """Table of the networks, with what the recurrent connections cost in memory."""
    rows = []
    for name in NETWORKS:
        one, two = (
            next(run for run in networks if run["name"] == name and run["threads"] == threads)
            for threads in (1, 2)
        )
        cells = next(run for run in networks if run["name"] == CELLS)
        costs = [one["wall"], one["wall"] / cells["wall"], two["wall"]]
        rows.append([name, *costs, one["rate"], bytes_of_connection(one, networks)])
    head = ["", "1 thread", "/ cells alone", "2 threads", "rate (spikes/s)", "bytes a connection"]
    return report.table(head, rows)


def bytes_of_connection(run, networks):
    """Memory that each recurrent connection adds; None if there are none."""
    is_recurrent, _, *models = NETWORKS[run["name"]]
    if not is_recurrent:
        return None
    without = next(
        other["bytes"]
        for other in networks
        if other["threads"] == run["threads"]
        and NETWORKS[other["name"]][:2] == (False, True)
        and NETWORKS[other["name"]][3] == models[1]
    )
    return (run["bytes"] - without) / (NEURONS * SYNAPSES)


def table_of_drives(drives):
    """Table of what drives add, by rate and number of targets."""
    cases = list(dict.fromkeys((drive["targets"], drive["rate"]) for drive in drives))
    rows = [
        [f"{targets} targets, {rate:g} spikes/s"]
        + [
            next(
                drive["added"]
                for drive in drives
                if (drive["name"], drive["targets"], drive["rate"]) == (name, targets, rate)
            )
            for name in DRIVES
        ]
        for targets, rate in cases
    ]
    return report.table(["", *DRIVES], rows)


if __name__ == "__main__":
    main()
