# SPDX-License-Identifier: GPL-2.0-or-later
"""One neuron with its inputs and recordings, as the model tests need it."""

import numpy as np

from izhisyn import recording
from izhisyn.wiring import receptor_types

PSC = "izhikevich_psc_multisyn_neuron"
COND = "izhikevich_cond_multisyn_neuron"
COND_2007 = "izhikevich2007_cond_multisyn_neuron"
DELTA = "izhikevich_psc_delta_neuron"
TUTORIAL = "izhikevich_tutorial_neuron"


def deliver(nest, neuron, arrivals):
    """Let spikes arrive at a neuron.

    Parameters
    ----------
    nest : module
    neuron : nest.NodeCollection
        One neuron.
    arrivals : sequence of (float, str, float)
        Time of arrival [ms], at least two steps; receptor (None for the only port); weight.
    """
    model = neuron.model
    by_port = {}
    for time, receptor, weight in arrivals:
        by_port.setdefault(receptor, []).append((time, weight))
    for receptor, spikes in by_port.items():
        times, weights = zip(*sorted(spikes), strict=True)
        generator = nest.Create(
            "spike_generator",
            params={
                "spike_times": np.round(np.array(times) - nest.resolution, 6),
                "spike_weights": weights,
            },
        )
        connection = {"delay": nest.resolution}
        if receptor is not None:
            connection["receptor_type"] = receptor_types(model)[receptor]
        nest.Connect(generator, neuron, syn_spec=connection)


def exact_spike_times(nest, neurons, duration):
    """Simulate, and give the true spike times [ms] of each neuron up to the duration."""
    recorder = recording.record_spikes(neurons)
    offsets = recording.record_traces(neurons, ["spike_offset"])
    nest.Simulate(duration + nest.resolution)
    spikes = recording.exact_spikes(recorder, offsets)
    return [
        times[times <= duration] for times in (spikes.times_of(node) for node in neurons.tolist())
    ]


def trace(nest, neuron, variables, duration):
    """Simulate, and give times [ms] and the recorded variables of one neuron at every step."""
    multimeter = recording.record_traces(neuron, variables)
    nest.Simulate(duration)
    recorded = recording.traces(multimeter)
    return recorded.times, *(recorded.values_of(neuron.global_id, name) for name in variables)
