# SPDX-License-Identifier: GPL-2.0-or-later
"""A presynaptic train through one plastic synapse, with what each spike delivered."""

from dataclasses import dataclass

import numpy as np

from izhisyn import recording

WEIGHT = 8.0
PARROT_DELAY = 1.0


@dataclass(frozen=True)
class Junction:
    """One synapse between a parrot neuron and a target, and what goes through it.

    Attributes
    ----------
    source, target, recorder : nest.NodeCollection
        The recorder is a weight_recorder.
    """

    source: object
    target: object
    recorder: object

    def delivered(self):
        """Weights that arrived at the target, in order of time, shape (n_spikes,)."""
        source, target = self.source.global_id, self.target.global_id
        return recording.deliveries(self.recorder).times_and_weights(source, target)[1]


def junction(nest, model, spike_times, parameters=None, target=None):
    """Connect a source that spikes at `spike_times` [ms] to a target.

    Parameters
    ----------
    nest : module
    model : str
        Synapse model.
    spike_times : sequence of float
        Spike times of the source [ms], at least one delay after the current time; a time that
        occurs twice is two spikes.
    parameters : dict, optional
        Of the synapse; the weight is `WEIGHT` unless given.
    target : nest.NodeCollection, optional
        A parrot_neuron if not given.

    Returns
    -------
    Junction
    """
    source = parrot(nest, spike_times)
    target = nest.Create("parrot_neuron") if target is None else target
    recorded = f"{model}_recorded_at_{source.global_id}"
    recorder = recording.record_deliveries(model, recorded)
    nest.Connect(
        source,
        target,
        syn_spec={"synapse_model": recorded, "weight": WEIGHT, "delay": 1.0, **(parameters or {})},
    )
    return Junction(source, target, recorder)


def parrot(nest, spike_times):
    """Create a parrot_neuron that spikes at these times [ms]; a generator cannot be recorded."""
    generator = nest.Create(
        "spike_generator", params={"spike_times": np.asarray(spike_times) - PARROT_DELAY}
    )
    neuron = nest.Create("parrot_neuron")
    nest.Connect(generator, neuron, syn_spec={"delay": PARROT_DELAY})
    return neuron


def irregular_train(seed, n_spikes, mean_interval, resolution=0.1, start=5.0):
    """Spike times [ms] on the grid with exponential intervals."""
    intervals = np.random.default_rng(seed).exponential(mean_interval, n_spikes)
    steps = np.maximum(np.round(intervals / resolution), 1).cumsum()
    return start + np.round(steps * resolution, 6)


def tsodyks_markram(spike_times, U_0, tau_f, tau_d):
    """Release at each spike of a train [ms] by the closed recursion, from u = 0 and x = 1."""
    u, x, last, releases = 0.0, 1.0, 0.0, []
    for now in spike_times:
        u *= np.exp(-(now - last) / tau_f)
        x = 1.0 - (1.0 - x) * np.exp(-(now - last) / tau_d)
        u += U_0 * (1.0 - u)
        releases.append(u * x)
        x -= u * x
        last = now
    return np.array(releases)
