# SPDX-License-Identifier: GPL-2.0-or-later
"""A network of all models that grows, changes and shrinks at every boundary of several runs.

``python late_network.py MODULE SYNAPSE VIRTUAL_PROCESSES FOLDER`` simulates it in each of
`WAYS`, and writes spikes and states to ``FOLDER/WAY.RANK.npz``, also under
``mpirun``. The last way is for one thread a process.
"""

import contextlib
import sys
from pathlib import Path

import nest
import numpy as np

from izhisyn.wiring import receptor_types
from tests.models.varied_network import (
    AS_POSTED,
    ASTROCYTE,
    COND,
    COND_2007,
    DELTA,
    MODELS,
    PSC,
    SHARES,
    TUTORIAL,
    WEIGHTS,
)

STATE = {
    PSC: ("V_m", "U_m"),
    COND: ("V_m", "U_m", "g_AMPA", "g_NMDA", "g_GABA_A"),
    COND_2007: ("V_m", "U_m", "g_AMPA", "g_NMDA", "g_GABA_A"),
    DELTA: ("V_m", "U_m"),
    TUTORIAL: ("v", "u"),
    AS_POSTED: ("V_m", "U_m", "I_AMPA", "I_GABA_A"),
    ASTROCYTE: ("IP3", "Ca_astro"),
}
WAYS = ("Simulate", "Run", "grown")
WIDTH = 32  # neurons of a block
DURATIONS = (5.3, 3.7, 6.0, 4.9, 12.1)  # [ms]; a slice lasts 1 ms, so that runs end inside one
N_BOUNDARIES = len(DURATIONS) - 1
MIN_DELAY, MAX_DELAY = 1.0, 9.0  # [ms]
DELAYS = (1.0, 8.7)  # [ms]; of the longer one spikes are on their way at each boundary


def ports_of(model):
    """Give each port as the kind of its sources and what `syn_spec` needs."""
    if model == ASTROCYTE:
        return []
    receptors = receptor_types(model) or {"spikes": 0}
    spikes = [
        {"receptor_type": number, "weight": 4 * WEIGHTS[model] * SHARES.get(name, 1.0)}
        for name, number in receptors.items()
    ]
    return [*(("spikes", port) for port in spikes), ("current", {"weight": 1.0})]


class LateNetwork:
    """Populations whose ports are first connected at different boundaries."""

    def __init__(self, synapse, way):
        self.synapse = synapse
        self.way = way
        # A population for each port, whose ports are used in an order of its own. It fills blocks.
        n = WIDTH * nest.total_num_virtual_procs
        self.populations = [
            (model, shift, nest.Create(model, n, {} if model == ASTROCYTE else {"I_e": 4.0}))
            for model in MODELS
            for shift in range(max(1, len(ports_of(model))))
        ]
        self.late = []
        times = np.arange(2.0, 40.0, 1.7).round(1)
        self.generators, to_parrots = (
            nest.Create("spike_generator", N_BOUNDARIES, {"spike_times": times}) for _ in range(2)
        )
        self.currents = nest.Create("dc_generator", N_BOUNDARIES, {"amplitude": 2.0})
        self.parrots = nest.Create("parrot_neuron", N_BOUNDARIES)
        self.senders = nest.Create(DELTA, N_BOUNDARIES, {"I_e": 30.0})
        nest.Connect(to_parrots, self.parrots, "one_to_one", {"delay": 1.3})
        self.recorder = nest.Create("spike_recorder")
        for _, _, neurons in self.populations:
            nest.Connect(neurons, self.recorder, syn_spec={"delay": MIN_DELAY})

    def simulate(self):
        """Simulate by ``Simulate``, or by ``Run`` after a single ``Prepare``."""
        is_run = self.way == "Run"
        with nest.RunManager() if is_run else contextlib.nullcontext():
            for boundary, duration in enumerate(DURATIONS):
                (nest.Run if is_run else nest.Simulate)(duration)
                if boundary < N_BOUNDARIES:
                    self.change(boundary)
        populations = [(model, neurons) for model, _, neurons in self.populations]
        return result(self.recorder, populations + self.late)

    def change(self, boundary):
        """Connect ports that were not used before, create nodes, and change what there is."""
        if boundary > 0:
            for _, _, neurons in self.populations:  # some of those that a parrot sends to
                made = nest.GetConnections(self.parrots[boundary - 1], neurons[1::15])
                if len(made):
                    nest.Disconnect(made)
        for model, shift, neurons in self.populations:
            ports = ports_of(model)
            if ports:
                neurons[boundary::4].I_e = 5.0 + boundary
                self.connect(*ports[(boundary + shift) % len(ports)], boundary, neurons)
            neurons[1::3].frozen = boundary % 2 == 0
        for model in MODELS:
            rest = {} if model == ASTROCYTE else {"I_e": 0.0}
            neurons = nest.Create(model, 3 * nest.total_num_virtual_procs, rest)
            self.late.append((model, neurons))
            for kind, port in ports_of(model):
                # NEST does not know yet where a neuron sends its spikes that was made during a run.
                weak = {
                    **port,
                    "weight": port["weight"] / 32 if self.way == "Run" else port["weight"],
                }
                self.connect(kind, weak, boundary, neurons)

    def connect(self, kind, port, boundary, targets):
        """Connect a third of the targets to each sort of source: device, parrot, neuron."""
        sources = [self.generators, self.parrots, self.senders]
        if kind == "current":
            sources = [self.currents] * 3
        for i, source in enumerate(sources):
            for delay in DELAYS:
                spec = {"synapse_model": self.synapse, "delay": delay, **port}
                nest.Connect(source[boundary], targets[i::3], syn_spec=spec)


def grow(synapse):
    """Let structural plasticity make the first connections of every port while NEST simulates."""
    nest.structural_plasticity_update_interval = 5.0
    pairs, elements = {}, {}
    for model in MODELS:
        for i, (kind, port) in enumerate(ports_of(model)):
            if kind == "spikes":
                name = f"{model}_{i}"
                nest.CopyModel(synapse, name, {**port, "delay": DELAYS[i % 2]})
                pairs[name] = {
                    "synapse_model": name,
                    "pre_synaptic_element": f"axon_{name}",
                    "post_synaptic_element": f"dendrite_{name}",
                }
                # One port after the other is used for the first time.
                growth = {"growth_curve": "linear", "eps": 1e9, "growth_rate": 0.02 + 0.05 * i}
                elements.setdefault(model, {}).update(
                    {f"{element}_{name}": dict(growth) for element in ("axon", "dendrite")}
                )
    nest.structural_plasticity_synapses = pairs
    populations = [
        (model, nest.Create(model, 40, {"I_e": 12.0, "synaptic_elements": elements[model]}))
        for model in elements
    ]
    recorder = nest.Create("spike_recorder")
    for _, neurons in populations:
        nest.Connect(neurons, recorder, syn_spec={"delay": MIN_DELAY})
    nest.EnableStructuralPlasticity()
    nest.Simulate(60.0)
    grown = [nest.GetConnections(neurons, neurons) for _, neurons in populations]
    arrays = result(recorder, populations)
    for name in ("source", "target", "receptor", "weight"):
        arrays[f"grown.{name}"] = np.concatenate([made.get(name) for made in grown])
    return arrays


def result(recorder, populations):
    """Give spikes, and the state of the neurons on this rank.

    Returns
    -------
    dict
        ``MODEL.NAME``, shape (2, n_neurons): node ids and values; ``spikes``: senders and times.
    """
    arrays = {"spikes": np.array([recorder.events["senders"], recorder.events["times"]])}
    for model, neurons in populations:
        local = nest.GetLocalNodeCollection(neurons)
        if not len(local):
            continue
        values = local.get([*STATE[model]])
        for name in STATE[model]:
            column = [local.tolist(), np.atleast_1d(values[name])]
            key = f"{model}.{name}"
            arrays[key] = np.hstack([arrays.get(key, np.empty((2, 0))), column])
    return arrays


def main(module, synapse, virtual_processes, folder):
    """Simulate in each way, and write what came out."""
    for way in WAYS:
        if way == "grown" and virtual_processes > nest.num_processes:
            continue  # structural plasticity has one thread a process
        nest.ResetKernel()
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.Install(module)
        nest.set(resolution=0.1, total_num_virtual_procs=virtual_processes)
        nest.set(min_delay=MIN_DELAY, max_delay=MAX_DELAY)
        arrays = grow(synapse) if way == "grown" else LateNetwork(synapse, way).simulate()
        np.savez(folder / f"{way}.{nest.Rank()}.npz", **arrays)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
