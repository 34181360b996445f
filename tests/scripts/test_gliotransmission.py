# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m pynest_scripts.gliotransmission``: an astrocyte decreases and increases release."""

import numpy as np
import pytest

SCRIPT = "gliotransmission"
# Calcium from its default state crosses 0.5 uM at 1097.6 ms at 1 uM of IP3 (an adaptive solver).
FIRST_RELEASE = 1097.6


@pytest.fixture(scope="module")
def glia(run_script):
    """Run two trains before the first release of gliotransmitter and two after it."""
    run = run_script(SCRIPT, "--duration", "3000")
    assert run.returncode == 0, run.stderr
    return run


def test_astrocyte_releases_when_calcium_crosses(glia):
    """On the grid of 0.1 ms, at or after the true crossing."""
    assert glia.json()["release_times"] == [pytest.approx(FIRST_RELEASE + 0.05, abs=0.06)]


def test_receptors_are_bound_by_the_release(glia):
    """None before it; after it 1 - exp(-O_G rho_e G_T U_A tau_e), less what unbinds in 1.9 s."""
    measured = glia.json()
    times, bound = np.array(measured["sample_times"]), np.array(measured["Gamma_S"])
    assert np.all(bound[times < FIRST_RELEASE] == 0.0)
    highest = -np.expm1(-1.5e-3 * 6.5e-4 * 200e3 * 0.6 * 1000.0 / 60.0)
    assert highest * np.exp(-1900.0 / 120e3) < bound[-1] < highest


def test_release_at_the_start_of_a_train(glia):
    """0.6 from rest; then nearly (1 - Gamma) U_0 with alpha = 0, much more with alpha = 1."""
    measured = glia.json()
    bound = measured["Gamma_S"][-1]
    cases = measured["cases"]
    for case in cases.values():
        assert case["r_at_train_start"][0] == pytest.approx(0.6, abs=1e-12)
    U_decreased = (1.0 - bound) * 0.6
    # Facilitation adds up to u (1 - U), and depression takes as much, of the last train.
    assert cases["decreasing"]["r_at_train_start"][-1] == pytest.approx(U_decreased, rel=0.4)
    assert cases["increasing"]["r_at_train_start"][-1] > 0.7


def test_both_cases_have_the_same_presynaptic_spikes(glia):
    """Trains of the same length in both cells, half a period apart."""
    decreasing, increasing = glia.json()["cases"].values()
    assert (decreasing["alpha"], increasing["alpha"]) == (0.0, 1.0)
    assert decreasing["pre_spike_times"] == increasing["pre_spike_times"]
    first, second = (np.array(times) for times in decreasing["pre_spike_times"])
    assert np.sum(first < 500.0) == np.sum((second > 500.0) & (second < 1000.0)) > 2
    # What was sent in the last step has not arrived; no train ends there.
    assert len(decreasing["r"]) == first.size


def test_without_oscillation_nothing_changes(run_script):
    """IP3 below 0.54 uM: no release, and the two cases agree."""
    run = run_script(SCRIPT, "--duration", "2000", "--IP3", "0.2", "--quiet")
    measured = run.json()
    assert measured["release_times"] == []
    decreasing, increasing = measured["cases"].values()
    assert decreasing["r"] == increasing["r"]


def test_arguments_reach_the_synapses(run_script):
    """The release from rest is U_0; strong synapses make the postsynaptic cells spike."""
    arguments = ("--duration", "400", "--U_0", "0.3", "--weight", "100", "--quiet")
    case = run_script(SCRIPT, *arguments).json()["cases"]["decreasing"]
    assert case["r"][0] == pytest.approx(0.3, abs=1e-12)
    assert len(case["post_spike_times"]) > 0


def test_figure_is_drawn(glia):
    """Its size, and ink of both cases."""
    figure = glia.figure()
    height, width, _ = figure.shape
    assert (width, height) == pytest.approx((2126, 1772), abs=1)  # 18 x 15 cm at 300 dpi
    red, green, blue = np.moveaxis(figure, 2, 0)
    assert np.mean((red > 0.7) & (green < 0.5) & (blue < 0.3)) > 0.0005
    assert np.mean((red < 0.3) & (blue > 0.6)) > 0.0005


def test_says_what_happened(glia):
    """Releases, both cases and the files; no warning of NEST."""
    lines = glia.stdout.splitlines()
    assert lines[0] == "1 releases of gliotransmitter in 3000 ms, up to 86 % of the receptors bound"
    assert lines[1].startswith("alpha = 0: release at the start of the first train 0.600, of the")
    assert lines[2].startswith("alpha = 1: release at the start of the first train 0.600, of the")
    assert lines[3].startswith("Wrote ")
    assert glia.stderr == ""


def test_threads_change_nothing(run_script):
    """The first spikes of a train; releases over threads are tested with the models."""
    arguments = ("--duration", "210", "--quiet")
    one, two = (run_script(SCRIPT, *arguments, "--threads", n).json() for n in ("1", "2"))
    assert one["cases"]["decreasing"]["r"] != []
    assert one == two


def test_the_shortest_duration_is_drawn(run_script):
    """Before the first spike."""
    run = run_script(SCRIPT, "--duration", "20")
    assert run.returncode == 0, run.stderr
    assert run.json()["cases"]["decreasing"]["r"] == []


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("--IP3", "-1"), "argument --IP3: '-1' is not a number from 0 up"),
        (("--U_0", "2"), "argument --U_0: '2' is not a number from 0 to 1"),
        (
            ("--duration", "20.05"),
            "error: duration of 20.05 ms is not a multiple of the resolution",
        ),
        (("--duration", "10"), "error: --duration 10 ms is too short for a sample of calcium; cho"),
    ],
)
def test_bad_value_is_one_sentence_and_code_2(run_script, arguments, named):
    """Value and remedy, no traceback, no results."""
    run = run_script(SCRIPT, *arguments)
    assert run.returncode == 2
    assert named in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr
    assert not run.path("json").exists()
