# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m pynest_scripts.figure2`` reproduces Izhikevich (2003), figure 2."""

import numpy as np
import pytest

from izhisyn import recording
from pynest_scripts import figure2
from pynest_scripts.figure2 import PROTOCOLS
from tests.models import reference

EULER_COUNTS = {"RS": 5, "IB": 7, "CH": 13, "FS": 17, "TC": 5, "TCb": 6, "RZ": 2, "LTS": 19}


@pytest.fixture(scope="module")
def author(run_script):
    """Run the script with its defaults."""
    return checked(run_script("figure2"))


def checked(run):
    """Give a run that succeeded."""
    assert run.returncode == 0, run.stderr
    return run


def spike_times(run):
    """Spike times of each panel [ms]."""
    return {name: panel["spike_times"] for name, panel in run.json()["panels"].items()}


def counts(run):
    """Count the spikes of each panel."""
    return {name: len(times) for name, times in spike_times(run).items()}


@pytest.mark.parametrize("protocol", ["author", "paper"])
def test_spikes_are_the_converged_ones(run_script, protocol):
    """All spikes, against an adaptive solver with event location."""
    run = checked(run_script("figure2", "--protocol", protocol))
    assert list(spike_times(run)) == ["RS", "IB", "CH", "FS", "TC", "TCb", "RZ", "LTS"]
    for name, times in spike_times(run).items():
        panel = PROTOCOLS[protocol][name]
        steps = [(start, amplitude, 0.0) for start, amplitude in panel.steps]
        expected = reference.spike_times(panel.cell, steps, panel.duration, V_m=panel.V_0)
        assert len(times) == len(expected), name
        # README's largest error of a whole second is 0.013 ms; these are a fifth of a second.
        assert times == pytest.approx(expected, abs=0.005), name


@pytest.mark.parametrize("protocol", ["author", "paper"])
def test_forward_euler_at_the_scripts_step(run_script, euler_spikes, protocol):
    """Against plain Python, spike for spike, and the known counts."""
    run = checked(
        run_script("figure2", "--integrator", "1", "--resolution", "0.25", "--protocol", protocol)
    )
    assert (run.json()["integrator"], run.json()["resolution"]) == (1, 0.25)
    for name, times in spike_times(run).items():
        panel = PROTOCOLS[protocol][name]
        state = panel.cell.initial_state(panel.V_0)
        assert times == euler_spikes(
            panel.cell, state["V_m"], state["U_m"], panel.steps, panel.duration, 0.25
        ), name
    if protocol == "author":
        assert counts(run) == EULER_COUNTS


def test_published_scheme_differs_from_euler_and_runs_on_the_grid(run_script):
    """The argument reaches the model."""
    run = checked(run_script("figure2", "--integrator", "2", "--resolution", "0.25"))
    assert counts(run) != EULER_COUNTS
    for times in spike_times(run).values():
        assert np.all(np.mod(times, 0.25) == 0.0)


def test_json_says_what_was_run(author):
    """Options, cell, current and duration."""
    measured = author.json()
    assert {key: measured[key] for key in ("protocol", "resolution", "integrator")} == {
        "protocol": "author",
        "resolution": 0.1,
        "integrator": 0,
    }
    assert (
        measured["panels"]["TCb"].items()
        >= {
            "a": 0.02,
            "b": 0.25,
            "c": -65.0,
            "d": 0.05,
            "V_0": -87.0,
            "duration": 150.0,
        }.items()
    )
    assert measured["panels"]["TCb"]["current_steps"] == [[0.0, -25.0], [45.0, 0.0]]
    # 20 spikes in 250 ms.
    assert measured["panels"]["LTS"]["rate"] == 80.0


def test_recording_belongs_to_the_panels(author):
    """The recording goes on to the end of the longest panel."""
    spikes, traces = recording.load(author.path("npz"))
    for panel in author.json()["panels"].values():
        times = spikes.times_of(panel["sender"])
        assert times[times <= panel["duration"]].tolist() == panel["spike_times"]
        # The first sample is one step of 0.1 ms into a course that starts at V_0.
        assert traces.values_of(panel["sender"], "V_m")[0] == pytest.approx(panel["V_0"], abs=1.0)
    assert traces.times[-1] == pytest.approx(249.9)


def test_figure_has_ink_in_all_its_panels(author):
    """Each panel has a trace and an input current."""
    figure = author.figure()
    height, width, _ = figure.shape
    assert (width, height) == pytest.approx((2126, 1358), abs=1)  # 18 x 11.5 cm at 300 dpi
    vermilion = (figure[..., 0] > 0.7) & (figure[..., 1] < 0.5) & (figure[..., 2] < 0.3)
    for row in np.array_split(np.arange(height), 2):
        for column in np.array_split(np.arange(width), 4):
            panel = np.ix_(row, column)
            assert np.mean(figure[panel].max(axis=2) < 0.5) > 0.005, "no trace"
            assert np.mean(vermilion[panel]) > 0.001, "no input current"


def test_says_the_counts_and_the_files_and_no_banner(author):
    """Two lines, nothing on standard error."""
    assert author.stdout.splitlines() == [
        "Spikes (author protocol): RS 6, IB 7, CH 17, FS 19, TC 6, TCb 7, RZ 2, LTS 20",
        "Wrote " + ", ".join(str(author.path(ending)) for ending in ("json", "npz", "png")),
    ]
    assert author.stderr == ""


def test_threads_and_seed_change_nothing(run_script, author):
    """No panel has noise."""
    assert run_script("figure2", "--threads", "2", "--seed", "9").json() == author.json()


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("--protocol", "mine"), "argument --protocol: invalid choice: 'mine'"),
        (
            ("--integrator", "3"),
            "argument --integrator: '3' is none of exact, euler, izhikevich2003",
        ),
        (("--resolution", "0"), "argument --resolution: '0' is not a number above 0"),
        (("--resolution", "0.4"), "error: current step of 15 ms is not a multiple of the res"),
        (("--resolution", "10"), "error: current step of 15 ms is not a multiple of the res"),
        (("--resolution", "15"), "error: a current step at 15 ms is too early"),
        (("--output", "/dev/null/below"), "error: cannot write /dev/null/below"),
    ],
)
def test_bad_value_is_one_sentence_and_code_2(module_build, refusal, arguments, named):
    """Value and remedy, no traceback, no results."""
    assert named in refusal(figure2.main, *arguments)


def test_missing_module_is_one_sentence(refusal, monkeypatch):
    """The script's own start of NEST, with a name under which nothing was built."""
    start = figure2.start_kernel
    monkeypatch.setattr(figure2, "start_kernel", lambda *settings: start(*settings, module="no"))
    assert "-m izhisyn build" in refusal(figure2.main)
