# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m pynest_scripts.izhikevich_2003_network`` reproduces Izhikevich (2003), figure 3."""

import numpy as np
import pytest

from izhisyn import recording

SCRIPT = "izhikevich_2003_network"
SEEDS = ("1", "2", "3")


@pytest.fixture(scope="module")
def runs(run_script):
    """5 s of the network with three seeds."""
    runs = [run_script(SCRIPT, "--simtime", "5000", "--seed", seed) for seed in SEEDS]
    for run in runs:
        assert run.returncode == 0, run.stderr
    return runs


def over_seeds(runs, numerics, *keys):
    """Mean over seeds of what was measured."""
    values = []
    for run in runs:
        value = run.json()[numerics]
        for key in keys:
            value = value[key]
        values.append(value)
    return np.mean(values)


@pytest.mark.parametrize(
    "keys, expected, deviation",
    [
        (("rates", "all"), 7.21, 0.09),
        (("rates", "E"), 7.32, 0.10),
        (("rates", "I"), 6.77, 0.18),
        (("cv_median",), 0.389, 0.004),
        (("alpha_power",), 71.0, 22.0),
        (("gamma_power",), 31.0, 3.6),
    ],
)
def test_published_numerics_give_the_published_network(runs, keys, expected, deviation):
    """Against the paper's program in plain NumPy, 10 seeds of 5 s, within 4 standard errors.

    The deviations between seeds of E, I and the powers are those measured here.
    """
    error = deviation * np.sqrt(1 / len(runs) + 1 / 10)
    assert over_seeds(runs, "published", *keys) == pytest.approx(expected, abs=4 * error)


def test_first_second_has_the_published_number_of_spikes(runs):
    """7512 +- 173 with the program in NumPy; the initial burst is part of it."""
    counts = [np.sum(recording.load(run.path("published.npz"))[0].times <= 1000.0) for run in runs]
    assert np.mean(counts) == pytest.approx(7512, abs=4 * 173 * np.sqrt(1 / 3 + 1 / 10))


def test_an_extra_delay_weakens_the_gamma_rhythm(run_script, runs):
    """20 against 31 in NumPy with spikes that act one step later: the delay is not one too long."""
    later = run_script(SCRIPT, "--simtime", "5000", "--extra-delay", "1")
    assert later.returncode == 0, later.stderr
    assert later.json()["published"]["gamma_power"] < 26.0
    assert later.json()["published"]["delay"] == 2.0
    assert over_seeds(runs, "published", "gamma_power") > 26.0


def test_difference_is_that_of_the_two_runs(runs):
    """Relative to the published numerics; converged numerics fire more."""
    measured = runs[0].json()
    exact, published = measured["exact"], measured["published"]
    assert (exact["integrator"], exact["resolution"], exact["delay"]) == (0, 0.1, 0.1)
    assert (published["integrator"], published["resolution"], published["delay"]) == (2, 1.0, 1.0)
    assert measured["difference"]["rates"]["I"] == pytest.approx(
        exact["rates"]["I"] / published["rates"]["I"] - 1.0
    )
    assert measured["difference"]["num_spikes"] == pytest.approx(
        exact["num_spikes"] / published["num_spikes"] - 1.0
    )
    assert 0.08 < measured["difference"]["rates"]["all"] < 0.22


@pytest.mark.slow
def test_finer_steps_change_the_exact_numerics_little(run_script, runs):
    """0.1 ms has converged: the rate differs from that at 0.05 ms by less than 3 %, its spread."""
    finer = run_script(SCRIPT, "--simtime", "5000", "--resolution", "0.05")
    assert finer.returncode == 0, finer.stderr
    exact = finer.json()["exact"]
    assert exact["resolution"] == 0.05
    coarse = over_seeds(runs, "exact", "rates", "all")
    assert exact["rates"]["all"] == pytest.approx(coarse, rel=4 * 0.15 / 8.2)


def test_results_are_written_and_said(runs):
    """A line for each numerics; recordings hold the counted spikes."""
    run = runs[0]
    lines = run.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["published", "exact"]
    for numerics in ("published", "exact"):
        spikes, _ = recording.load(run.path(f"{numerics}.npz"))
        assert spikes.times.size == run.json()[numerics]["num_spikes"]
        assert spikes.times.max() <= 5000.0
    assert run.figure().shape[:2] == (1653, 2125)
    assert run.stderr == ""


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("--simtime", "100"), "error: --simtime 100 ms is too short"),
        (("--resolution", "0.3"), "error: noise interval of 1 ms is not a multiple of the resolut"),
        (("--resolution", "0.005"), "error: --resolution 0.005 ms is too fine for pulses of 1 ms"),
        (("--extra-delay", "0.5"), "error: extra delay of 0.5 ms is not a multiple of the resol"),
        (("--extra-delay", "-1"), "argument --extra-delay: '-1' is not a number from 0 up"),
        (("--total-vps", "0"), "argument --total-vps: '0' is not a whole number above 0"),
    ],
)
def test_bad_value_is_one_sentence_and_code_2(run_script, arguments, named):
    """Value and remedy, no traceback, no results."""
    run = run_script(SCRIPT, *arguments)
    assert run.returncode == 2
    assert named in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr
    assert not run.path("json").exists()
