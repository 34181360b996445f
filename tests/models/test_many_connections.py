# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten million connections, made after a simulation has begun."""

import json

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

SNIPPET = """
import json, sys
import nest
from benchmarks.measure import resident_bytes
synapse, n_threads = sys.argv[1], int(sys.argv[2])
nest.verbosity = nest.VerbosityLevel.ERROR
nest.Install("izhisynmodule")
nest.set(resolution=0.1, local_num_threads=n_threads, min_delay=1.0, max_delay=1.0)
train = nest.Create("spike_generator", params={"spike_times": [12.0]})
sources = nest.Create("parrot_neuron", 1000)
targets = nest.Create("izhikevich_psc_delta_neuron", 10_000)
alone = nest.Create("izhikevich_psc_delta_neuron")
nest.Connect(train, sources, syn_spec={"delay": 1.0})
nest.Connect(sources[0], alone, syn_spec={"delay": 1.0, "weight": 1000 / 256})
nest.Simulate(5.0)
before = resident_bytes()
spec = {"synapse_model": synapse, "delay": 1.0, "weight": 1 / 256}
nest.Connect(sources, targets, syn_spec=spec)
nest.Simulate(10.0)
taken = resident_bytes() - before
V_m = {"rest": nest.Create("izhikevich_psc_delta_neuron").V_m, "alone": alone.V_m}
print(json.dumps({**V_m, "bytes": taken, "together": sorted(set(targets.V_m))}))
"""


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(
    ("synapse", "n_bytes"), [("static_synapse_pooled", 24), ("static_synapse", 40)]
)
def test_ten_million_connections(fresh_python, module_build, synapse, n_bytes, n_threads):
    """Each is there once, and takes the memory that README states.

    1000 spikes of weight 1/256 act as one of 1000/256, to the last bit. Of the process's memory, 1
    byte a connection (10 MB) is for all else that a first simulation with them takes.
    """
    result = fresh_python(SNIPPET, synapse, str(n_threads), PYTHONPATH=str(ROOT))
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["together"] == [found["alone"]] != [found["rest"]]
    assert n_bytes - 0.5 < found["bytes"] / 1e7 < n_bytes + 1
