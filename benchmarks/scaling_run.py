# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of the population network on the processes that a launcher started, timed by NEST.

``python -m benchmarks.scaling_run FOLDER OPTIONS`` takes the options of
``pynest_scripts.population_network`` and writes ``FOLDER/run.json``.
"""

import json
import sys
from pathlib import Path

import numpy as np

from izhisyn import command_line, random_network, recording
from izhisyn.files import write_text
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.network_design import NEURON_MODELS
from izhisyn.processes import peak_memory
from pynest_scripts import population_network

BUILDING = {
    "create": "time_construction_create",
    "connect": "time_construction_connect",
    "prepare": "time_communicate_prepare",
}
# All but the first one need a NEST that was built with detailed timers.
SIMULATING = {
    "simulate": "time_simulate",
    "update": "time_update",
    "deliver": "time_deliver_spike_data",
    "communicate": "time_gather_spike_data",
    # Of the thread's processor, without the time in which other programs had it.
    "processor_update": "time_update_cpu",
    "processor_deliver": "time_deliver_spike_data_cpu",
}


def main(folder, arguments):
    """Build, simulate, and gather the timers of all processes."""
    options = population_network.parse_arguments(arguments)
    size, model = population_network.size_of(options), NEURON_MODELS[options.model]
    start_kernel(options.resolution, options.threads, options.seed, options.total_vps)
    cells = random_network.create(size, model, options.seed, options.heterogeneity)
    random_network.connect(cells, size, model, options.weights, options.delays)
    simulate(options.presimtime)
    building = read_timers(BUILDING)
    spikes = []  # of each part of the simulation, for which NEST counts anew
    simulate(options.simtime, progress=lambda _: spikes.append(nest.local_spike_counter))

    processes = recording.gather(
        folder,
        spikes=sum(spikes),
        memory=peak_memory(),
        **building,
        **read_timers(SIMULATING),
    )
    if nest.Rank() > 0:
        return
    # The processes work at the same time; the last one decides.
    slowest = {
        name: float(max(process[name] for process in processes))
        for name in processes[0]
        if name not in ("spikes", "memory")
    }
    result = {
        "neurons": size.N,
        "in_degree": size.K,
        "steps": round(options.simtime / options.resolution),
        "spikes": int(sum(process["spikes"] for process in processes)),
        "seconds": slowest,
        "peak_memory_MiB": float(sum(process["memory"] for process in processes)),
    }
    write_text(folder / "run.json", json.dumps(result))


def read_timers(names):
    """Read NEST's timers [s], those of threads as their mean; none that this NEST does not have."""
    status = nest.kernel_status
    return {
        phase: float(np.mean(status[timer])) for phase, timer in names.items() if timer in status
    }


if __name__ == "__main__":
    command_line.run_script(lambda: main(Path(sys.argv[1]), sys.argv[2:]))
