# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m pynest_scripts.izhikevich_2004_properties``: the property of each panel."""

import re
from dataclasses import replace

import numpy as np
import pytest

from izhisyn.neurocomputational_properties import PANELS, Course
from pynest_scripts import izhikevich_2004_properties as script
from tests.conftest import ROOT
from tests.models.reference import spike_times

NEEDS_COARSE_STEPS = {"P", "Q", "T"}


@pytest.fixture(scope="module")
def measured(run_script):
    """Results of a run with defaults."""
    run = run_script("izhikevich_2004_properties")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[:2] == [
        "Properties shown with the script's steps: 20 of 20",
        "and with the exact step: 17 (not P, Q, T)",
    ]
    return run.json() | {"figure": run.figure()}


@pytest.mark.parametrize("name", PANELS)
def test_property_with_the_scripts_steps_and_converged(measured, name):
    """The published steps show all twenty; P, Q and T are not properties of the equations."""
    assert measured["panels"][name]["shown"] == {
        "published": True,
        "converged": name not in NEEDS_COARSE_STEPS,
    }


def test_bistability_with_a_pulse_in_the_right_phase(measured):
    """Firing and rest do coexist in P: a pulse 9 ms earlier switches from one to the other."""
    assert measured["retimed"]["shown"]


# T fires without end, which no count describes.
@pytest.mark.parametrize("name", [name for name in PANELS if name != "T"])
def test_converged_spikes_are_those_of_an_adaptive_solver(measured, name):
    """Within 0.04 ms, the second-order error: largest in Q, whose u is as fast as its spikes."""
    panel = PANELS[name]
    state = panel.initial_state
    expected = spike_times(
        panel.cell, panel.current, panel.duration, V_m=state["V_m"], U_m=state["U_m"]
    )
    assert measured["panels"][name]["n_spikes"]["converged"] == len(expected)
    np.testing.assert_allclose(
        measured["panels"][name]["first_spikes"]["converged"], expected, atol=0.04
    )


# Upward crossings in the traces of the author's script, as OpenSourceBrain/IzhikevichModel lists
# them for its tests (MATLAB/results/.test.2003.mep), up to a step before the sample of the spike.
PUBLISHED = {
    "A": [13.0, 17.0, 31.25, 59.0, 86.75],
    "C": [
        *(24.75, 26.5, 28.0, 29.75, 31.75, 34.0, 36.0, 38.75, 41.5, 45.5, 79.75, 82.0, 84.5, 87.5),
        *(91.25, 98.5, 132.75, 134.75, 137.25, 140.25, 144.0, 151.0, 185.25, 187.5, 190.0, 193.0),
        *(196.75, 204.25),
    ],
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_spikes_of_the_authors_script(measured, name):
    """Where its traces are public, each spike is in its step."""
    found = np.array(measured["panels"][name]["first_spikes"]["published"])
    assert found.size == len(PUBLISHED[name])
    late = found - PUBLISHED[name]
    assert np.all((late >= 0.0) & (late <= PANELS[name].tau))


@pytest.mark.parametrize(("name", "tau"), [("P", 0.05), ("Q", 0.05), ("T", 0.25)])
def test_finer_steps_of_the_authors_scheme_lose_the_property(name, tau):
    """It is the size of the step that makes the property, not what else differs."""
    assert script.published_course(PANELS[name]).shows(name)
    assert not script.published_course(replace(PANELS[name], tau=tau)).shows(name)


@pytest.mark.parametrize("name", [name for name in PANELS if name not in "RST"])
def test_no_property_shows_in_another_panels_course(name):
    """Rules that accept anything would prove nothing: silence and a steady train are refused."""
    panel = PANELS[name]
    times = np.arange(0.0, panel.duration, 0.1)
    rest = np.full_like(times, panel.V_0)
    assert not Course(times, rest, np.array([])).shows(name)
    if name not in "AH":  # which ask for such trains
        assert not Course(times, rest, np.arange(5.0, panel.duration, 5.0)).shows(name)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        *[("A", "B"), ("B", "D"), ("C", "E"), ("D", "C"), ("E", "C"), ("F", "C"), ("G", "H")],
        *[("H", "G"), ("I", "A"), ("J", "L"), ("K", "L"), ("L", "K"), ("M", "N"), ("N", "M")],
        *[("O", "L"), ("P", "A"), ("Q", "L"), ("R", "K"), ("S", "A"), ("T", "S")],
    ],
)
def test_a_property_is_not_that_of_a_similar_cell(name, other):
    """Each rule refuses the published course of a cell that comes near it."""
    assert not script.published_course(PANELS[other]).shows(name)


def test_stairs_have_the_mean_of_the_ramp():
    """The integral of a ramp is that of its stairs, the first of which has two steps."""
    ramp = ((0.0, 0.0, 0.5), (2.0, 3.0, 0.0))
    stairs = script.staircase(ramp, 4.0, 0.1)
    times, values = map(np.array, zip(*stairs, strict=True))
    assert times[1] == pytest.approx(0.2)
    widths = np.diff([*times, 4.0])
    assert np.sum(widths * values) == pytest.approx(0.5 * 2.0**2 / 2 + 3.0 * 2.0)
    np.testing.assert_allclose(np.diff(times[1:-1]), 0.1)


@pytest.mark.slow
def test_finer_resolution_shows_the_same(run_script, measured):
    """What the exact step shows at 0.1 ms it shows at 0.025 ms."""
    finer = run_script("izhikevich_2004_properties", "--resolution", "0.025").json()
    assert {name: panel["shown"] for name, panel in finer["panels"].items()} == {
        name: panel["shown"] for name, panel in measured["panels"].items()
    }


def test_page_has_the_numbers_of_the_run(measured):
    """The table of docs/neurocomputational-properties.md: letter, property, spikes, spikes."""
    page = (ROOT / "docs" / "neurocomputational-properties.md").read_text()
    rows = re.findall(r"^\| ([A-T]) \| ([^|]+) \| (\d+) \| (\d+|no end) \|", page, re.MULTILINE)
    assert rows == [
        (
            name,
            panel["property"],
            str(panel["n_spikes"]["published"]),
            "no end" if name == "T" else str(panel["n_spikes"]["converged"]),
        )
        for name, panel in measured["panels"].items()
    ]


def test_figure_has_ink_in_all_its_panels(measured):
    """Each panel has both courses and an input; the names of P, Q and T are coloured."""
    figure = measured["figure"]
    height, width, _ = figure.shape
    assert (width, height) == pytest.approx((2126, 2362), abs=1)  # 18 x 20 cm at 300 dpi
    red, blue = figure[..., 0], figure[..., 2]
    for rows in np.array_split(np.arange(height), 5):
        for columns in np.array_split(np.arange(width), 4):
            panel = np.ix_(rows, columns)
            assert np.mean(figure[panel].max(axis=2) < 0.3) > 0.002, "no converged course"
            assert np.mean((blue[panel] > 0.5) & (red[panel] < 0.3)) > 0.002, "no published course"
            assert np.mean((red[panel] > 0.7) & (blue[panel] < 0.3)) > 0.001, "no input"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--resolution", "0.4"), "error: current step of 8.5 ms is not a multiple of the res"),
        (("--output", "/dev/null/below"), "error: cannot write /dev/null/below"),
    ],
)
def test_bad_value_is_one_sentence_and_code_2(module_build, refusal, arguments, named):
    """Value and remedy, no traceback, no results."""
    assert named in refusal(script.main, *arguments)
