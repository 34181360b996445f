# SPDX-License-Identifier: GPL-2.0-or-later
"""The results do not depend on how a network is split among MPI processes and threads."""

from pathlib import Path

import numpy as np
import pytest

from izhisyn import recording

NETWORK = Path(__file__).with_name("split_network.py")
SPLITS = {"threads without a launcher": 0, "1 x 4": 1, "2 x 2": 2, "4 x 1": 4}


@pytest.mark.parametrize("synapse_model", ["tsodyks_markram_synapse", "gliotransmission_synapse"])
@pytest.mark.parametrize(
    "model", ["izhikevich_psc_multisyn_neuron", "izhikevich_cond_multisyn_neuron"]
)
def test_every_split_gives_the_same_spikes_and_traces(
    run_ranks, tmp_path: Path, model: str, synapse_model: str
) -> None:
    """Random numbers and rounding depend on the virtual processes alone, so nothing may differ."""
    recordings = {}
    for split, ranks in SPLITS.items():
        result = run_ranks(ranks, NETWORK, model, synapse_model, tmp_path)
        assert result.returncode == 0, result.stderr
        recordings[split] = recording.load(tmp_path / "recording.npz")
        (tmp_path / "recording.npz").unlink()

    (spikes, traces), *others = recordings.values()
    assert np.unique(spikes.senders).size > 90, "a silent network would prove nothing"
    for other_spikes, other_traces in others:
        np.testing.assert_array_equal(other_spikes.times, spikes.times)
        np.testing.assert_array_equal(other_spikes.senders, spikes.senders)
        np.testing.assert_array_equal(other_traces.senders, traces.senders)
        for variable, samples in traces.values.items():
            np.testing.assert_array_equal(other_traces.values[variable], samples)
