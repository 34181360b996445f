# SPDX-License-Identifier: GPL-2.0-or-later
"""The measured figures show what is known of the models."""

import numpy as np
import pytest
from izhisyn_docs import measurements

from izhisyn.nestml_source import read_model
from izhisyn.parameters import CELL_TYPES, RECEPTORS
from tests.models.reference import spike_times

CURRENTS = (5.0, 10.0, 20.0)


@pytest.fixture(scope="module")
def read(module_build, pytestconfig):
    """Read a model by its name."""
    return lambda name: read_model(pytestconfig.rootpath / "models" / f"{name}.nestml")


def test_f_I_curves_are_the_converged_ones(read):
    """Against intervals of an adaptive solver, 0.8 s after the onset: U_m has forgotten it."""
    currents, rates = measurements.f_I_curves(read("izhikevich_psc_delta_neuron"), 20.0)
    columns = [int(np.flatnonzero(currents == current)[0]) for current in CURRENTS]
    for cell in ("RS", "FS", "LTS"):
        trains = [spike_times(CELL_TYPES[cell], current, 800.0) for current in CURRENTS]
        expected = [1000.0 / (train[-1] - train[-2]) for train in trains]
        # Spikes dated on a grid of 0.1 ms in a window of 2 s: 5e-5 each.
        assert rates[cell][columns] == pytest.approx(expected, rel=2e-4), cell


def test_rheobase_is_at_the_bifurcation(read):
    """A resting RS cell loses its stability at I = 3.80 and its rest at 4."""
    assert 3.79 < measurements.rheobase("izhikevich_psc_delta_neuron") < 4.0 * 1.05


def test_releases_are_those_of_the_recursion(module_build):
    """Each spike releases r = u x: u facilitates by U_0 (1 - u), x recovers to 1 in between."""
    U_0, tau_f, tau_d = 0.6, 30.0, 50.0
    for rate, found in measurements.releases("tsodyks_markram_synapse").items():
        u, x, expected = 0.0, 1.0, []
        for _ in found:
            u += U_0 * (1.0 - u)
            expected.append(u * x)
            interval = 1000.0 / rate
            u, x = (
                u * np.exp(-interval / tau_f),
                1.0 - (1.0 - x + u * x) * np.exp(-interval / tau_d),
            )
        # Spikes go out on the grid of 0.1 ms.
        assert found == pytest.approx(expected, abs=1e-3), rate


def test_postsynaptic_currents_peak_at_the_weight(read):
    """At the receptor's time to peak, with a potential that just keeps the limit."""
    model = read("izhikevich_psc_multisyn_neuron")
    responses = measurements.postsynaptic_responses(model, holding_current=2.0)
    assert [response.port for response in responses] == list(model.spike_ports)
    for response in responses:
        potential = response.values["V_m"] - response.values["V_m"][0]
        # The weights are steps of 2 to 2.5, and 2 mV is the limit.
        assert 0.6 < np.abs(potential).max() <= 2.0
        assert np.all(potential[response.times < 0.0] == 0.0)
    for name, sign, response in (("AMPA", 1, responses[0]), ("GABA_A", -1, responses[2])):
        current = sign * response.values[f"I_{name}"]
        # A sample lies within 0.05 ms of the peak, where the current is flat to second order.
        assert current.max() == pytest.approx(response.weight, rel=2e-3)
        at_peak = response.times[np.argmax(current)]
        assert at_peak == pytest.approx(RECEPTORS[name].peak_time, abs=0.1)


def test_current_pulse_has_the_converged_interval(read):
    """RS at I = 10: every 44.81 ms, once it has adapted."""
    model = read("izhikevich_psc_delta_neuron")
    times, values, spike_times = measurements.current_pulse(model, 10.0)
    assert np.all((spike_times > 0.0) & (spike_times <= measurements.PULSE))
    # Both spikes are dated on the grid of 0.1 ms.
    assert np.diff(spike_times)[-1] == pytest.approx(44.81, abs=0.11)
    rest = times < 0.0
    assert values["V_m"][rest] == pytest.approx(-70.0, abs=1e-6)
    assert values["U_m"][rest] == pytest.approx(-14.0, abs=1e-6)


def test_astrocyte_releases_where_calcium_rises_through_the_threshold(module_build):
    """Samples before and after each release lie on both sides of 0.5 uM."""
    times, calcium, releases = measurements.calcium_course(duration=20000.0)
    assert releases.size == 2
    after = np.searchsorted(times, releases)
    assert np.all(calcium[after - 1] < 0.5)
    assert np.all(calcium[after] >= 0.5)
