# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m pynest_scripts.short_term_plasticity``: the thread's cells, network and synapses."""

import numpy as np
import pytest

from izhisyn.parameters import FORUM_CELL_TYPES, RECEPTORS
from pynest_scripts import short_term_plasticity as script
from tests.models.reference import spike_times

SCRIPT = "short_term_plasticity"


@pytest.fixture(scope="module")
def chattering(run_script):
    """Run the script with its defaults."""
    return checked(run_script(SCRIPT))


def checked(run):
    """Give a run that succeeded."""
    assert run.returncode == 0, run.stderr
    return run


@pytest.mark.parametrize("cell_type", FORUM_CELL_TYPES)
def test_cells_of_the_thread(run_script, cell_type):
    """Both presynaptic cells spike as an adaptive solver's, with the thread's parameters.

    The protocol's cells start at V_m = c and U_m = 0.
    """
    cell = FORUM_CELL_TYPES[cell_type]
    current = [(0.0, 0.0, 0.0), (script.STEP_TIME, script.STEP_CURRENT, 0.0)]
    expected = spike_times(cell, current, script.DURATION, V_m=cell.c, U_m=0.0)
    measured = checked(run_script(SCRIPT, "--cell-type", cell_type)).json()
    for times in measured["spike_times"]["pre"]:
        assert len(times) == len(expected) > 4
        # Dated at the end of their steps of 0.1 ms.
        assert times == pytest.approx(expected + 0.05, abs=0.05 + 2 * 0.013)
    assert measured.items() >= cell.parameters.items()


def test_random_cell_type_follows_the_seed(run_script):
    """The same again for the same seed, others for other seeds."""

    def drawn(seed):
        arguments = ("--cell-type", "random", "--seed", str(seed), "--quiet")
        return run_script(SCRIPT, *arguments).json()["cell_type"]

    types = [drawn(seed) for seed in (1, 2, 3, 1)]
    assert types[0] == types[3]
    assert set(types) <= set(FORUM_CELL_TYPES)
    assert len(set(types)) > 1


def test_synapses_release_what_the_recursion_says(chattering):
    """From u = 0 and x = 1, at the recorded spikes."""
    for synapse in chattering.json()["synapses"].values():
        u, x, last = 0.0, 1.0, 0.0
        for time, r in zip(synapse["spike_times"], synapse["r"], strict=True):
            u *= np.exp(-(time - last) / 30.0)
            x = 1.0 - (1.0 - x) * np.exp(-(time - last) / 50.0)
            u += 0.6 * (1.0 - u)
            assert r == pytest.approx(u * x, rel=1e-12)
            x -= u * x
            last = time


def test_synapses_act_on_the_postsynaptic_cell(chattering):
    """The peak of the AMPA current is that of the released weights' sum; it makes spikes."""
    measured = chattering.json()
    synapse = measured["synapses"]["AMPA"]
    receptor = RECEPTORS["AMPA"]
    times = np.arange(0.0, 250.0, 0.1)[:, np.newaxis] - np.array(synapse["spike_times"]) - 1.0
    shape = np.exp(-times / receptor.tau_decay) - np.exp(-times / receptor.tau_rise)
    course = np.where(times > 0.0, receptor.peak_factor * shape, 0.0) @ synapse["r"]
    assert synapse["peak_current"] == pytest.approx(20.0 * course.max(), rel=1e-9)
    assert len(measured["spike_times"]["post"]) > 0


def test_constants_and_weight_reach_the_synapses(run_script, chattering):
    """Each argument changes what it should."""

    def released(*arguments):
        return checked(run_script(SCRIPT, *arguments, "--quiet")).json()["synapses"]["AMPA"]["r"]

    base = chattering.json()["synapses"]["AMPA"]["r"]
    assert released("--U_0", "0.8")[0] == pytest.approx(0.8)
    assert released("--tau-f", "300")[1] > base[1]
    assert released("--tau-d", "500")[1] < base[1]
    weak = checked(run_script(SCRIPT, "--weight", "1")).json()
    assert weak["spike_times"]["post"] == []


def test_current_into_the_postsynaptic_cell(run_script):
    """With weak synapses it spikes as the others do."""
    arguments = ("--post-current", "10", "--weight", "1e-9")
    spikes = checked(run_script(SCRIPT, *arguments)).json()["spike_times"]
    assert spikes["post"] == spikes["pre"][0]


def test_figure_is_drawn(chattering):
    """The picture has its size and some ink in each quarter."""
    figure = chattering.figure()
    height, width, _ = figure.shape
    assert (width, height) == pytest.approx((2126, 1299), abs=1)  # 18 x 11 cm at 300 dpi
    for rows in np.array_split(np.arange(height), 2):
        for columns in np.array_split(np.arange(width), 2):
            assert np.mean(figure[np.ix_(rows, columns)].min(axis=2) < 0.5) > 0.005


def test_says_what_happened(chattering):
    """Two lines, nothing on standard error."""
    assert chattering.stdout.splitlines() == [
        "CH: 20 presynaptic spikes, 16 postsynaptic; release 0.600 at the first, 0.086 at the last",
        "Wrote " + ", ".join(str(chattering.path(ending)) for ending in ("json", "npz", "png")),
    ]
    assert chattering.stderr == ""


def test_threads_change_nothing(run_script, chattering):
    """Two threads share three neurons."""
    assert run_script(SCRIPT, "--threads", "2").json() == chattering.json()


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("--cell-type", "XY"), "argument --cell-type: invalid choice: 'XY'"),
        (("--U_0", "1.2"), "argument --U_0: '1.2' is not a number from 0 to 1"),
        (("--tau-f", "0"), "argument --tau-f: '0' is not a number above 0"),
        (("--tau-d", "-5"), "argument --tau-d: '-5' is not a number above 0"),
        (("--resolution", "0.3"), "error: current step of 20 ms is not a multiple of the res"),
    ],
)
def test_bad_value_is_one_sentence_and_code_2(run_script, arguments, named):
    """Value and remedy, no traceback, no results."""
    run = run_script(SCRIPT, *arguments)
    assert run.returncode == 2
    assert named in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr
    assert not run.path("json").exists()
