# SPDX-License-Identifier: GPL-2.0-or-later
"""Every parameter acts, and every bad value is refused whole."""

import numpy as np
import pytest

from tests.models.single_neuron import COND, DELTA, PSC, TUTORIAL, deliver, trace

CELL = {"a": 0.03, "b": 0.25, "c": -60.0, "d": 6.0, "V_th": 25.0, "V_min": -68.0, "I_e": 9.0}
RECEPTOR = {"tau_rise": 1.3, "tau_decay": 11.0}
CHANGED = {
    PSC: CELL
    | {"NMDA_ratio": 2.0, "conc_Mg2": 0.5, "integrator": 1}
    | {f"{name}_{r}": value for r in ("AMPA", "NMDA", "GABA_A") for name, value in RECEPTOR.items()}
    | {f"I_peak_{r}": 1.5 for r in ("AMPA", "NMDA", "GABA_A")},
    COND: CELL
    | {"NMDA_ratio": 2.0, "conc_Mg2": 0.5, "integrator": 2}
    | {f"{name}_{r}": value for r in ("AMPA", "NMDA", "GABA_A") for name, value in RECEPTOR.items()}
    | {f"g_peak_{r}": 1.5 for r in ("AMPA", "NMDA", "GABA_A")}
    | {f"E_rev_{r}": -40.0 for r in ("AMPA", "NMDA", "GABA_A")},
    DELTA: CELL | {"t_pulse": 2.0, "integrator": 1},
    # Forward Euler overshoots the threshold by tens of mV, so it takes a much lower one to matter.
    TUTORIAL: {key: value for key, value in CELL.items() if key != "V_min"} | {"V_th": -30.0},
}
ALL = [(model, name) for model, changed in CHANGED.items() for name in changed]


def driven_trace(nest, model, parameters):
    """Membrane potential of a spiking neuron with input on every port [mV], shape (n_steps,)."""
    neuron = nest.Create(model, params={"I_e": 8.0} | parameters)
    if model in (PSC, COND):
        scale = 1.0 if model == PSC else 0.02
        ports = ("AMPA", "NMDA", "GABA_A", "AMPA_NMDA")
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
    "V_th": [-65.0, -80.0, np.nan, np.inf],
    "V_min": [30.0, 31.0, np.nan],
    "c": [30.0, np.nan, -np.inf],
    "a": [np.nan, np.inf],
    "b": [np.nan],
    "d": [np.inf],
    "I_e": [np.nan, -np.inf],
    "integrator": [-1, 3],
    "tau_rise_AMPA": [0.0, -1.0, 2.4, 3.0, np.nan],
    "tau_decay_AMPA": [0.5, 0.1, np.inf, np.nan],
    "tau_rise_NMDA": [0.0, 200.0],
    "tau_decay_NMDA": [8.0, -200.0],
    "tau_rise_GABA_A": [0.0, 7.0],
    "tau_decay_GABA_A": [1.0, np.inf],
    "conc_Mg2": [-0.1, np.nan, np.inf],
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
    "t_pulse": [-1.0, 10.1, np.nan],
}


@pytest.mark.parametrize("model", [PSC, COND, DELTA])
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
            assert status[name] == documented_default(name), name


def documented_default(name):
    """Look up the documented default of a parameter or state variable."""
    if "_peak_" in name:
        return 1.0
    return {
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
        "NMDA_ratio": 1.0,
        "E_rev_AMPA": 0.0,
        "E_rev_NMDA": 0.0,
        "E_rev_GABA_A": -70.0,
        "t_pulse": 0.0,
    }[name]
