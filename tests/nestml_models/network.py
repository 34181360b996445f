# SPDX-License-Identifier: GPL-2.0-or-later
"""Drive neurons of NESTML's model library; run in a process of its own.

``network.py MODULE N THREADS FILE MODEL...`` simulates N neurons of each model, and writes
spikes and traces of all. No two neurons of a model get the same input.
"""

import sys
from pathlib import Path

import nest
import numpy as np

DURATION = 100.0  # [ms]
RESOLUTION = 0.025  # [ms]; forward Euler fails at a spike of Traub's neuron in steps of 0.1
CURRENT = {"izhikevich_neuron": 20.0}  # [pA]; others need hundreds to fire


def main(module: str, n: int, threads: int, file: Path, models: list[str]) -> None:
    """Simulate, and write arrays MODEL/times, MODEL/senders and MODEL/RECORDABLE."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.set(resolution=RESOLUTION, local_num_threads=threads)
    nest.Install(module)
    recorders = {}
    for number, model in enumerate(models):
        random = np.random.default_rng(number)
        neurons = nest.Create(model, n)
        ports = nest.GetDefaults(model).get("receptor_types", {"spikes": 0})
        for port in ports.values():
            times = np.unique(random.integers(1, 10 * DURATION, 300)) / 10
            train = nest.Create("spike_generator", params={"spike_times": times})
            spec = {"weight": random.uniform(0.1, 3.0, (n, 1)), "delay": 0.5}
            nest.Connect(train, neurons, syn_spec=spec | {"receptor_type": port})
        currents = nest.Create("dc_generator", n)
        currents.amplitude = random.uniform(0.2, 1.0, n) * CURRENT.get(model, 600.0)
        nest.Connect(currents, neurons, "one_to_one", syn_spec={"delay": 0.1})
        spikes = nest.Create("spike_recorder")
        nest.Connect(neurons, spikes)
        names = list(nest.GetDefaults(model)["recordables"])
        traces = nest.Create("multimeter", params={"record_from": names, "interval": 0.5})
        nest.Connect(traces, neurons)
        recorders[model] = spikes, traces
    nest.Simulate(DURATION)
    arrays = {}
    for model, (spikes, traces) in recorders.items():
        for recorder in (spikes, traces):
            events = recorder.events
            # Threads hand in their events one after the other.
            order = np.lexsort((events["senders"], events["times"]))
            kind = "spikes" if recorder is spikes else "traces"
            arrays |= {f"{model}/{kind}/{name}": events[name][order] for name in events}
    np.savez(file, **arrays)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), sys.argv[5:])
