# SPDX-License-Identifier: GPL-2.0-or-later
"""The network of Izhikevich (2006) is that of an independent program, bit for bit."""

import subprocess

import numpy as np
import pytest

from izhisyn import recording
from pynest_scripts import polychronization


@pytest.fixture
def program(spnet, tmp_path):
    """Run the program; give its network, spikes (ms and cell, in order) and final weights."""

    def run(seconds, seed=0):
        files = tmp_path / "weights", tmp_path / "network"
        output = subprocess.run(
            [spnet, str(seed), str(seconds), *files], check=True, capture_output=True
        ).stdout
        spikes = np.fromstring(output, dtype=int, sep=" ").reshape(-1, 2)
        kinds = {"synapse": [], "cell": [], "stimulus": []}
        for line in files[1].read_text().splitlines():
            kind, *numbers = line.split()
            kinds[kind].append(numbers)
        sources, targets, delays = np.array(kinds["synapse"], dtype=int).T
        _, V_m, U_m = np.array(kinds["cell"], dtype=float).T
        stimulated = np.array(kinds["stimulus"], dtype=int)[:, 1]
        network = polychronization.Connectivity(sources, targets, delays, V_m, U_m, stimulated)
        return network, spikes[np.lexsort(spikes.T[::-1])], np.fromfile(files[0])

    return run


def assert_same(nest_kernel, expected, threads):
    """Compare every spike and the weights at the end."""
    network, spikes, weights = expected
    nest = nest_kernel(resolution=1.0, local_num_threads=threads)
    cells = polychronization.create(network)
    polychronization.connect(cells, network)
    recorder = recording.record_spikes(cells)
    polychronization.stimulate(cells, network.stimulated)
    found = recording.spikes(recorder)
    # A spike at the end of the last step belongs to the program's next millisecond.
    inside = found.times < network.stimulated.size
    pairs = np.stack([np.rint(found.times).astype(int), found.senders - cells[0].global_id], 1)
    pairs = pairs[inside]
    assert np.array_equal(pairs[np.lexsort(pairs.T[::-1])], spikes)
    synapses = nest.GetConnections(synapse_model=polychronization.SYNAPSE)
    columns = synapses.get(["source", "target", "weight"])
    first = cells[0].global_id
    keys = zip(columns["source"], columns["target"], strict=True)
    by_pair = dict(zip(keys, columns["weight"], strict=True))
    ids = first + np.stack([network.sources, network.targets], 1)[network.learns]
    assert np.array_equal([by_pair[tuple(pair)] for pair in ids.tolist()], weights)


def test_ten_seconds_are_the_programs(nest_kernel, program):
    """On one thread; at 3 s the order of weight and delay makes the first difference."""
    assert_same(nest_kernel, program(10), threads=1)


@pytest.mark.slow
@pytest.mark.parametrize(("threads", "seconds"), [(1, 600), (2, 120)])
def test_minutes_are_the_programs(nest_kernel, program, threads, seconds):
    """Beyond 54 s, where the last of the known differences of rounding would have shown."""
    assert_same(nest_kernel, program(seconds, seed=1), threads)


def test_drawn_network_has_the_published_scheme():
    """Distinct targets, five for each delay; inhibition reaches excitatory cells after 1 ms."""
    network = polychronization.draw(seed=3, n_ms=5000)
    targets = network.targets.reshape(1000, 100)
    delays = network.delays.reshape(1000, 100)
    assert all(len(set(row)) == 100 for row in targets.tolist())
    assert all(cell not in row for cell, row in enumerate(targets.tolist()))
    assert targets[800:].max() < 800 <= targets[:800].max()
    assert np.array_equal(delays[:800], np.tile(np.repeat(np.arange(1, 21), 5), (800, 1)))
    assert np.all(delays[800:] == 1)
    # Each cell has 5 of 5000 stimuli on average; for a Poisson number 30 are beyond any seed.
    assert np.bincount(network.stimulated, minlength=1000).max() < 30
