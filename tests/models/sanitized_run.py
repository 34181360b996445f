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
        connect_pooled(module, threads, models)
        learn(module, threads, models)
    nest.ResetKernel()
    print("done")


def start(module, threads):
    """Begin a new network in this process."""
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.Install(module)
    with open("/proc/self/maps") as maps:
        assert f"{module}.so" in maps.read(), "NEST loaded another module of this name"
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
    for neuron, value in zip(neurons, (1e300, -1e300), strict=False):
        neuron.set({variable: value})
    nest.Simulate(10.0)
    assert all(recorder.n_events for recorder in recorders), f"{model} was silent"


def connect_pooled(module, threads, models):
    """Make, change and remove connections of the pooled synapses and generator, at all times."""
    start(module, threads)
    models = [model for model in models if model != varied_network.ASTROCYTE]
    cells = {model: nest.Create(model, N) for model in models}
    recorder = nest.Create("weight_recorder")
    nest.CopyModel("static_synapse_pooled", "recorded", {"weight_recorder": recorder})
    nest.CopyModel("static_synapse_pooled_hom_w", "uniform", {"weight": 0.5})
    generator = "poisson_generator_pooled"
    noise, by_event, to_stock = nest.Create(generator, 3, {"rate": 3000.0})  # a synapse type each
    changing = nest.Create(
        generator, len(models), {"rate_times": [5.0, 9.0], "rate_values": [1e4, 10.0]}
    )
    spikes = nest.Create("spike_generator", params={"spike_times": np.arange(1.0, 30.0)})
    stock = nest.Create("iaf_psc_exp", 5)
    nest.Connect(to_stock, stock)

    def connect(synapse, sources, targets, rule="all_to_all"):
        """Connect to every port, with the delay that the ring holds longest and the shortest."""
        for delay in (0.1, 8.0):
            for port in receptor_types(targets[0].model).values() or [0]:
                spec = {"synapse_model": synapse, "receptor_type": port, "delay": delay}
                nest.Connect(sources, targets, rule, spec)

    plain = "static_synapse_pooled"
    pooled = ("recorded", "uniform", f"{plain}_lbl", plain)
    first, *others = models
    connect(plain, noise, cells[first])
    nest.Simulate(3.0)
    for model, synapse, device in zip(models, pooled * 2, changing, strict=False):
        connect(synapse, cells[first], cells[model], {"rule": "fixed_indegree", "indegree": 9})
        connect(synapse, device, cells[model][::3])
    connect("static_synapse", by_event, cells[models[-1]])
    nest.Simulate(5.0)
    with nest.RunManager():
        for model in others:
            nest.Run(1.3)
            connect(plain, spikes, cells[model])
            noise.rate = 2e5
    made = nest.GetConnections(cells[first], cells[first])
    made.set(weight=0.25)
    nest.Disconnect(made[::2])
    nest.Simulate(5.0)
    for weight in (-1.0, np.nan):
        try:
            made = nest.GetConnections(spikes, synapse_model=plain)
            made[0].set(weight=weight)
        except nest.NESTErrors.KernelException:
            continue
    nest.Simulate(9.0)
    assert recorder.n_events


def learn(module, threads, models):
    """Make, change and remove plastic synapses while they learn, also on a clock that goes back."""
    start(module, threads)
    models = [model for model in models if model != varied_network.ASTROCYTE]
    transmitter = nest.Create("volume_transmitter")
    sources = nest.Create("parrot_neuron", 20)
    cells = {model: nest.Create(model, N, {"tau_minus": 20.0}) for model in models}
    generators = nest.Create("poisson_generator", 2, {"rate": 500.0})
    nest.Connect(generators[0], sources)
    nest.Connect(sources[:3], transmitter)
    noise = nest.Create("uniform_noise_generator", params={"low": -20.0, "high": 30.0})
    recorder = nest.Create("weight_recorder")
    settings = {"weight_recorder": recorder, "update_interval": 1.0}
    nest.CopyModel("stdp_izhikevich_synapse", "stdp", settings)
    settings["volume_transmitter"] = transmitter
    nest.CopyModel("dopamine_stdp_izhikevich_synapse", "dopamine", settings)

    def connect():
        for of_model in cells.values():
            for port in receptor_types(of_model[0].model).values() or [0]:
                for synapse, delay in (("stdp", 0.1), ("dopamine", 7.9)):
                    spec = {"synapse_model": synapse, "receptor_type": port, "delay": delay}
                    nest.Connect(
                        sources, of_model[:40], {"rule": "fixed_indegree", "indegree": 3}, spec
                    )

    connect()
    for model, of_model in cells.items():
        if not receptor_types(model):
            nest.Connect(noise, of_model, syn_spec={"synapse_model": "static_synapse_pooled"})
            nest.Connect(generators[1], of_model, syn_spec={"weight": 20.0})
    nest.Simulate(9.3)
    connect()
    nest.Simulate(5.0)
    for synapse in ("stdp", "dopamine"):
        made = nest.GetConnections(synapse_model=synapse)
        made.set(weight=0.25)
        nest.Disconnect(made[::3])
    nest.Simulate(5.0)
    connect()  # in the place of those that are gone
    nest.biological_time = 0.0
    nest.Simulate(20.0)
    assert recorder.n_events
    assert max(nest.GetConnections(synapse_model="dopamine").get("dopamine")) > 0.0


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
