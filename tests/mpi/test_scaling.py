# SPDX-License-Identifier: GPL-2.0-or-later
"""The scaling benchmark starts its own ranks, and reads NEST's timers and counters right."""

import json
from pathlib import Path


def test_splits_do_the_same_work_in_the_phases_of_nest(run_ranks, tmp_path: Path) -> None:
    """The default splits: one worker, and two as threads and as processes."""
    neurons, simtime = 500, 200.0
    network = ("--neurons", neurons, "--indegree", 100, "--simtime", simtime)
    result = run_ranks(
        0, "-m", "benchmarks.scaling", *network, "--repetitions", 1, "--output", tmp_path
    )
    assert result.returncode == 0, result.stderr

    measured = json.loads((tmp_path / "scaling.json").read_text())
    one, threads, ranks = measured["strong"]
    assert threads["spikes"] == ranks["spikes"], "two virtual processes, however split"
    rate = one["spikes"] / (neurons * simtime / 1000.0)
    assert 2.0 < rate < 10.0, "spikes/s of the network's state, all of them counted"
    for run in (one, threads, ranks):
        seconds = run["seconds"]
        phases = seconds["update"] + seconds["deliver"] + seconds["communicate"]
        # Of each phase it is the slowest process's time; in one process they are parts of a whole.
        assert 0.0 < phases < run["ranks"] * seconds["simulate"]
        # Two clocks that are read one after the other.
        assert 0.0 < seconds["processor_update"] <= 1.01 * seconds["update"]
    assert [run["neurons"] for run in measured["weak"]] == [neurons // 2, neurons, neurons]
