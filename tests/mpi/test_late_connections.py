# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections, nodes and changes in the midst of a simulation, on two MPI processes."""

from pathlib import Path

import numpy as np
import pytest

from tests.models.test_late_connections import connections

NETWORK = Path(__file__).parents[1] / "models" / "late_network.py"
WAYS = ("Simulate", "Run")


@pytest.fixture
def simulated(run_ranks, module_build, tmp_path):
    """Give what `late_network` writes, whatever the number of processes, by way."""

    def run(ranks, virtual_processes, synapse):
        folder = tmp_path / f"{ranks}.{synapse}"
        folder.mkdir()
        result = run_ranks(
            ranks, NETWORK, module_build["module"], synapse, virtual_processes, folder
        )
        assert result.returncode == 0, result.stderr
        parts = {}
        for file in folder.glob("*.npz"):
            parts.setdefault(file.name.split(".")[0], []).append(dict(np.load(file)))
        return {way: joined(arrays) for way, arrays in parts.items()}

    return run


def joined(parts):
    """Put together what several processes wrote; spikes and states in the order of their nodes."""
    result = {}
    for name in parts[0]:
        values = np.concatenate([part[name] for part in parts], axis=-1)
        result[name] = values if values.ndim == 1 else values[:, np.lexsort(values[::-1])]
    return result


@pytest.mark.parametrize("synapse", ["static_synapse", "static_synapse_pooled"])
def test_two_processes_do_what_one_does(simulated, synapse):
    """Weights are powers of two, so that the order of arrival changes no digit."""
    one, two = simulated(0, 4, synapse), simulated(2, 4, synapse)
    for way in WAYS:
        assert np.unique(one[way]["spikes"][0]).size > 100
        for name, values in one[way].items():
            np.testing.assert_array_equal(two[way][name], values, err_msg=f"{way} {name}")


def test_connections_grown_on_two_processes(simulated):
    """Structural plasticity has one thread a process; the same grows by NEST's synapse and ours."""
    plain, pooled = (
        simulated(2, 2, synapse)["grown"] for synapse in ("static_synapse", "static_synapse_pooled")
    )
    assert len(plain["grown.source"]) > 1000
    assert connections(pooled) == connections(plain)
    for name in plain.keys() - {n for n in plain if "grown" in n}:
        np.testing.assert_array_equal(pooled[name], plain[name], err_msg=name)
