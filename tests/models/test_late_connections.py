# SPDX-License-Identifier: GPL-2.0-or-later
"""A port takes its input from its first connection on, whenever that is made."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.models.varied_network import COND, COND_2007, DELTA, PSC, WEIGHTS

NETWORK = Path(__file__).with_name("late_network.py")
WIDTH = 32  # neurons that share the rows of a ring
RUNS = (7.3, 5.7, 12.0)  # [ms]; a slice lasts 1 ms, so that the first run ends inside one


def create_drive(nest, times):
    """Spikes and a current; NEST wants its devices to be there when a run is prepared."""
    current = {"amplitude": 2.0, "start": 15.0, "stop": 17.0} if times else {}
    return (
        nest.Create("spike_generator", params={"spike_times": times}),
        nest.Create("dc_generator", params=current),
    )


def connect_all_ports(nest, drive, neurons, delay):
    """Connect the drive to each spike port and to the continuous one; nobody fires of it."""
    model = neurons[0].model
    receptors = nest.GetDefaults(model).get("receptor_types", {})
    spikes, current = drive
    for receptor in receptors.values() or [0]:
        port = {"receptor_type": receptor, "weight": WEIGHTS[model] / 16, "delay": delay}
        nest.Connect(spikes, neurons, syn_spec=port)
    nest.Connect(current, neurons, syn_spec={"delay": delay})


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("way", ["Simulate", "Run"])
@pytest.mark.parametrize("model", [PSC, COND, COND_2007, DELTA])
def test_first_connection_at_any_time(nest_kernel, model, way, n_threads):
    """Neurons at rest, some with used ports, some without, some not even there, become alike.

    What is on its way to others when the ring grows arrives. NEST itself does not know yet to
    whom neurons send that were created between two Run.
    """
    nest = nest_kernel(resolution=0.1, local_num_threads=n_threads, min_delay=1.0, max_delay=9.0)
    n = WIDTH * n_threads  # fills blocks, whose rows are their own
    used, unused, waiting = (nest.Create(model, n) for _ in range(3))
    drive = create_drive(nest, [15.0, 16.2])
    connect_all_ports(nest, create_drive(nest, []), used, delay=2.0)
    connect_all_ports(nest, create_drive(nest, [5.0]), waiting, delay=9.0)  # for the third run
    run = nest.Run if way == "Run" else nest.Simulate
    if way == "Run":
        nest.Prepare()
    run(RUNS[0])
    late = nest.Create(model, n)
    run(RUNS[1])
    rest = waiting.V_m[0]
    for neurons in (used, unused, late):
        connect_all_ports(nest, drive, neurons, delay=1.5)
    run(RUNS[2])
    if way == "Run":
        nest.Cleanup()
    expected, waited = used.V_m, waiting.V_m
    assert expected[0] != rest
    assert unused.V_m == expected
    assert late.V_m == expected

    nest = nest_kernel(resolution=0.1, local_num_threads=n_threads, min_delay=1.0, max_delay=9.0)
    alone = nest.Create(model, n)
    connect_all_ports(nest, create_drive(nest, [5.0]), alone, delay=9.0)
    nest.Simulate(sum(RUNS))
    assert waited == alone.V_m
    assert waited[0] != rest


def grow(nest, model, parameters):
    """Let structural plasticity grow connections; give them, and the membrane potentials."""
    spec = {"weight": 2.0, "delay": 1.5}
    nest.CopyModel("static_synapse", "grown", spec)
    nest.structural_plasticity_update_interval = 10.0
    rule = {"post_synaptic_element": "den", "pre_synaptic_element": "axo"}
    nest.structural_plasticity_synapses = {"grown": {"synapse_model": "grown", **rule}}
    element = {"growth_curve": "gaussian", "growth_rate": 0.01, "eta": 0.0, "eps": 0.02}
    elements = {"axo": element, "den": {**element, "continuous": False}}
    neurons = nest.Create(model, 20, {"I_e": 10.0, "synaptic_elements": elements, **parameters})
    nest.EnableStructuralPlasticity()
    nest.Simulate(350.0)
    connections = nest.GetConnections(neurons, neurons)
    return sorted(zip(connections.sources(), connections.targets(), strict=True)), neurons.V_m


def test_connections_grown_by_nest_while_it_simulates(nest_kernel):
    """The same connections and potentials as with NEST's ``izhikevich``, the same scheme."""
    start = {"V_m": -70.0, "U_m": -14.0}
    pairs, V_m = grow(nest_kernel(resolution=0.1), DELTA, {**start, "integrator": 1})
    their_pairs, their_V_m = grow(nest_kernel(resolution=0.1), "izhikevich", start)
    assert len(pairs) >= 20
    assert pairs == their_pairs
    np.testing.assert_allclose(V_m, their_V_m, rtol=1e-6)  # rounding grows away from rest


@pytest.fixture(scope="module")
def simulated(stock_module, module_build, tmp_path_factory):
    """Give what `late_network` writes: ``simulated(is_stock, synapse, n_threads)``, by way."""

    def run(is_stock, synapse, n_threads):
        folder = tmp_path_factory.mktemp("late")
        module = stock_module if is_stock else module_build["module"]
        subprocess.run(
            [sys.executable, NETWORK, module, synapse, str(n_threads), folder],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "passive"},
            check=True,
        )
        return {file.name.split(".")[0]: dict(np.load(file)) for file in folder.glob("*.npz")}

    return run


@pytest.mark.slow
@pytest.mark.parametrize("n_threads", [1, 2, 3, 4])
def test_a_changing_network_is_that_of_stock_code(simulated, n_threads):
    """All that `late_network` does, at every port of every model, by NEST's synapse and ours.

    Spikes are the same in the same order. States differ by the exponential functions at most, see
    `test_pooled_against_stock`; input that is lost, doubled or misled is larger than 1e-6.
    """
    stock = simulated(True, "static_synapse", n_threads)
    assert stock.keys() == {"Simulate", "Run", *(["grown"] if n_threads == 1 else [])}
    for synapse in ("static_synapse", "static_synapse_pooled"):
        pooled = simulated(False, synapse, n_threads)
        for way, expected in stock.items():
            found = pooled[way]
            assert found.keys() == expected.keys()
            np.testing.assert_array_equal(found["spikes"], expected["spikes"], err_msg=way)
            assert np.unique(expected["spikes"][0]).size > 100
            if way == "grown":
                assert len(expected["grown.source"]) > 1000
                assert connections(found) == connections(expected)
            for name in expected.keys() - {"spikes"} - {n for n in expected if "grown" in n}:
                np.testing.assert_allclose(
                    found[name], expected[name], rtol=0, atol=1e-8, err_msg=f"{way} {name}"
                )


def connections(arrays):
    """Sort what structural plasticity made; NEST gives it in an order of its own."""
    names = ("source", "target", "receptor", "weight")
    return sorted(zip(*(arrays[f"grown.{name}"].tolist() for name in names), strict=True))
