# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan of large networks follows from counting."""

import math

import pytest

from benchmarks import plan

COSTS = plan.Costs(
    process=0.0,
    neuron=4000.0,
    connection=40.0,
    source=200.0,
    connect=1e-6,
    update=1e-7,
    deliver=1e-7,
)


def options(*arguments: str):
    """Options of the command line."""
    return plan.parse_arguments(list(arguments))


def test_one_process_holds_the_whole_network() -> None:
    """With far more inputs than processes, every neuron has targets on every process."""
    small = options("--ranks-per-node", "1", "--indegree", "100", "--cores", "4", "--rate", "2")
    network = plan.estimate(1000, 1, COSTS, small)
    assert network.of_connections == 1000 * 100 * 40.0
    assert network.of_sources == pytest.approx(1000 * 200.0)
    # One entry for the one process where a neuron has targets.
    assert network.of_neurons == pytest.approx(1000 * (4000.0 + 8.0))
    assert network.update == pytest.approx(1000 * 10_000 * 1e-7 / 4)
    assert network.deliver == pytest.approx(1000 * 100 * 2.0 * 1e-7 / 4)
    assert network.spikes == pytest.approx(1000 * 2.0 * 0.5e-3)


def test_with_more_processes_than_inputs_a_spike_goes_to_one_for_each_target() -> None:
    """All K targets of a neuron are then on processes of their own: K entries, K spikes."""
    many = options("--ranks-per-node", "1", "--indegree", "10")
    processes = 10**6
    network = plan.estimate(10**7, processes, COSTS, many)
    assert network.of_neurons * processes / 10**7 == pytest.approx(4000.0 + 8.0 * 10, rel=1e-4)
    assert network.of_sources * processes == pytest.approx(10**7 * 10 * 200.0, rel=1e-4)
    received = network.spikes * processes
    assert received == pytest.approx(10**7 * many.rate * 0.5e-3 * 10, rel=1e-4)


def test_the_least_number_of_nodes_fits_and_one_less_does_not() -> None:
    """Below 100 nodes they are tried one by one."""
    few = options()
    nodes = plan.least_nodes(10**6, COSTS, few)
    assert plan.fits(plan.estimate(10**6, nodes, COSTS, few), few)
    assert nodes == 1 or not plan.fits(plan.estimate(10**6, nodes - 1, COSTS, few), few)
    assert nodes >= math.ceil(10**6 * 10**4 * 40 / (few.node_memory * plan.GiB))


def test_a_network_whose_sources_fill_every_node_is_refused() -> None:
    """More nodes do not help while every process has targets of nearly every neuron."""
    limit = plan.largest_network(COSTS, options())
    limit = next(neurons for name, neurons in limit.items() if "sources" in name)
    with pytest.raises(plan.ParameterError, match="fit on no number of nodes"):
        plan.least_nodes(int(1.1 * limit), COSTS, options(), most=1000)


def test_missing_results_name_the_benchmark_to_run(tmp_path) -> None:
    """The plan needs two others."""
    with pytest.raises(plan.ParameterError, match=r"run python -m benchmarks\.memory first"):
        plan.read_costs(tmp_path)
