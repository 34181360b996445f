# SPDX-License-Identifier: GPL-2.0-or-later
"""The parameter tables say what the literature and the models say."""

import numpy as np
import pytest

from izhisyn.parameters import (
    CELL_TYPES,
    CELL_TYPES_2007,
    FORUM_CELL_TYPES,
    PROPERTY_CELLS,
    RECEPTORS,
    RECEPTORS_2007,
    cell_type,
    excitatory_cells,
    inhibitory_cells,
)

# Izhikevich (2003), figure 2.
PUBLISHED = {
    "RS": (0.02, 0.2, -65, 8),
    "IB": (0.02, 0.2, -55, 4),
    "CH": (0.02, 0.2, -50, 2),
    "FS": (0.1, 0.2, -65, 2),
    "LTS": (0.02, 0.25, -65, 2),
    "TC": (0.02, 0.25, -65, 0.05),
    "RZ": (0.1, 0.26, -65, 2),
}


def test_cell_types_are_those_published():
    """The table is complete and has no number changed."""
    assert {
        name: tuple(cell.parameters[key] for key in "abcd") for name, cell in CELL_TYPES.items()
    } == PUBLISHED


# Izhikevich (2007), chapter 8, as OpenSourceBrain/IzhikevichModel has it in NEURON/README.md:
# C, k, v_r, v_t, v_peak, a, b, c, d. That table has b = -2, d = -55 for FS, where d is v_b.
PUBLISHED_2007 = {
    "RS": (100, 0.7, -60, -40, 35, 0.03, -2, -50, 100),
    "IB": (150, 1.2, -75, -45, 50, 0.01, 5, -56, 130),
    "CH": (50, 1.5, -60, -40, 25, 0.03, 1, -40, 150),
    "LTS": (100, 1, -56, -42, 40, 0.03, 8, -53, 20),
    "FS": (20, 1, -55, -40, 25, 0.2, 0, -45, 0),
    "TC": (200, 1.6, -60, -50, 35, 0.01, 15, -60, 10),
    "RTN": (40, 0.25, -65, -45, 0, 0.015, 10, -55, 50),
}
NINE = ("C", "k", "v_r", "v_t", "v_peak", "a", "b", "c", "d")


def test_cell_types_of_2007_are_those_published():
    """Nine numbers each, and the rules that some of the book's cells have besides."""
    nine = {
        name: tuple(cell.parameters[key] for key in NINE) for name, cell in CELL_TYPES_2007.items()
    }
    assert nine == PUBLISHED_2007
    neutral = {"b_ratio": 1.0, "b_cubic": 0.0, "v_peak_U": 0.0, "c_U": 0.0, "U_max": np.inf}
    rules = {
        name: {key: cell.parameters[key] for key in neutral if cell.parameters[key] != neutral[key]}
        for name, cell in CELL_TYPES_2007.items()
    }
    assert {name: changes for name, changes in rules.items() if changes} == {
        "LTS": {"v_peak_U": -0.1, "c_U": 0.04, "U_max": 670.0},
        "FS": {"b_cubic": 0.025},
        "TC": {"b_ratio": 0.0, "v_peak_U": 0.1, "c_U": -0.1},
        "RTN": {"b_ratio": 0.2},
    }
    corners = {name: CELL_TYPES_2007[name].v_b for name in ("FS", "TC", "RTN")}
    assert corners == {"FS": -55.0, "TC": -65.0, "RTN": -65.0}


# The author's script of the figure: a, b, c, d.
PROPERTIES = {
    "A": (0.02, 0.2, -65, 6),
    "B": (0.02, 0.25, -65, 6),
    "C": (0.02, 0.2, -50, 2),
    "D": (0.02, 0.25, -55, 0.05),
    "E": (0.02, 0.2, -55, 4),
    "F": (0.01, 0.2, -65, 8),
    "G": (0.02, -0.1, -55, 6),
    "H": (0.2, 0.26, -65, 0),
    "I": (0.02, 0.2, -65, 6),
    "J": (0.05, 0.26, -60, 0),
    "K": (0.1, 0.26, -60, -1),
    "L": (0.02, -0.1, -55, 6),
    "M": (0.03, 0.25, -60, 4),
    "N": (0.03, 0.25, -52, 0),
    "O": (0.03, 0.25, -60, 4),
    "P": (0.1, 0.26, -60, 0),
    "Q": (1, 0.2, -60, -21),
    "S": (-0.02, -1, -60, 8),
    "T": (-0.026, -1, -45, -2),
}


def test_cells_of_the_twenty_properties_are_those_published():
    """Only G and L have another parabola, and only R another recovery, u' = 0.02 (v + 65)."""
    assert {
        name: tuple(cell.parameters[key] for key in "abcd")
        for name, cell in PROPERTY_CELLS.items()
        if name != "R"
    } == PROPERTIES
    other = {name for name, c in PROPERTY_CELLS.items() if (c.linear, c.constant) != (5.0, 140.0)}
    assert other == {"G", "L"}
    assert (PROPERTY_CELLS["G"].linear, PROPERTY_CELLS["L"].constant) == (4.1, 108.0)
    cell = PROPERTY_CELLS["R"]
    assert (cell.c, cell.d, cell.V_u) == (-55.0, 4.0, -65.0)
    assert cell.a * cell.b == pytest.approx(0.02)
    assert -np.expm1(-cell.a * 400.0) < 1e-5  # no decay in the 400 ms of the figure
    assert {c.V_u for name, c in PROPERTY_CELLS.items() if name != "R"} == {0.0}


def test_the_threads_resonator_is_another():
    """The other six types are those published."""
    differing = {name for name in CELL_TYPES if FORUM_CELL_TYPES[name] != CELL_TYPES[name]}
    assert differing == {"RZ"}
    assert FORUM_CELL_TYPES["RZ"].parameters == {"a": 0.1, "b": 0.25, "c": -65.0, "d": 8.0}


def test_cell_type_is_found_by_its_name():
    """Names are those of the paper."""
    assert cell_type("TC").title == "thalamo-cortical"


def test_unknown_cell_type_lists_the_known_ones():
    """Names are case-sensitive, and the message helps."""
    with pytest.raises(ValueError, match=r"'rs'.*RS, IB, CH, FS, LTS, TC, RZ"):
        cell_type("rs")


@pytest.mark.parametrize("name", ["RS", "IB", "CH", "FS"])
def test_initial_state_at_rest_is_an_equilibrium(name):
    """With b = 0.2 and no input, 0.04 V^2 + 5 V + 140 - b V = 0 at V = -70 mV, where U = -14."""
    state = cell_type(name).initial_state(-70.0)
    V, U = state["V_m"], state["U_m"]
    assert U == pytest.approx(-14.0)
    assert 0.04 * V**2 + 5 * V + 140 - U == pytest.approx(0.0, abs=1e-12)  # rounding of b V


@pytest.mark.parametrize("receptor", RECEPTORS.values(), ids=RECEPTORS.keys())
def test_peak_factor_and_time_give_a_peak_of_one(receptor):
    """At the peak time the scaled course is 1, and it is less on both sides."""
    t = receptor.peak_time * np.array([1 - 1e-3, 1.0, 1 + 1e-3])
    course = receptor.peak_factor * (
        np.exp(-t / receptor.tau_decay) - np.exp(-t / receptor.tau_rise)
    )
    assert course[1] == pytest.approx(1.0, rel=1e-12)  # rounding of two exponentials
    assert course[1] == course.max()


# Computed from the time constants of the Brian2 thread; tolerances are half the last digit.
@pytest.mark.parametrize(
    "name, factor, time, digit_of_time",
    [
        ("AMPA", 1.9087, 0.9907, 5e-5),
        ("NMDA", 1.1912, 26.824, 5e-4),
        ("GABA_A", 1.6136, 2.2702, 5e-5),
    ],
)
def test_receptors_have_the_threads_time_course(name, factor, time, digit_of_time):
    """Time constants give the factor and the time of the peak."""
    assert RECEPTORS[name].peak_factor == pytest.approx(factor, abs=5e-5)
    assert RECEPTORS[name].peak_time == pytest.approx(time, abs=digit_of_time)


def test_models_default_to_the_table(nest_kernel):
    """The models cannot read the table, so their own numbers are compared with it."""
    nest = nest_kernel()
    for model in ("izhikevich_psc_multisyn_neuron", "izhikevich_cond_multisyn_neuron"):
        defaults = nest.GetDefaults(model)
        expected = dict(cell_type("RS").parameters)
        for name, receptor in RECEPTORS.items():
            expected[f"tau_rise_{name}"] = receptor.tau_rise
            expected[f"tau_decay_{name}"] = receptor.tau_decay
            if "cond" in model:
                expected[f"E_rev_{name}"] = receptor.E_rev
        assert {key: defaults[key] for key in expected} == expected


def test_2007_model_defaults_to_the_table(nest_kernel):
    """A new neuron is the regular spiking cell at rest."""
    defaults = nest_kernel().GetDefaults("izhikevich2007_cond_multisyn_neuron")
    cell = CELL_TYPES_2007["RS"]
    expected = cell.parameters | cell.initial_state
    for name, receptor in RECEPTORS_2007.items():
        expected[f"tau_rise_{name}"] = receptor.tau_rise
        expected[f"tau_decay_{name}"] = receptor.tau_decay
        expected[f"E_rev_{name}"] = receptor.E_rev
    assert {key: defaults[key] for key in expected} == expected


def test_cells_of_the_network_are_spread_as_published():
    """Figure 3 of the paper prints these four formulas."""
    r = np.linspace(0.0, 1.0, 11)
    excitatory, inhibitory = excitatory_cells(r), inhibitory_cells(r)
    expected = {
        "c": (-65 + 15 * r**2, np.full(11, -65.0)),
        "d": (8 - 6 * r**2, np.full(11, 2.0)),
        "a": (np.full(11, 0.02), 0.02 + 0.08 * r),
        "b": (np.full(11, 0.2), 0.25 - 0.05 * r),
    }
    for name, (of_excitatory, of_inhibitory) in expected.items():
        np.testing.assert_allclose(excitatory[name], of_excitatory, rtol=1e-12)
        np.testing.assert_allclose(inhibitory[name], of_inhibitory, rtol=1e-12)


def test_heterogeneity_narrows_the_spread():
    """None leaves one cell type, half of it halves every difference."""
    r = np.array([0.0, 0.3, 1.0])
    for cells, name in ((excitatory_cells, "RS"), (inhibitory_cells, "FS")):
        alike, full, half = cells(r, 0.0), cells(r, 1.0), cells(r, 0.5)
        for key, value in cell_type(name).parameters.items():
            assert alike[key].tolist() == [value] * 3
            np.testing.assert_allclose(half[key] - value, 0.5 * (full[key] - value), atol=1e-15)
