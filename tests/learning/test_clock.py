# SPDX-License-Identifier: GPL-2.0-or-later
"""Learning goes on where NEST's clock is set back between two runs."""

import pytest

from tests.models.single_neuron import DELTA

SYNAPSES = ("stdp_izhikevich_synapse", "dopamine_stdp_izhikevich_synapse")


def learned(nest, synapse, sets_back):
    """Let cells fire on their own, with spikes on their way at each end of a run."""
    transmitter = nest.Create("volume_transmitter")
    dopaminergic = nest.Create(DELTA, params={"I_e": 6.0})
    nest.Connect(dopaminergic, transmitter)
    cells = nest.Create(DELTA, 2, {"I_e": [10.0, 9.0]})
    nest.SetDefaults(SYNAPSES[0], {"update_interval": 10.0})
    nest.SetDefaults(SYNAPSES[1], {"volume_transmitter": transmitter})
    spec = {"synapse_model": synapse, "weight": 1.0, "delay": 7.0}
    nest.Connect(cells[0], cells[1], syn_spec=spec)
    states = []
    for duration in (100.0, 150.0, 100.0):  # multiples of the interval between changes of weights
        nest.Simulate(duration)
        status = nest.GetConnections(cells[0], cells[1]).get()
        states.append((status["weight"], status["derivative"], status.get("dopamine")))
        if sets_back:
            nest.biological_time = 0.0
    return states


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_clock_that_is_set_back_changes_nothing(nest_kernel, synapse):
    """To the last bit: the age of a spike, and not its date, is what counts."""
    expected = learned(nest_kernel(resolution=1.0), synapse, sets_back=False)
    found = learned(nest_kernel(resolution=1.0), synapse, sets_back=True)
    assert found == expected
    assert len(set(found)) == 3
