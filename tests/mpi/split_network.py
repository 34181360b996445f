# SPDX-License-Identifier: GPL-2.0-or-later
"""A network that four virtual processes simulate; how they are split is the launcher's choice.

``python split_network.py MODEL SYNAPSE_MODEL FOLDER``, with or without ``mpirun``, writes all
spikes and traces to ``FOLDER/recording.npz``.
"""

import sys
from pathlib import Path

from izhisyn import command_line, recording, wiring
from izhisyn.kernel import nest, simulate, start_kernel
from izhisyn.parameters import cell_type

VIRTUAL_PROCESSES = 4
# Peaks [pA or nS] that keep all neurons active and none saturated.
WEIGHTS = {
    "izhikevich_psc_multisyn_neuron": {"drive": 2.0, "AMPA_NMDA": 0.25, "GABA_A": 0.5, "NMDA": 1.0},
    "izhikevich_cond_multisyn_neuron": {
        "drive": 0.03,
        "AMPA_NMDA": 0.004,
        "GABA_A": 0.03,
        "NMDA": 0.015,
    },
}


def main(model, synapse_model, folder):
    """Build, simulate and write one recording."""
    start_kernel(seed=12, total_num_virtual_procs=VIRTUAL_PROCESSES)
    weights = WEIGHTS[model]
    excitatory = nest.Create(model, 80, params=cell_type("RS").parameters | {"I_e": 3.0})
    inhibitory = nest.Create(model, 20, params=cell_type("FS").parameters | {"I_e": 3.0})
    neurons = excitatory + inhibitory

    def static(receptor, weight, delay=1.0):
        return wiring.syn_spec(receptor, weight, delay, model)

    wiring.poisson_drive(
        neurons, 400.0, static("AMPA", wiring.round_to_weight_grid(weights["drive"]))
    )
    for sources, receptor in ((excitatory, "AMPA_NMDA"), (inhibitory, "GABA_A")):
        weight = wiring.round_to_weight_grid(
            wiring.random_values("lognormal", weights[receptor], 0.5)
        )
        delay = wiring.random_values("normal", 2.0, 0.5, lower=0.5, upper=10.0)
        wiring.connect_in_degree(sources, neurons, 10, static(receptor, weight, delay))
    # A plastic release is any number, so that the sum of three would depend on their order: each
    # neuron gets two, on a port of their own.
    plastic = wiring.syn_spec("NMDA", weights["NMDA"], 1.5, model, synapse_model)
    if synapse_model == "gliotransmission_synapse":
        transmitter = nest.Create("gliotransmission_volume_transmitter")
        nest.Connect(inhibitory[:3], transmitter, syn_spec={"delay": 1.0})
        plastic["volume_transmitter"] = transmitter.global_id
    for distance in (1, 2):
        nest.Connect(excitatory[distance:], excitatory[:-distance], "one_to_one", plastic)

    spikes = recording.record_spikes(neurons)
    traces = recording.record_traces(neurons, ("V_m", "U_m", "I_NMDA", "spike_offset"), 1.0)
    simulate(400.0)
    all_spikes = recording.gather_spikes(spikes, folder)
    all_traces = recording.gather_traces(traces, folder)
    if nest.Rank() == 0:
        recording.save(folder / "recording.npz", all_spikes, all_traces)


if __name__ == "__main__":
    command_line.run_script(lambda: main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
