# SPDX-License-Identifier: GPL-2.0-or-later
"""Every parameter acts, and every bad value is refused whole."""

import numpy as np
import pytest

from tests.models.single_neuron import COND, COND_2007, DELTA, PSC, TUTORIAL, deliver, trace

# The derivative of V_m, and the block of the NMDA receptor.
PARABOLA = {"quadratic": 0.042, "linear": 5.1, "constant": 141.0, "V_u": 1.0}
BLOCK = {"conc_Mg2": 0.5, "half_Mg2": 5.0, "V_Mg2": 20.0}
CELL = {"a": 0.03, "b": 0.25, "c": -60.0, "d": 6.0, "V_th": 25.0, "V_min": -68.0, "I_e": 9.0}
RECEPTOR = {"tau_rise": 1.3, "tau_decay": 11.0}
FOUR = ("AMPA", "NMDA", "GABA_A", "GABA_B")
CHANGED = {
    PSC: CELL
    | PARABOLA
    | BLOCK
    | {"NMDA_ratio": 2.0, "integrator": 1}
    | {f"{name}_{r}": value for r in ("AMPA", "NMDA", "GABA_A") for name, value in RECEPTOR.items()}
    | {f"I_peak_{r}": 1.5 for r in ("AMPA", "NMDA", "GABA_A")},
    COND: CELL
    | PARABOLA
    | BLOCK
    | {"NMDA_ratio": 2.0, "integrator": 2}
    | {f"{name}_{r}": value for r in ("AMPA", "NMDA", "GABA_A") for name, value in RECEPTOR.items()}
    | {f"g_peak_{r}": 1.5 for r in ("AMPA", "NMDA", "GABA_A")}
    | {f"E_rev_{r}": -40.0 for r in ("AMPA", "NMDA", "GABA_A")},
    COND_2007: {"C": 90.0, "k": 0.8, "v_r": -62.0, "v_t": -41.0, "v_peak": 30.0}
    | {"a": 0.04, "b": -1.0, "c": -52.0, "d": 80.0, "V_min": -52.0, "I_e": 120.0}
    | {"v_b": -45.0, "b_ratio": 2.0, "b_cubic": 0.02}
    | {"v_peak_U": -0.1, "c_U": -0.1, "U_max": 50.0}
    | BLOCK
    | {"NMDA_ratio": 2.0, "integrator": 1}
    | {f"{name}_{r}": value for r in FOUR for name, value in RECEPTOR.items()}
    | {f"g_peak_{r}": 1.5 for r in FOUR}
    | {f"E_rev_{r}": -40.0 for r in FOUR}
    | {"tau_decay_GABA_B": 110.0},
    DELTA: CELL | PARABOLA | {"t_pulse": 2.0, "integrator": 1},
    # Forward Euler overshoots the threshold by tens of mV, so it takes a much lower one to matter.
    TUTORIAL: {key: value for key, value in CELL.items() if key != "V_min"} | {"V_th": -30.0},
}
# v_b acts only where the steady U_m has another law above it.
COMPANY = {COND_2007: {"I_e": 150.0, "b_ratio": 1.5}}
ALL = [(model, name) for model, changed in CHANGED.items() for name in changed]


def driven_trace(nest, model, parameters):
    """Membrane potential of a spiking neuron with input on every port [mV], shape (n_steps,)."""
    neuron = nest.Create(model, params={"I_e": 8.0} | COMPANY.get(model, {}) | parameters)
    ports = nest.GetDefaults(model).get("receptor_types")
    if ports:
        scale = {PSC: 1.0, COND: 0.02, COND_2007: 0.2}[model]
        arrivals = [
            (3.0 + 7.0 * i + j, port, 8.0 * scale) for i in range(8) for j, port in enumerate(ports)
        ]
    else:
        arrivals = [(5.0 + 10.0 * i, None, 3.0) for i in range(8)]
    deliver(nest, neuron, arrivals)
    _, V_m = trace(nest, neuron, ["v" if model == TUTORIAL else "V_m"], 120.0)
    return V_m


@pytest.mark.parametrize(
    ("model", "name"), ALL, ids=lambda value: value.removeprefix("izhikevich_")
)
def test_every_parameter_changes_the_result(nest_kernel, model, name):
    """A parameter that NESTML dropped from an expression would leave the trace as it was."""
    nest = nest_kernel(resolution=0.1)
    before = driven_trace(nest, model, {})
    nest = nest_kernel(resolution=0.1)
    after = driven_trace(nest, model, {name: CHANGED[model][name]})
    assert np.abs(after - before).max() > 1e-3


REFUSED = {
    "quadratic": [0.0, -0.04, np.nan, np.inf],
    "linear": [np.nan, np.inf],
    "constant": [np.nan, -np.inf],
    "V_u": [np.nan, np.inf],
    "C": [0.0, -1.0, np.nan, np.inf],
    "k": [0.0, -1.0, np.nan, np.inf],
    "v_r": [np.nan, np.inf],
    "v_t": [np.nan, -np.inf],
    "v_peak": [-50.0, -70.0, np.nan],
    "v_b": [np.nan, np.inf],
    "b_ratio": [np.nan, np.inf],
    "b_cubic": [np.nan, -np.inf],
    "v_peak_U": [np.nan, np.inf],
    "c_U": [np.nan, np.inf],
    "U_max": [np.nan, -np.inf],
    "V_th": [-65.0, -80.0, np.nan],
    "V_min": [35.0, 36.0, np.nan],
    "c": [35.0, np.nan, -1e12, -np.inf],
    "a": [np.nan, np.inf],
    "b": [np.nan],
    "d": [np.inf],
    "I_e": [np.nan, -np.inf],
    "integrator": [-1, 3],
    "tau_rise_AMPA": [-1.0, 2.5, 3.0, np.nan],
    "tau_decay_AMPA": [0.0, 0.4, 0.1, np.inf, np.nan],
    "tau_rise_NMDA": [-0.1, 201.0],
    "tau_decay_NMDA": [7.9, -200.0],
    "tau_rise_GABA_A": [-np.inf, 7.1],
    "tau_decay_GABA_A": [0.9, np.inf],
    "conc_Mg2": [-0.1, np.nan, np.inf],
    "half_Mg2": [0.0, -1.0, np.nan, np.inf],
    "V_Mg2": [0.0, -16.13, np.nan, np.inf],
    "NMDA_ratio": [-1.0, np.nan],
    "I_peak_AMPA": [-1.0, np.inf],
    "I_peak_NMDA": [-1.0],
    "I_peak_GABA_A": [-1.0, np.nan],
    "g_peak_AMPA": [-1.0, np.nan],
    "g_peak_NMDA": [-1.0],
    "g_peak_GABA_A": [-1.0, np.inf],
    "E_rev_AMPA": [np.nan],
    "E_rev_NMDA": [np.inf],
    "E_rev_GABA_A": [-np.inf],
    "tau_rise_GABA_B": [-1.0, 201.0],
    "tau_decay_GABA_B": [59.0, np.nan],
    "g_peak_GABA_B": [-1.0, np.inf],
    "E_rev_GABA_B": [np.nan],
    "t_pulse": [-1.0, 10.1, np.nan],
}


@pytest.mark.parametrize("model", [PSC, COND, COND_2007, DELTA])
def test_bad_values_are_refused_whole(nest_kernel, model):
    """BadProperty names the parameter; nothing changes, also in SetDefaults and in company."""
    nest = nest_kernel(resolution=0.1)
    neuron = nest.Create(model)
    checked = [name for name in REFUSED if name in neuron.get()]
    assert set(CHANGED[model]) <= set(checked)  # no parameter is without a check
    for name in checked:
        for value in REFUSED[name]:
            company = {"I_e": 3.0, "V_m": -50.0, "tau_minus": 33.0} | {name: value}
            for refuse in (
                lambda company=company: neuron.set(company),
                lambda company=company: nest.SetDefaults(model, company),
                lambda company=company: nest.Create(model, params=company),
            ):
                with pytest.raises(nest.NESTErrors.BadProperty, match=name):
                    refuse()
    fresh = nest.Create(model)
    for status in (neuron.get(), fresh.get()):
        for name in ("I_e", "V_m", "tau_minus", *checked):
            assert status[name] == documented_default(model, name), name


def documented_default(model, name):
    """Look up the documented default of a parameter or state variable."""
    if "_peak_" in name and name != "v_peak_U":
        return 1.0
    if model == COND_2007 and name in DEFAULTS_2007:
        return DEFAULTS_2007[name]
    return DEFAULTS[name]


DEFAULTS = {
    "I_e": 0.0,
    "V_m": -70.0,
    "tau_minus": 20.0,
    "a": 0.02,
    "b": 0.2,
    "c": -65.0,
    "d": 8.0,
    "V_th": 30.0,
    "V_min": -np.inf,
    "integrator": 0,
    "tau_rise_AMPA": 0.5,
    "tau_decay_AMPA": 2.4,
    "tau_rise_NMDA": 8.0,
    "tau_decay_NMDA": 200.0,
    "tau_rise_GABA_A": 1.0,
    "tau_decay_GABA_A": 7.0,
    "conc_Mg2": 1.0,
    "half_Mg2": 3.57,
    "V_Mg2": 16.13,
    "NMDA_ratio": 1.0,
    "E_rev_AMPA": 0.0,
    "E_rev_NMDA": 0.0,
    "E_rev_GABA_A": -70.0,
    "t_pulse": 0.0,
    "quadratic": 0.04,
    "linear": 5.0,
    "constant": 140.0,
    "V_u": 0.0,
}
# The regular spiking cell of the book; tau_rise and the like as above.
DEFAULTS_2007 = {
    "C": 100.0,
    "k": 0.7,
    "v_r": -60.0,
    "v_t": -40.0,
    "v_peak": 35.0,
    "a": 0.03,
    "b": -2.0,
    "c": -50.0,
    "d": 100.0,
    "V_m": -60.0,
    "v_b": -65.0,
    "b_ratio": 1.0,
    "b_cubic": 0.0,
    "v_peak_U": 0.0,
    "c_U": 0.0,
    "U_max": np.inf,
    "tau_rise_GABA_B": 60.0,
    "tau_decay_GABA_B": 200.0,
    "E_rev_GABA_B": -90.0,
}
