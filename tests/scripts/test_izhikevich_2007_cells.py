# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m pynest_scripts.izhikevich_2007_cells``: the book's cells under its currents."""

import numpy as np
import pytest

from pynest_scripts import izhikevich_2007_cells as script
from pynest_scripts.izhikevich_2007_cells import PROTOCOLS
from tests.models.reference import spike_times_2007


@pytest.fixture(scope="module")
def run(run_script):
    """Run the script with its defaults."""
    finished = run_script("izhikevich_2007_cells")
    assert finished.returncode == 0, finished.stderr
    return finished


def spike_times(run, name):
    """Spike times in each panel of a cell [ms]."""
    return [np.array(panel["spike_times"]) for panel in run.json()["cells"][name]["panels"]]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_spikes_are_those_of_an_adaptive_solver(run, name):
    """Within 0.01 ms; FS, whose U_m grows with the cube of V_m, within 0.03 ms."""
    protocol = PROTOCOLS[name]
    for amplitude, found in zip(protocol.amplitudes, spike_times(run, name), strict=True):
        pieces = [(start, value, 0.0) for start, value in protocol.steps(amplitude)]
        expected = spike_times_2007(protocol.cell, pieces, protocol.duration)
        assert len(found) == len(expected)
        np.testing.assert_allclose(found, expected, atol=0.03 if name == "FS" else 0.01)


def test_intervals_of_regular_spiking_are_those_of_other_programs(run):
    """NeuroML's simulators on RS at 100 pA (OpenSourceBrain/IzhikevichModel, .test.2007cells.mep).

    They have steps of 0.01 to 0.025 ms, which an interval may be off by at both ends; their cell
    starts with another u, which shifts all spikes by 1.1 ms.
    """
    published = [47.04, 120.46, 196.55, 272.54, 348.55, 424.54, 500.54]
    found = spike_times(run, "RS")[-1]
    np.testing.assert_allclose(np.diff(found), np.diff(published), atol=0.05)


def test_firing_patterns_are_those_of_the_book(run):
    """What the names of the cells say, and their bursts after inhibition."""
    adapting = np.diff(spike_times(run, "RS")[-1])
    assert adapting[0] < adapting[1] == pytest.approx(adapting[-1], rel=0.01)
    bursting = np.diff(spike_times(run, "IB")[-1])
    assert bursting[0] < 0.3 * bursting[-1]
    chattering = np.diff(spike_times(run, "CH")[-1])
    assert chattering.max() > 4.0 * chattering.min()
    fast = np.diff(spike_times(run, "FS")[-1])
    assert 1000.0 / fast[-1] > 100.0
    for name in ("TC burst", "RTN burst"):
        first = spike_times(run, name)[0]
        assert first[0] > script.INHIBITED
        assert 3 <= len(first)
        assert first[-1] < script.INHIBITED + 150.0  # one burst, then rest
    low_threshold = np.diff(spike_times(run, "LTS")[-1])
    assert np.all(low_threshold[3:] >= low_threshold[2:-1] - 0.01)


def test_forward_euler_is_another_integrator(run_script, run):
    """The argument reaches the model; its spikes are on the grid, and too few."""
    euler = run_script("izhikevich_2007_cells", "--integrator", "1")
    for times in spike_times(euler, "FS"):
        np.testing.assert_allclose(times, np.round(times, 1), atol=1e-9)
    counts = [len(times) for times in spike_times(euler, "FS")]
    assert counts < [len(times) for times in spike_times(run, "FS")]


def test_says_the_counts_and_the_files(run):
    """Two lines, nothing on standard error."""
    counts, written = run.stdout.splitlines()
    for name in PROTOCOLS:
        sizes = "/".join(str(len(times)) for times in spike_times(run, name))
        assert f"{name} {sizes}" in counts
    assert written.startswith("Wrote ")
    assert run.stderr == ""


def test_figure_has_ink_in_all_its_panels(run):
    """A trace for each current; the fourth column ends after FS."""
    figure = run.figure()
    height, width, _ = figure.shape
    assert (width, height) == pytest.approx((2126, 2598), abs=1)  # 18 x 22 cm at 300 dpi
    for rows, protocol in zip(
        np.array_split(np.arange(height), len(PROTOCOLS)), PROTOCOLS.values(), strict=True
    ):
        for column, columns in enumerate(np.array_split(np.arange(width), 4)):
            ink = np.mean(figure[np.ix_(rows, columns)].max(axis=2) < 0.5)
            assert (ink > 0.01) == (column < len(protocol.amplitudes))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--integrator", "2"), "argument --integrator: '2' is none of exact, euler"),
        (("--resolution", "0.7"), "error: current step of 120 ms is not a multiple of the res"),
        (("--output", "/dev/null/below"), "error: cannot write /dev/null/below"),
    ],
)
def test_bad_value_is_one_sentence_and_code_2(module_build, refusal, arguments, named):
    """Value and remedy, no traceback, no results."""
    assert named in refusal(script.main, *arguments)
