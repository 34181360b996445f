# SPDX-License-Identifier: GPL-2.0-or-later
"""The same model in Brian2 and in NEST, with the same spikes arriving in the same steps."""

import brian2
import numpy as np

from izhisyn.brian2_import.units import unit_size


def run_brian2(case, seed=1):
    """Run a case in Brian2.

    Returns
    -------
    traces : dict
        Recorded variables in NESTML's units, from the first step's end on.
    spikes : numpy.ndarray
        Steps in which the neuron spiked, the first being 0.
    """
    model = dict(case.model)
    names = model.pop("namespace", {})
    on_pre, values = model.pop("on_pre", {}), model.pop("initial_values", {})
    regularly = model.pop("run_regularly", None)
    brian2.start_scope()
    brian2.prefs.codegen.target = "numpy"
    brian2.seed(seed)
    brian2.defaultclock.dt = case.dt * brian2.ms
    group = brian2.NeuronGroup(1, model.pop("equations"), namespace=names, **model)
    for name, value in values.items():
        setattr(group, name, value)
    network = brian2.Network(group)
    if regularly:
        group.run_regularly(regularly)
    for port, times in case.spikes.items():
        source = brian2.SpikeGeneratorGroup(
            1, np.zeros(len(times), int), np.array(times) * brian2.ms
        )
        synapse = brian2.Synapses(source, group, on_pre=on_pre[port], namespace=names)
        synapse.connect()
        network.add(source, synapse)
    traces = brian2.StateMonitor(group, case.record, record=True)
    network.add(traces)
    spikes = brian2.SpikeMonitor(group) if "threshold" in case.model else None
    if spikes is not None:
        network.add(spikes)
    network.run((case.duration + case.dt) * brian2.ms)
    dims = {name: group.variables[name].dim for name in case.record}
    recorded = {
        name: np.asarray(getattr(traces, f"{name}_" if hasattr(traces, f"{name}_") else name))[
            0, 1:
        ]
        / unit_size(dims[name])
        for name in case.record
    }
    steps = np.rint(np.asarray(spikes.t) / (case.dt * 1e-3)).astype(int) if spikes else np.array([])
    return recorded, steps[steps < round(case.duration / case.dt)]


def run_nest(case, model, module, seed=1):
    """Run a case in NEST; gives the same as `run_brian2`."""
    import nest

    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = case.dt
    nest.rng_seed = seed
    nest.Install(module)
    neuron = nest.Create(model)
    ports = {name: k for k, name in enumerate(case.model.get("on_pre", {}), 1)}
    for port, times in case.spikes.items():
        source = nest.Create("spike_generator", params={"spike_times": times})
        receptor = ports[port] if len(ports) > 1 else 0
        nest.Connect(source, neuron, syn_spec={"delay": case.dt, "receptor_type": receptor})
    meter = nest.Create(
        "multimeter", params={"record_from": list(case.record), "interval": case.dt}
    )
    nest.Connect(meter, neuron, syn_spec={"delay": case.dt})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neuron, recorder, syn_spec={"delay": case.dt})
    nest.Simulate(case.duration + 2 * case.dt)
    n_steps = round(case.duration / case.dt)
    events = meter.get("events")
    traces = {name: np.asarray(events[name])[:n_steps] for name in case.record}
    # NEST stamps a spike with the end of its step.
    steps = np.rint(np.asarray(recorder.get("events")["times"]) / case.dt).astype(int) - 1
    return traces, steps[steps < n_steps]
