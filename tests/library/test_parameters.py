# SPDX-License-Identifier: GPL-2.0-or-later
"""The parameter tables say what the literature and the models say."""

import numpy as np
import pytest

from izhisyn.parameters import (
    CELL_TYPES,
    RECEPTORS,
    THREAD_CELL_TYPES,
    between,
    cell_type,
    excitatory_cells,
    inhibitory_cells,
    nmda_gate,
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


def test_the_threads_resonator_is_another():
    """The other six types are those published."""
    differing = {name for name in CELL_TYPES if THREAD_CELL_TYPES[name] != CELL_TYPES[name]}
    assert differing == {"RZ"}
    assert THREAD_CELL_TYPES["RZ"].parameters == {"a": 0.1, "b": 0.25, "c": -65.0, "d": 8.0}


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


def test_the_line_between_cell_types_needs_known_ones():
    """The message is that of the cell type table."""
    with pytest.raises(ValueError, match="'SR'"):
        between("RS", "SR", 0.5)


def test_nmda_gate_is_that_of_the_thread():
    """The post's 1 / (1 + exp(-v/16.13) / 3.57), worked out apart from here."""
    V_m = [-80, -70, -65, -60, -40, -20, 0, 20]
    published = [0.0244, 0.0445, 0.0597, 0.0796, 0.2302, 0.508, 0.781, 0.925]
    # Rounded to three digits.
    np.testing.assert_allclose(nmda_gate(V_m), published, rtol=2e-3)
    assert nmda_gate(-80.0, conc_Mg2=0.0) == 1.0
