# SPDX-License-Identifier: GPL-2.0-or-later
"""Firing patterns are told apart as their definitions say, and the closed forms hold."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from izhisyn import firing_patterns
from izhisyn.firing_patterns import equilibrium, excitability, firing_pattern, ringing
from izhisyn.parameters import CELL_TYPES

BURST = np.array([0.0, 3.0, 6.0])


def train(*gaps, first=10.0):
    """Spike times with these intervals."""
    return first + np.concatenate(([0.0], np.cumsum(gaps)))


@pytest.mark.parametrize(
    ("pattern", "spike_times"),
    [
        ("silent", []),
        ("phasic", [10.0]),
        ("phasic", [10.0, 500.0]),
        ("phasic bursting", [10.0, 13.0, 16.0]),
        ("tonic", [10.0, 500.1]),
        ("tonic", [900.0]),
        ("tonic", train(*[20.0] * 49)),
        # Doublets at 1:3.9 are still one rhythm, at 1:4 bursts with pauses.
        ("tonic", train(*[10.0, 39.0] * 20)),
        ("chattering", train(*[10.0, 40.0] * 19)),
        ("chattering", np.concatenate([BURST + start for start in range(10, 1000, 50)])),
        # Pauses grow slowly within a burst, so that no interval is 4 times the one before it.
        ("chattering", train(*[3.0, 4.0, 8.0, 25.0] * 24)),
        ("adapting", train(10.0, *[22.0] * 44)),
        ("tonic", train(10.0, *[21.9] * 44)),
        ("adapting", train(5.0, 10.0, 20.0, 40.0, *[60.0] * 15)),
        # A doublet is no burst, three spikes are one.
        ("adapting", train(5.0, *[50.0] * 19)),
        ("initial bursting", train(5.0, 5.0, *[50.0] * 19)),
        ("initial bursting", train(5.0, 5.0, 20.0, *[50.0] * 19)),
        ("adapting", train(5.0, 5.0, 19.9, *[50.0] * 19)),
    ],
)
def test_pattern_of_a_train(pattern, spike_times):
    """Within a step of 1000 ms, on both sides of each border; spikes may come in any order."""
    assert firing_pattern(spike_times, 1000.0) == pattern
    assert firing_pattern(spike_times[::-1], 1000.0) == pattern


def test_pattern_is_one_of_the_named():
    """All seven occur above; the map's colours follow this order."""
    assert len(set(firing_patterns.PATTERNS)) == 7


def test_pattern_does_not_depend_on_the_unit_of_time():
    """The rules compare intervals with each other and with the step."""
    spike_times = train(*[3.0, 4.0, 8.0, 25.0] * 24)
    for scale in (0.1, 10.0):
        assert firing_pattern(scale * spike_times, 1000.0 * scale) == "chattering"


def test_late_intervals_end_in_the_second_half():
    """Of a step of 100 ms, spikes in any order; the one across the middle counts."""
    late = firing_patterns.late_intervals([90.0, 50.0, 70.0, 40.0], 100.0)
    assert late.tolist() == [20.0, 20.0]


@pytest.mark.parametrize(("b", "V_rest"), [(0.2, -70.0), (0.25, -64.4139), (0.26, -62.5)])
def test_equilibrium_is_the_published_rest(b, V_rest):
    """Roots of the quadratic equation, to the digits given."""
    assert equilibrium(b) == pytest.approx(V_rest, abs=5e-5)


@pytest.mark.parametrize(("b", "saddle_node"), [(0.2, 4.0), (0.25, 1.015625), (0.26, 0.4225)])
def test_equilibrium_ends_at_the_saddle_node(b, saddle_node):
    """The two roots meet at I = (5 - b)^2 / 0.16 - 140."""
    below, above = equilibrium(b, np.array([saddle_node - 1e-9, saddle_node + 1e-9]))
    assert below == pytest.approx(-(5.0 - b) / 0.08, abs=1e-3)
    assert np.isnan(above)


@pytest.mark.parametrize(
    ("a", "b", "hopf"),
    [(0.02, 0.2, 3.7975), (0.1, 0.2, 3.9375), (0.02, 0.25, 0.685), (0.1, 0.26, 0.2625)],
)
def test_rest_is_lost_at_the_hopf_bifurcation(a, b, hopf):
    """Below the saddle-node already; there the oscillation is neither damped nor growing."""
    assert excitability(a, b, hopf - 1e-6) == "resonator"
    assert excitability(a, b, hopf + 1e-6) == "no rest"
    # The damping grows linearly with the distance from the bifurcation.
    assert ringing(a, b, hopf - 1e-6)[1] == pytest.approx(1.0, abs=1e-3)


def test_ringing_is_that_of_the_equations():
    """Period and damping of a cell displaced by a microvolt, by an adaptive solver.

    The quadratic term adds 0.04 of the displacement in mV relative to the linear ones, 4e-5.
    """
    a, b, displacement = 0.1, 0.26, 1e-3
    V_rest = float(equilibrium(b))

    def equations(_, state):
        V, U = state
        return 0.04 * V**2 + 5.0 * V + 140.0 - U, a * (b * V - U)

    def turning_point(_, state):
        return equations(None, state)[0]

    solution = solve_ivp(
        equations,
        (0.0, 100.0),
        (V_rest + displacement, b * V_rest),
        events=turning_point,
        rtol=1e-11,
        atol=1e-13,
    )
    (times,), (states,) = solution.t_events, solution.y_events
    swings = np.abs(states[1:4, 0] - V_rest)
    frequency, swing = (float(value) for value in ringing(a, b))
    # Turning points of V are half a period apart.
    assert np.diff(times[1:4]) == pytest.approx(500.0 / frequency, rel=1e-3)
    assert swings[1:] / swings[:-1] == pytest.approx(swing, rel=1e-3)


def test_published_cells_are_integrators_but_the_resonator():
    """As their names say."""
    kinds = {name: excitability(cell.a, cell.b) for name, cell in CELL_TYPES.items()}
    assert [name for name, kind in kinds.items() if kind != "integrator"] == ["RZ"]
    assert kinds["RZ"] == "resonator"


def test_ringing_takes_grids():
    """A map needs it for arrays; no oscillation, one, and no rest."""
    frequency, swing = ringing([0.02, 0.1, 0.1], [0.2, 0.26, 0.3])
    assert frequency[0] == swing[0] == 0.0
    assert frequency[1] == ringing(0.1, 0.26)[0] > 0.0
    assert np.isnan([frequency[2], swing[2]]).all()
