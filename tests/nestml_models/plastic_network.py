# SPDX-License-Identifier: GPL-2.0-or-later
"""Synapses of NESTML that listen to their targets; run in a process of its own.

``plastic_network.py MODULE THREADS FILE DESCRIPTION.json`` connects one source to neurons of a
model through each synapse, lets the neurons fire irregularly, and writes spikes and weights.
"""

import json
import sys
from pathlib import Path

import nest
import numpy as np

N = 40  # neurons; a block of a pool has 32
DURATION = 2000.0  # [ms]


def main(module: str, threads: int, file: Path, description: dict) -> None:
    """Simulate, and write `pre`, the spikes, and arrays SYNAPSE/targets and SYNAPSE/weights."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.set(resolution=0.1, local_num_threads=threads, min_delay=0.5, max_delay=2.0)
    nest.Install(module)
    random = np.random.default_rng(7)
    pre = np.unique(random.uniform(5.0, DURATION - 20.0, 60).round(1))
    source = nest.Create("spike_generator", params={"spike_times": pre - 1.0})
    parrot = nest.Create("parrot_neuron")
    nest.Connect(source, parrot, syn_spec={"delay": 1.0})
    neurons = nest.Create(description["neuron"], N, description["neuron_parameters"])
    steps = np.arange(1.0, DURATION, 10.0)
    for neuron in neurons:
        currents = description["current"] * random.uniform(-0.5, 2.0, steps.size)
        parameters = {"amplitude_times": steps, "amplitude_values": currents}
        nest.Connect(nest.Create("step_current_generator", params=parameters), neuron)
    recorders = {}
    for synapse, parameters in description["synapses"].items():
        recorders[synapse] = nest.Create("weight_recorder")
        recorded = f"{synapse}_recorded"
        nest.CopyModel(synapse, recorded, {"weight_recorder": recorders[synapse], **parameters})
        spec = {"synapse_model": recorded, "receptor_type": description["receptor_type"]}
        nest.Connect(parrot, neurons, syn_spec={**spec, "delay": description["delay"]})
    spikes = nest.Create("spike_recorder")
    nest.Connect(neurons, spikes)
    nest.Simulate(DURATION)
    arrays = {"pre": pre, **{f"spikes/{name}": spikes.events[name] for name in spikes.events}}
    for synapse, recorder in recorders.items():
        events = recorder.events
        order = np.lexsort((events["times"], events["targets"]))
        for name in ("targets", "weights"):
            arrays[f"{synapse}/{name}"] = events[name][order]
    np.savez(file, **arrays)


if __name__ == "__main__":
    described = json.loads(Path(sys.argv[4]).read_text())
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), described)
