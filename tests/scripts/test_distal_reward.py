# SPDX-License-Identifier: GPL-2.0-or-later
"""The script of the network of Izhikevich (2007); tests/learning has its spikes and weights."""

import numpy as np
import pytest

SCRIPT = "distal_reward"


def test_numbers_and_figure(run_script):
    """Of the synapse at the end, and of its whole history."""
    run = run_script(SCRIPT, "--simtime", "3000", "--seed", "3")
    assert run.returncode == 0, run.stderr
    found = run.json()
    with np.load(run.folder / f"{SCRIPT}.npz") as arrays:
        assert arrays["times"].tolist() == [100.0 * part for part in range(1, 31)]
        assert arrays["weights"].size == 80_000
        assert found["weight"] == arrays["weight"][-1]
        assert found["rank"] == 1 + np.sum(arrays["weights"] > found["weight"])
        assert found["mean_weight"] == arrays["weights"].mean()
    assert found["time_at_bound"] is None
    assert found["num_rewards"] == 0
    # Cells fire at about 1 spike/s in the paper.
    assert 0.5 < found["rates"]["E"] < 2.0
    assert run.figure().shape[:2] == (1653, 2125)  # 14 cm by 18 cm, 300 dpi


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--simtime", "150"), "--simtime 150 ms is not a multiple of 100 ms"),
        (("--resolution", "0.1"), "--resolution 0.1 ms is not the step"),
    ],
)
def test_wrong_arguments_are_one_sentence(run_script, arguments, message):
    """With the value and what to do."""
    run = run_script(SCRIPT, *arguments)
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.splitlines()) == 1
