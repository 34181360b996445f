# SPDX-License-Identifier: GPL-2.0-or-later
"""Use the neurons in all the ways there are; for a build with sanitizers.

``python sanitized_run.py MODULE MODEL ...``
"""

import sys

import nest
import numpy as np
import varied_network

from izhisyn.wiring import receptor_types

N = 70  # neurons, more than two blocks


def main(module, models):
    """Use every model by itself, then all together, on one thread and on two."""
    for threads in (1, 2):
        for model in models:
            start(module, threads)
            use(model)
        start(module, threads)
        for model in models:
            varied_network.varied_network(nest, model, N, duration=20.0)
        nest.Simulate(20.0)
    nest.ResetKernel()
    print("done")


def start(module, threads):
    """Begin a new network in this process."""
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.Install(module)
    nest.set(resolution=0.1, min_delay=0.1, max_delay=8.0, local_num_threads=threads)


def use(model):
    """Create, connect, record, set, freeze, copy, grow, and give values beyond all bounds."""
    names = varied_network.settable(model)
    recorders = varied_network.varied_network(nest, model, N, duration=20.0)
    neurons = nest.GetNodes({"model": model})
    nest.Simulate(10.3)
    state = neurons[3].get(names)
    neurons[5].set(state)
    neurons[::7].frozen = True
    with nest.RunManager():
        for duration in (0.1, 2.7, 3.2):
            nest.Run(duration)
            neurons[2].set(state)
    neurons[::7].frozen = False

    nest.CopyModel(model, f"copy_of_{model}")
    later = nest.Create(model, N) + nest.Create(f"copy_of_{model}", 3)
    if model != varied_network.ASTROCYTE:
        port = max(receptor_types(model).values(), default=0)
        plastic = {"synapse_model": "stdp_synapse", "receptor_type": port}
        nest.Connect(neurons, later, "all_to_all", plastic)
    nest.Simulate(10.0)
    variable = names[0]  # the potential, or calcium
    for neuron, value in zip(neurons, (1e300, -1e300, np.inf, np.nan), strict=False):
        neuron.set({variable: value})
    nest.Simulate(10.0)
    assert all(recorder.n_events for recorder in recorders), f"{model} was silent"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
