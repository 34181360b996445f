# SPDX-License-Identifier: GPL-2.0-or-later
"""What is timed of the networks that learn is what it says."""

import pytest

from benchmarks import learning
from izhisyn.kernel import nest


def test_a_biological_second_is_timed_without_the_start():
    """Of a run that needs 3 s to start and 0.25 s for a biological second."""
    assert learning.per_second(lambda seconds: 3.0 + 0.25 * seconds, 8) == 0.25


@pytest.mark.parametrize("name", learning.NETWORKS.values())
def test_own_and_stock_networks_have_the_same_connections(module_build, name):
    """As many, from the same sources to the same targets, and both fire."""
    found = []
    for run in (learning.run_own, learning.run_stock):
        run(name, threads=1, seconds=1)
        assert nest.local_spike_counter > 0
        cells = nest.NodeCollection(range(1, 1001))
        columns = nest.GetConnections(cells, cells).get(["source", "target", "delay"])
        found.append(sorted(zip(*columns.values(), strict=True)))
    assert len(found[0]) == 100_000
    assert found[0] == found[1]
