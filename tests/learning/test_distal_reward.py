# SPDX-License-Identifier: GPL-2.0-or-later
"""The network of Izhikevich (2007) is that of an independent program, bit for bit."""

import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from izhisyn import recording
from pynest_scripts import distal_reward


@pytest.fixture
def program(daspnet, tmp_path):
    """Run the program; give its network, spikes (ms and cell, in order) and final numbers."""

    def run(seconds, seed):
        files = tmp_path / "weights", tmp_path / "network"
        output = subprocess.run(
            [daspnet, str(seed), str(seconds), *files], check=True, capture_output=True
        ).stdout
        spikes = np.fromstring(output, dtype=int, sep=" ").reshape(-1, 2)
        kinds = {"synapse": [], "reward": []}
        for line in files[1].read_text().splitlines():
            kind, *numbers = line.split()
            kinds[kind].append(numbers)
        sources, targets = np.array(kinds["synapse"], dtype=int).T
        delays = np.array(kinds["reward"], dtype=int).reshape(-1)
        return SimpleNamespace(
            network=distal_reward.Connectivity(sources, targets, delays, noise_seed=seed),
            spikes=spikes[np.lexsort(spikes.T[::-1])],
            numbers=np.fromfile(files[0]).reshape(-1, 2),
        )

    return run


def assert_same(nest_kernel, expected, seconds, threads):
    """Compare every spike, and weights and eligibility traces at the end; give the history."""
    nest = nest_kernel(resolution=1.0, local_num_threads=threads)
    network = expected.network
    cells = distal_reward.create(network)
    reward = distal_reward.Reward(cells, network)
    distal_reward.connect(cells, network, reward.transmitter)
    distal_reward.add_noise(cells, network.noise_seed)
    recorder = recording.record_spikes(cells)
    distal_reward.simulate(1000.0 * seconds, cells, reward)
    found = recording.spikes(recorder)
    # A spike at the end of the last step belongs to the program's next millisecond.
    inside = found.times < 1000.0 * seconds
    pairs = np.stack([np.rint(found.times).astype(int), found.senders - cells[0].global_id], 1)
    pairs = pairs[inside]
    assert np.array_equal(pairs[np.lexsort(pairs.T[::-1])], expected.spikes)
    synapses = nest.GetConnections(synapse_model=distal_reward.SYNAPSE)
    columns = synapses.get(["source", "target", "weight", "derivative"])
    # Synapses of the same pair are in both in the order in which they were made.
    order = np.lexsort((columns["target"], columns["source"]))
    learns = network.sources < 800
    own_order = np.lexsort((network.targets[learns], network.sources[learns]))
    for name, numbers in zip(("weight", "derivative"), expected.numbers.T, strict=True):
        assert np.array_equal(np.asarray(columns[name])[order], numbers[own_order])
    return reward.gather_history(folder=".")


def test_seconds_are_the_programs(nest_kernel, program):
    """All spikes, weights and traces; on one thread, with a reward after 5654 ms."""
    expected = program(7, seed=16)
    assert expected.network.reward_delays.tolist() == [1190]
    history = assert_same(nest_kernel, expected, 7, threads=1)
    assert history.rewards.tolist() == [4464 + 1190]
    # Its jump of 0.5 shows from the step after, and decays by 0.995 in each.
    at_6_s = history.dopamine[history.times == 6000.0]
    np.testing.assert_allclose(at_6_s, 0.5 * 0.995 ** (6000 - 5655), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("threads", "seconds"), [(1, 600), (2, 60)])
def test_minutes_are_the_programs(nest_kernel, program, threads, seconds):
    """With rewards, whose dopamine changes all weights."""
    expected = program(seconds, seed=5)
    assert expected.network.reward_delays.size >= 3
    history = assert_same(nest_kernel, expected, seconds, threads)
    assert history.rewards.size >= 3


def test_drawn_network_has_the_published_scheme():
    """100 targets for each cell, of inhibitory ones excitatory cells; rewards after 1 to 3 s."""
    network = distal_reward.draw(seed=3, n_ms=5000)
    targets = network.targets.reshape(1000, 100)
    assert np.array_equal(network.sources, np.repeat(np.arange(1000), 100))
    assert targets[800:].max() < 800 <= targets[:800].max()
    assert any(len(set(row)) < 100 for row in targets.tolist())  # with repetition
    assert network.reward_delays.min() >= 1001
    assert network.reward_delays.max() <= 3000
    # 2500 uniform numbers; 4.5 standard deviations are beyond any seed.
    error = 2000 / np.sqrt(12 * network.reward_delays.size)
    assert abs(network.reward_delays.mean() - 2000.5) < 4.5 * error
