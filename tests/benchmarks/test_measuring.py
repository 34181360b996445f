# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks compute from what they measure, and that their peers do the same task."""

import numpy as np
import pytest

from benchmarks import (
    builds,
    flags,
    nestml_models,
    network,
    orbit,
    report,
    targets,
    tasks,
    work_precision,
)
from benchmarks.measure import take_turns
from izhisyn.errors import ParameterError


def test_contestants_take_turns_and_their_best_counts():
    """One after the other, not all turns of one first."""
    order = []

    def contestant(name, costs):
        def measure():
            order.append(name)
            return costs.pop()

        return measure

    contestants = {"a": contestant("a", [3.0, 1.0]), "b": contestant("b", [2.0, 5.0])}
    assert take_turns(contestants, 2) == {"a": 1.0, "b": 2.0}
    assert order == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([10.0, 20.5, 90.0], 0.5),
        ([10.0, 20.0], 10.0),  # the lost spike at 90 counts as one at the end, 100
        ([10.0, 15.0, 20.0, 90.0], 70.0),  # the surplus one makes 20 the third spike
        ([], 90.0),
    ],
)
def test_error_of_lost_and_surplus_spikes(found, expected):
    """Spikes are compared in order, and none is left out."""
    errors = tasks.largest_errors([np.array(found)], [np.array([10.0, 20.0, 90.0])], 100.0)
    assert errors.tolist() == [expected]


def points(*costs_and_errors):
    """Points of a curve, as the benchmark keeps them."""
    return [{"cost": cost, "error": error} for cost, error in costs_and_errors]


def test_cost_at_an_error_between_two_points():
    """On a straight line in logarithms: cost 1 at error 1 and 100 at 0.01 give 10 at 0.1."""
    curve = points((1.0, 1.0), (100.0, 0.01))
    assert work_precision.cost_at_error(curve, 0.1) == pytest.approx(10.0)


def test_cost_at_an_error_out_of_range():
    """The coarsest step is the cheapest there is; what no step reaches has no cost."""
    curve = points((1.0, 1.0), (100.0, 0.01))
    assert work_precision.cost_at_error(curve, 5.0) == 1.0
    assert work_precision.cost_at_error(curve, 0.001) is None


def test_a_peer_that_is_faster_and_more_accurate_is_found():
    """Only if it is both, against the same point."""

    def curve(name, cost, error):
        return {"task": "t", "name": name, "points": [{"step": 1.0, "cost": cost, "error": error}]}

    ours = curve(work_precision.EXACT, 2.0, 0.1)
    faster, better = curve("faster", 1.0, 0.2), curve("better", 1.0, 0.05)
    beaten = work_precision.faster_and_more_accurate([ours, faster, better])
    assert [peer["name"] for peer in beaten] == ["better"]


def test_event_costs():
    """10 neurons of 100 synapses at 5 spikes/s receive 5000 events in the second."""
    quiet = {
        "name": "n",
        "neurons": 10,
        "synapses": 0,
        "threads": 1,
        "processor": 1e-3,
        "rate": 5.0,
    }
    busy = quiet | {"synapses": 100, "processor": 1e-3 + 5000 * 20e-9}
    (costs,) = network.event_costs([quiet, busy])
    assert costs["step"] == pytest.approx(10.0)  # 1 ms for 10 neurons and 10 000 steps
    assert costs["events"] == {"100": pytest.approx(20.0)}


def test_tables_go_between_their_marks_only():
    """Other text and the tables of other benchmarks stay."""
    page = "a\n<!-- x -->\nold\n<!-- end of x -->\nb\n<!-- y -->\nold\n<!-- end of y -->\n"
    changed = report.with_tables(page, "x", "new\n")
    assert changed == page.replace("old", "\nnew\n", 1)


def test_random_phases_cover_one_orbit():
    """U_m spans its growth by d at a spike; V_m is near the reset or below most of the time."""
    V_m, U_m = orbit.random_phases(20_000)
    assert orbit.CELL.d < np.ptp(U_m) < 1.25 * orbit.CELL.d
    assert np.median(V_m) < -55.0


def test_random_leaky_phases_are_refractory_or_below_the_threshold():
    """2 ms of a period of 125 are refractory, at the reset potential."""
    V_m = orbit.random_leaky_phases(20_000)
    assert -70.0 <= V_m.min() and V_m.max() < -55.0
    assert np.mean(V_m == -70.0) == pytest.approx(2.0 / 125.0, rel=0.2)  # 320 of them, +- 18


def test_vector_loop_does_the_task(tmp_path):
    """It has the spikes of forward Euler at 0.1 ms, whose counts are known."""
    loop = tasks.VectorLoop(tmp_path)
    trains = loop.spikes(0.1, tasks.constant_current())
    assert [len(train) for train in trains] == [23, 34, 88, 131, 77, 261, 186]


def a_run(name, synapses, processor, megabytes=0.0):
    """Give a run of the network that the targets ask about, with 10 spikes/s."""
    neurons, _ = network.THREADED
    return {
        "name": name,
        "neurons": neurons,
        "synapses": synapses,
        "threads": 1,
        "build": {"bytes": 1e6 * megabytes},
        "processor": processor,
        "rate": 10.0,
    }


def test_tables_of_networks_have_all_contestants():
    """What a whole benchmark measures fits into its tables and its figure."""
    sizes = [network.Size(n, k) for n, all_synapses in network.SIZES for k in all_synapses]
    runs = [
        a_run(name, size.synapses, 1.0 + size.synapses) | {"neurons": size.neurons, "wall": 1.0}
        for size in sizes
        for name in network.contestants_at(size)
    ]
    for run in runs:
        run["build"]["seconds"] = 1.0
    names = {run["name"] for run in runs if (run["neurons"], run["synapses"]) == network.THREADED}
    two = [a_run(network.PLAIN, 1000, 2.0) | {"threads": 2, "wall": 1.0}]
    table = network.table_of_network(runs)
    assert {line.split(" | ")[0].strip("| ") for line in table.splitlines()[2:]} == names
    assert "| 1001 | 1 | 1000 |" in table  # the processor time, that of the neurons, the rest
    for made in (network.table_of_times(runs), network.table_beside_brian2(runs)):
        assert len(made.splitlines()) == 2 + len(sizes)
    assert network.table_of_costs(network.event_costs(runs))
    assert network.PLAIN in network.table_of_threads(runs + two)
    network.draw(runs)


def test_network_targets_leave_out_the_neurons():
    """Events and connections are what a network has beyond one without synapses."""
    runs = [
        a_run(network.OURS, 0, 1.0, 10.0),
        a_run(network.OURS, 1000, 3.0, 40.0),
        a_run(network.TWO, 1000, 5.0, 70.0),
        a_run(network.IAF_PSC_EXP, 0, 2.0),
        a_run(network.IAF_PSC_EXP, 1000, 6.0),
    ]
    found = targets.of_networks({"runs": runs, "event_costs": network.event_costs(runs)})
    events, memory, delivery = (target.measured for target in found)
    assert events == pytest.approx(2.0 / 4.0)
    assert memory == pytest.approx(30.0 / 60.0)
    assert delivery == pytest.approx(2.0 / 4.0)


def test_a_target_is_met_up_to_its_limit():
    """Equal is enough; above is not."""
    assert targets.Target("t", 0.5, 0.5).is_met
    assert not targets.Target("t", 0.51, 0.5).is_met


def test_missing_results_name_the_benchmark_to_run(tmp_path):
    """As the plan does."""
    with pytest.raises(ParameterError, match=r"run python -m benchmarks\.network first"):
        targets.read(tmp_path, "network")


def test_times_beside_brian2():
    """Brian2 takes twice our time at our step; at the small one it was not run."""
    runs = [a_run(network.OURS, 100, 1.5), a_run(network.BRIAN2, 100, 3.0)]
    last_row = network.table_beside_brian2(runs).splitlines()[-1]
    assert last_row == f"| {network.THREADED[0]} x 100 | 2 | - |"


def test_each_combination_of_flags_has_a_module_of_its_own():
    """One flag or processor apart, and never the flags of the build in a variant without one."""
    variants = flags.variants()
    assert len({(*of, march) for of, march in variants.values()}) == len(variants)
    assert "-DNDEBUG" not in variants["without -DNDEBUG"][0]


def test_memory_targets_with_and_without_what_nest_keeps():
    """Of 4.5 and 5 kB, 4 kB are NEST's own for any neuron: 0.9 of all, half of the rest."""
    sizes = dict.fromkeys(builds.STOCK_MODELS, 4500.0) | {"parrot_neuron": 4000.0}
    stock = dict.fromkeys(builds.STOCK_MODELS, 5000.0)
    found = targets.of_memory({"neuron": sizes, "neuron_with_stock_code": stock})
    assert [target.measured for target in found] == pytest.approx([0.9] * 3 + [0.5] * 3)


def test_ratio_of_stock_code_to_pools_is_above_1_where_pools_are_faster():
    """In the order of the table's columns, for both states."""
    costs = {"pooled, silent": 2.0, "stock, silent": 8.0}
    costs |= {"pooled, 5000 spikes/s": 4.0, "stock, 5000 spikes/s": 2.0}
    assert nestml_models.cells(costs) == [2.0, 8.0, 4.0, 4.0, 2.0, 0.5]
