# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m pynest_scripts.tutorial`` gives the tutorial's spikes, figure and errors."""

import numpy as np
import pytest

from izhisyn import recording
from izhisyn.parameters import cell_type
from pynest_scripts import tutorial as tutorial_script

# A converged solution: v0 = -65, u0 = 0, 25 pA, 250 ms; the third interval repeats to the end.
CONVERGED = np.concatenate(([2.63, 8.99], 27.23 + 18.41 * np.arange(13)))


@pytest.fixture(scope="module")
def tutorial(run_script):
    """Run the script with its defaults."""
    run = run_script("tutorial")
    assert run.returncode == 0, run.stderr
    return run


def test_spikes_are_those_of_the_tutorial(tutorial):
    """Against the converged solution, late as the method is."""
    spike_times = np.array(tutorial.json()["spike_times"])
    assert spike_times.size == CONVERGED.size == 15
    # Euler's lag behind the upstroke and the reset on the grid make intervals longer by 2 to 3
    # steps of 0.01 ms; the reference is rounded to 0.005, in the interval that repeats to 0.065.
    late = spike_times - CONVERGED
    assert np.all(late > 0.0)
    assert np.all(late < 0.03 * np.arange(1, 16) + 0.07)


def test_spikes_are_those_of_forward_euler(tutorial, euler_spikes):
    """Step for step against plain Python."""
    expected = euler_spikes(
        cell_type("RS"), V=-65.0, U=0.0, steps=[(0.0, 25.0)], duration=250.0, h=0.01
    )
    # The times are the same multiples of the step up to rounding.
    assert tutorial.json()["spike_times"] == pytest.approx(expected, rel=1e-12)


def test_measured_values_agree_with_each_other(tutorial):
    """Rate and intervals follow from the spikes."""
    measured = tutorial.json()
    assert measured["resolution"] == 0.01
    assert measured["rate"] == 60.0  # 15 spikes in 250 ms
    np.testing.assert_allclose(measured["intervals"], np.diff(measured["spike_times"]))


def test_recording_holds_v_and_u_and_the_spikes(tutorial):
    """The figure can be drawn again from it."""
    spikes, traces = recording.load(tutorial.path("npz"))
    assert spikes.times.tolist() == tutorial.json()["spike_times"]
    assert traces.values.keys() == {"v", "u"}
    assert traces.values["v"].shape == (1, 24999)


def test_figure_is_drawn(tutorial):
    """The picture has its size and some ink."""
    figure = tutorial.figure()
    height, width, _ = figure.shape
    assert (width, height) == pytest.approx((1417, 945), abs=1)  # 12 x 8 cm at 300 dpi
    ink = np.mean(figure.min(axis=2) < 0.5)
    assert 0.005 < ink < 0.2  # neither empty nor filled


def test_says_the_spikes_and_the_files_and_no_banner(tutorial):
    """Two lines, nothing on standard error."""
    lines = tutorial.stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("15 spikes in 250 ms at 25 pA")
    assert lines[1] == "Wrote " + ", ".join(
        str(tutorial.path(ending)) for ending in ("json", "npz", "png")
    )
    assert tutorial.stderr == ""


def test_threads_and_seed_change_nothing(run_script, tutorial):
    """One neuron without noise."""
    other = run_script("tutorial", "--threads", "2", "--seed", "5")
    assert other.json() == tutorial.json()


def test_quiet_prints_nothing(run_script):
    """It works all the same."""
    run = run_script("tutorial", "--quiet")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert run.path("png").exists()


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("--resolution", "0"), "argument --resolution: '0' is not a number above 0"),
        (("--resolution", "0.0015"), "error: resolution 0.0015 ms is not a positive multiple"),
        (("--resolution", "0.03"), "error: duration of 250 ms is not a multiple of the resolution"),
        (("--threads", "0"), "argument --threads: '0' is not a whole number above 0"),
        (("--seed", "4294967296"), "error: seed is 4294967296; give a whole number from 1"),
        (("--output", "/dev/null/below"), "error: cannot write /dev/null/below"),
    ],
)
def test_bad_value_is_one_sentence_and_code_2(module_build, refusal, arguments, named):
    """Value and remedy, no traceback, no results."""
    assert named in refusal(tutorial_script.main, *arguments)


def test_refusal_reaches_the_shell(run_script):
    """The entry point itself ends with the code and without a traceback."""
    run = run_script("tutorial", "--resolution", "0.0015")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: resolution 0.0015 ms")
    assert len(run.stderr.splitlines()) == 1
