# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells that grow connections to a target rate do what NEST's own Izhikevich cells do."""

import numpy as np

from tests.models.single_neuron import DELTA

TARGET_RATE = 5.0  # [spikes/s]


def grow(nest, model, params):
    """Grow a network as docs/learning.md does, but faster; give spikes, connections, calcium."""
    nest.CopyModel("static_synapse", "grown", {"weight": 2.0, "delay": 1.0})
    elements = {"pre_synaptic_element": "axon", "post_synaptic_element": "dendrite"}
    nest.structural_plasticity_synapses = {"growth": {"synapse_model": "grown", **elements}}
    nest.structural_plasticity_update_interval = 100.0
    curve = {"growth_curve": "gaussian", "growth_rate": 0.01, "continuous": False}
    curve |= {"eta": 0.0, "eps": 0.01 * TARGET_RATE}
    params = params | {"V_m": -65.0, "U_m": -13.0, "tau_Ca": 1000.0, "beta_Ca": 0.01}
    cells = nest.Create(model, 60, params)
    cells.synaptic_elements = {"axon": curve, "dendrite": curve}
    noise = nest.Create("poisson_generator", params={"rate": 3000.0})
    nest.Connect(noise, cells, syn_spec={"weight": 0.85, "delay": 1.0})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.EnableStructuralPlasticity()
    nest.Simulate(6000.0)
    events = recorder.events
    order = np.lexsort((events["senders"], events["times"]))
    spikes = np.stack([events["times"][order], events["senders"][order]])
    pairs = nest.GetConnections(cells, cells).get(["source", "target"])
    return spikes, sorted(zip(*pairs.values(), strict=True)), np.asarray(cells.Ca)


def test_growth_is_that_of_nests_own_cells(nest_kernel):
    """Each spike, each connection and all calcium, to the last bit; the rate rises by half."""
    stock = {"consistent_integration": True}
    expected = grow(nest_kernel(resolution=0.1, rng_seed=3), "izhikevich", stock)
    found = grow(nest_kernel(resolution=0.1, rng_seed=3), DELTA, {"integrator": 1})
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    spikes, pairs, _ = found
    assert len(pairs) > 100
    early, late = (np.sum((spikes[0] > t) & (spikes[0] <= t + 1000.0)) for t in (0.0, 5000.0))
    assert late > 1.4 * early  # early connections count a little already
