# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m pynest_scripts.parameter_exploration`` classifies the published cells, and maps."""

import csv

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from izhisyn import recording
from izhisyn.firing_patterns import PATTERNS, firing_pattern
from izhisyn.kernel import simulate, start_kernel
from izhisyn.parameters import CELL_TYPES
from pynest_scripts import parameter_exploration
from pynest_scripts.parameter_exploration import COLORS, Plane, draw_maps, points_on
from tests.models.reference import spike_times

# What Izhikevich (2003) says of them: RS adapts, IB fires an initial burst, CH bursts again and
# again, FS does not adapt; LTS adapts, has a low threshold; TC is tonic from rest and fires a
# rebound burst; RZ has subthreshold oscillations.
PUBLISHED = {
    "RS": ("adapting", "integrator"),
    "IB": ("initial bursting", "integrator"),
    "CH": ("chattering", "integrator"),
    "FS": ("tonic", "integrator"),
    "LTS": ("adapting", "integrator"),
    "TC": ("tonic", "integrator"),
    "RZ": ("tonic", "resonator"),
}


def point(name, current=10.0):
    """Arguments for a published cell type."""
    return ["--point", *(str(value) for value in CELL_TYPES[name].parameters.values()), current]


@pytest.fixture(scope="module")
def seven(run_script):
    """Look at the seven cell types in detail, and at some with other currents."""
    points = [point(name) for name in CELL_TYPES]
    points += [point("RS", 14.0), point("IB", 11.0), point("RS", 3.9), point("RS", -3.0)]
    points += [["--point", 0.02, 0.262, -65.0, 2.0, 0.0]]
    run = run_script(
        "parameter_exploration", *(str(argument) for one in points for argument in one)
    )
    assert run.returncode == 0, run.stderr
    return run


@pytest.fixture(scope="module")
def small_map(run_script):
    """Map corners and middles."""
    ranges = ("--a", "0.02", "0.1", "--b", "0.2", "0.26", "--c", "-65", "-50", "--d", "2", "8")
    run = run_script("parameter_exploration", "--size", "3", *ranges, "--currents", "0", "10")
    assert run.returncode == 0, run.stderr
    return run


def by_name(run):
    """Give the described cell types."""
    return dict(zip(CELL_TYPES, run.json()["points"], strict=False))


def table(run):
    """Rows of the table."""
    with run.path("csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_published_cells_have_their_patterns(seven):
    """At I = 10; with the rebound below, no two of them are alike."""
    found = {name: (row["pattern"], row["excitability"]) for name, row in by_name(seven).items()}
    assert found == PUBLISHED


def test_patterns_are_those_of_the_figure(seven):
    """At the currents with which the author drew figure 2 where they are not 10."""
    RS, IB = seven.json()["points"][7:9]
    assert (RS["I"], RS["pattern"]) == (14.0, PUBLISHED["RS"][0])
    assert (IB["I"], IB["pattern"]) == (11.0, PUBLISHED["IB"][0])


def test_cells_with_low_threshold_rebound(seven):
    """Those with b of 0.25 and more; the thalamo-cortical cell with a burst."""
    rebounds = {name: row["rebound_spikes"] for name, row in by_name(seven).items()}
    assert [name for name, spikes in rebounds.items() if spikes] == ["LTS", "TC", "RZ"]
    assert rebounds["TC"] >= 3 > max(rebounds["LTS"], rebounds["RZ"])


def test_spikes_are_the_converged_ones(seven):
    """Of the cells that rest where the adaptive solver starts."""
    for name in ("RS", "IB", "CH", "FS"):
        times = by_name(seven)[name]["spike_times"]
        # From -70 mV, where the cells with b = 0.2 rest; twice README's error at 0.1 ms.
        expected = spike_times(CELL_TYPES[name], 10.0, 1000.0)
        assert len(times) == len(expected)
        assert times == pytest.approx(expected, abs=0.026)


def test_thalamo_cortical_rebound_is_that_of_the_equations(seven):
    """Released from the equilibrium at -25 pA: first spikes by Runge-Kutta at 0.001 ms."""
    cell = CELL_TYPES["TC"]
    slope = 5.0 - cell.b
    V = (-slope - np.sqrt(slope**2 - 0.16 * (140.0 - 25.0))) / 0.08
    U, h, expected = cell.b * V, 0.001, []

    def flow(V, U):
        return 0.04 * V**2 + 5.0 * V + 140.0 - U, cell.a * (cell.b * V - U)

    for step in range(16000):
        dV, dU = flow(V, U)
        dV, dU = flow(V + h / 2 * dV, U + h / 2 * dU)
        V, U = V + h * dV, U + h * dU
        if V >= 30.0:
            expected.append((step + 1) * h)
            V, U = cell.c, U + cell.d
    times = by_name(seven)["TC"]["rebound_times"][: len(expected)]
    assert len(expected) == 3
    # The reference is late by up to a step in each interval, the exact step off by up to 0.013.
    assert times == pytest.approx(expected, abs=0.02)


def test_current_decides_whether_a_cell_fires(seven):
    """RS loses its rest at I = 3.7975: at 3.9 it fires on, at -3 it never does."""
    above, below = seven.json()["points"][9:11]
    assert above["pattern"] == "tonic"
    assert (below["pattern"], below["spikes"], below["latency"]) == ("silent", 0, None)


def test_cell_with_an_unstable_equilibrium_does_not_stay_there(seven):
    """Without input, b = 0.262 has an equilibrium; the Hopf bifurcation is at I = -0.062.

    There 0.08 V + 5 = a, so that V = -62.25 and I = -(0.04 V^2 + 5 V + 140 - b V).
    """
    row = seven.json()["points"][11]
    assert row["spikes"] > 0
    assert (row["excitability"], row["ringing_frequency"], row["rebound_spikes"]) == (
        "no rest",
        None,
        None,
    )
    assert seven.stdout.splitlines()[11].endswith(" in 1000 ms); no rest")


@pytest.mark.parametrize(
    ("name", "currents", "patterns"),
    [
        ("RS", range(4, 21), {"tonic", "adapting"}),
        ("IB", range(9, 12), {"initial bursting"}),
        ("CH", range(4, 21), {"chattering"}),
        ("FS", range(4, 21), {"tonic"}),
        ("LTS", range(4, 21), {"adapting"}),
        ("TC", range(4, 21), {"tonic"}),
        ("RZ", range(4, 21), {"tonic"}),
    ],
)
def test_patterns_hold_over_a_range_of_currents(module_build, name, currents, patterns):
    """The borders between patterns are not drawn around a single current.

    Where RS fires slowly it does not adapt, its interval being longer than the memory of U, 50 ms.
    """
    parameters = CELL_TYPES[name].parameters.values()
    points = parameter_exploration.points_of([(*parameters, current) for current in currents])
    start_kernel(resolution=0.1)
    stepped, _, _ = parameter_exploration.create(points, integrator=0)
    recorder = recording.record_spikes(stepped)
    simulate(parameter_exploration.STEP)
    trains = parameter_exploration.trains(recording.spikes(recorder), stepped)
    assert {firing_pattern(train, parameter_exploration.STEP) for train in trains} == patterns


def test_recording_belongs_to_the_points(seven):
    """Spikes and traces of both neurons of each point; they start at their equilibria."""
    spikes, traces = recording.load(seven.path("npz"))
    for row in seven.json()["points"]:
        assert spikes.times_of(row["sender"]).tolist() == row["spike_times"]
        released = spikes.times_of(row["released_sender"])
        assert released[released <= 200.0].tolist() == row["rebound_times"]
    # At rest until the current of 10 pA, 10 mV/ms, comes; 0.1 ms later the quadratic term has
    # added 0.04 mV/ms at most.
    first_sample = traces.values_of(by_name(seven)["RZ"]["sender"], "V_m")[0]
    assert first_sample == pytest.approx(-62.5 + 1.0, abs=0.01)


def test_points_are_reported_in_words(seven):
    """One line for each, nothing on standard error."""
    lines = seven.stdout.splitlines()
    assert lines[0] == (
        "a = 0.02, b = 0.2, c = -65, d = 8, I = 10: adapting (23 spikes in 1000 ms); integrator; "
        "rebound spikes: none"
    )
    assert lines[6].endswith("tonic (196 spikes in 1000 ms); resonator at 24 Hz; rebound spikes: 1")
    assert seven.stderr == ""


def test_map_has_the_patterns_of_single_points(seven, small_map):
    """Corners that are published cells, among neighbours in one simulation."""
    rows = table(small_map)
    assert len(rows) == 2 * 2 * 9  # planes, currents, points
    cells = {
        tuple(float(row[name]) for name in "abcdI"): (row["pattern"], row["excitability"])
        for row in rows
    }
    for name in ("RS", "CH", "FS", "RZ"):
        row = by_name(seven)[name]
        found = cells[tuple(row[key] for key in "abcdI")]
        assert found == (row["pattern"], row["excitability"]), name
    assert {row["pattern"] for row in rows if float(row["I"]) == 0.0} == {"silent"}


def test_shares_are_those_of_the_table(small_map):
    """In the JSON file and in the line that is printed."""
    patterns = [row["pattern"] for row in table(small_map)]
    shares = small_map.json()["shares"]
    assert shares == {name: patterns.count(name) / len(patterns) for name in PATTERNS}
    assert small_map.stdout.startswith("36 points: silent 50.0 %,")


def test_map_is_coloured_by_pattern(small_map):
    """Where no current flows all is silent; chattering is in the last map of the second row."""
    figure = small_map.figure()
    height, width, _ = figure.shape
    assert (width, height) == pytest.approx((2126, 1594), abs=1)  # 18 x 13.5 cm at 300 dpi

    def share(pattern, rows, columns):
        colour = to_rgb(COLORS[pattern])
        return np.mean(np.all(np.abs(figure[rows, columns] - colour) < 0.01, axis=-1))

    above, below = slice(0, height // 2), slice(height // 2, int(0.85 * height))
    left, right = slice(0, width // 2), slice(width // 2, width)
    assert share("silent", above, left) > 0.3
    assert share("silent", below, left) > 0.3
    assert share("chattering", below, right) > 0.05
    assert share("chattering", above, right) == 0.0


def test_maps_are_drawn_where_their_points_are():
    """Patterns made from the coordinates, on a grid that is not square, are found there again."""
    plane = Plane(
        "a",
        "b",
        {"a": np.array([0.1, 0.2, 0.3]), "b": np.array([0.1, 0.2])},
        {"c": -65.0, "d": 2.0},
    )
    currents = (1.0, 2.0)
    points = points_on([plane], currents)
    patterns = np.round(10 * (points["a"] + points["b"]) + points["I"] - 3).astype(int)
    figure = draw_maps([plane], currents, patterns, np.zeros(patterns.size, dtype=bool))
    for axes, current in zip(figure.axes, currents, strict=True):
        mesh = axes.collections[0].get_array()
        for row, b in enumerate((1, 2)):
            for column, a in enumerate((1, 2, 3)):
                assert mesh[row, column] == a + b + current - 3


def test_threads_change_nothing(run_script, small_map):
    """No point has noise."""
    arguments = ("--a", "0.02", "0.1", "--b", "0.2", "0.26", "--c", "-65", "-50", "--d", "2", "8")
    other = run_script(
        *("parameter_exploration", "--size", "3", *arguments, "--currents", "0", "10"),
        *("--threads", "2"),
    )
    assert table(other) == table(small_map)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--c", "-45", "-70"), "error: --c ranges from -45 to -70; give the smaller number first"),
        (("--size", "1"), "error: a map of --size 1 has no sides; choose at least 2"),
        (("--c", "-65", "30"), "error: a reset to c = 30 mV is not below the threshold of 30 mV"),
        (("--point", "0.02", "0.2", "40", "8", "10"), "error: a reset to c = 40 mV is not below"),
        (("--point", "0.02", "0.2", "-65", "8"), "argument --point: expected 5 arguments"),
        (("--point", "0.02", "0.2", "-65", "8", "nan"), "argument --point: 'nan' is not a finite"),
        (("--currents", "x"), "argument --currents: 'x' is not a finite number"),
        (("--resolution", "0.3"), "error: duration of 1000 ms is not a multiple of the resolution"),
    ],
)
def test_bad_value_is_one_sentence_and_code_2(module_build, refusal, arguments, named):
    """Value and remedy, no traceback, no results."""
    assert named in refusal(parameter_exploration.main, *arguments)
