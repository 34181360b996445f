# SPDX-License-Identifier: GPL-2.0-or-later
"""The seeds of distal reward go on where they were stopped."""

import json

import pytest

from benchmarks import distal_reward

RUN = {
    "seed": 2,
    "num_rewards": 90,
    "weight": 3.999,
    "rank": 1,
    "time_at_bound": 1_830_000.0,
    "rates": {"E": 1.004, "I": 2.5},
}


def test_a_seed_that_is_done_is_not_simulated_again(tmp_path, monkeypatch):
    """Its results are those of the cache; a simulation would call the program."""
    folder = tmp_path / "3600000-ms" / "seed-2"
    folder.mkdir(parents=True)
    (folder / "distal_reward.json").write_text(json.dumps(RUN))
    monkeypatch.setattr(distal_reward.subprocess, "run", None)
    assert distal_reward.outcome(2, 3_600_000.0, tmp_path) == RUN
    assert distal_reward.row(RUN) == [2, 90, "4.00", 1, "30.5", "1.00", "2.50"]
    assert distal_reward.row(RUN | {"time_at_bound": None})[4] is None


@pytest.mark.slow
def test_missing_seeds_are_simulated(module_build, tmp_path, capsys):
    """With one table for all; what is there stays."""
    arguments = ("--simtime", "200", "--cache", str(tmp_path), "--output", str(tmp_path / "r"))
    distal_reward.main(["--seeds", "1", *arguments])
    first = tmp_path / "distal_reward" / "200-ms" / "seed-1" / "distal_reward.json"
    written = first.stat().st_mtime_ns
    distal_reward.main(["--seeds", "1", "2", *arguments])
    assert first.stat().st_mtime_ns == written
    measured = json.loads((tmp_path / "r" / "distal_reward.json").read_text())
    assert [run["seed"] for run in measured["runs"]] == [1, 2]
    assert "after 0.00333333 simulated minutes" in capsys.readouterr().out
